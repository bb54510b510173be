"""Where the weight of an n-gram is."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from imdb_runtime.ngrams import MAX_ORDER, MULTIPLIERS, WIDTH, hash_ngrams


def by_hand(words: list[int], buckets: int) -> int:
    """Multiply-shift in Python's unbounded integers."""
    total = sum(a * b for a, b in zip(words, MULTIPLIERS[len(words) - 1], strict=True))
    return total % 2**WIDTH * buckets // 2**WIDTH


@given(st.lists(st.integers(0, 2**21 - 1), min_size=1, max_size=MAX_ORDER), st.integers(0, 24))
def test_numpy_and_pytorch_hash_as_whole_numbers_do(words, bits):
    expected = by_hand(words, 2**bits)
    assert hash_ngrams([np.array([word]) for word in words], 2**bits)[0] == expected
    assert hash_ngrams([torch.tensor([word]) for word in words], 2**bits)[0] == expected


@pytest.mark.parametrize("bits", [14, 18, 20])
def test_ngrams_of_frequent_words_spread_like_drawn_ones(bits):
    """The ids of frequent words are small, and yet their n-grams must use the whole table."""
    pairs = np.divmod(np.arange(2**20), 2**10)
    triples = *np.divmod(np.arange(2**20) // 2**6, 2**7), np.arange(2**20) % 2**6
    for ngrams in (pairs, triples):
        counts = np.bincount(hash_ngrams(ngrams, 2**bits), minlength=2**bits)
        drawn = np.bincount(np.random.default_rng(0).integers(0, 2**bits, 2**20), minlength=2**bits)
        assert (counts > 0).sum() > 0.95 * (drawn > 0).sum()
        assert counts.max() < 1.5 * drawn.max()
