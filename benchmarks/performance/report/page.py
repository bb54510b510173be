"""Puts tables between the page's markers, and writes the charts."""

from pathlib import Path

import click

from benchmarks.performance.environment import ROOT
from benchmarks.performance.report import charts
from benchmarks.performance.report.results import Results
from benchmarks.performance.report.tables import all_tables

PAGE = ROOT / "docs/performance.md"
IMAGES = ROOT / "docs/images"


def write(folder: Path) -> None:
    """Bring docs/performance.md and its charts up to date with the results in ``folder``."""
    results = Results(folder)
    page = PAGE.read_text(encoding="utf-8")
    for name, table in all_tables(results).items():
        page = replaced(page, name, table)
    PAGE.write_text(page, encoding="utf-8")
    for chart in charts.write(results, IMAGES):
        click.echo(f"wrote {chart.relative_to(ROOT)}", err=True)
    click.echo(f"wrote {PAGE.relative_to(ROOT)}", err=True)


def replaced(page: str, name: str, table: str) -> str:
    """The page with ``table`` between the markers of ``name``.

    Raises
    ------
    ValueError
        Where the page does not have both markers, once each and in order.
    """
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended or begin in after:
        raise ValueError(f"docs/performance.md must have {begin.strip()} and {end} once, in order")
    return before + begin + table + end + after
