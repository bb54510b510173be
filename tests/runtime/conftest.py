"""A small, real bundle: a logit is the sum of its words' scores, so it is known by hand."""

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from imdb_runtime import Classifier
from imdb_runtime.bundle import write_bundle

WORD_SCORES = {"<pad>": 100.0, "<unk>": 0.25, "good": 2.0, "bad": -3.0, "film": 0.5, ".": -0.125}
MAX_LENGTH = 8
TEMPERATURE = 2.0


def sum_of_scores_model(scores: list[float]) -> bytes:
    """ids, lengths -> the sum of the scores of the words inside the length; padding has 100."""
    nodes = [
        helper.make_node("Gather", ["scores", "ids"], ["word_scores"]),
        helper.make_node("Shape", ["ids"], ["shape"]),
        helper.make_node("Gather", ["shape", "one"], ["longest"]),
        helper.make_node("Range", ["zero", "longest", "one"], ["positions"]),
        helper.make_node("Unsqueeze", ["lengths", "axis"], ["ends"]),
        helper.make_node("Less", ["positions", "ends"], ["inside"]),
        helper.make_node("Cast", ["inside"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["word_scores", "mask"], ["masked"]),
        helper.make_node("ReduceSum", ["masked", "axis"], ["logits"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "sum_of_scores",
        [
            helper.make_tensor_value_info("ids", TensorProto.INT64, ["n", "longest_id"]),
            helper.make_tensor_value_info("lengths", TensorProto.INT64, ["n"]),
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n"])],
        [
            numpy_helper.from_array(np.array(scores, dtype=np.float32), "scores"),
            numpy_helper.from_array(np.array(0, dtype=np.int64), "zero"),
            numpy_helper.from_array(np.array(1, dtype=np.int64), "one"),
            numpy_helper.from_array(np.array([1], dtype=np.int64), "axis"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def probability_of(words: list[str]) -> float:
    """What the small bundle must give for a text of these words."""
    logit = sum(WORD_SCORES.get(word, WORD_SCORES["<unk>"]) for word in words[:MAX_LENGTH])
    return 1 / (1 + math.exp(-logit / TEMPERATURE))


@pytest.fixture(scope="session")
def probability() -> Callable[[list[str]], float]:
    return probability_of


@pytest.fixture(scope="session")
def manifest_fields() -> dict[str, Any]:
    """The fields of the small bundle's manifest, to be copied before they are changed."""
    return {
        "labels": ["neg", "pos"],
        "model": {"architecture": "sum", "vocabulary_size": len(WORD_SCORES)},
        "tokenizer": {"scheme": "words", "max_length": MAX_LENGTH},
        "opset": 17,
        "inputs": ["ids", "lengths"],
        "output": "logits",
        "threshold": 0.5,
        "temperature": TEMPERATURE,
        "quantization": "none",
        "metrics": {"test": {"f1": 0.875}},
        "parity": {"max_logit_difference": 1.5e-07},
    }


@pytest.fixture(scope="session")
def bundle_files() -> dict[str, bytes]:
    return {
        "model.onnx": sum_of_scores_model(list(WORD_SCORES.values())),
        "vocab.txt": "".join(f"{word}\n" for word in WORD_SCORES).encode(),
    }


@pytest.fixture(scope="session")
def build_model() -> Callable[[list[float]], bytes]:
    return sum_of_scores_model


@pytest.fixture
def bundle(tmp_path: Path, manifest_fields: dict[str, Any], bundle_files: dict[str, bytes]) -> Path:
    """The small bundle in a folder of the test's own."""
    write_bundle(tmp_path / "bundle", manifest_fields, bundle_files)
    return tmp_path / "bundle"


@pytest.fixture
def classifier(bundle: Path) -> Classifier:
    return Classifier.load(bundle, device="cpu", threads=1)


@pytest.fixture
def run_python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Python code in a fresh process."""

    def run(code: str, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, **options
        )

    return run
