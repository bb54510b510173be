"""``manifest.json``: what a bundle is, field by field, read strictly.

Reading refuses what it does not know, so that a manifest means the same to every release that
accepts it. The field ``sha256`` is the hash of all the others, so that no flipped bit goes unseen.
"""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NoReturn, TypeVar

from imdb_runtime.errors import BundleError
from imdb_runtime.files import sha256

FORMAT_VERSION = 1
MANIFEST_FILE = "manifest.json"
MODEL_FILE = "model.onnx"
VOCABULARY_FILE = "vocab.txt"
INPUTS = ("ids", "lengths")
OUTPUT = "logits"
QUANTIZATIONS = ("none", "int8")
# What a review may be cut to, and what logits may be divided by, lest they overflow.
MAX_LENGTH = 1 << 20
TEMPERATURES = (1e-6, 1e6)
MAX_FILES = 16

_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,100}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class FileRecord:
    """The size in bytes and the SHA-256, in lower-case hexadecimal, of a file in the bundle."""

    size: int
    sha256: str


@dataclass(frozen=True)
class TokenizerSettings:
    """How texts become words, and how many words of a text are read."""

    scheme: str
    max_length: int


@dataclass(frozen=True)
class Manifest:
    """The contents of ``manifest.json``.

    ``labels`` are the negative and the positive class; ``model`` is the architecture, of which the
    runtime uses ``vocabulary_size`` alone; a probability is ``sigmoid(logit / temperature)`` and
    the label is positive from ``threshold`` up. ``metrics`` and ``parity`` are figures to report.
    ``files`` has every file of the bundle but the manifest itself.
    """

    created_with: str
    labels: tuple[str, str]
    model: dict[str, Any]
    tokenizer: TokenizerSettings
    opset: int
    inputs: tuple[str, str]
    output: str
    threshold: float
    temperature: float
    quantization: str
    metrics: dict[str, Any]
    parity: dict[str, Any]
    files: dict[str, FileRecord]

    @classmethod
    def parse(cls, content: bytes, where: str) -> "Manifest":
        """Read the bytes of a ``manifest.json``; ``where`` names it in errors.

        Raises
        ------
        BundleError
            Where it is not JSON, has another format version, lacks a field, has one too many or
            one of another type, or does not have the hash that it states.
        """
        values = _load_json(content, where)
        version = _take(values, "format_version", int, where)
        if version != FORMAT_VERSION:
            raise BundleError(
                f"{where}: format_version is {_shown(version)} (written by"
                f" {_shown(values.get('created_with'))}),"
                f" this release reads {FORMAT_VERSION}; use that release of imdb-edge or export"
                f" the run again with this one"
            )
        stated = _take(values, "sha256", str, where)
        manifest = cls.from_json(values, where)
        if stated != _hash_of(values, where):
            raise BundleError(
                f"{where}: its contents do not match its field sha256; it is damaged or was edited"
                f" by hand: export the run again"
            )
        return manifest

    @classmethod
    def from_json(cls, values: Mapping[str, Any], where: str) -> "Manifest":
        """Check every field of ``values``; ``format_version`` and ``sha256`` may be among them.

        Raises
        ------
        BundleError
            Naming the field that is missing, unknown, of another type or out of range.
        """
        _only(values, {"format_version", "sha256", *(field.name for field in fields(cls))}, where)
        tokenizer = _take(values, "tokenizer", dict, where)
        _only(tokenizer, {"scheme", "max_length"}, f"{where}: tokenizer")
        model = _take(values, "model", dict, where)
        _positive(model, "vocabulary_size", f"{where}: model")
        labels = _pair(values, "labels", where)
        if labels[0] == labels[1] or not all(map(_LABEL.fullmatch, labels)):
            _wrong(where, "labels", "two different names of letters and digits", list(labels))
        inputs = _pair(values, "inputs", where)
        if inputs != INPUTS:
            _wrong(where, "inputs", list(INPUTS), list(inputs))
        output = _take(values, "output", str, where)
        if output != OUTPUT:
            _wrong(where, "output", repr(OUTPUT), output)
        quantization = _take(values, "quantization", str, where)
        if quantization not in QUANTIZATIONS:
            _wrong(where, "quantization", " or ".join(map(repr, QUANTIZATIONS)), quantization)
        threshold = _number(values, "threshold", where)
        if not 0 <= threshold <= 1:
            _wrong(where, "threshold", "from 0 to 1", threshold)
        temperature = _number(values, "temperature", where)
        if not TEMPERATURES[0] <= temperature <= TEMPERATURES[1]:
            expected = f"above 0, from {TEMPERATURES[0]:g} to {TEMPERATURES[1]:g}"
            _wrong(where, "temperature", expected, temperature)
        max_length = _positive(tokenizer, "max_length", f"{where}: tokenizer")
        if max_length > MAX_LENGTH:
            _wrong(f"{where}: tokenizer", "max_length", f"at most {MAX_LENGTH}", max_length)
        return cls(
            created_with=_take(values, "created_with", str, where),
            labels=labels,
            model=model,
            tokenizer=TokenizerSettings(
                _take(tokenizer, "scheme", str, f"{where}: tokenizer"),
                max_length,
            ),
            opset=_positive(values, "opset", where),
            inputs=inputs,
            output=output,
            threshold=threshold,
            temperature=temperature,
            quantization=quantization,
            metrics=_take(values, "metrics", dict, where),
            parity=_take(values, "parity", dict, where),
            files=_file_records(_take(values, "files", dict, where), where),
        )

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON holds them, with ``format_version`` first and ``sha256`` last."""
        values = {
            "format_version": FORMAT_VERSION,
            **{field.name: getattr(self, field.name) for field in fields(self)},
            "labels": list(self.labels),
            "inputs": list(self.inputs),
            "tokenizer": vars(self.tokenizer),
            "files": {name: vars(record) for name, record in self.files.items()},
        }
        return {**values, "sha256": _hash_of(values, MANIFEST_FILE)}

    def to_bytes(self) -> bytes:
        """The contents of the file, to be read back by ``parse``."""
        return (json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n").encode()


def _load_json(content: bytes, where: str) -> dict[str, Any]:
    try:
        values = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_object_without_duplicates,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{where}: not valid JSON: {error}; export the run again") from error
    if not isinstance(values, dict):
        raise BundleError(f"{where}: not a JSON object; export the run again")
    return values


def _object_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the field {_shown(twice)} occurs twice")
    return values


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"the constant {name} is not JSON")


def _hash_of(values: Mapping[str, Any], where: str) -> str:
    hashed = {name: value for name, value in values.items() if name != "sha256"}
    try:
        canonical = json.dumps(hashed, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise BundleError(f"{where}: a field cannot be written as JSON: {error}") from error
    return sha256(canonical.encode())


def _only(values: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = set(values) - known
    if unknown:
        raise BundleError(
            f"{where}: unknown field {_shown(min(unknown))}; this release does not know it"
        )


def _take(values: Mapping[str, Any], name: str, kind: type[_Value], where: str) -> _Value:
    if name not in values:
        raise BundleError(f"{where}: the field {name!r} is missing; export the run again")
    value = values[name]
    # To Python a bool is an int; to a manifest it is not.
    if not isinstance(value, kind) or isinstance(value, bool):
        _wrong(where, name, f"of type {kind.__name__}", value)
    return value


def _positive(values: Mapping[str, Any], name: str, where: str) -> int:
    value = _take(values, name, int, where)
    if value < 1:
        _wrong(where, name, "1 or more", value)
    return value


def _number(values: Mapping[str, Any], name: str, where: str) -> float:
    kind = int if isinstance(values.get(name), int) else float
    value = _take(values, name, kind, where)
    # A whole number may be larger than any float.
    if not -sys.float_info.max <= value <= sys.float_info.max:
        _wrong(where, name, "finite", value)
    return float(value)


def _pair(values: Mapping[str, Any], name: str, where: str) -> tuple[str, str]:
    items = _take(values, name, list, where)
    if len(items) != 2 or not all(isinstance(item, str) for item in items):
        _wrong(where, name, "two strings", items)
    return items[0], items[1]


def _file_records(values: dict[str, Any], where: str) -> dict[str, FileRecord]:
    if len(values) > MAX_FILES:
        raise BundleError(
            f"{where}: files: {len(values)} of them, a bundle has at most {MAX_FILES}"
        )
    for name in values:
        if not _FILE_NAME.fullmatch(name) or name == MANIFEST_FILE:
            raise BundleError(
                f"{where}: files: {_shown(name)} is not a plain file name; do not load it"
            )
    records = {}
    for name in values:
        record = _take(values, name, dict, f"{where}: files")
        inside = f"{where}: files: {name}"
        _only(record, {"size", "sha256"}, inside)
        size, digest = _take(record, "size", int, inside), _take(record, "sha256", str, inside)
        if size < 0:
            _wrong(inside, "size", "0 or more", size)
        if not _SHA256.fullmatch(digest):
            _wrong(inside, "sha256", "64 hexadecimal digits", digest)
        records[name] = FileRecord(size, digest)
    for name in (MODEL_FILE, VOCABULARY_FILE):
        if name not in records:
            raise BundleError(f"{where}: files: {name!r} is missing; export the run again")
    return records


def _wrong(where: str, name: str, expected: object, found: object) -> NoReturn:
    raise BundleError(f"{where}: the field {name!r} must be {expected}, it is {_shown(found)}")


def _shown(value: object) -> str:
    """``value`` as an error shows it: not at any length."""
    try:
        whole = repr(value)
    except ValueError:  # Python does not write out a number of thousands of digits
        return "a number of thousands of digits"
    return whole if len(whole) <= 80 else whole[:77] + "..."
