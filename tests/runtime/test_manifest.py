import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from imdb_runtime.bundle import FileRecord, Manifest
from imdb_runtime.errors import BundleError


@pytest.fixture
def content(bundle: Path) -> bytes:
    return (bundle / "manifest.json").read_bytes()


@pytest.fixture
def values(content: bytes) -> dict[str, Any]:
    return json.loads(content)


def refusal(values: Any) -> str:
    content = values if isinstance(values, bytes) else json.dumps(values).encode()
    with pytest.raises(BundleError) as caught:
        Manifest.parse(content, "here/manifest.json")
    message = str(caught.value)
    assert message.startswith("here/manifest.json")
    assert "\n" not in message
    return message


def test_what_is_written_is_what_is_read(content: bytes, bundle_files: dict[str, bytes]):
    manifest = Manifest.parse(content, "manifest.json")
    assert manifest.labels == ("neg", "pos")
    assert manifest.tokenizer.max_length == 8
    assert manifest.temperature == 2.0
    assert manifest.metrics == {"test": {"f1": 0.875}}
    vocabulary = bundle_files["vocab.txt"]
    assert manifest.files["vocab.txt"] == FileRecord(
        len(vocabulary), hashlib.sha256(vocabulary).hexdigest()
    )
    assert manifest.to_bytes() == content


FIELDS = [
    "format_version", "created_with", "labels", "model", "tokenizer", "opset", "inputs", "output",
    "threshold", "temperature", "quantization", "metrics", "parity", "files", "sha256",
]  # fmt: skip


def test_the_fields_are_those_of_the_format(values: dict[str, Any]):
    assert list(values) == FIELDS


@pytest.mark.parametrize("field", FIELDS)
def test_a_missing_field_is_named(values: dict[str, Any], field: str):
    del values[field]
    assert f"'{field}'" in refusal(values)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("wrong", [None, True, [1]], ids=repr)
def test_a_field_of_another_type_is_named(values: dict[str, Any], field: str, wrong: object):
    values[field] = wrong
    message = refusal(values)
    assert field in message


def at(*path: str, value: object) -> tuple[tuple[str, ...], object]:
    return path, value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        at("extra", value=1),
        at("labels", value=["neg"]),
        at("labels", value=["pos", "pos"]),
        at("labels", value=["neg\t", "pos"]),
        at("labels", value=["neg", 1]),
        at("model", "vocabulary_size", value=0),
        at("model", "vocabulary_size", value="6"),
        at("tokenizer", "extra", value=1),
        at("tokenizer", "max_length", value=0),
        at("tokenizer", "max_length", value=8.0),
        at("tokenizer", "scheme", value=None),
        at("opset", value=0),
        at("inputs", value=["lengths", "ids"]),
        at("output", value="probabilities"),
        at("threshold", value=1.5),
        at("threshold", value=-0.1),
        at("temperature", value=0),
        at("temperature", value=-1.0),
        at("quantization", value="int4"),
        at("files", "vocab.txt", "size", value=-1),
        at("files", "vocab.txt", "size", value=1.0),
        at("files", "vocab.txt", "sha256", value="A" * 64),
        at("files", "vocab.txt", "sha256", value="a" * 63),
        at("files", "vocab.txt", "mode", value=1),
        at("files", "vocab.txt", value=1),
    ],
)
def test_a_value_out_of_range_is_refused_and_named(
    values: dict[str, Any], path: tuple[str, ...], value: object
):
    inner = values
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    message = refusal(values)
    assert path[-1] in message


@pytest.mark.parametrize(
    "name",
    ["../vocab.txt", "/etc/passwd", "..", ".", "", "a/b", "a\\b", ".hidden", "C:x", "manifest.json",
     "a\n", "x\x00y"],
)  # fmt: skip
def test_names_that_are_not_plain_are_refused(values: dict[str, Any], name: str):
    values["files"][name] = copy.deepcopy(values["files"]["vocab.txt"])
    assert repr(name) in refusal(values)


@pytest.mark.parametrize("name", ["model.onnx", "vocab.txt"])
def test_model_and_vocabulary_must_be_listed(values: dict[str, Any], name: str):
    del values["files"][name]
    assert f"'{name}'" in refusal(values)


def test_another_format_version_says_who_wrote_it_and_what_is_read(values: dict[str, Any]):
    values["format_version"] = 2
    values["created_with"] = "imdb-edge 9.1.0"
    message = refusal(values)
    assert "format_version is 2" in message
    assert "imdb-edge 9.1.0" in message
    assert "reads 1" in message


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[]", "not a JSON object"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"threshold": 0.5, "threshold": 0.6}', "'threshold' occurs twice"),
        (b'{"model": {"a": 1, "a": 1}}', "'a' occurs twice"),
        (b'{"threshold": NaN}', "NaN"),
        (b'{"threshold": -Infinity}', "-Infinity"),
    ],
    ids=repr,
)
def test_what_is_not_strict_json_is_refused(content: bytes, reason: str):
    assert reason in refusal(content)


def test_numbers_beyond_floats_are_refused(content: bytes):
    assert "temperature" in refusal(content.replace(b'"temperature": 2.0', b'"temperature": 1e999'))
    assert "JSON" in refusal(content.replace(b"0.875", b"1e999"))
    assert "JSON" in refusal(content.replace(b"0.875", b"1" * 5000))


def test_an_edit_by_hand_is_noticed(content: bytes):
    message = refusal(content.replace(b'"threshold": 0.5', b'"threshold": 0.9'))
    assert "sha256" in message


def test_no_flipped_bit_changes_what_is_read(content: bytes):
    intact = Manifest.parse(content, "manifest.json")
    refused = 0
    for position in range(len(content)):
        for bit in range(8):
            flipped = bytearray(content)
            flipped[position] ^= 1 << bit
            try:
                # A flip may only turn one spelling of the same values into another: 1e-7, 1E-7.
                assert Manifest.parse(bytes(flipped), "manifest.json") == intact
            except BundleError:
                refused += 1
    assert refused > 0.99 * 8 * len(content)
