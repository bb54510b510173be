"""The command."""

import os
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click

from benchmarks.performance import environment
from benchmarks.performance.settings import Settings

RESULTS = environment.ROOT / "benchmarks/results/performance"
# In this order, what the others rest on first.
PARTS = ("checks", "tokenizers", "engines", "bags", "bulk", "latency", "growth", "training")
EXAMPLES = """\b
Examples, from the project's folder:
  python -m benchmarks.performance run                 all parts, then docs/performance.md
  python -m benchmarks.performance run --quick         a smoke run; leaves results and page alone
  python -m benchmarks.performance run tokenizers bulk
  python -m benchmarks.performance report              tables and charts from the results
"""


@click.group(epilog=EXAMPLES)
def main() -> None:
    """How fast the project is, beside what one would take instead, on this machine.

    Builds, once, an environment with the project and its peers, prepares reviews and models, and
    runs itself there. IMDB is found as imdb-train finds it. Keep the machine quiet meanwhile.
    """


@main.command()
@click.argument("parts", nargs=-1, metavar=f"[{'|'.join(PARTS)}]...")
@click.option("--quick", is_flag=True, help="Few reviews and rounds: does it work?")
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for environment, reviews and models.  [default: the user's cache]",
)
@click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Where results go.  [default: {RESULTS.relative_to(environment.ROOT)}; quick: the work"
    " folder]",
)
@click.option(
    "--lstm",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Run of a trained LSTM to time; without it one is trained hastily.",
)
@click.option(
    "--here", is_flag=True, help="In this Python, as it is; peers that it lacks are left out."
)
@click.option("--prepare", "only_prepare", is_flag=True, help="Measure nothing yet.")
def run(
    parts: tuple[str, ...],
    quick: bool,
    work: Path | None,
    results: Path | None,
    lstm: Path | None,
    here: bool,
    only_prepare: bool,
) -> None:
    """Measure PARTS, all by default, and write results and page."""
    for part in parts:
        if part not in PARTS:
            raise click.UsageError(f"no part {part!r}; there are {', '.join(PARTS)}")
    work = (work or _cache()).resolve()
    work.mkdir(parents=True, exist_ok=True)
    if not here:
        python = environment.build(work / "environment")
        arguments = [*sys.argv[1:], "--work", str(work), "--here"]
        os.execv(python, [str(python), "-m", "benchmarks.performance", *arguments])
    from benchmarks.performance import corpus, models
    from imdb_runtime.errors import ImdbError

    prepared = work / ("quick" if quick else "full")
    prepared.mkdir(exist_ok=True)
    try:
        corpus.prepare(prepared, quick=quick)
        models.prepare(prepared, lstm=lstm, quick=quick)
    except ImdbError as error:
        raise click.ClickException(str(error)) from error
    if only_prepare:
        return
    results = results or (prepared / "results" if quick else RESULTS)
    _measure(parts or PARTS, Settings(prepared, quick), results)
    if results == RESULTS:
        from benchmarks.performance.report import page

        page.write(RESULTS)


@main.command()
def report() -> None:
    """Write the tables and charts of docs/performance.md from the results."""
    from benchmarks.performance.report import page

    page.write(RESULTS)


def _measure(parts: Sequence[str], settings: Settings, results: Path) -> None:
    from benchmarks.performance import record

    for part in parts:
        click.echo(f"{part} ...", err=True)
        before = record.state()
        found = import_module(f"benchmarks.performance.parts.{part}").measure(settings)
        record.write(results, part, found, before, quick=settings.quick)
        click.echo(f"  {time.time() - before['started']:.0f} s", err=True)


def _cache() -> Path:
    from imdb_train.downloads import cache_folder

    return cache_folder() / "benchmarks"


if __name__ == "__main__":
    main()
