from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from imdb_runtime.batching import MAX_BATCH_ROWS, MAX_BATCH_WORDS, batches, logits_in_order
from imdb_runtime.tokenizer import Encoded

lengths_of_reviews = st.lists(st.one_of(st.integers(0, 50), st.integers(0, 20_000)), max_size=600)


@given(lengths_of_reviews)
def test_every_row_comes_once_in_batches_within_bounds(lengths: list[int]):
    found = list(batches(np.array(lengths, dtype=np.int64)))
    assert sorted(row for batch in found for row in batch) == list(range(len(lengths)))
    for batch in found:
        longest = max(lengths[row] for row in batch)
        assert 1 <= len(batch) <= MAX_BATCH_ROWS
        assert len(batch) == 1 or len(batch) * longest <= MAX_BATCH_WORDS


@given(lengths_of_reviews)
def test_no_review_is_padded_beyond_the_next_longer_batch(lengths: list[int]):
    found = list(batches(np.array(lengths, dtype=np.int64)))
    for longer, shorter in pairwise(found):
        assert min(lengths[row] for row in longer) >= max(lengths[row] for row in shorter)


class SumOfIds:
    """Logits that can be checked by hand; notes what shapes it was given."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def logits(self, ids, lengths):
        self.shapes.append(ids.shape)
        assert ids.dtype == lengths.dtype == np.int64
        return ids.sum(axis=1).astype(np.float32)


@given(st.lists(st.lists(st.integers(1, 9), max_size=40), max_size=300))
def test_logits_come_back_in_the_order_of_the_texts(texts: list[list[int]]):
    offsets = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    ids = np.array([word for text in texts for word in text], dtype=np.int32)
    encoded = Encoded(ids, offsets, np.diff(offsets))
    engine = SumOfIds()
    assert logits_in_order(engine.logits, encoded).tolist() == [sum(text) for text in texts]
    assert all(width >= 1 for _, width in engine.shapes)
