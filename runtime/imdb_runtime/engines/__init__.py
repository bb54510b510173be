"""Engines: token ids and lengths in, logits out."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from imdb_runtime.bundle import MODEL_FILE, Bundle
from imdb_runtime.errors import DeviceError

DEVICES = ("auto", "cpu", "cuda")
ENGINES = ("auto", "onnx")

__all__ = ["DEVICES", "ENGINES", "Engine", "create_engine"]


class Engine(Protocol):
    """What turns padded token ids into logits; safe to call from several threads."""

    @property
    def name(self) -> str:
        """One of ``ENGINES`` other than ``auto``."""

    @property
    def device(self) -> str:
        """``cpu`` or ``cuda``: where it really runs."""

    def logits(self, ids: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """Logits, float32 [n], of ``ids``, int64 [n, longest], with ``lengths``, int64 [n]."""


def create_engine(bundle: Bundle, name: str, device: str, threads: int | None) -> Engine:
    """The engine ``name`` (one of ``ENGINES``) for ``bundle`` on ``device`` (one of ``DEVICES``).

    ``threads`` is how many CPU threads it may use; None is all that the process may use.

    Raises
    ------
    DeviceError
        Where the engine or device is unknown or not to be had on this machine.
    DependencyError
        Where the engine's package is not installed.
    BundleError
        Where the engine cannot run the bundle's model.
    """
    if name not in ENGINES:
        raise DeviceError(f"unknown engine {name!r}; known are {', '.join(ENGINES)}")
    if device not in DEVICES:
        raise DeviceError(f"unknown device {device!r}; known are {', '.join(DEVICES)}")
    from imdb_runtime.engines.onnx_engine import OnnxEngine

    return OnnxEngine(bundle.files[MODEL_FILE], device, threads, where=bundle.where)
