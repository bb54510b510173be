"""Hostile bundles: each is a whole one, hashes and all, but for the one thing that is wrong."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from imdb_runtime.bundle import Bundle, Manifest
from imdb_runtime.errors import BundleError

WORDS = ("<pad>", "<unk>", "good", "bad")
OPSET = 17


def honest_model(*extra: onnx.NodeProto, tensors: dict[str, Any] | None = None) -> onnx.ModelProto:
    """The sum of a score for each word; ``extra`` nodes come before the one that gives logits."""
    arrays = {
        "scores": np.array([0, 0.25, 2, -3], dtype=np.float32),
        "axis": np.array([1], dtype=np.int64),
        **(tensors or {}),
    }
    nodes = [
        helper.make_node("Gather", ["scores", "ids"], ["picked"]),
        *extra,
        helper.make_node("ReduceSum", ["picked", "axis"], ["logits"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "attack",
        [
            helper.make_tensor_value_info("ids", TensorProto.INT64, ["n", "m"]),
            helper.make_tensor_value_info("lengths", TensorProto.INT64, ["n"]),
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n"])],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)


@pytest.fixture
def plant(tmp_path: Path) -> Callable[..., Path]:
    """Write a bundle without any check, its manifest's sizes and hashes those of its files."""

    def write(
        model: onnx.ModelProto | bytes | None = None,
        vocabulary: bytes | None = None,
        extra: dict[str, bytes] | None = None,
        **fields: Any,
    ) -> Path:
        model = honest_model() if model is None else model
        files = {
            "model.onnx": model if isinstance(model, bytes) else model.SerializeToString(),
            "vocab.txt": vocabulary or "".join(f"{word}\n" for word in WORDS).encode(),
            **(extra or {}),
        }
        manifest = Manifest.from_json(
            {
                "created_with": "an attacker",
                "labels": ["neg", "pos"],
                "model": {"architecture": "sum", "vocabulary_size": len(WORDS)},
                "tokenizer": {"scheme": "words", "max_length": 512},
                "opset": OPSET,
                "inputs": ["ids", "lengths"],
                "output": "logits",
                "threshold": 0.5,
                "temperature": 1.0,
                "quantization": "none",
                "metrics": {},
                "parity": {},
                "files": {
                    name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
                    for name, content in files.items()
                },
                **fields,
            },
            "manifest.json",
        )
        folder = tmp_path / "bundle"
        folder.mkdir(exist_ok=True)
        for name, content in {**files, "manifest.json": manifest.to_bytes()}.items():
            (folder / name).write_bytes(content)
        return folder

    return write


@pytest.fixture
def refusal() -> Callable[[Path], str]:
    """The one line with which reading a folder fails."""

    def read(folder: Path) -> str:
        with pytest.raises(BundleError) as caught:
            Bundle.read(folder)
        message = str(caught.value)
        assert "\n" not in message
        assert message.startswith(str(folder))
        return message

    return read


@pytest.fixture
def model_with() -> Callable[..., onnx.ModelProto]:
    return honest_model
