"""Options that several commands of ``imdb-train`` have."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

CONTEXT = {"help_option_names": ["-h", "--help"]}
EXISTING = click.Path(exists=True, path_type=Path)
EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
EXISTING_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


class _NewFile(click.Path):
    """A file to be written: asked before the work whether its folder is there."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = Path(str(super().convert(value, param, ctx)))
        if not path.absolute().parent.is_dir():
            self.fail(f"the folder of '{path}' does not exist; make it first", param, ctx)
        return path


NEW_FILE = _NewFile(dir_okay=False, path_type=Path)

Command = Callable[..., Any]
Option = Callable[[Command], Command]

READING_OPTIONS: tuple[Option, ...] = (
    click.option(
        "--data",
        type=EXISTING,
        help="Reviews: the IMDB archive (tar.gz) or its folder, or a CSV, TSV, JSONL "
        "or Parquet file. Default: IMDB, found or downloaded once.",
    ),
    click.option("--text-column", default="text", show_default=True),
    click.option("--label-column", default="label", show_default=True),
    click.option(
        "--unlabelled",
        type=EXISTING_FILE,
        metavar="FILE",
        help="Reviews without a label, one a line or in a table. Default: IMDB's own 50,000.",
    ),
    click.option("--offline", is_flag=True, help="Never touch the network."),
)
SCHEME_OPTION: Option = click.option(
    "--scheme",
    type=click.Choice(["words", "whitespace"]),
    help="How text is split into words.",
)
SEED_OPTION: Option = click.option("--seed", type=click.IntRange(min=0), metavar="N")


def with_options(options: Sequence[Option]) -> Option:
    """A decorator that gives a command these options, in this order."""

    def decorate(function: Command) -> Command:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate
