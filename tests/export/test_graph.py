"""A graph computes what its PyTorch model computes, whatever the batch."""

from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import numpy_helper

from imdb_export.graph import build_graph, opset_of
from imdb_export.graph.builder import serialize
from imdb_export.graph.quantization import quantize_lstm, quantize_rows
from imdb_export.opsets import FIRST_OPSET, LAST_OPSET
from imdb_runtime.errors import ImdbError, InputError
from imdb_train.models import Model

WORD_IDS = st.integers(1, 13)
REVIEWS = st.lists(st.lists(WORD_IDS, max_size=40), min_size=1, max_size=6)


def padded(reviews: list[list[int]], extra: int = 0) -> tuple[np.ndarray, np.ndarray]:
    ids = np.zeros((len(reviews), max(map(len, reviews)) + extra), dtype=np.int64)
    for row, review in zip(ids, reviews, strict=True):
        row[: len(review)] = review
    return ids, np.array([len(review) for review in reviews], dtype=np.int64)


def in_pytorch(model: Model, ids: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return model(torch.from_numpy(ids), torch.from_numpy(lengths)).numpy()


def in_onnxruntime(graph: bytes) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return lambda ids, lengths: session.run(["logits"], {"ids": ids, "lengths": lengths})[0]


@pytest.fixture(scope="module")
def model(kind: tuple[str, str], make_model: Callable[..., Model]) -> Model:
    return make_model(kind)


@pytest.fixture(scope="module")
def score(model: Model) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    return in_onnxruntime(build_graph(model, 17))


@pytest.fixture(scope="module")
def lstm(make_model: Callable[..., Model]) -> Model:
    return make_model(("lstm", "last"))


@settings(max_examples=40)
@given(reviews=REVIEWS, extra=st.integers(0, 9))
def test_logits_are_those_of_pytorch_for_any_lengths_and_padding(model, score, reviews, extra):
    ids, lengths = padded(reviews, extra)
    logits = score(ids, lengths)
    assert logits.dtype == np.float32
    assert logits.shape == (len(reviews),)
    np.testing.assert_allclose(logits, in_pytorch(model, ids, lengths), rtol=0, atol=1e-5)


@settings(max_examples=40)
@given(reviews=REVIEWS)
def test_a_review_has_the_same_logit_alone_and_in_a_batch(score, reviews):
    together = score(*padded(reviews))
    alone = [score(*padded([review]))[0] for review in reviews]
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-5)


