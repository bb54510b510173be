"""What a corpus is: labelled reviews in splits, and reviews without a label."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imdb_runtime.errors import InputError
from imdb_train.labels import LABELS


@dataclass(frozen=True)
class Split:
    """Labelled reviews.

    ``texts`` are UTF-8; ``labels`` int64 [n], 0 for neg and 1 for pos; ``films`` has one key a
    review where it is known which film each review is of.
    """

    texts: list[bytes]
    labels: NDArray[np.int64]
    films: list[str] | None

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> "Split":
        """The reviews with these row numbers, in the order given."""
        return Split(
            texts=[self.texts[row] for row in rows],
            labels=self.labels[np.asarray(rows, dtype=np.int64)],
            films=None if self.films is None else [self.films[row] for row in rows],
        )


@dataclass(frozen=True)
class Corpus:
    """A training split, a test split where there is one, and unlabelled reviews (UTF-8).

    ``name`` is ``imdb`` or the name of the file that the training split came from.
    """

    name: str
    train: Split
    test: Split | None
    unlabelled: list[bytes]


def require_both_labels(labels: NDArray[np.int64], where: str, advice: str) -> None:
    """Raise an InputError unless both labels occur in ``labels``."""
    for label, name in enumerate(LABELS):
        if not np.any(labels == label):
            raise InputError(f"{where}: no review is labelled {name}; {advice}")
