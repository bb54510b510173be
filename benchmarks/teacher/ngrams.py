"""Logistic regression on n-grams of 1 to 3 words, weighted by naive Bayes (Wang & Manning 2012)."""

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks.teacher.reviews import PARTS, Reviews
from imdb_runtime.tokenizer import Encoded

_ORDERS = (1, 2, 3)
_BITS = 20  # of a word's id within an n-gram's key
_MIN_REVIEWS = 2
_C = 30.0


def ngram_logits(reviews: Reviews) -> dict[str, NDArray[np.float32]]:
    """Fit on train; the logits, float32 [n], of every part."""
    known = known_ngrams(*ngrams_of(reviews.encoded["train"]), _MIN_REVIEWS)
    train, labels = matrix_of(reviews.encoded["train"], known), reviews.labels["train"]
    ratio = log_count_ratio(train, labels)
    model = LogisticRegression(C=_C, max_iter=60).fit(_weigh(train, ratio), labels)
    return {
        part: model.decision_function(
            _weigh(matrix_of(reviews.encoded[part], known), ratio)
        ).astype(np.float32)
        for part in PARTS
    }


def ngrams_of(encoded: Encoded) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of every n-gram, the number of its review and a key."""
    words = encoded.ids.astype(np.int64) + 1
    review = np.repeat(np.arange(len(encoded.lengths)), encoded.lengths)
    numbers, keys = [], []
    for order in _ORDERS:
        count = max(len(words) - order + 1, 0)
        key = np.zeros(count, dtype=np.int64)
        for place in range(order):
            key = (key << _BITS) + words[place : place + count]
        within = review[:count] == review[order - 1 : order - 1 + count]
        numbers.append(review[:count][within])
        keys.append(key[within])
    return np.concatenate(numbers), np.concatenate(keys)


def known_ngrams(
    numbers: NDArray[np.int64], keys: NDArray[np.int64], min_reviews: int
) -> NDArray[np.int64]:
    """The keys, ascending, of n-grams in ``min_reviews`` reviews; each ``numbers`` is a review."""
    once_a_review = np.unique(np.stack([keys, numbers]), axis=1)[0]
    known, counts = np.unique(once_a_review, return_counts=True)
    return known[counts >= min_reviews]


def find_known(
    known: NDArray[np.int64], keys: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Of each of ``keys`` its place in ``known``, and whether it is there."""
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return places, known[places] == keys


def matrix_of(encoded: Encoded, known: NDArray[np.int64]) -> scipy.sparse.csr_matrix:
    """Which of the ``known`` n-grams each review has: 0 or 1, [reviews, known]."""
    numbers, keys = ngrams_of(encoded)
    column, there = find_known(known, keys)
    matrix = scipy.sparse.csr_matrix(
        (np.ones(there.sum(), dtype=np.float32), (numbers[there], column[there])),
        shape=(len(encoded.lengths), len(known)),
    )
    matrix.data[:] = 1
    return matrix


def log_count_ratio(
    matrix: scipy.sparse.csr_matrix, labels: NDArray[np.float32], smoothing: float = 1.0
) -> NDArray[np.float32]:
    positive = smoothing + np.asarray(matrix[labels == 1].sum(axis=0)).ravel()
    negative = smoothing + np.asarray(matrix[labels == 0].sum(axis=0)).ravel()
    ratio = np.log(positive / positive.sum()) - np.log(negative / negative.sum())
    return ratio.astype(np.float32)


def _weigh(matrix: scipy.sparse.csr_matrix, ratio: NDArray[np.float32]) -> scipy.sparse.csr_matrix:
    """Each n-gram by its ratio, each review of length 1."""
    weighed = matrix.multiply(ratio).tocsr()
    length = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1))).ravel()
    return scipy.sparse.diags(1 / np.where(length > 0, length, 1)) @ weighed
