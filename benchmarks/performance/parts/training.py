"""An epoch of the CNN: imdb-train beside the loop one writes first in PyTorch.

The same reviews, split, vocabulary, recipe (batches of 64, Adam at 1e-3, clipped gradients) and
size of model. The plain loop pads every review to 500 words, takes them in random order, and steps
Adam over the whole embedding. Both read 500 words of a review; an epoch includes its validation.
"""

import csv
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.performance.corpus import reviews
from benchmarks.performance.measuring import Contender, ask, spread
from benchmarks.performance.models import plain_cnn_recipe, write_table
from benchmarks.performance.settings import Settings
from benchmarks.performance.worker import Work

LENGTH = 500
THREADS = 2


def measure(settings: Settings) -> dict[str, Any]:
    """Seconds an epoch, validation losses and what is one over the other."""
    count = settings.reviews(12_500, 400)
    with tempfile.TemporaryDirectory(dir=settings.work) as name:
        table = write_table(
            Path(name) / "reviews.csv", reviews(settings.work, "train").sample(count)
        )
        arguments = {"table": str(table), "epochs": 2, "run": str(Path(name) / "run")}
        rows = [
            _row(label, setup, arguments, count)
            for label, setup in (("imdb-train", "ours"), ("plain PyTorch loop", "plain_loop"))
        ]
    return {"rows": rows}


def _row(label: str, setup: str, arguments: dict[str, Any], count: int) -> dict[str, Any]:
    contender = Contender(label, f"training:{setup}", count, arguments, THREADS)
    answer = ask(contender, limit=600)
    row = {"name": label, "threads": THREADS, "reviews": count}
    if "error" in answer:
        return row | {"error": answer["error"]}
    epochs = answer["epochs"]
    return row | {
        "epoch_seconds": spread([epoch["seconds"] for epoch in epochs]),
        "validation_loss": min(epoch["val_loss"] for epoch in epochs),
        "epochs": epochs,
    }


def _recipe(epochs: int) -> Any:
    return plain_cnn_recipe(max_length=LENGTH, epochs=epochs, validation="random")


def ours(threads: int, table: str, epochs: int, run: str) -> Work:
    """``imdb_train.training.train``, start to finish; the epochs' times are those it notes."""
    import torch

    from imdb_train.training import DataSource, train

    torch.set_num_threads(threads)

    def work() -> list[dict[str, float]]:
        train("cnn", _recipe(epochs), DataSource(Path(table)), Path(run))
        with (Path(run) / "history.csv").open(newline="") as file:
            return [
                {key: float(value) for key, value in row.items()} for row in csv.DictReader(file)
            ]

    return Work(work, lambda rows: {"epochs": rows})


def plain_loop(threads: int, table: str, epochs: int, run: str) -> Work:
    """The plain loop, on the split and with the vocabulary of the run that went before."""
    import torch

    from benchmarks.performance import plain
    from imdb_train.corpus import load_corpus, split_validation
    from imdb_train.run import Run

    torch.set_num_threads(threads)
    recipe = _recipe(epochs)
    parts = split_validation(
        load_corpus(Path(table)).train, "random", recipe.validation_fraction, recipe.validation_seed
    )
    trained = Run.load(Path(run))
    training, validation = (plain.padded(part, trained.tokenizer, LENGTH) for part in parts)

    def work() -> list[dict[str, float]]:
        torch.manual_seed(recipe.seed)
        model = plain.PlainCnn(trained.model.config)
        with torch.no_grad():
            model.embedding.weight.normal_(std=recipe.embedding_std)
            model.embedding.weight[0] = 0.0
        optimizer = torch.optim.Adam(model.parameters(), lr=recipe.lr)
        rows = []
        for _ in range(epochs):
            start = time.perf_counter()
            plain.train_epoch(model, optimizer, training, recipe.batch_size, recipe.clip)
            loss = plain.loss(model, validation, recipe.batch_size)
            rows.append({"seconds": time.perf_counter() - start, "val_loss": loss})
        return rows

    return Work(work, lambda rows: {"epochs": rows})
