"""What ``imdb-export`` tells of an export, on stderr."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from imdb_export.checks import BATCH_TOLERANCE, INT8_TOLERANCE, NATIVE_TOLERANCE, TOLERANCE
from imdb_export.exporting import Form, Notify, Report

_SECONDS_BETWEEN_LINES = 10.0


@contextmanager
def show_progress(console: Console) -> Iterator[Notify]:
    """What ``export_run`` may notify: a bar on a terminal, now and then a line elsewhere."""
    if not console.is_terminal:
        yield _lines(console)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=None)
        yield lambda stage, done: progress.update(
            task, description=stage, completed=done or 0, total=None if done is None else 1
        )


def _lines(console: Console) -> Notify:
    last_stage, last_time = "", 0.0

    def notify(stage: str, done: float | None) -> None:
        nonlocal last_stage, last_time
        if stage == last_stage and time.monotonic() - last_time < _SECONDS_BETWEEN_LINES:
            return
        last_stage, last_time = stage, time.monotonic()
        share = f", {done:.0%} done" if done else ""
        console.print(stage + share, soft_wrap=True, markup=False, highlight=False)

    return notify


def print_report(report: Report, console: Console) -> None:
    """Print the forms of the model side by side, then what was compared and what was found."""
    console.print(_table(report))
    for line in _findings(report):
        console.print(line, soft_wrap=True, markup=False, highlight=False)


def _table(report: Report) -> Table:
    table = Table(title=f"{report.architecture}, opset {report.opset}", title_justify="left")
    table.add_column("form")
    table.add_column("model file", justify="right")
    table.add_column(f"reviews/s, {_counted(report.threads, 'thread')}", justify="right")
    table.add_column("F1", justify="right")
    for form in report.forms:
        table.add_row(*_cells(form))
    return table


def _cells(form: Form) -> tuple[str, str, str, str]:
    speed = "-" if form.speed is None else f"{form.speed:,.0f}"
    f1 = "-" if form.f1 is None else f"{form.f1:.4f}"
    return form.name, _megabytes(form.size), speed, f1


def _findings(report: Report) -> list[str]:
    parity = report.parity
    reviews = f"{parity.made_up_reviews} made-up"
    if parity.real_reviews_missing is None:
        reviews += f" and {parity.real_reviews} validation reviews"
    else:
        reviews += f" reviews; no real ones: {parity.real_reviews_missing}"
    lines = [
        f"parity: logits within {parity.max_logit_difference:.1e} of PyTorch's "
        f"(tolerance {TOLERANCE:g}) on {reviews}"
    ]
    if parity.int8 is not None:
        lines.append(
            f"int8: probabilities within {parity.int8.largest:.1e} of PyTorch's, "
            f"{parity.int8.mean:.1e} on average (tolerance {INT8_TOLERANCE:g}), "
            f"the same label for {parity.int8.agreement:.1%}"
        )
        if report.architecture == "lstm":
            lines.append(
                "int8: activations are scaled over a whole batch, so a review's logit moves with "
                f"the rest of its batch, here by up to {parity.batch_difference:.1e}"
            )
        else:
            lines.append(
                f"int8: the embedding alone; {'GRU' if report.architecture == 'gru' else 'CNN'} "
                "layers compute in float32"
            )
    if parity.native is not None:
        lines.append(
            f"native engine: probabilities within {parity.native.largest:.1e} of "
            f"{'PyTorch' if parity.int8 is None else 'the int8 graph'}'s, "
            f"{parity.native.mean:.1e} on average (tolerance {NATIVE_TOLERANCE:g}), "
            f"the same label for {parity.native.agreement:.1%}"
        )
    if parity.int8 is None or report.architecture != "lstm":
        lines.append(
            f"batches: logits alone and in a batch within {parity.batch_difference:.1e} "
            f"(tolerance {BATCH_TOLERANCE:g})"
        )
    lines.append(f"bundle: {_megabytes(report.bundle_size)} in {report.bundle}")
    return lines


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.2f} MB"


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
