"""What ``imdb-score`` reads: reviews out of plain lines, CSV, TSV, JSONL and Parquet.

Every reader gives one text, as bytes in UTF-8, for each line, row or object, in order and in
constant memory, and raises ``InputError`` naming the file and the line of what is broken.
"""

import csv
import json
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from imdb_runtime.command_line import needs_extra
from imdb_runtime.errors import InputError
from imdb_runtime.scoring.lines import MAX_LINE_BYTES, read_lines

FORMATS = ("auto", "lines", "csv", "tsv", "jsonl", "parquet")
COLUMNS = ("text", "review", "sentence")
STANDARD_INPUT = "-"

_SUFFIXES = {
    ".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet",
}  # fmt: skip
_ROWS_READ_AT_ONCE = 1024


@dataclass(frozen=True)
class Source:
    """A file to read, or standard input: its ``path`` or ``-``, and one of ``FORMATS``.

    ``size`` in bytes is None where it is not known beforehand.
    """

    path: str
    format: str
    size: int | None

    @property
    def name(self) -> str:
        """What errors call it."""
        return "standard input" if self.path == STANDARD_INPUT else self.path

    @classmethod
    def of(cls, path: str, input_format: str) -> "Source":
        """Look at ``path``; ``auto`` goes by the name's suffix, without a known one it is lines.

        Raises
        ------
        InputError
            Where there is no such file, or it is a folder.
        """
        if input_format == "auto":
            input_format = _SUFFIXES.get(Path(path).suffix.lower(), "lines")
        if path == STANDARD_INPUT:
            return cls(path, input_format, None)
        try:
            status = Path(path).stat()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise InputError(f"{path}: cannot read it: {reason}") from error
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f"{path}: is a folder; give the files in it")
        return cls(path, input_format, status.st_size if stat.S_ISREG(status.st_mode) else None)

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The bytes; raises ``InputError`` where they cannot be read."""
        if self.path == STANDARD_INPUT:
            if sys.stdin is None:
                raise InputError("standard input is closed; give a file")
            yield sys.stdin.buffer
            return
        try:
            file = Path(self.path).open("rb")  # noqa: SIM115
        except OSError as error:
            raise InputError(f"{self.path}: cannot read it: {error.strerror}") from error
        with file:
            yield file

    def texts(
        self, file: BinaryIO, column: str | None, warn: Callable[[str], None]
    ) -> Iterator[bytes]:
        """The reviews in ``file``, out of ``column`` where there are columns.

        ``warn`` is called with a line of text for each review of which only a part is given.

        Raises
        ------
        InputError
            Where the file is not of its format, or has no such column.
        """
        match self.format:
            case "csv":
                return _csv_texts(file, self.name, column, ",")
            case "tsv":
                return _csv_texts(file, self.name, column, "\t")
            case "jsonl":
                return _jsonl_texts(file, self.name, column)
            case "parquet":
                return _parquet_texts(file, self.name, column)
        return read_lines(
            file,
            lambda line: warn(
                f"{self.name}, line {line}: only its first {MAX_LINE_BYTES >> 20} MiB were read"
            ),
        )


def choose_column(names: Sequence[str], column: str | None, where: str) -> str:
    """``column``, or the first of ``COLUMNS`` among ``names``; raises ``InputError``."""
    wanted = COLUMNS if column is None else (column,)
    for name in wanted:
        if name in names:
            return name
    raise InputError(
        f"{where}: no column {' or '.join(map(repr, wanted))}; its columns are"
        f" {', '.join(map(repr, names)) or 'none'}: choose one with --column"
    )


def _csv_texts(file: BinaryIO, name: str, column: str | None, delimiter: str) -> Iterator[bytes]:
    # Bytes that are not UTF-8 go through as they are: it is the tokenizer that knows about them.
    lines = (line.decode("utf-8", "surrogateescape") + "\n" for _, line in _whole_lines(file, name))
    csv.field_size_limit(MAX_LINE_BYTES)
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    line = 1  # where a row begins: quoted text can hold line feeds
    try:
        header = next(rows, [])
        at = header.index(choose_column(header, column, f"{name}, line {line}"))
        line = rows.line_num + 1
        for row in rows:
            if row and len(row) != len(header):
                raise InputError(
                    f"{name}, line {line}: {len(row)} fields, the header has {len(header)};"
                    f" text with the separator or a line end in it must be quoted"
                )
            if row:
                yield row[at].encode("utf-8", "surrogateescape")
            line = rows.line_num + 1
    except csv.Error as error:
        # What follows the dash is advice for programmers.
        reason = str(error).split(" - ")[0]
        raise InputError(f"{name}, line {line}: broken row: {reason}") from error


def _jsonl_texts(file: BinaryIO, name: str, column: str | None) -> Iterator[bytes]:
    for number, line in _whole_lines(file, name):
        if not line.strip():
            continue
        where = f"{name}, line {number}"
        try:
            value = json.loads(line.decode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError) as error:
            raise InputError(f"{where}: not valid JSON: {error}") from error
        if not isinstance(value, dict):
            raise InputError(f"{where}: not a JSON object; each line must be one")
        column = choose_column(list(value), column, where)
        text = value[column]
        if not isinstance(text, str):
            raise InputError(f"{where}: the field {column!r} is {_shown(text)}, not a string")
        # JSON can hold half of a surrogate pair, which UTF-8 cannot; it becomes invalid bytes.
        yield text.encode("utf-8", "surrogatepass")


def _shown(value: object) -> str:
    shown = json.dumps(value)
    return shown if len(shown) <= 40 else shown[:37] + "..."


def _whole_lines(file: BinaryIO, name: str) -> Iterator[tuple[int, bytes]]:
    def refuse(line: int) -> None:
        raise _too_long(name, line)

    yield from enumerate(read_lines(file, refuse), start=1)


def _too_long(name: str, line: int) -> InputError:
    return InputError(f"{name}, line {line}: longer than {MAX_LINE_BYTES >> 20} MiB")


def _parquet_texts(file: BinaryIO, name: str, column: str | None) -> Iterator[bytes]:
    with needs_extra("tables"):
        from pyarrow import lib, parquet
    if not file.seekable():
        raise InputError(f"{name}: Parquet is read from its end; give a file, not a pipe")
    try:
        table: Any = parquet.ParquetFile(file)
        chosen = choose_column(table.schema_arrow.names, column, name)
        number = 0
        for batch in table.iter_batches(batch_size=_ROWS_READ_AT_ONCE, columns=[chosen]):
            for text in batch.column(0).to_pylist():
                number += 1
                if not isinstance(text, str):
                    raise InputError(
                        f"{name}, row {number}: the column {chosen!r} has"
                        f" {'no value' if text is None else type(text).__name__}, not a string"
                    )
                yield text.encode()
    except (lib.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{name}: not valid Parquet: {reason}") from error
