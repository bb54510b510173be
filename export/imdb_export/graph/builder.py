"""A graph under construction, and what every finished one must satisfy."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, checker, helper, numpy_helper

from imdb_export.opsets import FIRST_OPSET, IR_VERSIONS, LAST_OPSET
from imdb_runtime.bundle import INPUTS, OUTPUT
from imdb_runtime.errors import ImdbError, InputError

_DEFAULT_DOMAIN = ""


class GraphBuilder:
    """Collects nodes and initializers; every method returns the name of a tensor."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: dict[str, onnx.TensorProto] = {}

    def initializer(self, name: str, value: NDArray[Any]) -> str:
        """Add ``value`` under ``name``; the same name again must mean the same tensor."""
        if name not in self._initializers:
            self._initializers[name] = numpy_helper.from_array(value, name)
        return name

    def integers(self, name: str, *values: int) -> str:
        """An int64 vector."""
        return self.initializer(name, np.array(values, dtype=np.int64))

    def scalar(self, name: str, value: int) -> str:
        """An int64 scalar."""
        return self.initializer(name, np.array(value, dtype=np.int64))

    def node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Add a node with one output, named after it."""
        self._nodes.append(helper.make_node(operator, inputs, [output], output, **attributes))
        return output

    def recurrent_node(
        self, operator: str, inputs: list[str], name: str, **attributes: Any
    ) -> tuple[str, str]:
        """Add an LSTM or GRU; gives Y [sequence, 2, batch, hidden] and Y_h [2, batch, hidden]."""
        outputs = (f"{name}.outputs", f"{name}.last")
        self._nodes.append(helper.make_node(operator, inputs, list(outputs), name, **attributes))
        return outputs

    def finish(self, opset: int) -> onnx.ModelProto:
        """The model, of exactly ``opset``; its output is the tensor named ``logits``."""
        if opset not in IR_VERSIONS:
            raise InputError(
                f"opset {opset} is not supported; choose one from {FIRST_OPSET} to {LAST_OPSET}"
            )
        graph = helper.make_graph(
            self._nodes,
            "imdb-edge",
            [
                helper.make_tensor_value_info(name, TensorProto.INT64, axes)
                for name, axes in zip(INPUTS, (["batch", "sequence"], ["batch"]), strict=True)
            ],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch"])],
            list(self._initializers.values()),
        )
        return helper.make_model(
            graph,
            producer_name="imdb-edge",
            ir_version=IR_VERSIONS[opset],
            opset_imports=[helper.make_opsetid(_DEFAULT_DOMAIN, opset)],
        )


def serialize(model: onnx.ModelProto, opset: int) -> bytes:
    """The model's bytes, the same for the same model; checked, and read back for their opset.

    Raises
    ------
    ImdbError
        Where onnx finds the model invalid, or its opset is not ``opset``.
    """
    content: bytes = model.SerializeToString(deterministic=True)
    try:
        checker.check_model(content, full_check=True)
    except (checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ImdbError(f"the graph is not valid ONNX: {reason}") from error
    if (written := opset_of(content)) != opset:
        raise ImdbError(f"the graph has opset {written}, not the opset {opset} asked for")
    return content


def opset_of(content: bytes) -> int:
    """The version of the default operator set that a serialized model imports."""
    imports = onnx.load_from_string(content).opset_import
    versions = [entry.version for entry in imports if entry.domain == _DEFAULT_DOMAIN]
    if len(versions) != 1:
        raise ImdbError(f"the graph imports {len(versions)} default operator sets, not one")
    return int(versions[0])
