"""Training from reviews to a run folder."""

import contextlib
import csv
import ctypes
import io
import logging
import os
import platform
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint, RichProgressBar

from imdb_runtime.errors import InputError
from imdb_runtime.files import write_atomically
from imdb_runtime.tokenizer import Tokenizer, Vocabulary, split_words
from imdb_train import checkpoints
from imdb_train.batches import LabelledReviews
from imdb_train.corpus import Corpus, Split, load_corpus, split_validation
from imdb_train.curves import plot_curves
from imdb_train.glove import GloveVectors, load_glove
from imdb_train.labels import LABELS
from imdb_train.lightning import History, ProgressLines, TrainingData, TrainingModule
from imdb_train.metrics import evaluate
from imdb_train.models import Model, ModelConfig, build_model
from imdb_train.recipes import Recipe
from imdb_train.run import Run


@dataclass(frozen=True)
class DataSource:
    """Where the reviews are; ``path`` None is IMDB, found or downloaded."""

    path: Path | None = None
    test_path: Path | None = None
    text_column: str = "text"
    label_column: str = "label"
    film_column: str | None = None

    def load(self, *, offline: bool) -> Corpus:
        """Read the corpus."""
        return load_corpus(
            self.path,
            test_data=self.test_path,
            text_column=self.text_column,
            label_column=self.label_column,
            film_column=self.film_column,
            offline=offline,
        )

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON holds them."""
        return {
            "path": str(self.path.resolve()) if self.path else None,
            "test_path": str(self.test_path.resolve()) if self.test_path else None,
            "text_column": self.text_column,
            "label_column": self.label_column,
            "film_column": self.film_column,
        }


@dataclass(frozen=True)
class Hardware:
    """What to train on: Lightning's ``precision``, and how many devices (processes on CPU)."""

    precision: str = "32-true"
    devices: int = 1


def train(
    architecture: str,
    recipe: Recipe,
    source: DataSource,
    folder: Path,
    *,
    glove: str | None = None,
    hardware: Hardware = Hardware(),
    resume: bool = False,
    offline: bool = False,
    report: Callable[[str], None] = lambda line: None,
) -> Run | None:
    """Train a model and write its run into ``folder``.

    The weights kept are those of the epoch with the least validation loss. With ``resume``,
    training goes on from the last whole epoch in ``folder``. ``report`` gets a line now and then.
    Returns None in all processes but the first of a distributed training.

    Raises
    ------
    InputError
        Where the data, the vectors or the settings are not usable.
    BundleError
        Where ``folder`` cannot be resumed, or holds a run, finished or not.
    """
    started = time.time()
    if hardware.precision == "16-mixed" and not torch.cuda.is_available():
        raise InputError("precision 16-mixed needs a GPU; take bf16-mixed or 32-true")
    if not resume:
        checkpoints.refuse_taken_folder(folder)
    corpus = source.load(offline=offline)
    if recipe.validation == "film" and corpus.train.films is None:
        report("the reviews name no films: the validation part is drawn at random")
        recipe = replace(recipe, validation="random")
    training, validation = split_validation(
        corpus.train, recipe.validation, recipe.validation_fraction, recipe.seed
    )
    settings = {
        "architecture": architecture,
        "recipe": recipe.to_json(),
        "glove": glove,
        "data": source.to_json(),
        "devices": hardware.devices,
        "precision": hardware.precision,
    }
    if resume:
        checkpoints.refuse_other_settings(folder, settings)
    tokenizer = Tokenizer(_vocabulary(training, recipe), recipe.scheme, recipe.max_length)
    report(
        f"{corpus.name}: {len(training)} reviews to train on, {len(validation)} to validate"
        f", {len(tokenizer.vocabulary)} words"
    )
    vectors = None
    if glove is not None:
        vectors = load_glove(glove, tokenizer.vocabulary.words, offline=offline)
        if not vectors.found.any():
            raise InputError(f"{glove}: holds no word of the vocabulary; are these vectors?")
        report(f"{vectors.name}: vectors for {vectors.coverage:.1%} of the vocabulary")
    torch.manual_seed(recipe.seed)
    model = _initial_model(architecture, recipe, tokenizer.vocabulary, vectors)
    history = History()
    if not resume and _is_first_process():
        checkpoints.begin(folder, settings)
    trainer = _fit(
        TrainingModule(model, recipe),
        TrainingData(_encode(training, tokenizer), _encode(validation, tokenizer), recipe),
        folder,
        recipe,
        hardware,
        history,
        report,
        resume=resume,
    )
    if not trainer.is_global_zero:
        return None
    metrics = {"validation": evaluate(model, _encode(validation, tokenizer))}
    if corpus.test is not None:
        report(f"scoring the {len(corpus.test)} test reviews")
        metrics["test"] = evaluate(model, _encode(corpus.test, tokenizer))
    config = {
        "model": model.config.to_json(),
        "tokenizer": {"scheme": tokenizer.scheme, "max_length": tokenizer.max_length},
        "labels": list(LABELS),
        "threshold": 0.5,
        "temperature": 1.0,
        **settings,
        "data": {
            **source.to_json(),
            "name": corpus.name,
            "validation": recipe.validation,
            "validation_fraction": recipe.validation_fraction,
            "seed": recipe.seed,
        },
        "glove": vectors and {"name": vectors.name, "coverage": vectors.coverage},
        "best_epoch": int(min(history.rows, key=lambda row: row["val_loss"])["epoch"]),
        "seconds": round(time.time() - started, 1),
        "environment": _environment(),
    }
    run = Run(model.eval(), tokenizer, config, metrics)
    run.save(folder)
    _write_history(folder / "history.csv", history.rows)
    plot_curves(history.rows, folder / "curves.png")
    checkpoints.remove(folder)
    return run


