"""Probabilities that mean what they say: temperature scaling, and the picture that shows it."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from imdb_runtime.files import write_atomically
from imdb_train.metrics import CALIBRATION_BINS

_RANGE = (0.05, 20.0)
_PRECISION = 1e-4


def fit_temperature(logits: Tensor, labels: NDArray[np.float32]) -> float:
    """The temperature T for which ``sigmoid(logits / T)`` has the least cross-entropy.

    Temperature scaling (Guo et al. 2017): one number, fitted on validation; it moves no label at
    threshold 0.5. ``logits`` and ``labels`` (0 or 1) are float32 [n]. The loss is convex in 1 / T,
    so its slope is bisected; a T out of [0.05, 20] is cut to it.
    """
    wide, target = logits.double(), torch.from_numpy(labels).double()

    def slope(inverse: float) -> float:
        return float(((torch.sigmoid(wide * inverse) - target) * wide).mean())

    low, high = 1 / _RANGE[1], 1 / _RANGE[0]
    while high - low > _PRECISION * low:
        middle = (low + high) / 2
        low, high = (low, middle) if slope(middle) > 0 else (middle, high)
    return round(2 / (low + high), 4)


def plot_reliability(
    probabilities: NDArray[np.float32], labels: NDArray[np.float32], path: Path
) -> None:
    """Draw how often reviews given a probability are positive, in bins of it, into a PNG.

    ``probabilities`` of ``pos`` and ``labels`` (0 or 1) are float32 [n].
    """
    edges = np.linspace(0, 1, CALIBRATION_BINS + 1)
    bins = np.clip(np.digitize(probabilities, edges[1:-1]), 0, CALIBRATION_BINS - 1)
    counts = np.bincount(bins, minlength=CALIBRATION_BINS)
    filled = counts > 0
    given = np.bincount(bins, probabilities, CALIBRATION_BINS)[filled] / counts[filled]
    true = np.bincount(bins, labels, CALIBRATION_BINS)[filled] / counts[filled]
    figure = Figure(figsize=(4.4, 4.8), layout="constrained")
    reliability, share = figure.subplots(2, 1, height_ratios=(3, 1), sharex=True)
    reliability.plot((0, 1), (0, 1), color="0.7", linestyle="--")
    reliability.plot(given, true, marker="o")
    reliability.set_ylabel("share that is positive")
    share.bar(edges[:-1], counts / counts.sum(), width=1 / CALIBRATION_BINS, align="edge")
    share.set_ylabel("reviews")
    share.set_xlabel("probability of pos")
    for axes in (reliability, share):
        axes.spines[["top", "right"]].set_visible(False)
    with write_atomically(path) as file:
        figure.savefig(file, format="png", dpi=120)
