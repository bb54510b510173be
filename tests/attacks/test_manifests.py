"""Manifests with numbers and names that would end the program or fill the screen."""

import json
from pathlib import Path
from typing import Any

import pytest

from imdb_runtime.bundle import Manifest
from imdb_runtime.errors import BundleError

HONEST: dict[str, Any] = {
    "format_version": 1, "created_with": "x", "labels": ["neg", "pos"], "output": "logits",
    "model": {"vocabulary_size": 4}, "tokenizer": {"scheme": "words", "max_length": 8},
    "opset": 17, "inputs": ["ids", "lengths"], "threshold": 0.5, "temperature": 1.0,
    "quantization": "none", "metrics": {}, "parity": {},
    "files": {name: {"size": 1, "sha256": "0" * 64} for name in ("model.onnx", "vocab.txt")},
}  # fmt: skip


def refused(**changes: Any) -> str:
    with pytest.raises(BundleError) as caught:
        Manifest.from_json({**HONEST, **changes}, "m")
    return str(caught.value)


def test_the_honest_manifest_is_read():
    assert Manifest.from_json(HONEST, "m").temperature == 1.0


@pytest.mark.parametrize(
    "number", [10**400, -(10**400), 10**5000, 1e-300, 5e-324, 1e300, 0], ids=lambda _: ""
)
def test_a_temperature_that_makes_no_probability_is_refused(number: float):
    assert "temperature" in refused(temperature=number)


@pytest.mark.parametrize("length", [0, -1, 2**20 + 1, 2**63, 10**30])
def test_reviews_are_not_read_at_any_length(length: int):
    assert "max_length" in refused(tokenizer={"scheme": "words", "max_length": length})


def test_more_files_than_a_bundle_has_are_refused():
    record = {"size": 1, "sha256": "0" * 64}
    files = {**HONEST["files"], **{f"file{number}": record for number in range(15)}}
    assert "17 of them, a bundle has at most 16" in refused(files=files)


@pytest.mark.parametrize(
    "changes",
    [
        {"created_with": 7, "output": "y" * 10**6},
        {"y" * 10**6: 1},
        {"files": {"../" + "y" * 10**6: {}}},
    ],
    ids=["value", "field", "file"],
)
def test_a_refusal_is_short_whatever_the_manifest_holds(changes: dict[str, Any]):
    assert len(refused(**changes)) < 300


def test_a_field_that_is_there_twice_is_refused_at_any_depth(tmp_path: Path):
    content = json.dumps(HONEST)
    for before, after in (
        ('"opset": 17', '"opset": 17, "opset": 17'),
        ('"scheme": "words"', '"scheme": "words", "scheme": "whitespace"'),
        ('"size": 1', '"size": 1, "size": 2'),
    ):
        assert before in content
        with pytest.raises(BundleError, match="occurs twice"):
            Manifest.parse(content.replace(before, after).encode(), "m")
