"""Engines: texts in, logits out."""

from collections.abc import Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from imdb_runtime.bundle import MODEL_FILE, Bundle
from imdb_runtime.errors import DeviceError
from imdb_runtime.tokenizer import Encoded, Tokenizer

DEVICES = ("auto", "cpu", "cuda")
ENGINES = ("auto", "native", "onnx")

__all__ = ["DEVICES", "ENGINES", "Engine", "create_engine"]


class Engine(Protocol):
    """What turns texts into logits; safe to call from several threads."""

    @property
    def name(self) -> str:
        """One of ``ENGINES`` other than ``auto``."""

    @property
    def device(self) -> str:
        """``cpu`` or ``cuda``: where it really runs."""

    def score(self, encoded: Encoded) -> NDArray[np.float32]:
        """Logits, float32 [n], of texts as ids, in the order of the texts."""

    def score_texts(
        self, tokenizer: Tokenizer, texts: Iterable[str | bytes]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Logits, float32 [n], and words, int64 [n], of ``texts``, read by ``tokenizer``."""


def create_engine(bundle: Bundle, name: str, device: str, threads: int | None) -> Engine:
    """The engine ``name`` (one of ``ENGINES``) for ``bundle`` on ``device`` (one of ``DEVICES``).

    ``auto`` is ``native`` for a CNN, unless CUDA is asked for, and ``onnx`` for all else.
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
    from imdb_runtime.engines import native

    model, config = bundle.files[MODEL_FILE], bundle.manifest.model
    if name == "native" or (name == "auto" and native.is_cnn(config) and device != "cuda"):
        if device == "cuda":
            raise DeviceError("the engine native runs on the CPU alone; for cuda take onnx")
        ranges = bundle.files.get(native.RANGES_FILE)
        temperature = bundle.manifest.temperature
        return native.NativeEngine(model, config, temperature, ranges, threads, bundle.where)
    from imdb_runtime.engines.onnx_engine import OnnxEngine

    return OnnxEngine(model, device, threads, where=bundle.where)
