"""``imdb-export``: from a run to a bundle."""

from pathlib import Path
from typing import NoReturn

import click

from imdb_export.opsets import FIRST_OPSET, LAST_OPSET
from imdb_runtime.command_line import needs_extra, run_command
from imdb_runtime.errors import BundleError

_RUNS, _BUNDLES = Path("runs"), Path("bundles")
_RUN_FILES = ("config.json", "model.safetensors", "vocab.txt")

_EXAMPLE = """\b
Example:
  imdb-train cnn --glove 6B.100d
  imdb-export runs/cnn-glove --opset 17
  imdb-score reviews.txt --model bundles/cnn-glove
"""


@click.command(epilog=_EXAMPLE)
@click.argument("run_folder", metavar="[RUN]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--opset",
    type=click.IntRange(FIRST_OPSET, LAST_OPSET),
    default=17,
    show_default=True,
    help="Version of the ONNX operator set that the graph is written in.",
)
@click.option(
    "--int8",
    is_flag=True,
    help="Hold the embedding, and the weights of an LSTM, as 8-bit integers.",
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The bundle to write; a bundle there is replaced.  [default: bundles/ and RUN's name, "
    "with -int8 for --int8]",
)
@click.option(
    "--data",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Where the corpus of the run is now, if it was moved.",
)
@click.option(
    "--check-reviews",
    metavar="N",
    type=click.IntRange(min=0),
    default=512,
    show_default=True,
    help="Validation reviews to compare with PyTorch on; 0 for none.",
)
@click.version_option(package_name="imdb-edge", prog_name="imdb-export")
@click.help_option("-h", "--help")
def export_command(
    run_folder: Path | None,
    opset: int,
    int8: bool,
    out: Path | None,
    data: Path | None,
    check_reviews: int,
) -> None:
    """Turn a trained run into a bundle that imdb-score loads.

    RUN is a folder that imdb-train wrote, by default the newest under runs/. The graph is compared
    with PyTorch, and only a graph that gives the same logits becomes a bundle, whose path is
    printed. Nothing is downloaded.
    """
    folder = run_folder if run_folder is not None else _newest_run()
    # "." and "runs/cnn/.." have no name of their own.
    name = folder.resolve().name + ("-int8" if int8 else "")
    with needs_extra("export"):
        from rich.console import Console

        from imdb_export.exporting import export_run
        from imdb_export.report import print_report, show_progress
    console = Console(stderr=True)
    with show_progress(console) as notify:
        report = export_run(
            folder,
            out if out is not None else _BUNDLES / name,
            opset=opset,
            int8=int8,
            data=data,
            check_reviews=check_reviews,
            notify=notify,
        )
    print_report(report, console)
    click.echo(report.bundle)


def main() -> NoReturn:
    """The entry point of ``imdb-export``."""
    run_command(export_command)


def _newest_run() -> Path:
    folders = [
        config.parent
        for config in _RUNS.glob(f"*/{_RUN_FILES[0]}")
        if all((config.parent / name).is_file() for name in _RUN_FILES)
    ]
    if not folders:
        raise BundleError(f"no run under {_RUNS}/; train one with imdb-train, or name its folder")
    newest = max(folders, key=lambda folder: (folder / _RUN_FILES[0]).stat().st_mtime)
    click.echo(f"exporting {newest}, the newest run under {_RUNS}/", err=True)
    return newest
