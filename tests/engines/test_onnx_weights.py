"""Initializers out of the bytes of an ONNX file, and out of bytes that are none."""

import contextlib
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from imdb_runtime.engines.cnn_weights import read_cnn_weights
from imdb_runtime.engines.onnx_weights import read_initializers
from imdb_runtime.errors import BundleError

ARRAYS: dict[str, np.ndarray[Any, Any]] = {
    "matrix": np.arange(6, dtype=np.float32).reshape(2, 3),
    "bytes": np.array([-128, 0, 127], dtype=np.int8),
    "whole": np.array([1, -(2**40)], dtype=np.int64),
    "scalar": np.array(0.5, dtype=np.float32),
    "empty": np.empty((0, 4), dtype=np.float32),
}


def model_of(*tensors: TensorProto) -> bytes:
    graph = helper.make_graph([], "test", [], [], list(tensors))
    return helper.make_model(graph, producer_name="test", ir_version=8).SerializeToString()


MODEL = model_of(*(numpy_helper.from_array(array, name) for name, array in ARRAYS.items()))


def test_initializers_are_read_as_onnx_reads_them():
    found = read_initializers(MODEL, "model")
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array, strict=True)


def test_their_memory_is_that_of_the_file():
    padded = bytearray(MODEL)
    found = read_initializers(padded, "model")  # type: ignore[arg-type]
    padded[:] = bytes(len(padded))
    assert not found["matrix"].any()


def test_shapes_that_are_not_packed_are_read_too():
    # protobuf allows a repeated field either way: 08 02 08 03 for 0A 02 02 03.
    tensor = numpy_helper.from_array(ARRAYS["matrix"], "matrix").SerializeToString()
    packed = b"\x08\x02\x08\x03"
    assert packed in tensor
    other = tensor.replace(packed, b"\x0a\x02\x02\x03")
    model = model_of(TensorProto.FromString(other))
    np.testing.assert_array_equal(read_initializers(model, "m")["matrix"], ARRAYS["matrix"])


@given(st.data())
def test_a_file_cut_short_is_refused(data):
    # After the graph come fields that may be there or not.
    end = data.draw(st.integers(0, MODEL.rindex(b"empty")))
    with pytest.raises(BundleError, match="bundles/x: its weights cannot be read"):
        read_initializers(MODEL[:end], "bundles/x")


@given(st.lists(st.tuples(st.integers(0, len(MODEL) - 1), st.integers(0, 255)), max_size=4))
def test_a_damaged_file_is_read_or_refused(changes):
    damaged = bytearray(MODEL)
    for place, byte in changes:
        damaged[place] = byte
    with contextlib.suppress(BundleError):
        found = read_initializers(bytes(damaged), "model")
        assert all(array.nbytes <= len(MODEL) for array in found.values())


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(content):
    with contextlib.suppress(BundleError):
        read_initializers(content, "model")


def tampered(change: str) -> TensorProto:
    tensor = numpy_helper.from_array(ARRAYS["matrix"], "matrix")
    match change:
        case "another type":
            tensor.data_type = TensorProto.DOUBLE
        case "fewer values":
            tensor.raw_data = tensor.raw_data[:-4]
        case "another shape":
            tensor.dims[0] = 3
        case "a negative size":
            tensor.dims[0] = -2
        case "values elsewhere":
            tensor.data_location = TensorProto.EXTERNAL
        case "values as floats":
            tensor.float_data.extend([1.0])
        case "not finite":
            tensor.raw_data = np.array([1, 2, np.nan, 4, 5, 6], dtype=np.float32).tobytes()
        case "infinite":
            tensor.raw_data = np.array([1, 2, -np.inf, 4, 5, 6], dtype=np.float32).tobytes()
    return tensor


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("another type", "of type 11"),
        ("fewer values", "has 20 bytes, not 24"),
        ("another shape", "has 24 bytes, not 36"),
        ("a negative size", "negative"),
        ("values elsewhere", "field 14"),
        ("values as floats", "field 4"),
        ("not finite", "not finite"),
        ("infinite", "not finite"),
    ],
)
def test_an_initializer_of_another_form_is_refused(change, message):
    with pytest.raises(BundleError, match=message):
        read_initializers(model_of(tampered(change)), "model")


def test_two_initializers_of_one_name_are_refused():
    tensor = numpy_helper.from_array(ARRAYS["matrix"], "matrix")
    with pytest.raises(BundleError, match="'matrix' occurs twice"):
        read_initializers(model_of(tensor, tensor), "model")


CONFIG = {
    "architecture": "cnn", "vocabulary_size": 4, "embedding_dimension": 2, "filters": 3,
    "widths": [2], "ngram_order": 1, "ngram_buckets": 8,
}  # fmt: skip
SHAPES = {
    "embedding.weight": (4, 2),
    "convolutions.0.weight": (3, 2, 2),
    "convolutions.0.bias": (3,),
    "output.weight": (1, 3),
    "output.bias": (1,),
    "ngrams.weight": (8,),
}


def cnn(**changes: tuple[int, ...] | None) -> bytes:
    shapes = {**SHAPES, **changes}
    return model_of(
        *(
            numpy_helper.from_array(np.ones(shape, dtype=np.float32), name)
            for name, shape in shapes.items()
            if shape is not None
        )
    )


def test_the_weights_of_a_cnn_are_found_by_name():
    weights = read_cnn_weights(cnn(), CONFIG, "x")
    assert weights.widths == (2,)
    assert weights.ngrams is not None
    assert weights.columns().shape == (2, 6)


@pytest.mark.parametrize("name", SHAPES)
def test_a_weight_that_is_missing_or_of_another_shape_is_named(name):
    with pytest.raises(BundleError, match=f"no initializer '{name}'"):
        read_cnn_weights(cnn(**{name: None}), CONFIG, "x")
    with pytest.raises(BundleError, match=f"'{name}' is float32"):
        read_cnn_weights(cnn(**{name: (9, 9)}), CONFIG, "x")


@pytest.mark.parametrize(
    "wrong",
    [
        {"widths": []}, {"widths": [0]}, {"widths": [256]}, {"widths": "345"}, {"widths": [2.0]},
        {"filters": 0}, {"filters": True}, {"embedding_dimension": None}, {"vocabulary_size": 1},
        {"ngram_order": 5}, {"ngram_order": -1}, {"ngram_buckets": 6}, {"ngram_buckets": 0},
    ],
    ids=str,
)  # fmt: skip
def test_a_manifest_that_describes_no_cnn_is_refused(wrong):
    with pytest.raises(BundleError, match=next(iter(wrong))):
        read_cnn_weights(cnn(), {**CONFIG, **wrong}, "x")


def test_the_file_that_onnx_wrote_was_real():
    assert onnx.load_from_string(MODEL).producer_name == "test"
