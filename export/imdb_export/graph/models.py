"""The graph of each architecture, as ``imdb_train.models`` computes it."""

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from imdb_export.graph.builder import GraphBuilder, serialize
from imdb_export.graph.ngrams import ngram_term
from imdb_export.graph.quantization import quantize_lstm, quantize_rows
from imdb_runtime.bundle import OUTPUT
from imdb_train.models import Model, ModelConfig

Weights = dict[str, NDArray[np.float32]]

# Both keep the gates stacked along the first axis, in another order.
# PyTorch: LSTM i, f, g, o and GRU r, z, n. ONNX: LSTM i, o, f, c (= g) and GRU z, r, h (= n).
_GATES = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2)}


def build_graph(model: Model, opset: int, int8: bool = False) -> bytes:
    """The serialized ONNX graph of ``model``, self-contained and the same bytes every time.

    With ``int8`` the embedding is held as int8 rows with a scale each, and an LSTM becomes
    ``DynamicQuantizeLSTM`` nodes; convolutions and GRUs compute in float32.

    Raises
    ------
    InputError
        Where ``opset`` is not one of ``imdb_export.opsets``.
    ImdbError
        Where the graph is not valid, its opset differs, or an LSTM could not be quantized.
    """
    weights = {name: tensor.numpy(force=True) for name, tensor in model.state_dict().items()}
    graph = GraphBuilder()
    if model.config.architecture == "cnn":
        pooled = _convolutions(graph, model.config, weights, int8)
    else:
        pooled = _recurrences(graph, model.config, weights, int8)
    terms = [_linear(graph, weights, pooled)]
    if model.config.ngram_order:
        order, weight = model.config.ngram_order, weights["ngrams.weight"]
        terms.append(ngram_term(graph, order, weight, int8=int8))
    graph.node("Sum", terms, OUTPUT)
    proto = graph.finish(opset)
    if int8 and model.config.architecture == "lstm":
        proto = quantize_lstm(proto)
    return serialize(proto, opset)


def _convolutions(graph: GraphBuilder, config: ModelConfig, weights: Weights, int8: bool) -> str:
    """Each filter's maximum over the windows inside the review, [batch, filters * widths]."""
    embedded = _embedding(graph, weights, int8, padding=max(config.widths))
    channels = graph.node("Transpose", [embedded], "channels", perm=[0, 2, 1])
    lengths = graph.node("Unsqueeze", ["lengths", graph.integers("axes_1_2", 1, 2)], "lengths_3d")
    pooled = []
    for index, width in enumerate(config.widths):
        name = f"convolutions.{index}"
        filters = [
            graph.initializer(f"{name}.{part}", weights[f"{name}.{part}"])
            for part in ("weight", "bias")
        ]
        convolved = graph.node("Conv", [channels, *filters], f"{name}.features")
        features = graph.node("Relu", [convolved], f"{name}.rectified")
        whole = graph.node(
            "Sub", [lengths, graph.integers(f"{name}.overlap", width - 1)], f"{name}.whole_windows"
        )
        windows = graph.node("Max", [whole, graph.integers("one", 1)], f"{name}.windows")
        inside = _positions_below(graph, features, windows, name)
        mask = graph.node("Cast", [inside], f"{name}.mask", to=TensorProto.FLOAT)
        # After ReLU nothing is below zero, so zeroed windows cannot change the maximum.
        masked = graph.node("Mul", [features, mask], f"{name}.masked")
        pooled.append(graph.node("GlobalMaxPool", [masked], f"{name}.pooled"))
    joined = graph.node("Concat", pooled, "pooled_3d", axis=1)
    return graph.node("Squeeze", [joined, graph.integers("axes_2", 2)], "pooled")


def _recurrences(graph: GraphBuilder, config: ModelConfig, weights: Weights, int8: bool) -> str:
    """The pooled states of the last layer, forward then backward, [batch, 2 * hidden]."""
    embedded = _embedding(graph, weights, int8, padding=1)
    words = graph.node("Max", ["lengths", graph.integers("one", 1)], "words")
    lengths = graph.node("Cast", [words], "words_int32", to=TensorProto.INT32)
    sequence = graph.node("Transpose", [embedded], "time_first", perm=[1, 0, 2])
    for layer in range(config.layers):
        name = f"recurrent.{layer}"
        tensors = [
            graph.initializer(f"{name}.{kind}", tensor)
            for kind, tensor in _layer_weights(config, weights, layer).items()
        ]
        attributes = {} if config.architecture == "lstm" else {"linear_before_reset": 1}
        outputs, last = graph.recurrent_node(
            config.architecture.upper(),
            [sequence, *tensors, lengths],
            name,
            direction="bidirectional",
            hidden_size=config.hidden,
            **attributes,
        )
        if layer + 1 < config.layers:
            both = graph.node("Transpose", [outputs], f"{name}.batch_second", perm=[0, 2, 1, 3])
            joined = graph.integers("joined_directions", 0, 0, 2 * config.hidden)
            sequence = graph.node("Reshape", [both, joined], f"{name}.sequence")
    if config.pooling == "max":
        return _max_over_time(graph, outputs, words, config.hidden)
    batch_first = graph.node("Transpose", [last], "last_batch_first", perm=[1, 0, 2])
    return graph.node("Flatten", [batch_first], "pooled", axis=1)


