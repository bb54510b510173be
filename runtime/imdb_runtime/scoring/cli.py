"""``imdb-score``: one review a line in, one row a review out, in order."""

import math
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import click

import imdb_runtime
from imdb_runtime.command_line import run_command, tell
from imdb_runtime.errors import InputError
from imdb_runtime.scoring import readers, writers
from imdb_runtime.scoring.output import open_output
from imdb_runtime.scoring.pipeline import Pipeline
from imdb_runtime.scoring.progress import Progress
from imdb_runtime.scoring.resuming import fingerprint

if TYPE_CHECKING:
    from imdb_runtime._core import Lines
    from imdb_runtime.classifier import Classifier

# No machine has more CPUs to give; many more would only take memory.
MAX_THREADS = 1024
EXAMPLES = """\b
Examples:
  imdb-score reviews.txt
  echo 'Best film ever' | imdb-score
  imdb-score --model bundles/cnn --format csv --with-text --output scores.csv reviews.jsonl
"""


@click.command(epilog=EXAMPLES)
@click.argument("files", nargs=-1, metavar="[FILE ... | -]")
@click.option(
    "--model",
    metavar="BUNDLE",
    type=click.Path(path_type=Path),
    help="Folder written by imdb-export.  [default: the model that comes with the package]",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="cuda fails where it cannot be used; auto then takes the CPU.",
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "native", "onnx"]),
    default="auto",
    show_default=True,
    help="What runs the model: native is for CNNs on the CPU, and what auto then takes.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, MAX_THREADS),
    metavar="N",
    help="CPU threads.  [default: all CPUs this process may use]",
)
@click.option(
    "--input-format",
    type=click.Choice(readers.FORMATS),
    default="auto",
    show_default=True,
    help="auto goes by the file's suffix, else lines.",
)
@click.option(
    "--column",
    metavar="NAME",
    help=f"Column that holds the reviews.  [default: the first of {', '.join(readers.COLUMNS)}]",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(writers.FORMATS),
    default="tsv",
    show_default=True,
    help="CSV has a header, JSONL has named fields.",
)
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write here instead of to stdout; the file is whole or not there.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Keep the rows so far beside --output, and go on from those of an interrupted run.",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    metavar="X",
    help="Probability from which a review is positive.  [default: the model's]",
)
@click.option(
    "--with-text",
    is_flag=True,
    help=r"Add the text; in TSV with \\, \t, \r and \n for backslash, tab and line ends.",
)
@click.version_option(package_name="imdb-edge", prog_name="imdb-score")
@click.help_option("-h", "--help")
def command(
    files: tuple[str, ...],
    model: Path | None,
    device: str,
    engine: str,
    threads: int | None,
    input_format: str,
    column: str | None,
    output_format: str,
    output: Path | None,
    resume: bool,
    threshold: float | None,
    with_text: bool,
) -> None:
    """Score movie reviews: is each one positive or negative?

    Reads one review a line from each FILE, or from standard input where there is none or it is -.
    Writes a row for each review, in order: the label, a tab and the probability of "pos".
    A line ends at a line feed and nothing else; an empty line is a review of no words.
    """
    if not files:
        if sys.stdin is None or sys.stdin.isatty():
            raise click.UsageError("no FILE given; for example: imdb-score reviews.txt")
        files = (readers.STANDARD_INPUT,)
    sources = [readers.Source.of(path, input_format) for path in files]
    if column is not None and all(source.format == "lines" for source in sources):
        raise click.UsageError(
            "--column is for files with columns; give --input-format csv, tsv, jsonl or parquet"
        )
    if threshold is not None and math.isnan(threshold):
        raise click.UsageError("--threshold nan is no probability")
    if resume and (output is None or None in [source.size for source in sources]):
        raise click.UsageError("--resume needs --output FILE, and files to read, not a pipe")
    _refuse_to_overwrite_input(output, sources)
    classifier = _load(model, device=device, engine=engine, threads=threads, threshold=threshold)
    sizes = [source.size for source in sources]
    total = None if None in sizes else sum(size or 0 for size in sizes)

    def score(batch: _Batch) -> _Scored:
        scores = classifier.score_texts(batch.texts)
        rows = writers.rows(
            output_format,
            classifier.classes_,
            scores.probabilities >= classifier.threshold,
            scores.probabilities,
            batch.texts if with_text else None,
        )
        cut = int((scores.word_counts > classifier.max_length).sum())
        return _Scored(rows, len(batch.texts), cut, batch.position)

    identity = _identity(classifier, sources) if resume else None
    with (
        open_output(output, identity) as out,
        Progress(total, beside_rows=output is None and sys.stdout.isatty()) as progress,
        Pipeline(
            _without_first(out.reviews, _batches(sources, column)),
            score,
            _workers(classifier, threads),
        ) as results,
    ):
        if out.reviews:
            tell(f"going on after {out.reviews:,} reviews")
        else:
            out.write(writers.header(output_format, with_text=with_text))
        for scored in results:
            out.write(scored.rows)
            out.count(scored.reviews, scored.cut)
            progress.update(scored.reviews, scored.position)
    cut = out.cut
    tell(progress.summary())
    if cut:
        tell(
            f"{cut:,} {'review was' if cut == 1 else 'reviews were'} longer than"
            f" {classifier.max_length:,} words; only the first {classifier.max_length:,} were read"
        )


