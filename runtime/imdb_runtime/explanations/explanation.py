"""``Explanation``: one review, its score, and what each of its words added."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imdb_runtime.errors import InputError


@dataclass(frozen=True, eq=False)
class Explanation:
    """One review, its prediction, and what each of its words added to it.

    ``attributions``, float32 [len(words)], are in logits: a positive one pulls towards the positive
    label. ``delta`` is by how much their sum is off ``logit - baseline_logit``, where
    ``baseline_logit`` is the logit of as many ``<pad>`` as the review has words. ``probability`` is
    that of the positive label. ``words`` are those the model reads; ``word_count`` is how many the
    review has. ``method`` is what the attributions were found by, ``steps`` how many points of the
    path it took the gradient at: 0 where it takes none.
    """

    text: str
    words: list[str]
    attributions: NDArray[np.float32]
    label: str
    probability: float
    true_label: str | None
    logit: float
    baseline_logit: float
    delta: float
    steps: int
    word_count: int
    method: str

    @property
    def truncated(self) -> bool:
        """Whether the review has more words than the model reads."""
        return self.word_count > len(self.words)


def true_labels(
    labels: Sequence[str | None] | None, texts: int, known: tuple[str, str]
) -> Sequence[str | None]:
    """``labels``, or as many None where there are none; one a text, each ``known`` or None.

    Raises
    ------
    InputError
        Where they are not.
    """
    if labels is None:
        return [None] * texts
    if len(labels) != texts:
        raise InputError(f"{len(labels)} labels for {texts} texts; give one a text")
    for label in labels:
        if label is not None and label not in known:
            raise InputError(f"unknown label {label!r}; known are {', '.join(known)}")
    return labels
