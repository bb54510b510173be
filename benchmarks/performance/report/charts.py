"""The charts: SVG on no ground of their own, in colours that stand out on white and on black."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.performance.report.results import Results, megabytes_a_second, value
from benchmarks.performance.report.tables import MODELS

OURS, OTHERS, TEXT, GRID = "#d9622b", "#6f8bad", "#7d8590", "#7d859055"
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "imdb-edge",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": TEXT,
    "axes.labelcolor": TEXT,
    "axes.edgecolor": TEXT,
    "axes.titlecolor": TEXT,
    "xtick.color": TEXT,
    "ytick.color": TEXT,
}
LINES = (OURS, "#3f8fd2", "#4a9c5d", "#a371c9", "#b08800")

Bar = tuple[str, float, bool]


def write(results: Results, folder: Path) -> list[Path]:
    """Write the charts whose figures there are, and return them."""
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        return [
            *_headline(results, folder),
            *_tokenizers(results, folder),
            *_engines(results, folder),
            *_growth(results, folder),
        ]


def _headline(results: Results, folder: Path) -> Iterator[Path]:
    """Text to label, reviews a second on one thread: everything one could pick."""
    chosen = [
        ("imdb-edge, bundled model", "engines",
         {"model": "bundled", "name": "imdb-edge, native engine", "threads": 1}),
        ("fastText, bigrams", "bags", {"name": "fastText, bigrams"}),
        ("TF-IDF + logistic regression", "bags",
         {"name": "TF-IDF 1-2-grams + logistic regression"}),
        ("NBSVM, trigrams", "bags", {"name": "NBSVM 1-3-grams"}),
        ("the notebook's CNN, ONNX Runtime", "engines",
         {"model": "cnn", "name": "imdb-edge on ONNX Runtime", "threads": 1}),
        ("the notebook's CNN, PyTorch", "engines",
         {"model": "cnn", "name": "PyTorch, plain", "threads": 1}),
        ("DistilBERT, ONNX int8, two threads", "engines", {"model": "distilbert"}),
    ]  # fmt: skip
    bars: list[Bar] = []
    for label, part, like in chosen:
        speed = results.figure(part, **like)
        if speed is not None:
            bars.append((label, speed, label.startswith("imdb-edge")))
    if len(bars) > 1:
        title = "Reviews a second, raw text to label, one thread"
        yield _bars(bars, title, folder / "performance-headline.svg")


def _tokenizers(results: Results, folder: Path) -> Iterator[Path]:
    bars: list[Bar] = []
    for row in results.rows("tokenizers", threads=1):
        speed = megabytes_a_second(row)
        if speed is not None:
            ours = row["name"].startswith("imdb-edge")
            bars.append((f"{row['name']}, list of {row['input']}", speed, ours))
    if bars:
        title = "Reviews to ids, MB of text a second, one thread"
        yield _bars(bars, title, folder / "performance-tokenizers.svg")


def _engines(results: Results, folder: Path) -> Iterator[Path]:
    bars: list[Bar] = []
    for row in results.rows("engines"):
        speed = value(row, "reviews_a_second")
        if speed is not None:
            threads = "1 thread" if row["threads"] == 1 else f"{row['threads']} threads"
            label = f"{MODELS[row['model']]}: {row['name']}, {threads}"
            bars.append((label, speed, row["name"].startswith("imdb-edge")))
    if bars:
        title = "Text to probability, reviews a second"
        yield _bars(bars, title, folder / "performance-engines.svg")


def _bars(bars: list[Bar], title: str, path: Path) -> Path:
    """Bars from zero, the most on top."""
    bars = sorted(bars, key=lambda bar: bar[1])
    with _figure(path, 0.34 * len(bars) + 1.0) as axes:
        drawn = axes.barh(
            [label for label, _, _ in bars],
            [figure for _, figure, _ in bars],
            color=[OURS if ours else OTHERS for _, _, ours in bars],
            height=0.7,
        )
        labels = [f" {f:,.0f}" if f >= 100 else f" {f:.3g}" for _, f, _ in bars]
        axes.bar_label(drawn, labels, color=TEXT)
        axes.set_xlim(0, bars[-1][1] * 1.15)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set_title(title, loc="left", fontsize=11, x=0)
        axes.tick_params(axis="y", length=0)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.grid(axis="x", color=GRID, linewidth=0.6)
        axes.set_axisbelow(True)
    return path


def _growth(results: Results, folder: Path) -> Iterator[Path]:
    series = {
        each["name"]: each
        for each in results.part("growth").get("series", [])
        if "error" not in each
    }
    panels = [
        ("reviews", ("reviews_to_probabilities",)),
        ("bytes of one review", ("bytes_to_ids", "bytes_to_probability")),
        ("words of the vocabulary", ("vocabulary_to_ids", "vocabulary_to_table")),
    ]
    if not series:
        return
    path = folder / "performance-growth.svg"
    with _figure(path, 3.4, panels=len(panels)) as all_axes:
        for axes, (what, names) in zip(all_axes, panels, strict=True):
            for name, colour in zip(names, LINES, strict=False):
                if name in series:
                    _line(axes, series[name], colour)
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.set_xlabel(what)
            axes.grid(color=GRID, linewidth=0.6)
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(frameon=False, fontsize=8, labelcolor=TEXT)
        all_axes[0].set_ylabel("seconds")
    yield path


def _line(axes: Axes, series: dict[str, Any], colour: str) -> None:
    sizes = [point["size"] for point in series["points"]]
    seconds = [point["seconds"] for point in series["points"]]
    slope = "" if series["slope"] is None else f", slope {series['slope']:.2f}"
    axes.plot(sizes, seconds, "o-", color=colour, markersize=4, linewidth=1.4,
              label=series["name"].partition("_to_")[2].replace("_", " ") + slope)  # fmt: skip


@contextmanager
def _figure(path: Path, height: float, panels: int = 1) -> Iterator[Any]:
    """The axes of a figure that is written when all is drawn; the same bytes for the same data."""
    figure = Figure(figsize=(9.5, height), layout="constrained")
    yield figure.subplots(1, panels)
    drawing = io.StringIO()
    figure.savefig(drawing, format="svg", transparent=True, metadata={"Date": None})
    # Git would complain of the spaces that matplotlib leaves at the ends of lines.
    path.write_text(re.sub(r"[ \t]+$", "", drawing.getvalue(), flags=re.MULTILINE))
