"""The batches that a graph is checked on."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imdb_runtime.tokenizer import Tokenizer

# Batches of 1, 2 and 17 with mixed lengths: empty, one word, shorter than any filter, and long.
LENGTHS = (
    (0,),
    (1,),
    (40,),
    (1, 0),
    (150, 2),
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 13, 21, 34, 55, 89, 144, 233, 0),
)
EXTRA_PADDING = (0, 1, 6)
_REVIEWS_IN_A_BATCH = 32


@dataclass(frozen=True)
class Batch:
    """ids int64 [batch, sequence], lengths int64 [batch], and where each review comes from."""

    ids: NDArray[np.int64]
    lengths: NDArray[np.int64]
    origin: str


def mixed_batches(vocabulary_size: int) -> list[Batch]:
    """Made-up reviews in a batch of each of ``LENGTHS``, padded by each of ``EXTRA_PADDING``."""
    generator = np.random.default_rng(0)
    batches = []
    for kind in LENGTHS:
        lengths = np.array(kind, dtype=np.int64)
        ids = np.zeros((len(kind), max(kind)), dtype=np.int64)
        for row, length in zip(ids, kind, strict=True):
            row[:length] = generator.integers(vocabulary_size, size=length)
        for extra in EXTRA_PADDING:
            padded = np.pad(ids, ((0, 0), (0, extra)))
            origin = f"a made-up batch of {len(kind)} with {extra} words of extra padding"
            batches.append(Batch(padded, lengths, origin))
    return batches


def alone(batch: Batch) -> Iterator[Batch]:
    """Each review of ``batch`` in a batch of its own, without padding."""
    for row, length in enumerate(batch.lengths):
        ids = batch.ids[row : row + 1, :length]
        yield Batch(ids, batch.lengths[row : row + 1], f"{batch.origin}, review {row} alone")


def review_batches(
    tokenizer: Tokenizer, texts: list[bytes]
) -> tuple[list[Batch], NDArray[np.int64]]:
    """``texts`` in batches of like length, and which text each of their rows is, int64 [n]."""
    encoded = tokenizer.encode(texts)
    order = np.argsort(encoded.lengths, kind="stable")
    batches = []
    for start in range(0, len(order), _REVIEWS_IN_A_BATCH):
        ids, lengths = encoded.pad(order[start : start + _REVIEWS_IN_A_BATCH], np.int64)
        batches.append(Batch(ids, lengths, "a batch of validation reviews"))
    return batches, order
