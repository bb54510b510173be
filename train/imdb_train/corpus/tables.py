"""Labelled reviews from CSV, TSV, JSONL and Parquet; every error names the file and the line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from imdb_runtime.errors import InputError
from imdb_runtime.lines import read_lines
from imdb_runtime.tables import FORMAT_OF_SUFFIX, Column, read_rows, require_text, shown
from imdb_train.corpus.data import Split

TABLE_SUFFIXES = tuple(FORMAT_OF_SUFFIX)
_LABELS = {"neg": 0, "negative": 0, "0": 0, "pos": 1, "positive": 1, "1": 1}


@dataclass(frozen=True)
class Columns:
    """The names of the columns with the text, the label and, where there is one, the film."""

    text: str
    label: str
    film: str | None

    def to_read(self) -> list[Column]:
        """The columns, with the option that names each."""
        wanted = (
            (self.text, "--text-column"),
            (self.label, "--label-column"),
            (self.film, "--film-column"),
        )
        return [Column((name,), option) for name, option in wanted if name is not None]


def read_texts(path: Path, text_column: str) -> list[bytes]:
    """Reviews without a label: a row each of a table, or a line each of any other file.

    Raises
    ------
    InputError
        Where the file cannot be read or is empty, the column is missing, or a row is broken.
    """
    with _opened(path) as file:
        if path.suffix.lower() in TABLE_SUFFIXES:
            column = Column((text_column,), "--text-column")
            rows = read_rows(file, FORMAT_OF_SUFFIX[path.suffix.lower()], str(path), [column])
            texts = [_text(values[text_column], text_column, where) for where, values in rows]
        else:
            texts = list(read_lines(file))
    if not texts:
        raise InputError(f"{path}: no reviews in it")
    return texts


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
    with _opened(path) as file:
        table_format = FORMAT_OF_SUFFIX[path.suffix.lower()]
        for where, values in read_rows(file, table_format, str(path), columns.to_read()):
            texts.append(_text(values[columns.text], columns.text, where))
            labels.append(_label(values[columns.label], columns.label, where))
            if columns.film is not None:
                films.append(_film(values[columns.film], columns.film, where))
    if not texts:
        raise InputError(f"{path}: no reviews in it")
    return Split(texts, np.array(labels, dtype=np.int64), None if columns.film is None else films)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(f"{path}: cannot read it: {error.strerror or error}") from error


def _text(value: Any, column: str, where: str) -> bytes:
    try:
        return require_text(value, column, where).encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f"{where}: column {column!r} holds half a surrogate pair, which is no character"
        ) from error


def _label(value: Any, column: str, where: str) -> int:
    label = None
    if isinstance(value, str | int) and not isinstance(value, bool):
        label = _LABELS.get(str(value).strip().lower())
    if label is None:
        raise InputError(
            f"{where}: column {column!r} is {shown(value)};"
            " it must be neg or pos, negative or positive, 0 or 1"
        )
    return label


def _film(value: Any, column: str, where: str) -> str:
    if not isinstance(value, str | int) or isinstance(value, bool) or str(value).strip() == "":
        raise InputError(
            f"{where}: column {column!r} is {shown(value)}; every review needs a film here"
        )
    return str(value).strip()
