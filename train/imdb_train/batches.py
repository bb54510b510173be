"""Length-bucketed batches, the same again for the same seed and epoch."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from imdb_runtime.tokenizer import Encoded
from imdb_train.augmentation import Augmentation

# Reviews are drawn at random this many batches at a time and sorted by length within: batches stay
# mixed, and padding falls from about half of all words to a few percent.
_BATCHES_A_BUCKET = 50

_NO_AUGMENTATION = Augmentation()


@dataclass(frozen=True)
class LabelledReviews:
    """Encoded reviews with their labels, float32 [n], 0 ``neg`` and 1 ``pos``."""

    encoded: Encoded
    labels: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.labels)


class TrainingBatches(IterableDataset[tuple[Tensor, Tensor, Tensor]]):
    """One epoch of training: (ids, lengths, labels) batches in random order.

    ``part`` of ``parts``: each process of a distributed training takes every ``parts``-th batch,
    and all take as many. ``augmentation`` says how the epoch's texts differ from the reviews.
    """

    def __init__(
        self,
        reviews: LabelledReviews,
        batch_size: int,
        *,
        augmentation: Augmentation = _NO_AUGMENTATION,
        seed: int,
        epoch: int,
        part: int = 0,
        parts: int = 1,
    ) -> None:
        self._labels = torch.from_numpy(reviews.labels)
        random = np.random.default_rng((seed, epoch))
        self._encoded = augmentation.apply(reviews.encoded, random)
        batches = _bucketed(self._encoded.lengths, batch_size, random)
        self._batches = batches[part : len(batches) // parts * parts : parts]

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        for rows in self._batches:
            ids, lengths = self._encoded.pad(rows)
            yield torch.from_numpy(ids), torch.from_numpy(lengths), self._labels[rows]


class EvaluationBatches(IterableDataset[tuple[Tensor, Tensor, Tensor]]):
    """All reviews once, shortest first, in batches of bounded size; ``rows`` says which.

    ``part`` of ``parts``: each process of a distributed training takes every ``parts``-th review.
    """

    _MOST_WORDS = 65_536

    def __init__(self, reviews: LabelledReviews, *, part: int = 0, parts: int = 1) -> None:
        self._encoded, self._labels = reviews.encoded, torch.from_numpy(reviews.labels)
        lengths = self._encoded.lengths
        self.rows: list[NDArray[np.int64]] = []
        order = np.argsort(lengths, kind="stable")[part::parts]
        start = 0
        while start < len(order):
            end = start + 1
            while end < len(order) and (end - start + 1) * lengths[order[end]] <= self._MOST_WORDS:
                end += 1
            self.rows.append(order[start:end])
            start = end

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        for rows in self.rows:
            ids, lengths = self._encoded.pad(rows)
            yield torch.from_numpy(ids), torch.from_numpy(lengths), self._labels[rows]


def _bucketed(
    lengths: NDArray[np.int64], batch_size: int, random: np.random.Generator
) -> list[NDArray[np.int64]]:
    order = random.permutation(len(lengths))
    bucket = batch_size * _BATCHES_A_BUCKET
    batches: list[NDArray[np.int64]] = []
    for start in range(0, len(order), bucket):
        rows = order[start : start + bucket]
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        batches += [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    return [batches[i] for i in random.permutation(len(batches))]
