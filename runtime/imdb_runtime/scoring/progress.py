"""How far ``imdb-score`` is: a bar on a terminal, an occasional line elsewhere, on stderr."""

import sys
import time
from types import TracebackType
from typing import Any

import click

from imdb_runtime.command_line import tell

SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """Told of each chunk by ``update``; ``total`` bytes, None where not known, are to be read."""

    def __init__(self, total: int | None, *, beside_rows: bool) -> None:
        self.reviews = 0
        self._position = 0
        self._started = self._reported = time.monotonic()
        self._bar: Any = None
        # A bar would be drawn through rows that go to the same terminal.
        if total and not beside_rows and sys.stderr is not None and sys.stderr.isatty():
            self._bar = click.progressbar(
                length=total,
                label="scoring",
                file=sys.stderr,
                item_show_func=lambda reviews: f"{reviews or 0:,} reviews",
            )

    def __enter__(self) -> "Progress":
        if self._bar is not None:
            self._bar.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.__exit__(kind, error, traceback)

    def update(self, reviews: int, position: int) -> None:
        """Another ``reviews`` are done; ``position`` bytes of all have been read by now."""
        self.reviews += reviews
        if self._bar is not None:
            self._bar.update(max(0, position - self._position), self.reviews)
            self._position = max(position, self._position)
            return
        now = time.monotonic()
        if now - self._reported >= SECONDS_BETWEEN_LINES:
            self._reported = now
            tell(f"{self.summary()} so far")

    def summary(self) -> str:
        """How many reviews, and how many a second."""
        seconds = time.monotonic() - self._started
        noun = "review" if self.reviews == 1 else "reviews"
        rate = self.reviews / seconds if seconds > 0 else 0
        return f"{self.reviews:,} {noun} in {seconds:.1f} s ({rate:,.0f} a second)"
