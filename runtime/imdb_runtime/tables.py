"""Tables, row by row in constant memory, out of CSV, TSV, JSONL and Parquet.

One set of rules for those who score and those who train: a byte order mark and blank lines are
passed over, a line ends at a line feed, every row has the header's number of fields, and every
error is an ``InputError`` that names the file and the line.
"""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

from imdb_runtime.command_line import needs_extra
from imdb_runtime.errors import InputError
from imdb_runtime.lines import MAX_LINE_BYTES, read_lines

FORMATS = ("csv", "tsv", "jsonl", "parquet")
FORMAT_OF_SUFFIX = {
    ".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet",
}  # fmt: skip

Row = tuple[str, dict[str, Any]]  # where it is ("a.csv, line 3"), and its value for each column
InvalidUtf8 = Literal["strict", "surrogateescape"]

_SEPARATORS = {"csv": ",", "tsv": "\t"}
_ROWS_READ_AT_ONCE = 1024


@dataclass(frozen=True)
class Column:
    """A column to read: the first of ``names`` that the table has; ``option`` chooses another."""

    names: tuple[str, ...]
    option: str


def read_rows(
    file: BinaryIO,
    table_format: str,
    name: str,
    columns: Sequence[Column],
    *,
    invalid_utf8: InvalidUtf8 = "strict",
) -> Iterator[Row]:
    """The rows of ``file``, each with its value for each of ``columns`` and no others, in order.

    Parameters
    ----------
    file
        Opened in mode ``rb``. All but Parquet is read as a stream, which need not be seekable.
    table_format
        One of ``FORMATS``.
    name
        What errors call the file.
    columns
        Those to read. In JSONL the first object settles which of a column's names is meant.
    invalid_utf8
        ``strict`` makes an error of it; ``surrogateescape`` keeps the bytes, as in ``os.fsdecode``.

    Raises
    ------
    InputError
        Where the file cannot be read or is not of its format, a row is broken, or a column is
        missing or there twice.
    DependencyError
        Where the file is Parquet and pyarrow is not installed.
    """
    match table_format:
        case "jsonl":
            return _jsonl_rows(file, name, columns, invalid_utf8)
        case "parquet":
            return _parquet_rows(file, name, columns, invalid_utf8)
    return _csv_rows(file, name, columns, invalid_utf8, _SEPARATORS[table_format])


def require_text(value: Any, column: str, where: str) -> str:
    """``value`` where it is a string; raises ``InputError``."""
    if not isinstance(value, str):
        raise InputError(f"{where}: column {column!r} is {shown(value)}, not text")
    return value


def shown(value: Any) -> str:
    """A value as an error shows it: on one line, and not at any length."""
    if value is None:
        return "null"
    whole = repr(value)
    return whole if len(whole) <= 60 else f"{whole[:57]}..."


def _csv_rows(
    file: BinaryIO, name: str, columns: Sequence[Column], invalid_utf8: InvalidUtf8, separator: str
) -> Iterator[Row]:
    lines = (f"{line}\n" for _, line in _decoded_lines(file, name, invalid_utf8))
    reader = csv.reader(lines, delimiter=separator, strict=True)
    header: list[str] = []
    places: dict[str, int] = {}
    while True:
        where = f"{name}, line {reader.line_num + 1}"  # its first: quoted text can hold line feeds
        try:
            fields = _next_fields(reader)
        except csv.Error as error:
            # What follows the dash is advice for programmers.
            reason = str(error).split(" - ")[0]
            raise InputError(f"{where}: broken row: {reason}") from error
        if fields is None:
            break
        if not fields:
            continue
        if not header:
            header = fields
            places = {found: header.index(found) for found in _find(columns, header, where)}
        elif len(fields) != len(header):
            raise InputError(
                f"{where}: {len(fields)} fields, the header has {len(header)};"
                " text with the separator or a line end in it must be quoted"
            )
        else:
            yield where, {column: fields[place] for column, place in places.items()}
    if not header:
        raise InputError(
            f"{name}, line 1: no column names, the file is empty; give a header and rows"
        )


