"""What the trainings of the teacher's members do at every step: a rate, and a line now and then."""

import math
import time

import torch
from torch import Tensor

_EVERY = 100


class Steps:
    """The ``total`` steps of one training by ``optimizer``, whose highest rate is ``lr``."""

    def __init__(
        self, optimizer: torch.optim.Optimizer, total: int, lr: float, warm_up: int
    ) -> None:
        self._optimizer, self._total, self._lr, self._warm_up = optimizer, total, lr, warm_up
        self._losses, self._started = 0.0, time.monotonic()

    def set_rate(self, step: int) -> None:
        """Up over ``warm_up`` steps, then down to nearly nothing along a cosine."""
        warm = min(1.0, (step + 1) / self._warm_up)
        cosine = 1 + math.cos(math.pi * step / self._total)
        for group in self._optimizer.param_groups:
            group["lr"] = self._lr * warm * (0.02 + 0.49 * cosine)

    def report(self, step: int, loss: Tensor) -> None:
        """Add a step's loss; print the mean of every hundred."""
        self._losses += float(loss.detach())
        if (step + 1) % _EVERY:
            return
        left = (time.monotonic() - self._started) / (step + 1) * (self._total - step - 1) / 60
        print(
            f"step {step + 1}/{self._total}: loss {self._losses / _EVERY:.4f}, {left:.0f} min left"
        )
        self._losses = 0.0