def _max_over_time(graph: GraphBuilder, outputs: str, words: str, hidden: int) -> str:
    """The maximum of ``outputs``, [sequence, 2, batch, hidden], inside each review."""
    time_last = graph.node("Transpose", [outputs], "time_last", perm=[2, 1, 3, 0])
    shape = graph.integers("joined_channels", 0, 2 * hidden, -1)
    features = graph.node("Reshape", [time_last, shape], "features")
    words = graph.node("Unsqueeze", [words, graph.integers("axes_1_2", 1, 2)], "words_3d")
    inside = _positions_below(graph, features, words, "recurrent")
    outside = graph.initializer("outside", np.array(-np.inf, dtype=np.float32))
    masked = graph.node("Where", [inside, features, outside], "masked")
    maximum = graph.node("GlobalMaxPool", [masked], "pooled_3d")
    return graph.node("Squeeze", [maximum, graph.integers("axes_2", 2)], "pooled")


def _embedding(graph: GraphBuilder, weights: Weights, int8: bool, padding: int) -> str:
    """The vectors of ``ids`` with ``padding`` more words, [batch, sequence + padding, dimension].

    The padding lets a sequence be of any length from zero.
    """
    ids = graph.node("Pad", ["ids", graph.integers("padding", 0, 0, 0, padding)], "padded_ids")
    table = weights["embedding.weight"]
    if not int8:
        return graph.node("Gather", [graph.initializer("embedding.weight", table), ids], "embedded")
    rows, scales = quantize_rows(table)
    picked = graph.node("Gather", [graph.initializer("embedding.int8", rows), ids], "int8_rows")
    wide = graph.node("Cast", [picked], "float_rows", to=TensorProto.FLOAT)
    scale = graph.node("Gather", [graph.initializer("embedding.scale", scales), ids], "scales")
    return graph.node("Mul", [wide, scale], "embedded")


def _positions_below(graph: GraphBuilder, features: str, bounds: str, name: str) -> str:
    """Which positions on the last axis of ``features`` are below ``bounds``, [batch, 1, 1].

    Bool [batch, 1, positions].
    """
    shape = graph.node("Shape", [features], f"{name}.shape")
    last = graph.node("Gather", [shape, graph.scalar("last_axis", 2)], f"{name}.size")
    limits = [graph.scalar("from_zero", 0), last, graph.scalar("by_one", 1)]
    positions = graph.node("Range", limits, f"{name}.positions")
    return graph.node("Less", [positions, bounds], f"{name}.inside")


def _linear(graph: GraphBuilder, weights: Weights, pooled: str) -> str:
    names = ("output.weight", "output.bias")
    tensors = [graph.initializer(name, weights[name]) for name in names]
    column = graph.node("Gemm", [pooled, *tensors], "logits_column", transB=1)
    return graph.node("Squeeze", [column, graph.integers("axes_1", 1)], "linear")


def _layer_weights(config: ModelConfig, weights: Weights, layer: int) -> Weights:
    """W [2, gates * hidden, input], R [2, gates * hidden, hidden] and B [2, 2 * gates * hidden]."""

    def both(kind: str) -> NDArray[np.float32]:
        names = [f"recurrent.{kind}_l{layer}{direction}" for direction in ("", "_reverse")]
        return np.stack([_reorder_gates(config, weights[name]) for name in names])

    biases = np.concatenate([both("bias_ih"), both("bias_hh")], axis=1)
    return {"W": both("weight_ih"), "R": both("weight_hh"), "B": biases}


def _reorder_gates(config: ModelConfig, stacked: NDArray[np.float32]) -> NDArray[np.float32]:
    gates = np.split(stacked, len(_GATES[config.architecture]))
    return np.concatenate([gates[index] for index in _GATES[config.architecture]])