def _next_fields(reader: Iterator[list[str]]) -> list[str] | None:
    # csv's own limit, 128 kB, is less than a long text. It is the whole process's, hence it is
    # changed for no longer than it takes to read a row.
    before = csv.field_size_limit(MAX_LINE_BYTES)
    try:
        return next(reader, None)
    finally:
        csv.field_size_limit(before)


def _jsonl_rows(
    file: BinaryIO, name: str, columns: Sequence[Column], invalid_utf8: InvalidUtf8
) -> Iterator[Row]:
    settled: Sequence[Column] = ()
    for number, line in _decoded_lines(file, name, invalid_utf8):
        if not line.strip():
            continue
        where = f"{name}, line {number}"
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{where}: not valid JSON: {error}") from error
        if not isinstance(value, dict):
            raise InputError(
                f"{where}: not a JSON object but {shown(value)}; each line must be one"
            )
        found = _find(settled or columns, list(value), where)
        if not settled:
            settled = [
                Column((chosen,), column.option)
                for chosen, column in zip(found, columns, strict=True)
            ]
        yield where, {chosen: value[chosen] for chosen in found}


def _parquet_rows(
    file: BinaryIO, name: str, columns: Sequence[Column], invalid_utf8: InvalidUtf8
) -> Iterator[Row]:
    with needs_extra("tables"):
        from pyarrow import lib, parquet
    if not file.seekable():
        raise InputError(f"{name}: Parquet is read from its end; give a file, not a pipe")
    number = 0
    try:
        table = parquet.ParquetFile(file)
        found = _find(columns, table.schema_arrow.names, name)
        for batch in table.iter_batches(_ROWS_READ_AT_ONCE, columns=list(dict.fromkeys(found))):
            for values in zip(*(batch.column(chosen) for chosen in found), strict=True):
                number += 1
                where = f"{name}, row {number}"
                plain = [_plain(value, where, invalid_utf8) for value in values]
                yield where, dict(zip(found, plain, strict=True))
    except (lib.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{name}: not valid Parquet: {reason}") from error


def _plain(value: Any, where: str, invalid_utf8: InvalidUtf8) -> Any:
    try:
        return value.as_py()
    except UnicodeDecodeError as error:
        return _decode(error.object, where, invalid_utf8)


def _find(columns: Sequence[Column], present: Sequence[str], where: str) -> list[str]:
    """The name that each of ``columns`` has among those ``present``."""
    found = []
    for column in columns:
        name = next((name for name in column.names if name in present), None)
        if name is None:
            raise InputError(
                f"{where}: no column {' or '.join(map(repr, column.names))};"
                f" there is {', '.join(map(repr, present)) or 'none'}:"
                f" choose one with {column.option}"
            )
        if present.count(name) > 1:
            raise InputError(f"{where}: column {name!r} is there twice; rename one")
        found.append(name)
    return found


def _decoded_lines(
    file: BinaryIO, name: str, invalid_utf8: InvalidUtf8
) -> Iterator[tuple[int, str]]:
    def refuse(line: int) -> None:
        raise InputError(f"{name}, line {line}: longer than {MAX_LINE_BYTES >> 20} MiB")

    # Bytes are cut into lines and only then decoded, so that a bad byte has a line number.
    try:
        for number, line in enumerate(read_lines(file, refuse), start=1):
            yield number, _decode(line, f"{name}, line {number}", invalid_utf8)
    except OSError as error:
        raise InputError(f"{name}: cannot read it: {error.strerror or error}") from error


def _decode(content: bytes, where: str, invalid_utf8: InvalidUtf8) -> str:
    try:
        return content.decode("utf-8", invalid_utf8)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where}: not UTF-8 at byte {error.start + 1}; save the file as UTF-8"
        ) from error
