"""The weights in an ONNX file as arrays, read without onnx (``imdb_runtime.bundle.onnx_file``)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imdb_runtime.bundle.onnx_file import FLOAT, INT8, INT64, read_model
from imdb_runtime.errors import BundleError

_TYPES: dict[int, np.dtype[Any]] = {
    FLOAT: np.dtype("<f4"), INT8: np.dtype("i1"), INT64: np.dtype("<i8"),
}  # fmt: skip


def read_initializers(content: bytes, where: str) -> dict[str, NDArray[Any]]:
    """The initializers by name: float32, int8 or int64 arrays that share the memory of ``content``.

    Their values need not be aligned.

    Raises
    ------
    BundleError
        Where ``content`` is no ONNX file as exports write it, or an initializer is not finite or
        has a name twice.
    """
    found: dict[str, NDArray[Any]] = {}
    try:
        for tensor in read_model(content).initializers:
            if tensor.name in found:
                raise ValueError(f"the initializer {tensor.name!r} occurs twice")
            array = np.frombuffer(tensor.values, dtype=_TYPES[tensor.type]).reshape(tensor.shape)
            if array.dtype.kind == "f" and not _is_finite(array):
                raise ValueError(f"the initializer {tensor.name!r} has a value that is not finite")
            found[tensor.name] = array
    except ValueError as error:
        raise BundleError(
            f"{where}: its weights cannot be read: {error}; export the run again"
        ) from error
    return found


def _is_finite(array: NDArray[Any]) -> bool:
    # What is not finite stays in the sum, which takes one pass and no memory.
    with np.errstate(invalid="ignore"):
        return bool(np.isfinite(array.sum(dtype=np.float64)))
