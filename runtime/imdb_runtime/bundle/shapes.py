"""The shapes that the operators of an export give, from the shapes they are given.

Only with shapes known before it runs can a graph be refused for the memory it would take: sizes
inside the graph come from its inputs' shapes and its initializers, never from what is computed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from math import prod
from typing import Any

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Sized:
    """A tensor's shape and, where it is known beforehand, what is in it: whole numbers."""

    shape: Shape
    values: tuple[int, ...] | None = None

    def known(self) -> tuple[int, ...]:
        """``values``, which must be known."""
        if self.values is None:
            raise ValueError("a size is computed from what is no size")
        return self.values


@dataclass(frozen=True)
class Operator:
    """How many inputs and outputs it has, and attributes of which type.

    ``infer`` gives the outputs of inputs and attributes; the inputs in ``absent`` are not given.
    """

    infer: Callable[[Sequence[Any], dict[str, Any]], Sequence[Sized]]
    inputs: range
    attributes: Mapping[str, type] = field(default_factory=dict)
    outputs: int = 1
    absent: range = range(0)


def _same(inputs: Sequence[Any], attributes: dict[str, Any]) -> list[Sized]:
    return [Sized(inputs[0].shape)]


def _broadcast(inputs: Sequence[Any], attributes: dict[str, Any]) -> list[Sized]:
    axes = []
    for sizes in zip_longest(*(reversed(each.shape) for each in inputs), fillvalue=1):
        wide = {size for size in sizes if size != 1}
        _require(len(wide) <= 1, "shapes do not fit together")
        axes.append(wide.pop() if wide else 1)
    return [Sized(tuple(reversed(axes)))]


def _shape(inputs: Sequence[Any], attributes: dict[str, Any]) -> list[Sized]:
    shape = inputs[0].shape
    return [Sized((len(shape),), shape)]


def _gather(inputs: Sequence[Any], attributes: dict[str, Any]) -> list[Sized]:
    data, places = inputs
    _require(data.shape, "Gather from a single number")
    values = None
    if len(data.shape) == 1 and data.values is not None and places.values is not None:
        _require(all(0 <= place < data.shape[0] for place in places.values), "Gather from outside")
        values = tuple(data.values[place] for place in places.values)
    return [Sized(places.shape + data.shape[1:], values)]


