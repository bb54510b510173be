"""Graphs that no export writes: other operators, hidden graphs, memory without bound."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

Plant = Callable[..., Path]
Refusal = Callable[[Path], str]
ModelWith = Callable[..., onnx.ModelProto]


def integers(*values: int) -> np.ndarray[Any, Any]:
    return np.array(values, dtype=np.int64)


def single(value: int) -> np.ndarray[Any, Any]:
    return np.array(value, dtype=np.int64)


@pytest.mark.parametrize("operator", ["Loop", "If", "Scan", "ConstantOfShape", "Expand", "Tile"])
def test_an_operator_that_exports_do_not_use_is_refused(
    operator: str, plant: Plant, refusal: Refusal, model_with: ModelWith
):
    model = model_with(helper.make_node(operator, ["picked"], ["more"]))
    assert f"the operator '{operator}'" in refusal(plant(model))


def test_one_of_another_domain_is_refused(plant: Plant, refusal: Refusal, model_with: ModelWith):
    node = helper.make_node("Relu", ["picked"], ["more"], domain="evil.corp")
    assert "the operator 'evil.corp.Relu'" in refusal(plant(model_with(node)))


@pytest.mark.parametrize("operator", ["If", "Relu"])
def test_a_graph_inside_a_node_is_refused_whatever_is_in_it(
    operator: str, plant: Plant, refusal: Refusal, model_with: ModelWith
):
    hidden = helper.make_graph([helper.make_node("Loop", [], ["x"])], "hidden", [], [])
    node = helper.make_node(operator, ["picked"], ["more"], body=hidden)
    assert "a graph inside a node" in refusal(plant(model_with(node)))


def test_functions_training_and_sparse_values_are_refused(
    plant: Plant, refusal: Refusal, model_with: ModelWith
):
    model = model_with()
    model.functions.add(name="Relu", domain="")
    assert "functions of the model's own" in refusal(plant(model))
    model = model_with()
    model.training_info.add()
    assert "a graph for training" in refusal(plant(model))
    model = model_with()
    model.graph.sparse_initializer.add()
    assert "sparse initializers" in refusal(plant(model))


def test_values_inside_a_node_are_refused(plant: Plant, refusal: Refusal, model_with: ModelWith):
    tensor = helper.make_tensor("t", TensorProto.FLOAT, [1], [1.0])
    node = helper.make_node("Relu", ["picked"], ["more"], value=tensor)
    assert "a tensor inside a node" in refusal(plant(model_with(node)))


@pytest.mark.parametrize(
    ("nodes", "tensors", "reason"),
    [
        (
            [helper.make_node("Pad", ["picked", "pads"], ["huge"])],
            {"pads": integers(0, 0, 0, 2**40)},
            "numbers for",
        ),
        (
            [helper.make_node("Range", ["zero", "end", "one"], ["huge"])],
            {"zero": single(0), "end": single(2**62), "one": single(1)},
            "numbers for",
        ),
        (
            [helper.make_node("Range", ["least", "end", "one"], ["huge"])],
            {"least": single(-(2**63)), "end": single(2**63 - 1), "one": single(1)},
            "numbers for",
        ),
        (
            [helper.make_node("Range", ["zero", "one", "zero"], ["endless"])],
            {"zero": single(0), "one": single(1)},
            "a step below 1",
        ),
        (
            # As long as a word's number says: no one knows beforehand.
            [
                helper.make_node("ReduceSum", ["ids", "both"], ["number"], keepdims=0),
                helper.make_node("Range", ["zero", "number", "one"], ["unknown"]),
            ],
            {"both": integers(0, 1), "zero": single(0), "one": single(1)},
            "computed from what is no size",
        ),
        (
            [helper.make_node("Mul", ["row", "column"], ["square"])],
            {
                "row": np.zeros((1, 2**16), dtype=np.int8),
                "column": np.zeros((2**16, 1), dtype=np.int8),
            },
            "numbers for",
        ),
        (
            [
                helper.make_node("Concat", [f"d{step}", f"d{step}"], [f"d{step + 1}"], axis=0)
                for step in range(60)
            ],
            {"d0": integers(1)},
            "numbers for",
        ),
        (
            [
                helper.make_node("Unsqueeze", [f"d{step}", "axis0"], [f"d{step + 1}"])
                for step in range(60)
            ],
            {"d0": integers(1), "axis0": integers(0)},
            "more than 8 axes",
        ),
    ],
    ids=["pad", "range", "long range", "no step", "unknown", "outer product", "doubling", "axes"],
)
def test_memory_without_bound_is_refused(
    nodes: list[onnx.NodeProto],
    tensors: dict[str, Any],
    reason: str,
    plant: Plant,
    refusal: Refusal,
    model_with: ModelWith,
):
    assert reason in refusal(plant(model_with(*nodes, tensors=tensors)))


def test_a_shape_larger_than_its_values_is_refused(
    plant: Plant, refusal: Refusal, model_with: ModelWith
):
    """CVE-2024-27319 and its like: readers that believe the shape read past the values."""
    model = model_with()
    model.graph.initializer[0].dims[0] = 2**40
    assert f"has 16 bytes, not {2**42}" in refusal(plant(model))


def test_a_shape_of_many_axes_is_refused_before_it_is_multiplied(
    plant: Plant, refusal: Refusal, model_with: ModelWith
):
    model = model_with()
    model.graph.initializer[0].dims.extend([2**62] * 200_000)
    assert "200001 axes" in refusal(plant(model))


def test_an_embedding_must_have_a_row_for_each_word(
    plant: Plant, refusal: Refusal, model_with: ModelWith
):
    for rows in (3, 5):
        tensors = {"scores": np.zeros(rows, dtype=np.float32)}
        folder = plant(model_with(tensors=tensors))
        assert "not a row for each of 4 words" in refusal(folder)


def test_a_second_graph_is_refused(plant: Plant, refusal: Refusal, model_with: ModelWith):
    """Protobuf would merge the two, or take the last: what is checked must be what is run."""
    graph = model_with()
    graph.ClearField("ir_version")
    graph.ClearField("opset_import")
    content = model_with().SerializeToString() + graph.SerializeToString()
    assert "graph of ModelProto twice" in refusal(plant(content))


def test_two_tensors_of_one_name_are_refused(plant: Plant, refusal: Refusal, model_with: ModelWith):
    node = helper.make_node("Relu", ["picked"], ["scores"])
    assert "'scores' is there twice" in refusal(plant(model_with(node)))


def test_a_node_reads_only_what_is_there(plant: Plant, refusal: Refusal, model_with: ModelWith):
    node = helper.make_node("Relu", ["later"], ["more"])
    assert "'later', which is not there before it" in refusal(plant(model_with(node)))


def test_an_attribute_that_exports_lack_is_refused(
    plant: Plant, refusal: Refusal, model_with: ModelWith
):
    node = helper.make_node("Cast", ["picked"], ["more"], to=1, saturate=1)
    assert "the attribute 'saturate'" in refusal(plant(model_with(node)))
    node = helper.make_node("Concat", ["picked"], ["more"], axis="first")
    assert "the attribute 'axis'" in refusal(plant(model_with(node)))


def test_another_opset_than_the_manifest_says_is_refused(
    plant: Plant, refusal: Refusal, model_with: ModelWith
):
    assert "must be of opset 18" in refusal(plant(model_with(), opset=18))
    model = model_with()
    model.opset_import.append(helper.make_opsetid("evil.corp", 1))
    assert "evil.corp" in refusal(plant(model))


def test_other_inputs_and_outputs_are_refused(
    plant: Plant, refusal: Refusal, model_with: ModelWith
):
    model = model_with()
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.DOUBLE
    assert "not ids and lengths to logits" in refusal(plant(model))
    model = model_with()
    model.graph.input.append(helper.make_tensor_value_info("key", TensorProto.INT64, ["n"]))
    assert "'key'" in refusal(plant(model))


@pytest.mark.parametrize("content", [b"", b"\x00", b"PK\x03\x04", b"\x80\x04\x95", b"\xff" * 99])
def test_what_is_no_onnx_file_is_refused(content: bytes, plant: Plant, refusal: Refusal):
    assert "not a graph that imdb-export writes" in refusal(plant(content))
