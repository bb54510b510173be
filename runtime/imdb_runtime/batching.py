"""Batches of reviews of similar length, so that little padding is computed."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from imdb_runtime.tokenizer import Encoded

# Padded ids, int64 [n, longest], and lengths, int64 [n], to logits, float32 [n].
PaddedScorer = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float32]]

# Words of a batch, padding included: bounds the memory for activations. By CPU time a review, the
# CNN is as fast with 2 to 64 thousand; the LSTM is fastest at the lower end, inside the cache.
MAX_BATCH_WORDS = 1 << 12
MAX_BATCH_ROWS = 256


def batches(lengths: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Row numbers, int64 [rows], batch by batch: every row once, longest reviews first.

    A batch has at most ``MAX_BATCH_ROWS`` rows and, unless it is a single row, at most
    ``MAX_BATCH_WORDS`` words with its padding.
    """
    # Longest first: the engine's memory is then as large as it gets from the first batch on.
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        longest = max(1, int(lengths[order[start]]))
        rows = min(MAX_BATCH_ROWS, max(1, MAX_BATCH_WORDS // longest))
        yield order[start : start + rows]
        start += rows


def logits_in_order(scorer: PaddedScorer, encoded: Encoded) -> NDArray[np.float32]:
    """The logit of every text in ``encoded``, float32 [n], in the order of the texts."""
    lengths = encoded.lengths
    logits = np.empty(len(lengths), dtype=np.float32)
    for rows in batches(lengths):
        ids, batch_lengths = encoded.pad(rows, np.int64)
        if ids.shape[1] == 0:
            # Not every kernel takes an axis of no elements; a padding word changes no logit.
            ids = np.zeros((len(rows), 1), dtype=np.int64)
        logits[rows] = scorer(ids, batch_lengths)
    return logits
