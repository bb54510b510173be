"""The part of an ONNX file that exports use, read without onnx, and nothing beside it.

The messages are those of onnx.proto. What could reach outside the file (values in other files) or
run what is not looked at here (functions, graphs inside nodes, training) has no place in them.
"""

from dataclasses import dataclass
from math import prod
from typing import Any

from imdb_runtime.bundle.protobuf import Schema, read_message

# TensorProto.DataType
FLOAT, INT8, INT64 = 1, 3, 7
SIZES = {FLOAT: 4, INT8: 1, INT64: 8}
MAX_AXES = 8

_MODEL = Schema(
    "ModelProto",
    {
        1: ("ir_version", "integer", False),
        2: ("producer_name", "text", False),
        3: ("producer_version", "text", False),
        7: ("graph", "bytes", False),
        8: ("opset_import", "bytes", True),
    },
    {20: "which is a graph for training", 25: "which are functions of the model's own"},
)
_OPSET = Schema(
    "OperatorSetIdProto", {1: ("domain", "text", False), 2: ("version", "integer", False)}
)
_GRAPH = Schema(
    "GraphProto",
    {
        1: ("node", "bytes", True),
        2: ("name", "text", False),
        5: ("initializer", "bytes", True),
        11: ("input", "bytes", True),
        12: ("output", "bytes", True),
    },
    {15: "which are sparse initializers"},
)
_NODE = Schema(
    "NodeProto",
    {
        1: ("input", "text", True),
        2: ("output", "text", True),
        3: ("name", "text", False),
        4: ("op_type", "text", False),
        5: ("attribute", "bytes", True),
        7: ("domain", "text", False),
    },
)
_ATTRIBUTE = Schema(
    "AttributeProto",
    {
        1: ("name", "text", False),
        3: ("integer", "integer", False),
        4: ("text", "text", False),
        8: ("integers", "integer", True),
        20: ("type", "integer", False),
    },
    {
        5: "which is a tensor inside a node",
        6: "which is a graph inside a node",
        10: "which are tensors inside a node",
        11: "which are graphs inside a node",
    },
)
_ATTRIBUTE_TYPES = {"integer": 2, "text": 3, "integers": 7}
_TENSOR = Schema(
    "TensorProto",
    {
        1: ("shape", "integer", True),
        2: ("type", "integer", False),
        8: ("name", "text", False),
        9: ("values", "bytes", False),
    },
    {
        13: "which says that its values are in another file",
        14: "which says that its values are in another file",
    },
)
_VALUE = Schema("ValueInfoProto", {1: ("name", "text", False), 2: ("type", "bytes", False)})
_TYPE = Schema("TypeProto", {1: ("tensor", "bytes", False)})
_TENSOR_TYPE = Schema(
    "TypeProto.Tensor", {1: ("type", "integer", False), 2: ("shape", "bytes", False)}
)
_SHAPE = Schema("TensorShapeProto", {1: ("axes", "bytes", True)})
_AXIS = Schema("TensorShapeProto.Dimension", {2: ("name", "text", False)})


@dataclass(frozen=True)
class Tensor:
    """An initializer; ``values`` are the little-endian bytes of ``shape``, of ``type``."""

    name: str
    type: int
    shape: tuple[int, ...]
    values: memoryview


@dataclass(frozen=True)
class Node:
    """An operator, with its domain before it unless that is ONNX's own, and its attributes."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]


@dataclass(frozen=True)
class Value:
    """An input or output of the graph: its type, and how many axes it has, all of any size."""

    name: str
    type: int
    axes: int


@dataclass(frozen=True)
class Model:
    """What is in the file; ``opsets`` are the operator sets by domain."""

    opsets: dict[str, int]
    nodes: tuple[Node, ...]
    initializers: tuple[Tensor, ...]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]


def read_model(content: bytes) -> Model:
    """The model in an ONNX file; the values of initializers share its memory.

    Raises
    ------
    ValueError
        Where it is no such file, or holds what exports do not write.
    """
    model = read_message(memoryview(content), _MODEL)
    if "graph" not in model:
        raise ValueError("it has no graph")
    opsets: dict[str, int] = {}
    for message in model["opset_import"]:
        opset = read_message(message, _OPSET)
        domain = opset.get("domain", "")
        if domain in opsets:
            raise ValueError(f"it imports the operator set {domain!r} twice")
        opsets[domain] = opset.get("version", 0)
    graph = read_message(model["graph"], _GRAPH)
    return Model(
        opsets=opsets,
        nodes=tuple(map(_read_node, graph["node"])),
        initializers=tuple(map(_read_tensor, graph["initializer"])),
        inputs=tuple(map(_read_value, graph["input"])),
        outputs=tuple(map(_read_value, graph["output"])),
    )


def _read_node(content: memoryview) -> Node:
    node = read_message(content, _NODE)
    attributes: dict[str, Any] = {}
    for message in node["attribute"]:
        name, value = _read_attribute(message)
        if name in attributes:
            raise ValueError(f"a node has the attribute {name!r} twice")
        attributes[name] = value
    domain = node.get("domain", "")
    operator = node.get("op_type", "")
    return Node(
        operator=f"{domain}.{operator}" if domain else operator,
        inputs=tuple(node["input"]),
        outputs=tuple(node["output"]),
        attributes=attributes,
    )


def _read_attribute(content: memoryview) -> tuple[str, Any]:
    attribute = read_message(content, _ATTRIBUTE)
    name = attribute.get("name", "")
    given = [kind for kind in _ATTRIBUTE_TYPES if attribute.get(kind) not in (None, [])]
    if len(given) != 1 or attribute.get("type") != _ATTRIBUTE_TYPES[given[0]]:
        raise ValueError(f"the attribute {name!r} is not one integer, text or list of integers")
    return name, attribute[given[0]]


def _read_tensor(content: memoryview) -> Tensor:
    tensor = read_message(content, _TENSOR)
    name, kind, shape = tensor.get("name", ""), tensor.get("type"), tuple(tensor["shape"])
    if kind not in SIZES:
        raise ValueError(f"the initializer {name!r} is of type {kind}, not of {sorted(SIZES)}")
    if len(shape) > MAX_AXES:
        raise ValueError(f"the initializer {name!r} has {len(shape)} axes, over {MAX_AXES}")
    values = tensor.get("values", memoryview(b""))
    expected = prod(shape) * SIZES[kind]
    if len(values) != expected:
        raise ValueError(
            f"the initializer {name!r} of shape {list(shape)} has {len(values)} bytes,"
            f" not {expected}"
        )
    return Tensor(name, kind, shape, values)


def _read_value(content: memoryview) -> Value:
    value = read_message(content, _VALUE)
    described = read_message(value.get("type", memoryview(b"")), _TYPE)
    tensor = read_message(described.get("tensor", memoryview(b"")), _TENSOR_TYPE)
    shape = read_message(tensor.get("shape", memoryview(b"")), _SHAPE)
    for axis in shape["axes"]:
        read_message(axis, _AXIS)
    return Value(value.get("name", ""), tensor.get("type", 0), len(shape["axes"]))
