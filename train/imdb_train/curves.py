"""The curves of a training, as a picture."""

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from imdb_runtime.files import write_atomically


def plot_curves(history: list[dict[str, float]], path: Path) -> None:
    """Draw losses and validation F1 by epoch, from the rows of ``history.csv``, into a PNG."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    losses, scores = figure.subplots(1, 2)
    epochs = [row["epoch"] for row in history]
    for name, label in (("train_loss", "training"), ("val_loss", "validation")):
        losses.plot(epochs, [row[name] for row in history], marker="o", label=label)
    best = min(history, key=lambda row: row["val_loss"])
    for axes in (losses, scores):
        axes.axvline(best["epoch"], color="0.7", linestyle="--", zorder=0, label="epoch kept")
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.spines[["top", "right"]].set_visible(False)
    losses.set_ylabel("binary cross-entropy")
    losses.legend(frameon=False)
    scores.plot(epochs, [row["val_f1"] for row in history], marker="o", color="C1")
    scores.set_ylabel("validation F1")
    with write_atomically(path) as file:
        figure.savefig(file, format="png", dpi=120)
