"""The weights in an ONNX file, read without onnx: a small, strict reader of its initializers.

The file is a protobuf message (onnx.proto): ``ModelProto.graph`` is field 7,
``GraphProto.initializer`` 5, and of ``TensorProto`` the fields 1, 2, 8 and 9 are the shape, the
type, the name and the little-endian values. Initializers of any other form are refused.
"""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imdb_runtime.errors import BundleError

_GRAPH, _INITIALIZER = 7, 5
_SHAPE, _TYPE, _NAME, _VALUES = 1, 2, 8, 9
_TYPES: dict[int, np.dtype[Any]] = {1: np.dtype("<f4"), 3: np.dtype("i1"), 7: np.dtype("<i8")}
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_FIXED_SIZES = {_FIXED_64: 8, _FIXED_32: 4}
_MAX_AXES = 8

_Field = tuple[int, int | memoryview]


def read_initializers(content: bytes, where: str) -> dict[str, NDArray[Any]]:
    """The initializers by name: float32, int8 or int64 arrays that share the memory of ``content``.

    Their values need not be aligned.

    Raises
    ------
    BundleError
        Where ``content`` is not such a message, or an initializer is of another type, has values of
        another number than its shape, is not finite, or has a name twice.
    """
    found: dict[str, NDArray[Any]] = {}
    try:
        (graph,) = _of_kind(memoryview(content), _GRAPH)
        for tensor in _of_kind(graph, _INITIALIZER):
            name, values = _read_tensor(tensor)
            if name in found:
                raise ValueError(f"the initializer {name!r} occurs twice")
            found[name] = values
    except ValueError as error:
        raise BundleError(
            f"{where}: its weights cannot be read: {error}; export the run again"
        ) from error
    return found


def _read_tensor(message: memoryview) -> tuple[str, NDArray[Any]]:
    shape: list[int] = []
    single: dict[int, int | memoryview] = {}
    for number, value in _fields(message):
        if number == _SHAPE:
            shape.extend([value] if isinstance(value, int) else _packed(value))
        elif number not in (_TYPE, _NAME, _VALUES):
            raise ValueError(f"an initializer has the field {number} of TensorProto")
        elif number in single:
            raise ValueError(f"an initializer has the field {number} of TensorProto twice")
        else:
            single[number] = value
    kind, raw, values = single.get(_TYPE), single.get(_NAME), single.get(_VALUES, memoryview(b""))
    if not isinstance(raw, memoryview) or not isinstance(values, memoryview):
        raise ValueError("an initializer has no name or no values")
    name = str(raw, "utf-8")
    if not isinstance(kind, int) or kind not in _TYPES:
        raise ValueError(f"the initializer {name!r} is of type {kind}, not of {sorted(_TYPES)}")
    expected = prod(shape) * _TYPES[kind].itemsize
    if len(shape) > _MAX_AXES or len(values) != expected:
        raise ValueError(
            f"the initializer {name!r} of shape {shape} has {len(values)} bytes, not {expected}"
        )
    array = np.frombuffer(values, dtype=_TYPES[kind]).reshape(shape)
    if array.dtype.kind == "f" and not _is_finite(array):
        raise ValueError(f"the initializer {name!r} has a value that is not finite")
    return name, array


def _is_finite(array: NDArray[Any]) -> bool:
    # What is not finite stays in the sum, which takes one pass and no memory.
    with np.errstate(invalid="ignore"):
        return bool(np.isfinite(array.sum(dtype=np.float64)))


def _of_kind(message: memoryview, wanted: int) -> list[memoryview]:
    found = [value for number, value in _fields(message) if number == wanted]
    if not found or not all(isinstance(value, memoryview) for value in found):
        raise ValueError(f"no field {wanted} where ONNX has one")
    return [value for value in found if isinstance(value, memoryview)]


def _fields(message: memoryview) -> Iterator[_Field]:
    """The number and the value, an integer or bytes, of each field of a message."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            integer, place = _varint(message, place)
            yield number, integer
            continue
        if kind == _BYTES:
            size, place = _varint(message, place)
        elif kind in _FIXED_SIZES:
            size = _FIXED_SIZES[kind]
        else:
            raise ValueError(f"a field of the unknown wire type {kind}")
        if size > len(message) - place:
            raise ValueError("a field is longer than its message")
        yield number, message[place : place + size]
        place += size


def _packed(values: memoryview) -> Iterator[int]:
    place = 0
    while place < len(values):
        value, place = _varint(values, place)
        yield value


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """The integer of 1 to 10 bytes at ``place``, at most 2^63 - 1, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        if place == len(message):
            raise ValueError("an integer has no end")
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
    else:
        raise ValueError("an integer has no end")
    if value >= 2**63:
        raise ValueError("an integer is negative or too large")
    return value, place