def _is_first_process() -> bool:
    """Whether this is the process that writes, by the variables Lightning and torchrun set."""
    return all(os.environ.get(name, "0") == "0" for name in ("LOCAL_RANK", "NODE_RANK"))


def _vocabulary(training: Split, recipe: Recipe) -> Vocabulary:
    counts: Counter[str] = Counter()
    for text in training.texts:
        counts.update(split_words(text, recipe.scheme))
    return Vocabulary.from_counts(counts, min_count=recipe.min_count, max_size=recipe.max_size)


def _encode(split: Split, tokenizer: Tokenizer) -> LabelledReviews:
    return LabelledReviews(tokenizer.encode(split.texts), split.labels.astype(np.float32))


def _initial_model(
    architecture: str, recipe: Recipe, vocabulary: Vocabulary, vectors: GloveVectors | None
) -> Model:
    dimension = vectors.dimension if vectors else recipe.embedding_dimension
    model = build_model(
        ModelConfig(
            architecture,
            vocabulary_size=len(vocabulary),
            embedding_dimension=dimension,
            dropout=recipe.dropout,
            widths=recipe.widths,
            filters=recipe.filters,
            hidden=recipe.hidden,
            layers=recipe.layers,
            pooling=recipe.pooling,
        )
    )
    with torch.no_grad():
        weight = model.embedding.weight
        weight.normal_(std=recipe.embedding_std)
        weight[0] = 0.0
        if vectors:
            found = torch.from_numpy(vectors.found)
            weight[found] = torch.from_numpy(vectors.vectors)[found]
    return model


def _fit(
    module: TrainingModule,
    data: TrainingData,
    folder: Path,
    recipe: Recipe,
    hardware: Hardware,
    history: History,
    report: Callable[[str], None],
    *,
    resume: bool,
) -> pl.Trainer:
    """Train, then put the best epoch's weights back into the module."""
    _quiet_lightning()
    _keep_freed_memory()
    best = ModelCheckpoint(
        folder / checkpoints.CHECKPOINTS,
        "best",
        monitor="val_loss",
        save_last=True,
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )
    stopping = EarlyStopping(
        "val_loss", patience=max(recipe.patience, 1), check_on_train_epoch_end=True
    )
    on_terminal = sys.stderr.isatty()
    progress = (
        RichProgressBar(leave=True, console_kwargs={"stderr": True})
        if on_terminal
        else ProgressLines(history, report)
    )
    trainer = pl.Trainer(
        accelerator="auto",
        devices=hardware.devices,
        strategy="ddp" if hardware.devices > 1 else "auto",
        precision=hardware.precision,  # type: ignore[arg-type]
        max_epochs=recipe.epochs,
        gradient_clip_val=recipe.clip or None,
        callbacks=[history, progress, stopping, best],
        logger=False,
        enable_model_summary=False,
        enable_progress_bar=on_terminal,
        num_sanity_val_steps=0,
        reload_dataloaders_every_n_epochs=1,
        use_distributed_sampler=False,
    )
    try:
        trainer.fit(
            module,
            data,
            ckpt_path=checkpoints.last_checkpoint(folder) if resume else None,
            weights_only=True,
        )
    except SystemExit as stop:
        if trainer.interrupted:  # Lightning's answer to Ctrl-C
            raise KeyboardInterrupt from stop
        raise
    state = torch.load(best.best_model_path, weights_only=True, map_location="cpu")["state_dict"]
    module.load_state_dict(state)
    return trainer


def _keep_freed_memory() -> None:
    """Have the C library, where it is glibc, keep freed memory for the next batch.

    It would map and unmap every large tensor anew: of an LSTM's training on the CPU, a third of
    the processor time went into page faults.
    """
    no_maps, never_trim = -4, -1  # M_MMAP_MAX, M_TRIM_THRESHOLD
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(no_maps, 0)
        mallopt(never_trim, 2**31 - 1)


def _quiet_lightning() -> None:
    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    warnings.filterwarnings("ignore", ".*isinstance.treespec, LeafSpec.* is deprecated.*")
    warnings.filterwarnings("ignore", ".*Checkpoint directory .* exists and is not empty.*")


def _write_history(path: Path, rows: list[dict[str, float]]) -> None:
    table = io.StringIO()
    writer = csv.DictWriter(table, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with write_atomically(path) as file:
        file.write(table.getvalue().encode())


def _environment() -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "pytorch_lightning": version("pytorch-lightning"),
        "numpy": np.__version__,
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads",
    }
