"""What ``imdb-score`` reads: reviews out of plain lines, CSV, TSV, JSONL and Parquet.

Every reader gives one text, as bytes in UTF-8, for each line, row or object, in order and in
constant memory, and raises ``InputError`` naming the file and the line of what is broken.
"""

import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from imdb_runtime import tables
from imdb_runtime.errors import InputError
from imdb_runtime.lines import MAX_LINE_BYTES, in_chunks, read_batches
from imdb_runtime.tables import Column, read_rows, require_text

if TYPE_CHECKING:
    from imdb_runtime._core import Lines

FORMATS = ("auto", "lines", *tables.FORMATS)
COLUMNS = ("text", "review", "sentence")
STANDARD_INPUT = "-"
# Read as lines of text, these would be scored as noise.
_NO_TEXT = (
    ".7z", ".arrow", ".bz2", ".doc", ".docx", ".feather", ".gz", ".json", ".npy", ".pdf", ".pkl",
    ".tar", ".xls", ".xlsx", ".xz", ".zip", ".zst",
)  # fmt: skip


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
            Where there is no such file, it is a folder, or its suffix is of no known format.
        """
        if input_format == "auto":
            if Path(path).suffix.lower() in _NO_TEXT:
                raise InputError(
                    f"{path}: not a format that is read; unpack or convert it, or say what it is"
                    " with --input-format"
                )
            input_format = tables.FORMAT_OF_SUFFIX.get(Path(path).suffix.lower(), "lines")
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
            # Unbuffered where it can be: a thread waiting in a buffer's lock would hinder the exit.
            yield getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
            return
        try:
            file = Path(self.path).open("rb", buffering=0)  # noqa: SIM115
        except OSError as error:
            raise InputError(f"{self.path}: cannot read it: {error.strerror}") from error
        with file:
            yield file

    def batches(
        self, file: BinaryIO, column: str | None, warn: Callable[[str], None]
    ) -> "Iterator[Lines | list[bytes]]":
        """The reviews in ``file``, some at a time, out of ``column`` where there are columns.

        ``warn`` is called with a line of text for each review of which only a part is given.

        Raises
        ------
        InputError
            Where the file is not of its format, or has no such column.
        """
        if self.format in tables.FORMATS:
            return in_chunks(_column_texts(file, self.format, self.name, column))
        return read_batches(
            file,
            lambda line: warn(
                f"{self.name}, line {line}: only its first {MAX_LINE_BYTES >> 20} MiB were read"
            ),
        )


def _column_texts(
    file: BinaryIO, table_format: str, name: str, column: str | None
) -> Iterator[bytes]:
    wanted = Column(COLUMNS if column is None else (column,), "--column")
    # Bytes that are not UTF-8 go through as they are: it is the tokenizer that knows about them.
    for where, values in read_rows(
        file, table_format, name, [wanted], invalid_utf8="surrogateescape"
    ):
        ((chosen, value),) = values.items()
        yield _to_bytes(require_text(value, chosen, where))


def _to_bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # JSON can hold half of a surrogate pair, which UTF-8 cannot; it becomes invalid bytes.
        return text.encode("utf-8", "surrogatepass")
