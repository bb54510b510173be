"""Training from reviews to a run folder."""

import csv
import io
import os
import platform
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from imdb_runtime.errors import InputError
from imdb_runtime.files import write_atomically
from imdb_runtime.tokenizer import Tokenizer, Vocabulary, split_words
from imdb_train import checkpoints
from imdb_train.augmentation import Augmentation
from imdb_train.batches import LabelledReviews
from imdb_train.calibration import fit_temperature, plot_reliability
from imdb_train.corpus import Split, split_validation
from imdb_train.curves import plot_curves
from imdb_train.fitting import PLAIN_HARDWARE, Hardware, fit
from imdb_train.glove import GloveVectors, load_glove
from imdb_train.labels import LABELS
from imdb_train.language_model import LanguageModel
from imdb_train.lightning import History, TrainingData, TrainingModule
from imdb_train.metrics import figures, predict_logits
from imdb_train.models import Model, ModelConfig, build_model
from imdb_train.recipes import Recipe
from imdb_train.run import Run
from imdb_train.soft_labels import SoftLabels
from imdb_train.sources import NO_INPUTS, DataSource, Inputs


def train(
    architecture: str,
    recipe: Recipe,
    source: DataSource,
    folder: Path,
    *,
    inputs: Inputs = NO_INPUTS,
    hardware: Hardware = PLAIN_HARDWARE,
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
    inputs.check(architecture)
    if not resume:
        checkpoints.refuse_taken_folder(folder)
    corpus = source.load(offline=offline)
    if recipe.validation == "film" and corpus.train.films is None:
        report("the reviews name no films: the validation part is drawn at random")
        recipe = replace(recipe, validation="random")
    training, validation = split_validation(
        corpus.train, recipe.validation, recipe.validation_fraction, recipe.validation_seed
    )
    settings = {
        "architecture": architecture,
        "recipe": recipe.to_json(),
        **inputs.to_json(),
        "data": source.to_json(),
        "devices": hardware.devices,
        "precision": hardware.precision,
    }
    if resume:
        checkpoints.refuse_other_settings(folder, settings)
    soft_labels = inputs.read_soft_labels(corpus.unlabelled, report)
    taught = corpus.unlabelled if soft_labels else []
    language_model = inputs.language_model and LanguageModel.read(inputs.language_model)
    if language_model:
        vocabulary = language_model.vocabulary
        recipe = replace(
            recipe,
            scheme=language_model.scheme,
            layers=1,
            hidden=language_model.hidden,
            embedding_dimension=language_model.dimension,
        )
    else:
        vocabulary = _vocabulary([*training.texts, *taught], recipe)
    tokenizer = Tokenizer(vocabulary, recipe.scheme, recipe.max_length)
    by_teacher = f", {len(taught)} that a teacher labelled" if taught else ""
    report(
        f"{corpus.name}: {len(training)} reviews to train on{by_teacher}"
        f", {len(validation)} to validate, {len(vocabulary)} words"
    )
    vectors = None
    if inputs.glove is not None:
        vectors = load_glove(inputs.glove, vocabulary.words, offline=offline)
        if not vectors.found.any():
            raise InputError(f"{inputs.glove}: holds no word of the vocabulary; are these vectors?")
        report(f"{vectors.name}: vectors for {vectors.coverage:.1%} of the vocabulary")
    torch.manual_seed(recipe.seed)
    model = _initial_model(architecture, recipe, vocabulary, vectors)
    if language_model:
        model.load_state_dict(language_model.weights, strict=False)
    history = History()
    if not resume and _is_first_process():
        checkpoints.begin(folder, settings)
    validation_reviews = _encode(validation, tokenizer)
    trainer = fit(
        TrainingModule(model, recipe),
        TrainingData(
            _training_reviews(training, taught, soft_labels, tokenizer, recipe),
            validation_reviews,
            recipe,
            Augmentation.of(vocabulary, recipe.train_length, recipe.sentences, recipe.word_dropout),
        ),
        folder,
        recipe,
        hardware,
        history,
        report,
        resume=resume,
    )
    if not trainer.is_global_zero:
        return None
    measured = validation_reviews
    logits = predict_logits(model, measured)
    temperature = fit_temperature(logits, measured.labels)
    metrics = {"validation": figures(logits / temperature, measured.labels)}
    if corpus.test is not None:
        report(f"scoring the {len(corpus.test)} test reviews")
        measured = _encode(corpus.test, tokenizer)
        logits = predict_logits(model, measured)
        metrics["test"] = figures(logits / temperature, measured.labels)
    config = {
        "model": model.config.to_json(),
        "tokenizer": {"scheme": tokenizer.scheme, "max_length": tokenizer.max_length},
        "labels": list(LABELS),
        "threshold": 0.5,
        "temperature": temperature,
        **settings,
        "data": {
            **source.to_json(),
            "name": corpus.name,
            "validation": recipe.validation,
            "validation_fraction": recipe.validation_fraction,
            "seed": recipe.validation_seed,
        },
        "glove": vectors and {"name": vectors.name, "coverage": vectors.coverage},
        "taught_by": soft_labels and soft_labels.made_by,
        "best_epoch": int(min(history.rows, key=lambda row: row["val_loss"])["epoch"]),
        "seconds": round(time.time() - started, 1),
        "environment": _environment(),
    }
    run = Run(model.eval(), tokenizer, config, metrics)
    run.save(folder)
    _write_history(folder / "history.csv", history.rows)
    plot_curves(history.rows, folder / "curves.png")
    probabilities = (logits / temperature).sigmoid().numpy()
    plot_reliability(probabilities, measured.labels, folder / "reliability.png")
    checkpoints.remove(folder)
    return run


def _is_first_process() -> bool:
    """Whether this is the process that writes, by the variables Lightning and torchrun set."""
    return all(os.environ.get(name, "0") == "0" for name in ("LOCAL_RANK", "NODE_RANK"))


def _training_reviews(
    training: Split,
    taught: list[bytes],
    soft_labels: SoftLabels | None,
    tokenizer: Tokenizer,
    recipe: Recipe,
) -> LabelledReviews:
    """The labelled reviews, their labels smoothed, and behind them those a teacher labelled."""
    smoothed = training.labels * (1 - recipe.label_smoothing) + recipe.label_smoothing / 2
    targets = [smoothed] if soft_labels is None else [smoothed, soft_labels.probabilities]
    return LabelledReviews(
        tokenizer.encode([*training.texts, *taught]), np.concatenate(targets).astype(np.float32)
    )


def _vocabulary(texts: list[bytes], recipe: Recipe) -> Vocabulary:
    counts: Counter[str] = Counter()
    for text in texts:
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
            ngram_order=recipe.ngram_order if architecture == "cnn" else 0,
            ngram_buckets=recipe.ngram_buckets if recipe.ngram_order else 0,
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