def main() -> NoReturn:
    """The entry point ``imdb-score``."""
    run_command(command)


def _refuse_to_overwrite_input(output: Path | None, sources: list[readers.Source]) -> None:
    if output is None or not output.is_file():
        return
    for source in sources:
        if source.path != readers.STANDARD_INPUT and output.samefile(source.path):
            raise click.UsageError(f"--output {output} would replace the reviews; name another")


def _load(
    model: Path | None, *, device: str, engine: str, threads: int | None, threshold: float | None
) -> "Classifier":
    # Or numpy would start a thread for each CPU, which takes as long as all the rest of numpy's
    # import; for scoring it multiplies no matrices.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from imdb_runtime.classifier import Classifier

    with warnings.catch_warnings(record=True) as notices:
        warnings.simplefilter("always", RuntimeWarning)
        classifier = Classifier.load(
            model, device=device, engine=engine, threads=threads, threshold=threshold
        )
    for notice in notices:
        if issubclass(notice.category, RuntimeWarning):
            _warn(str(notice.message))
    return classifier


def _workers(classifier: "Classifier", threads: int | None) -> int:
    """How many batches to score at once; 0 is one, in the main thread."""
    from imdb_runtime.engines.cpus import available_cpus

    # ONNX Runtime has threads of its own, and in the main thread Ctrl-C need not wait for a batch.
    return threads or available_cpus() if classifier.engine == "native" else 0


class _Batch(NamedTuple):
    """Texts, and how many bytes of all sources have been read by then."""

    texts: "Lines | list[bytes]"
    position: int


class _Scored(NamedTuple):
    """The rows of a batch, how many they are, how many reviews were too long, and its position."""

    rows: bytes
    reviews: int
    cut: int
    position: int


def _batches(sources: list[readers.Source], column: str | None) -> Iterator[tuple[_Batch, int]]:
    """Batches, and how many bytes each holds."""
    before = 0
    for source in sources:
        with source.open() as file:
            try:
                for texts in source.batches(file, column, _warn):
                    position = before + (0 if source.size is None else file.tell())
                    size = sum(map(len, texts)) if isinstance(texts, list) else texts.size
                    yield _Batch(texts, position), size
            except OSError as error:
                raise InputError(f"{source.name}: cannot read it: {error.strerror}") from error
            # Parquet is read from its end, and refuses to be cut short by itself.
            if source.size and source.format != "parquet" and file.tell() < source.size:
                raise InputError(f"{source.name}: became shorter while it was read")
        before += source.size or 0


def _without_first(
    reviews: int, batches: Iterator[tuple[_Batch, int]]
) -> Iterator[tuple[_Batch, int]]:
    """``batches`` behind the first ``reviews``; the same files are cut into the same batches."""
    for batch, size in batches:
        if reviews >= len(batch.texts):
            reviews -= len(batch.texts)
        elif reviews:
            raise InputError("these rows are of other batches of reviews; begin anew")
        else:
            yield batch, size


# What of the command line has no part in the rows, or is in `_identity` in a form of its own.
_NO_SETTINGS = {
    "files", "model", "device", "engine", "threads", "input_format", "output", "resume",
    "threshold",
}  # fmt: skip


def _identity(classifier: "Classifier", sources: list[readers.Source]) -> dict[str, Any]:
    """What the rows depend on, as JSON holds it."""
    settings = click.get_current_context().params
    return {
        "release": imdb_runtime.__version__,
        "model": classifier.bundle_sha256,
        "engine": f"{classifier.engine} on {classifier.device}",
        "threshold": classifier.threshold,
        "formats": [source.format for source in sources],
        "settings": {
            name: value if isinstance(value, str | int | float | None) else str(value)
            for name, value in settings.items()
            if name not in _NO_SETTINGS
        },
        "input": [fingerprint(Path(source.path)) for source in sources],
    }


def _warn(message: str) -> None:
    tell(f"note: {message}")
