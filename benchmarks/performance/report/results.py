"""The results of all parts, and how to find a figure in them."""

from pathlib import Path
from typing import Any

from benchmarks.performance import record

Row = dict[str, Any]


class Results:
    """What the parts wrote; a part, row or figure that is not there is None."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def part(self, name: str) -> dict[str, Any]:
        """The result of a part, empty where it was not measured."""
        return record.read(self._folder, name) or {}

    def rows(self, part: str, **like: Any) -> list[Row]:
        """The rows of a part that have these values."""
        rows: list[Row] = self.part(part).get("rows", [])
        return [row for row in rows if all(row.get(key) == value for key, value in like.items())]

    def figure(self, part: str, key: str = "reviews_a_second", **like: Any) -> float | None:
        """The figure, of a spread the median, of the one row that has these values."""
        found = self.rows(part, **like)
        return value(found[0], key) if found else None


def value(row: Row, key: str) -> float | None:
    """A row's figure, of a spread the median, None where it was not measured."""
    figure = row.get(key)
    if isinstance(figure, dict):
        figure = figure["median"]
    return None if figure is None else float(figure)


def megabytes_a_second(row: Row) -> float | None:
    """Text read, in MB of 10^6 bytes."""
    seconds = value(row, "seconds")
    return None if seconds is None else row["bytes"] / seconds / 1e6


def ratio(one: float | None, other: float | None) -> float | None:
    """One over the other."""
    return None if one is None or not other else one / other
