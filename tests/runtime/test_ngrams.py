"""Where the weight of an n-gram is."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from imdb_runtime.ngrams import MAX_ORDER, MULTIPLIERS, hash_ngrams


def by_hand(words: list[int], buckets: int) -> int:
    """Multiply-shift in Python's unbounded integers."""
    total = sum(a * b for a, b in zip(words, MULTIPLIERS[len(words) - 1], strict=True))
    return (total >> 26) & (buckets - 1)


@given(st.lists(st.integers(0, 2**17 - 1), min_size=1, max_size=MAX_ORDER), st.integers(0, 24))
def test_numpy_and_pytorch_hash_as_whole_numbers_do(words, bits):
    expected = by_hand(words, 2**bits)
    assert hash_ngrams([np.array([word]) for word in words], 2**bits)[0] == expected
    assert hash_ngrams([torch.tensor([word]) for word in words], 2**bits)[0] == expected


def test_pairs_of_frequent_words_spread_over_the_buckets():
    first, second = np.divmod(np.arange(2**20), 2**10)
    counts = np.bincount(hash_ngrams([first, second], 2**16), minlength=2**16)
    # A random function would fill 1 - e^-16 of the buckets, and none with over 45.
    assert (counts > 0).mean() > 0.99
    assert counts.max() < 100
