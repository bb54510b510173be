"""``imdb-explain``: what each word of a review adds to its score."""

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from imdb_runtime.command_line import needs_extra, run_command
from imdb_runtime.errors import InputError
from imdb_train.labels import LABELS

if TYPE_CHECKING:
    from imdb_runtime.explanations import Explanation
    from imdb_train.run import Run

# The sentences of the notebook that the experiments come from, and their labels.
NOTEBOOK_SENTENCES = (
    ("It was a fantastic performance !", "pos"),
    ("Best film ever", "pos"),
    ("Such a great show!", "pos"),
    ("It was a horrible movie", "neg"),
    ("I've never watched something as bad", "neg"),
    ("It is a disgusting movie!", "neg"),
)
_SECONDS_BETWEEN_LINES = 10.0

_EXAMPLE = """\b
Example:
  imdb-explain runs/cnn "Best film ever" "Not for me" --label pos --label neg --html page.html

Without TEXT, six sentences with known labels are explained:

\b
""" + "\n".join(f"  {label}  {text}" for text, label in NOTEBOOK_SENTENCES)


@click.command(epilog=_EXAMPLE)
@click.argument("run_folder", metavar="RUN|BUNDLE", type=click.Path(path_type=Path))
@click.argument("texts", metavar="[TEXT]...", nargs=-1)
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the explanations as one self-contained page.",
)
@click.option(
    "--label",
    "labels",
    type=click.Choice(LABELS),
    multiple=True,
    help="The true label; repeated, one a TEXT, in order.",
)
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    help="Steps of the integral; more make the convergence delta smaller.  "
    "[default: 300 for a cnn, 100 for an lstm or gru]",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(("text", "jsonl")),
    default="text",
    show_default=True,
    help="What stdout gets: words in colour (a listing when piped), or a JSON object a line.",
)
@click.version_option(package_name="imdb-edge", prog_name="imdb-explain")
@click.help_option("-h", "--help")
def explain_command(
    run_folder: Path,
    texts: tuple[str, ...],
    html: Path | None,
    labels: tuple[str, ...],
    steps: int | None,
    output_format: str,
) -> None:
    """Show what each word of a review adds to its score, by Integrated Gradients.

    RUN is a folder that imdb-train wrote, BUNDLE one of a CNN that imdb-export wrote. A TEXT of
    - reads reviews from stdin, one a line.
    """
    known = _with_labels(texts, labels)
    if html is not None and not html.absolute().parent.is_dir():
        raise InputError(f"{html}: its folder does not exist; make it first")
    with needs_extra("train"):
        from imdb_train.explain.page import write_page
    if (run_folder / "manifest.json").is_file():
        explanations = _explain_by_bundle(run_folder, known, steps)
    else:
        with needs_extra("train"):
            from imdb_train.run import Run
        explanations = _explain_all(Run.load(run_folder), known, steps)
    if html is not None:
        write_page(html, explanations)
        click.echo(f"wrote {html}", err=True)
    if output_format == "jsonl":
        for explanation in explanations:
            click.echo(json.dumps(_as_json(explanation), ensure_ascii=False).encode())
    else:
        _print(explanations)


def main() -> NoReturn:
    """The entry point of ``imdb-explain``."""
    run_command(explain_command)


def _with_labels(texts: Sequence[str], labels: Sequence[str]) -> list[tuple[str, str | None]]:
    """Texts to explain, each with its true label where it is known."""
    if not texts:
        if labels:
            raise click.UsageError("--label needs a TEXT that it is the label of")
        return list(NOTEBOOK_SENTENCES)
    given = [
        content.decode(errors="replace")
        for text in texts
        for content in (_lines_of_stdin() if text == "-" else [os.fsencode(text)])
    ]
    if not labels:
        return [(text, None) for text in given]
    if len(labels) != len(given):
        raise click.UsageError(
            f"{len(labels)} --label for {len(given)} texts; give one a text, in order"
        )
    return list(zip(given, labels, strict=True))


def _lines_of_stdin() -> Iterator[bytes]:
    for line in sys.stdin.buffer:
        yield line.removesuffix(b"\n").removesuffix(b"\r")


def _explain_by_bundle(
    folder: Path, known: Sequence[tuple[str, str | None]], steps: int | None
) -> list["Explanation"]:
    """By the native engine, without PyTorch."""
    if steps is not None:
        raise click.UsageError("--steps is for a run; a bundle's integral is exact")
    from imdb_runtime import Classifier

    texts, labels = [text for text, _ in known], [label for _, label in known]
    return Classifier.load(folder).explain(texts, labels)


def _explain_all(
    run: "Run", known: Sequence[tuple[str, str | None]], steps: int | None
) -> list["Explanation"]:
    from rich.console import Console
    from rich.progress import track

    from imdb_train.explain.attributions import explain

    console = Console(stderr=True)
    explanations = []
    reported = time.monotonic()
    for text, label in track(
        known, "explaining", console=console, transient=True, disable=not console.is_terminal
    ):
        explanations += explain(run, [text], labels=[label], steps=steps)
        if not console.is_terminal and time.monotonic() - reported > _SECONDS_BETWEEN_LINES:
            reported = time.monotonic()
            click.echo(f"explained {len(explanations)} of {len(known)}", err=True)
    return explanations


def _print(explanations: Sequence["Explanation"]) -> None:
    from rich.console import Console

    from imdb_train.explain.terminal import render

    console = Console(highlight=False)
    # What the console decided is final: click must not take colours away that it left in.
    click.echo(render(explanations, console), nl=False, color=console.is_terminal)


def _as_json(explanation: "Explanation") -> dict[str, object]:
    return {
        "text": explanation.text,
        "label": explanation.label,
        "probability": explanation.probability,
        "true_label": explanation.true_label,
        "words": explanation.words,
        "attributions": explanation.attributions.tolist(),
        "logit": explanation.logit,
        "baseline_logit": explanation.baseline_logit,
        "delta": explanation.delta,
        "steps": explanation.steps,
        "method": explanation.method,
        "word_count": explanation.word_count,
        "truncated": explanation.truncated,
    }
