"""PyTorch against ONNX Runtime, before a bundle is put in place."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from imdb_export.batches import Batch, alone
from imdb_runtime.errors import ImdbError
from imdb_train.models import Model

# On logits. Float sums in another order differ by some 1e-6; a wrong gate or mask by far more.
TOLERANCE = 1e-4
BATCH_TOLERANCE = 1e-5
# int8 rounds the weights: it is held to the mean over all reviews of |difference in probability|.
INT8_TOLERANCE = 0.02
# The native engine rounds what each word adds to a filter: held to it on every single review.
NATIVE_TOLERANCE = 0.01

Logits = NDArray[np.float32]
Scorer = Callable[[NDArray[np.int64], NDArray[np.int64]], Logits]


def pytorch_scorer(model: Model) -> Scorer:
    """``model`` as a function of NumPy arrays: ids and lengths in, logits float32 [batch] out."""

    def score(ids: NDArray[np.int64], lengths: NDArray[np.int64]) -> Logits:
        with torch.inference_mode():
            logits = model(torch.from_numpy(ids), torch.from_numpy(lengths))
        scores: Logits = logits.numpy(force=True)
        return scores

    return score


@dataclass(frozen=True)
class ProbabilityDifference:
    """How far probabilities are from others, and the share of reviews with one label."""

    mean: float
    largest: float
    agreement: float


def score_batches(scorer: Scorer, batches: Iterable[Batch]) -> Logits:
    """The logits of all rows of ``batches``, float32 [reviews]."""
    return np.concatenate([scorer(batch.ids, batch.lengths) for batch in batches])


def check_logits(
    expected: Logits, actual: Logits, batches: Sequence[Batch], tolerance: float = TOLERANCE
) -> float:
    """The largest difference between ``expected``, of PyTorch, and ``actual``, of the graph.

    Raises
    ------
    ImdbError
        Where it is over ``tolerance`` or not a number; names the worst review.
    """
    differences = np.abs(expected - actual)
    # A difference that is not a number is the worst of all.
    worst = int(np.argmax(np.nan_to_num(differences, nan=np.inf)))
    if not differences[worst] <= tolerance:
        raise ImdbError(
            f"the graph does not compute what PyTorch computes: logit {actual[worst]:.6g} "
            f"instead of {expected[worst]:.6g} on {_origin(batches, worst)}; "
            f"the tolerance is {tolerance:g}; no bundle was written"
        )
    return float(differences[worst])


def batch_difference(scorer: Scorer, batches: Iterable[Batch]) -> float:
    """The largest difference of a review's logit in its batch and alone, relative above 1."""
    largest = 0.0
    for batch in batches:
        together = scorer(batch.ids, batch.lengths)
        apart = score_batches(scorer, alone(batch))
        difference = np.abs(together - apart) / np.maximum(1, np.abs(apart))
        largest = max(largest, float(difference.max()))
    return largest


def check_batch_difference(difference: float) -> None:
    """Raise an ImdbError where a logit depends on the rest of the batch or on padding."""
    if not difference <= BATCH_TOLERANCE:
        raise ImdbError(
            f"a review's logit differs by {difference:.3g} alone and in a batch; "
            f"the tolerance is {BATCH_TOLERANCE:g}; no bundle was written"
        )


def check_int8(
    expected: NDArray[np.float64], actual: NDArray[np.float64], threshold: float
) -> ProbabilityDifference:
    """The difference in probability, float64 [reviews], between PyTorch and an int8 graph.

    Raises
    ------
    ImdbError
        Where its mean is over ``INT8_TOLERANCE`` or not a number.
    """
    difference = _difference(expected, actual, threshold)
    if not difference.mean <= INT8_TOLERANCE:
        raise ImdbError(
            f"int8: probabilities differ from PyTorch's by {difference.mean:.3g} on average; "
            f"the tolerance is {INT8_TOLERANCE:g}; no bundle was written; leave out --int8"
        )
    return difference


def check_native(
    expected: NDArray[np.float64], actual: NDArray[np.float64], threshold: float
) -> ProbabilityDifference:
    """The difference in probability, float64 [reviews], between a model and the native engine.

    Raises
    ------
    ImdbError
        Where the largest is over ``NATIVE_TOLERANCE`` or not a number.
    """
    difference = _difference(expected, actual, threshold)
    if not difference.largest <= NATIVE_TOLERANCE:
        raise ImdbError(
            "the native engine's probabilities differ from the model's by up to "
            f"{difference.largest:.3g}; the tolerance is {NATIVE_TOLERANCE:g}; "
            "no bundle was written"
        )
    return difference


def _difference(
    expected: NDArray[np.float64], actual: NDArray[np.float64], threshold: float
) -> ProbabilityDifference:
    differences = np.abs(expected - actual)
    same = (expected >= threshold) == (actual >= threshold)
    return ProbabilityDifference(
        float(differences.mean()), float(differences.max()), float(np.mean(same))
    )


def _origin(batches: Sequence[Batch], row: int) -> str:
    for batch in batches:
        if row < len(batch.lengths):
            return f"review {row} ({batch.lengths[row]} words) of {batch.origin}"
        row -= len(batch.lengths)
    raise IndexError(row)
