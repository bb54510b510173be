"""Probabilities of logits in numpy: the specification of what csrc/probabilities.pxi does."""

import numpy as np
from numpy.typing import NDArray


def probabilities(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """1 / (1 + exp(-logits / temperature)), float32 [n], as a tangent, which does not overflow."""
    halves = logits.astype(np.float64) * (0.5 / temperature)
    result: NDArray[np.float32] = (0.5 * (np.tanh(halves) + 1)).astype(np.float32)
    return result