def _range(inputs: Sequence[Any], attributes: dict[str, Any]) -> list[Sized]:
    for each in inputs:
        _require(each.shape == (), "Range of what is no single number")
    (start,), (limit,), (step,) = (each.known() for each in inputs)
    _require(step > 0, "Range with a step below 1")
    return [Sized((max(0, -((start - limit) // step)),))]


def _unsqueeze(inputs: Sequence[Any], attributes: dict[str, Any]) -> list[Sized]:
    data, axes = inputs
    rank = len(data.shape) + len(axes.known())
    new = _axes(axes.known(), rank)
    kept = iter(data.shape)
    return [Sized(tuple(1 if axis in new else next(kept) for axis in range(rank)))]


def _squeeze(inputs: Sequence[Any], attributes: dict[str, Any]) -> list[Sized]:
    data, axes = inputs
    gone = _axes(axes.known(), len(data.shape))
    _require(all(data.shape[axis] == 1 for axis in gone), "Squeeze of more than one")
    return [Sized(tuple(size for axis, size in enumerate(data.shape) if axis not in gone))]


def _reduce_sum(inputs: Sequence[Any], attributes: dict[str, Any]) -> list[Sized]:
    data, axes = inputs
    _require(attributes == {"keepdims": 0}, "ReduceSum that keeps its axes")
    gone = _axes(axes.known(), len(data.shape))
    return [Sized(tuple(size for axis, size in enumerate(data.shape) if axis not in gone))]


def _transpose(inputs: Sequence[Any], attributes: dict[str, Any]) -> list[Sized]:
    shape, order = inputs[0].shape, attributes.get("perm", [])
    _require(sorted(order) == list(range(len(shape))), "Transpose")
    return [Sized(tuple(shape[axis] for axis in order))]


def _concat(inputs: Sequence[Any], attributes: dict[str, Any]) -> list[Sized]:
    first, axis = inputs[0].shape, attributes.get("axis", len(inputs[0].shape))
    _require(axis < len(first), "Concat without an axis")
    rest = {each.shape[:axis] + each.shape[axis + 1 :] for each in inputs}
    alike = {len(each.shape) for each in inputs} == {len(first)}
    _require(alike and len(rest) == 1, "Concat of shapes that differ")
    return [Sized((*first[:axis], sum(each.shape[axis] for each in inputs), *first[axis + 1 :]))]


def _flatten(inputs: Sequence[Any], attributes: dict[str, Any]) -> list[Sized]:
    shape = inputs[0].shape
    _require(attributes == {"axis": 1} and shape, "Flatten of another axis")
    return [Sized((shape[0], prod(shape[1:])))]


def _reshape(inputs: Sequence[Any], attributes: dict[str, Any]) -> list[Sized]:
    data, wanted = inputs[0].shape, list(inputs[1].known())
    for axis, size in enumerate(wanted):
        if size == 0:
            _require(axis < len(data), "Reshape copies an axis that is not there")
            wanted[axis] = data[axis]
    _require(wanted.count(-1) <= 1 and min(wanted, default=0) >= -1, "Reshape")
    others = prod(size for size in wanted if size != -1)
    if -1 in wanted:
        _require(others > 0, "Reshape cannot tell a size")
        wanted[wanted.index(-1)] = prod(data) // others
    _require(prod(wanted) == prod(data), "Reshape to another number of values")
    return [Sized(tuple(wanted))]


def _pad(inputs: Sequence[Any], attributes: dict[str, Any]) -> list[Sized]:
    shape, pads = inputs[0].shape, inputs[1].known()
    _require(len(pads) == 2 * len(shape) and min(pads, default=0) >= 0, "Pad")
    before, after = pads[: len(shape)], pads[len(shape) :]
    return [Sized(tuple(map(sum, zip(shape, before, after, strict=True))))]


def _slice(inputs: Sequence[Any], attributes: dict[str, Any]) -> list[Sized]:
    shape, (starts, ends, axes) = list(inputs[0].shape), [each.known() for each in inputs[1:]]
    _require(len(starts) == len(ends) == len(axes), "Slice")
    _axes(axes, len(shape))
    for start, end, axis in zip(starts, ends, axes, strict=True):
        shape[axis] = len(range(*slice(start, end).indices(shape[axis])))
    return [Sized(tuple(shape))]


def _convolution(inputs: Sequence[Any], attributes: dict[str, Any]) -> list[Sized]:
    data, filters, biases = (each.shape for each in inputs)
    _require(len(data) == len(filters) == 3 and data[1] == filters[1], "Conv")
    _require(biases == filters[:1] and data[2] >= filters[2] >= 1, "Conv")
    return [Sized((data[0], filters[0], data[2] - filters[2] + 1))]


def _global_pool(inputs: Sequence[Any], attributes: dict[str, Any]) -> list[Sized]:
    shape = inputs[0].shape
    _require(len(shape) == 3, "GlobalMaxPool")
    return [Sized((*shape[:2], 1))]


def _product(inputs: Sequence[Any], attributes: dict[str, Any]) -> list[Sized]:
    """Gemm with or without ``transB``, and MatMul: of two matrices."""
    left, right = inputs[0].shape, inputs[1].shape
    _require(len(left) == len(right) == 2, "a product of what are no matrices")
    _require(attributes in ({}, {"transB": 1}), "Gemm")
    if attributes:
        right = (right[1], right[0])
    _require(left[1] == right[0], "a product of matrices that do not fit")
    result = Sized((left[0], right[1]))
    if len(inputs) > 2:
        _require(_broadcast([result, inputs[2]], {}) == [result], "Gemm adds what does not fit")
    return [result]


def _recurrent(gates: int, by_columns: bool) -> Callable[[Sequence[Any], dict[str, Any]], Any]:
    """An LSTM or GRU; ``by_columns``, as in DynamicQuantizeLSTM, its gates are the last axis."""

    def infer(inputs: Sequence[Any], attributes: dict[str, Any]) -> list[Sized]:
        data, weights, states, biases, lengths = (each.shape for each in inputs[:5])
        hidden = attributes.get("hidden_size", 0)
        _require(attributes.get("direction") == "bidirectional" and hidden >= 1, "LSTM or GRU")
        _require(attributes.get("linear_before_reset", 1) == 1, "GRU")
        _require(len(data) == 3, "LSTM or GRU")
        expected = [(2, gates * hidden, data[2]), (2, gates * hidden, hidden)]
        if by_columns:
            expected = [(first, last, middle) for first, middle, last in expected]
        _require([weights, states] == expected, "LSTM or GRU")
        _require(biases == (2, 2 * gates * hidden) and lengths == data[1:2], "LSTM or GRU")
        for scale in inputs[8:]:
            _require(scale.shape == (2, gates * hidden), "DynamicQuantizeLSTM")
        return [Sized((data[0], 2, data[1], hidden)), Sized((2, data[1], hidden))]

    return infer


def _axes(axes: Sequence[int], rank: int) -> set[int]:
    _require(len(set(axes)) == len(axes) and all(0 <= axis < rank for axis in axes), "axes")
    return set(axes)


def _require(holds: object, what: str) -> None:
    if not holds:
        raise ValueError(f"{what}: not as imdb-export writes it")


_ONE, _TWO, _THREE, _SOME = range(1, 2), range(2, 3), range(3, 4), range(1, 256)
_RECURRENT = {"direction": str, "hidden_size": int}

# Those of imdb_export.graph, and nothing else.
OPERATORS = {
    "Add": Operator(_broadcast, _TWO),
    "Cast": Operator(_same, _ONE, {"to": int}),
    "Concat": Operator(_concat, _SOME, {"axis": int}),
    "Conv": Operator(_convolution, _THREE),
    "Div": Operator(_broadcast, _TWO),
    "Flatten": Operator(_flatten, _ONE, {"axis": int}),
    "GRU": Operator(
        _recurrent(3, by_columns=False), range(5, 6), _RECURRENT | {"linear_before_reset": int}, 2
    ),
    "Gather": Operator(_gather, _TWO),
    "Gemm": Operator(_product, _THREE, {"transB": int}),
    "GlobalMaxPool": Operator(_global_pool, _ONE),
    "LSTM": Operator(_recurrent(4, by_columns=False), range(5, 6), _RECURRENT, 2),
    "Less": Operator(_broadcast, _TWO),
    "MatMul": Operator(_product, _TWO),
    "Max": Operator(_broadcast, _TWO),
    "Mod": Operator(_broadcast, _TWO),
    "Mul": Operator(_broadcast, _TWO),
    "Pad": Operator(_pad, _TWO),
    "Range": Operator(_range, _THREE),
    "ReduceSum": Operator(_reduce_sum, _TWO, {"keepdims": int}),
    "Relu": Operator(_same, _ONE),
    "Reshape": Operator(_reshape, _TWO),
    "Shape": Operator(_shape, _ONE),
    "Slice": Operator(_slice, range(4, 5)),
    "Sqrt": Operator(_same, _ONE),
    "Squeeze": Operator(_squeeze, _TWO),
    "Sub": Operator(_broadcast, _TWO),
    "Sum": Operator(_broadcast, _SOME),
    "Transpose": Operator(_transpose, _ONE, {"perm": list}),
    "Unsqueeze": Operator(_unsqueeze, _TWO),
    "Where": Operator(_broadcast, _THREE),
    "com.microsoft.DynamicQuantizeLSTM": Operator(
        _recurrent(4, by_columns=True), range(12, 13), _RECURRENT, 2, absent=range(5, 8)
    ),
}
