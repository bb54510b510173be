"""Labelled reviews from CSV, TSV, JSONL and Parquet; every error names the file and the line."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from imdb_runtime.command_line import needs_extra
from imdb_runtime.errors import InputError
from imdb_train.corpus.data import Split

MAX_FIELD_BYTES = 64 * 2**20  # csv's own limit of 128 kB is less than a long text
_LABELS = {"neg": 0, "negative": 0, "0": 0, "pos": 1, "positive": 1, "1": 1}


@dataclass(frozen=True)
class Columns:
    """The names of the columns with the text, the label and, where there is one, the film."""

    text: str
    label: str
    film: str | None

    def names(self) -> list[str]:
        """The columns to read, each once."""
        wanted = (self.text, self.label, self.film)
        return list(dict.fromkeys(name for name in wanted if name is not None))


Row = tuple[str, dict[str, Any]]  # where it is ("line 3"), and its value for each wanted column


def read_table(path: Path, columns: Columns) -> Split:
    """Read one labelled review a row, in the file's order. Labels are told apart without case.

    Raises
    ------
    InputError
        Where the file cannot be read or is empty, a column is missing, a row is broken, a value
        is not text, or a label is none of neg/pos, negative/positive, 0/1.
    """
    texts: list[bytes] = []
    labels: list[int] = []
    films: list[str] = []
    for where, values in _READERS[path.suffix.lower()](path, columns.names()):
        texts.append(_text(values[columns.text], f"{path}, {where}: column {columns.text!r}"))
        labels.append(_label(values[columns.label], f"{path}, {where}: column {columns.label!r}"))
        if columns.film is not None:
            films.append(_film(values[columns.film], f"{path}, {where}: column {columns.film!r}"))
    if not texts:
        raise InputError(f"{path}: no reviews in it")
    return Split(texts, np.array(labels, dtype=np.int64), None if columns.film is None else films)


def _text(value: Any, where: str) -> bytes:
    if not isinstance(value, str):
        raise InputError(f"{where} is {_shown(value)}, not text")
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(f"{where} holds half a surrogate pair, which is no character") from error


def _label(value: Any, where: str) -> int:
    label = None
    if isinstance(value, str | int) and not isinstance(value, bool):
        label = _LABELS.get(str(value).strip().lower())
    if label is None:
        raise InputError(
            f"{where} is {_shown(value)}; it must be neg or pos, negative or positive, 0 or 1"
        )
    return label


def _film(value: Any, where: str) -> str:
    if not isinstance(value, str | int) or isinstance(value, bool) or str(value).strip() == "":
        raise InputError(f"{where} is {_shown(value)}; every review needs a film here")
    return str(value).strip()


def _shown(value: Any) -> str:
    if value is None:
        return "missing"
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _read_csv(path: Path, names: Sequence[str], delimiter: str = ",") -> Iterator[Row]:
    with _field_limit(MAX_FIELD_BYTES):
        reader = csv.reader(
            (line for _, line in _decoded_lines(path)), delimiter=delimiter, strict=True
        )
        header: list[str] | None = None
        while True:
            line = reader.line_num + 1  # where the row begins: quoted text can hold line ends
            try:
                fields = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                raise InputError(f"{path}, line {line}: broken row: {error}") from error
            if not fields:
                continue
            if header is None:
                header = fields
                _require_columns(path, names, header)
                places = [header.index(name) for name in names]
            elif len(fields) != len(header):
                raise InputError(
                    f"{path}, line {line}: {len(fields)} fields, the header has {len(header)}; "
                    "text with the separator or a line end in it must be quoted"
                )
            else:
                yield (
                    f"line {line}",
                    dict(zip(names, (fields[place] for place in places), strict=True)),
                )
        if header is None:
            raise InputError(f"{path}: empty; a header and reviews are needed")


def _read_tsv(path: Path, names: Sequence[str]) -> Iterator[Row]:
    return _read_csv(path, names, delimiter="\t")


def _read_jsonl(path: Path, names: Sequence[str]) -> Iterator[Row]:
    for number, line in _decoded_lines(path):
        if line.isspace():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}, line {number}: not JSON: {error}") from error
        if not isinstance(value, dict):
            raise InputError(f"{path}, line {number}: not a JSON object but {_shown(value)}")
        _require_columns(path, names, list(value), f", line {number}")
        yield f"line {number}", value


def _read_parquet(path: Path, names: Sequence[str]) -> Iterator[Row]:
    with needs_extra("tables"):
        import pyarrow
        import pyarrow.parquet
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            _require_columns(path, names, file.schema_arrow.names)
            number = 0
            for batch in file.iter_batches(columns=list(names)):
                for values in batch.to_pylist():
                    number += 1
                    yield f"row {number}", values
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: cannot read it as Parquet: {reason}") from error


def _require_columns(
    path: Path, names: Sequence[str], found: Sequence[str], line: str = ""
) -> None:
    for name in names:
        if name not in found:
            present = ", ".join(map(repr, found)) or "none"
            raise InputError(f"{path}{line}: no column {name!r}; there is {present}")
        if list(found).count(name) > 1:
            raise InputError(f"{path}{line}: column {name!r} is there twice; rename one")


def _decoded_lines(path: Path) -> Iterator[tuple[int, str]]:
    # Bytes are cut at \n and only then decoded, so that a bad byte has a line number.
    file: BinaryIO
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                line = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
                try:
                    yield number, line.decode("utf-8")
                except UnicodeDecodeError as error:
                    raise InputError(
                        f"{path}, line {number}: not UTF-8 at byte {error.start + 1} of the line; "
                        "save the file as UTF-8"
                    ) from error
    except OSError as error:
        raise InputError(f"{path}: cannot read it: {error.strerror or error}") from error


@contextmanager
def _field_limit(limit: int) -> Iterator[None]:
    before = csv.field_size_limit(limit)
    try:
        yield
    finally:
        csv.field_size_limit(before)


_READERS: dict[str, Callable[[Path, Sequence[str]], Iterator[Row]]] = {
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".jsonl": _read_jsonl,
    ".parquet": _read_parquet,
}
TABLE_SUFFIXES = tuple(_READERS)