def test_no_words_at_all_and_a_sequence_axis_of_width_zero(model, score):
    ids, lengths = padded([[], []])
    assert ids.shape == (2, 0)
    expected = in_pytorch(model, ids, lengths)
    np.testing.assert_allclose(score(ids, lengths), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("architecture", ["lstm", "gru"])
def test_any_number_of_recurrent_layers(architecture, layers, make_model):
    model = make_model((architecture, "last"), layers=layers)
    ids, lengths = padded([[1, 2, 3, 4, 5], [6, 7], []])
    logits = in_onnxruntime(build_graph(model, 17))(ids, lengths)
    np.testing.assert_allclose(logits, in_pytorch(model, ids, lengths), rtol=0, atol=1e-5)


def test_convolutions_of_any_widths(make_model):
    model = make_model(("cnn", "last"), widths=(1, 2, 7))
    ids, lengths = padded([[1, 2, 3, 4, 5], [6, 7], [], [*range(1, 13)]])
    logits = in_onnxruntime(build_graph(model, 17))(ids, lengths)
    np.testing.assert_allclose(logits, in_pytorch(model, ids, lengths), rtol=0, atol=1e-5)


@pytest.mark.parametrize("opset", range(FIRST_OPSET, LAST_OPSET + 1))
@pytest.mark.parametrize("int8", [False, True])
def test_the_opset_is_exactly_the_one_asked_for(kind, model, opset, int8):
    graph = build_graph(model, opset, int8)
    imported = {entry.domain: entry.version for entry in onnx.load_from_string(graph).opset_import}
    assert imported.pop("") == opset == opset_of(graph)
    assert set(imported) == ({"com.microsoft"} if int8 and kind[0] == "lstm" else set())
    ids, lengths = padded([[1, 2, 3, 4, 5], [6], []])
    logits = in_onnxruntime(graph)(ids, lengths)
    tolerance = 0.1 if int8 else 1e-5
    np.testing.assert_allclose(logits, in_pytorch(model, ids, lengths), rtol=0, atol=tolerance)


@pytest.mark.parametrize("opset", [0, FIRST_OPSET - 1, LAST_OPSET + 1])
def test_an_opset_outside_the_supported_range_is_refused(opset, lstm):
    with pytest.raises(InputError, match=f"opset {opset} .* from 13 to 21"):
        build_graph(lstm, opset)


def test_a_graph_whose_opset_is_another_is_refused(lstm):
    model = onnx.load_from_string(build_graph(lstm, 17))
    with pytest.raises(ImdbError, match="opset 17, not the opset 18"):
        serialize(model, 18)


def test_a_graph_that_is_not_valid_is_refused(lstm):
    model = onnx.load_from_string(build_graph(lstm, 17))
    model.graph.node[0].input[0] = "nothing"
    with pytest.raises(ImdbError, match="not valid ONNX"):
        serialize(model, 17)


def test_an_older_onnxruntime_can_read_the_file(lstm):
    # onnxruntime 1.20, the oldest that the package allows, reads IR versions up to 10.
    assert onnx.load_from_string(build_graph(lstm, LAST_OPSET)).ir_version <= 10
    assert onnx.load_from_string(build_graph(lstm, 17)).ir_version == 8


def test_inputs_and_output_have_dynamic_axes(model):
    graph = onnx.load_from_string(build_graph(model, 17)).graph
    axes = {
        value.name: [axis.dim_param for axis in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output)
    }
    assert axes == {"ids": ["batch", "sequence"], "lengths": ["batch"], "logits": ["batch"]}


def test_tensors_of_the_model_keep_their_names(kind, model):
    graph = onnx.load_from_string(build_graph(model, 17)).graph
    initializers = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    # A recurrent layer's weights have their gates in another order, so they are other tensors.
    kept = [name for name in model.state_dict() if not name.startswith("recurrent.")]
    assert "embedding.weight" in kept
    for name in kept:
        np.testing.assert_array_equal(initializers[name], model.state_dict()[name].numpy())


@pytest.mark.parametrize("int8", [False, True])
def test_the_same_model_gives_the_same_bytes(kind, make_model, int8):
    assert build_graph(make_model(kind), 17, int8) == build_graph(make_model(kind), 17, int8)


def test_rows_are_quantized_to_within_half_a_step():
    table = np.random.default_rng(1).normal(size=(50, 8)).astype(np.float32)
    table[3] *= 1000
    table[0] = 0
    rows, scales = quantize_rows(table)
    assert rows.dtype == np.int8
    largest = np.abs(table).max(axis=1)
    error = np.abs(rows * scales - table).max(axis=1)
    assert np.all(error <= largest / 127 * 0.5001)
    assert not rows[0].any()


@pytest.mark.parametrize("kind_without_lstm", [("cnn", "last"), ("gru", "max")])
def test_int8_without_an_lstm_is_the_model_with_a_rounded_embedding(kind_without_lstm, make_model):
    model = make_model(kind_without_lstm)
    graph = build_graph(model, 17, int8=True)
    with torch.no_grad():
        table = model.embedding.weight
        step = table.abs().amax(dim=1, keepdim=True).clamp(min=1e-30) / 127
        table.copy_((table / step).round() * step)
    ids, lengths = padded([[1, 2, 3, 4, 5, 6, 7], [8, 9], []], extra=2)
    logits = in_onnxruntime(graph)(ids, lengths)
    np.testing.assert_allclose(logits, in_pytorch(model, ids, lengths), rtol=0, atol=1e-5)
    stored = {tensor.data_type for tensor in onnx.load_from_string(graph).graph.initializer}
    assert onnx.TensorProto.INT8 in stored


def test_int8_makes_every_lstm_layer_a_quantized_one(make_model):
    model = make_model(("lstm", "last"), layers=3)
    graph = onnx.load_from_string(build_graph(model, 17, int8=True)).graph
    operators = [node.op_type for node in graph.node]
    assert operators.count("DynamicQuantizeLSTM") == 3
    assert "LSTM" not in operators
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    quantized = [node for node in graph.node if node.op_type == "DynamicQuantizeLSTM"]
    for name in (node.input[place] for node in quantized for place in (1, 2)):
        assert weights[name].dtype == np.int8
        # 7 bits: CPUs without VNNI saturate their sums with 8.
        assert np.abs(weights[name].astype(int)).max() <= 64


def test_int8_is_refused_where_an_lstm_would_be_left_as_it_is(lstm):
    model = onnx.load_from_string(build_graph(lstm, 17))
    layer = next(node for node in model.graph.node if node.op_type == "LSTM")
    # quantize_dynamic passes over weights that are not initializers and says nothing.
    hidden = onnx.helper.make_node("Identity", [layer.input[1]], ["hidden_weights"])
    layer.input[1] = "hidden_weights"
    model.graph.node.insert(0, hidden)
    with pytest.raises(ImdbError, match="1 of 2 LSTM layers were quantized"):
        quantize_lstm(model)
