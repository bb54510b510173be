"""int8: embeddings with a scale for each row, and LSTMs as ONNX Runtime quantizes them."""

import tempfile
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxruntime.quantization.quant_utils import QuantType, add_pre_process_metadata
from onnxruntime.quantization.quantize import quantize_dynamic

from imdb_runtime.errors import ImdbError

_QUANTIZED_LSTM = "DynamicQuantizeLSTM"


def quantize_rows(
    table: NDArray[np.float32],
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """int8 rows and float32 scales [rows, 1]; their product is within half a scale of ``table``.

    A row of zeros, as that of ``<pad>``, stays exactly zero.
    """
    largest = np.abs(table).max(axis=1, keepdims=True)
    scales = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    return np.rint(table / scales).astype(np.int8), scales


def quantize_lstm(model: onnx.ModelProto) -> onnx.ModelProto:
    """``model`` with every LSTM as DynamicQuantizeLSTM, int8 weights with a scale per channel.

    Raises
    ------
    ImdbError
        Where an LSTM is left: ``quantize_dynamic`` passes over what it cannot quantize in silence.
    """
    wanted = _count(model, "LSTM")
    prepared = onnx.ModelProto()
    prepared.CopyFrom(model)
    # Without this mark quantize_dynamic logs advice about a step these graphs do not need.
    add_pre_process_metadata(prepared)
    with tempfile.TemporaryDirectory(prefix="imdb-export.") as folder:
        path = Path(folder) / "model.onnx"
        quantize_dynamic(
            prepared,
            path,
            op_types_to_quantize=["LSTM"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            # 7 bits: with 8, CPUs without VNNI saturate their 16-bit sums and scores are off by
            # several times the rounding error.
            reduce_range=True,
        )
        quantized = onnx.load(path)
    _as_exports_are(quantized, model)
    left, made = _count(quantized, "LSTM"), _count(quantized, _QUANTIZED_LSTM)
    if left or made != wanted:
        raise ImdbError(
            f"int8: {made} of {wanted} LSTM layers were quantized; "
            "use another version of onnxruntime or leave out --int8"
        )
    return quantized


def _as_exports_are(quantized: onnx.ModelProto, model: onnx.ModelProto) -> None:
    """Leave out what the runtime does not read: it takes initializers in one form alone."""
    del quantized.metadata_props[:]
    del quantized.graph.value_info[:]
    quantized.producer_name, quantized.producer_version = model.producer_name, ""
    for tensor in quantized.graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor), tensor.name))


def _count(model: onnx.ModelProto, operator: str) -> int:
    return sum(node.op_type == operator for node in model.graph.node)
