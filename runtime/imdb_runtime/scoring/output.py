"""Where ``imdb-score`` writes: stdout, a file that is whole or absent, or one to be resumed."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import click

from imdb_runtime.files import write_atomically
from imdb_runtime.scoring.resuming import resumable


class Output(Protocol):
    """What rows are written to; ``reviews`` were written before, of which ``cut`` were too long."""

    reviews: int
    cut: int

    def write(self, rows: bytes) -> None:
        """Add ``rows``, for all to see where all are to see them."""

    def count(self, reviews: int, cut: int) -> None:
        """Say that the rows of ``reviews`` more are written, ``cut`` of them too long."""


class _Stream:
    def __init__(self, stream: BinaryIO) -> None:
        self.reviews = self.cut = 0
        self._stream = stream

    def write(self, rows: bytes) -> None:
        self._stream.write(rows)
        self._stream.flush()

    def count(self, reviews: int, cut: int) -> None:
        self.reviews += reviews
        self.cut += cut


@contextmanager
def open_output(path: Path | None, identity: dict[str, Any] | None) -> Iterator[Output]:
    """The file at ``path``, or stdout; with an ``identity`` a file that can be gone on with."""
    if path is None:
        if sys.stdout is None:
            raise click.ClickException("standard output is closed; give --output FILE")
        yield _Stream(sys.stdout.buffer)
    elif identity is None:
        with write_atomically(path) as file:
            yield _Stream(file)
    else:
        with resumable(path, identity) as output:
            yield output
