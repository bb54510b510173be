"""Training from reviews to a run folder, on a small corpus."""

import csv
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from imdb_runtime.errors import BundleError, InputError
from imdb_train.batches import LabelledReviews
from imdb_train.corpus import split_validation
from imdb_train.fitting import Hardware
from imdb_train.metrics import figures, predict_logits
from imdb_train.recipes import Recipe, load_recipe
from imdb_train.run import Run
from imdb_train.soft_labels import SoftLabels
from imdb_train.sources import DataSource, Inputs
from imdb_train.training import train

QUICK = Recipe(
    epochs=3,
    patience=3,
    batch_size=16,
    lr=5e-3,
    embedding_dimension=12,
    filters=8,
    hidden=6,
    min_count=1,
    validation_fraction=0.2,
    train_length=40,
)


@pytest.fixture
def source(small_reviews):
    return DataSource(small_reviews, film_column="film")


def weights(folder) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in Run.load(folder).model.state_dict().items()}


def history(folder) -> list[dict[str, float]]:
    with (folder / "history.csv").open() as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    for row in rows:
        del row["seconds"]
    return rows


def interrupted_by(stop: type[BaseException]):
    """A report that raises ``stop`` in the second of three epochs."""

    def report(line: str) -> None:
        if line.startswith("epoch 2/3"):
            raise stop

    return report


def assert_same_run(one, other) -> None:
    assert history(one) == history(other)
    for name, value in weights(one).items():
        np.testing.assert_array_equal(value, weights(other)[name], err_msg=name)


def validation_logits(run: Run, source: DataSource, recipe: Recipe):
    """The run's logits of its own validation reviews, and their labels."""
    _, split = split_validation(
        source.load(offline=True).train,
        recipe.validation,
        recipe.validation_fraction,
        recipe.validation_seed,
    )
    reviews = LabelledReviews(run.tokenizer.encode(split.texts), split.labels.astype(np.float32))
    return predict_logits(run.model, reviews), reviews.labels


@pytest.mark.parametrize("architecture", ["cnn", "lstm", "gru"])
def test_a_run_folder_holds_all_that_is_needed_to_use_the_model(architecture, source, tmp_path):
    run = train(architecture, QUICK, source, tmp_path / "run")
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "model.safetensors",
        "config.json",
        "vocab.txt",
        "metrics.json",
        "history.csv",
        "curves.png",
        "reliability.png",
    }
    loaded = Run.load(tmp_path / "run")
    ids, lengths = loaded.tokenizer.encode_padded(["A wonderful film", ""])
    with torch.no_grad():
        for mine, theirs in zip(
            run.model(torch.from_numpy(ids), torch.from_numpy(lengths)),
            loaded.model(torch.from_numpy(ids), torch.from_numpy(lengths)),
            strict=True,
        ):
            assert mine == theirs
    assert set(loaded.metrics["validation"]) >= {
        "f1",
        "accuracy",
        "precision",
        "recall",
        "roc_auc",
        "calibration_error",
        "confusion_matrix",
        "loss",
    }
    assert loaded.config["recipe"]["epochs"] == 3


def test_a_model_learns_the_small_corpus(source, tmp_path):
    run = train("cnn", replace(QUICK, epochs=15, patience=15), source, tmp_path / "run")
    assert run.metrics["validation"]["f1"] > 0.8


def test_test_reviews_are_scored_where_given(source, small_reviews, tmp_path):
    run = train("cnn", QUICK, replace(source, test_path=small_reviews), tmp_path / "run")
    assert run.metrics["test"]["reviews"] == 252
    assert "test" not in train("cnn", QUICK, source, tmp_path / "other").metrics


def test_the_same_seed_gives_the_same_weights_and_another_does_not(source, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train("cnn", replace(QUICK, seed=seed), source, tmp_path / name)
    assert_same_run(tmp_path / "a", tmp_path / "b")
    assert history(tmp_path / "a") != history(tmp_path / "c")


def test_the_best_epochs_weights_are_the_ones_kept(source, tmp_path):
    """With a learning rate this high, the last epoch is not the best."""
    recipe = replace(QUICK, lr=0.3, epochs=6, patience=6)
    run = train("cnn", recipe, source, tmp_path / "run")
    losses = [row["val_loss"] for row in history(tmp_path / "run")]
    assert min(losses) < losses[-1]
    logits, labels = validation_logits(run, source, recipe)
    assert figures(logits, labels)["loss"] == pytest.approx(min(losses), rel=1e-4)
    assert run.config["best_epoch"] == losses.index(min(losses)) + 1


def test_training_stops_when_patience_runs_out(source, tmp_path):
    recipe = replace(QUICK, lr=0.3, epochs=40, patience=2)
    train("cnn", recipe, source, tmp_path / "run")
    losses = [row["val_loss"] for row in history(tmp_path / "run")]
    assert len(losses) == losses.index(min(losses)) + 1 + 2 < 40


@pytest.mark.parametrize("architecture", ["cnn", "lstm"])
@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt])
def test_resuming_gives_the_numbers_of_an_uninterrupted_training(
    architecture, stop, source, tmp_path
):
    train(architecture, QUICK, source, tmp_path / "whole")

    with pytest.raises(stop):
        train(architecture, QUICK, source, tmp_path / "parts", report=interrupted_by(stop))
    assert not (tmp_path / "parts" / "config.json").exists()
    train(architecture, QUICK, source, tmp_path / "parts", resume=True)
    assert_same_run(tmp_path / "whole", tmp_path / "parts")


def test_resuming_with_other_settings_is_refused(source, tmp_path):
    with pytest.raises(RuntimeError):
        train("cnn", QUICK, source, tmp_path, report=interrupted_by(RuntimeError))
    with pytest.raises(InputError, match=r"another recipe lr: it was 0\.005, now 0\.0001"):
        train("cnn", replace(QUICK, lr=1e-4), source, tmp_path, resume=True)
    with pytest.raises(InputError, match="another architecture"):
        train("lstm", QUICK, source, tmp_path, resume=True)


def test_an_interrupted_training_is_not_thrown_away(source, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train("cnn", QUICK, source, tmp_path, report=interrupted_by(KeyboardInterrupt))
    checkpoint = (tmp_path / "checkpoints" / "last.ckpt").read_bytes()
    with pytest.raises(BundleError, match="holds an interrupted training; go on with --resume"):
        train("cnn", QUICK, source, tmp_path)
    assert (tmp_path / "checkpoints" / "last.ckpt").read_bytes() == checkpoint


def test_vectors_of_no_word_are_refused_and_leave_no_folder(source, tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("zzzz 1 2 3\nyyyy 4 5 6\n")
    with pytest.raises(InputError, match="holds no word of the vocabulary"):
        train("cnn", QUICK, source, tmp_path / "run", inputs=Inputs(glove=str(path)))
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_precision_that_only_gpus_have_is_refused(source, tmp_path):
    with pytest.raises(InputError, match="16-mixed needs a GPU"):
        train("cnn", QUICK, source, tmp_path, hardware=Hardware(precision="16-mixed"))


def test_there_must_be_something_to_resume(source, tmp_path):
    with pytest.raises(BundleError, match="nothing to resume"):
        train("cnn", QUICK, source, tmp_path / "run", resume=True)


def test_a_finished_run_is_not_overwritten(source, tmp_path):
    train("cnn", QUICK, source, tmp_path)
    before = (tmp_path / "model.safetensors").read_bytes()
    with pytest.raises(BundleError, match="holds a run already"):
        train("cnn", QUICK, source, tmp_path)
    assert (tmp_path / "model.safetensors").read_bytes() == before


def glove_file(tmp_path):
    path = tmp_path / "vectors.txt"
    random = np.random.default_rng(0)
    rows = [
        f"{word} {' '.join(f'{x:.4f}' for x in random.normal(size=5))}"
        for word in ("film", "the", "a", "wonderful", "notinthecorpus")
    ]
    path.write_text("\n".join(rows) + "\n")
    return path, {row.split()[0]: np.array(row.split()[1:], np.float32) for row in rows}


def test_vectors_stay_as_given_while_frozen_and_are_trained_after(source, tmp_path):
    path, vectors = glove_file(tmp_path)
    moved = {}
    for frozen in (3, 2):
        folder = tmp_path / f"frozen-{frozen}"
        # Only the last epoch's weights show whether it moved them: make the last the best.
        recipe = replace(QUICK, freeze_epochs=frozen, lr=1e-3)
        run = train("cnn", recipe, source, folder, inputs=Inputs(glove=str(path)))
        assert run.config["best_epoch"] == 3
        embedding = weights(folder)["embedding.weight"]
        row = embedding[run.tokenizer.vocabulary.words.index("film")]
        moved[frozen] = not np.array_equal(row, vectors["film"])
        assert embedding.shape[1] == 5
        assert not embedding[0].any()
        assert run.config["glove"]["coverage"] > 0
    assert moved == {3: False, 2: True}


def test_figures_are_those_of_the_saved_weights_and_temperature(source, tmp_path):
    run = train("lstm", QUICK, source, tmp_path / "run")
    loaded = Run.load(tmp_path / "run")
    logits, labels = validation_logits(loaded, source, QUICK)
    assert figures(logits / loaded.temperature, labels) == run.metrics["validation"]
    assert figures(logits, labels)["loss"] > run.metrics["validation"]["loss"]


def unlabelled(tmp_path, source) -> tuple[DataSource, list[bytes]]:
    """The source with the first of its texts, one a line, as reviews without a label."""
    texts = source.load(offline=True).train.texts[:60]
    (tmp_path / "unlabelled.txt").write_bytes(b"\n".join(texts) + b"\n")
    return replace(source, unlabelled_path=tmp_path / "unlabelled.txt"), texts


def test_a_model_learns_what_soft_labels_teach(source, tmp_path):
    """Sixty reviews labelled with certainty, all the wrong way round, outweigh the others."""
    source, texts = unlabelled(tmp_path, source)
    truth = source.load(offline=True).train.labels[:60]
    answers = {}
    for name, taught in (("truth", truth), ("lies", 1 - truth)):
        SoftLabels(taught.astype(np.float32), name).write(tmp_path / name, texts)
        recipe = replace(QUICK, epochs=12, patience=12, label_smoothing=0.9)
        inputs = Inputs(soft_labels=tmp_path / name)
        run = train("cnn", recipe, source, tmp_path / f"by-{name}", inputs=inputs)
        assert run.config["taught_by"] == name
        reviews = LabelledReviews(run.tokenizer.encode(texts), truth.astype(np.float32))
        answers[name] = figures(predict_logits(run.model, reviews), reviews.labels)["roc_auc"]
    assert answers["truth"] > 0.9
    assert answers["lies"] < answers["truth"] - 0.3


def test_teachers_label_the_unlabelled_reviews(source, tmp_path):
    """By the mean of their calibrated probabilities, as the file of soft labels holds them."""
    for name in ("cnn", "gru"):
        train(name, QUICK, source, tmp_path / name)
    teachers = (tmp_path / "cnn", tmp_path / "gru")
    source, texts = unlabelled(tmp_path, source)
    lines = []
    inputs = Inputs(teachers=teachers)
    run = train("cnn", QUICK, source, tmp_path / "student", inputs=inputs, report=lines.append)
    assert run.config["taught_by"] == "mean of the runs cnn, gru"
    assert any("60 that a teacher labelled" in line for line in lines)

    expected = np.zeros(60)
    for folder in teachers:
        teacher = Run.load(folder)
        ids, lengths = teacher.tokenizer.encode_padded(texts)
        with torch.no_grad():
            logits = teacher.model(torch.from_numpy(ids), torch.from_numpy(lengths))
        expected += torch.sigmoid(logits / teacher.config["temperature"]).numpy() / 2
    labels = SoftLabels.from_runs(teachers, texts, lines.append)
    np.testing.assert_allclose(labels.probabilities, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("inputs", "architecture", "message"),
    [
        (Inputs(soft_labels=Path("a"), teachers=(Path("b"),)), "cnn", "not both"),
        (Inputs(teachers=(Path("b"),)), "cnn", "no unlabelled reviews"),
        (Inputs(soft_labels=Path("a")), "cnn", "no unlabelled reviews"),
        (Inputs(language_model=Path("a")), "gru", "for an lstm to start from, not a gru"),
        (Inputs(language_model=Path("a"), glove="6B.100d"), "lstm", "brings its own vectors"),
    ],
)
def test_inputs_that_cannot_be_are_refused(inputs, architecture, message, source, tmp_path):
    with pytest.raises(InputError, match=message):
        train(architecture, QUICK, source, tmp_path / "run", inputs=inputs)
    assert not (tmp_path / "run").exists()


def test_smoothed_labels_keep_the_model_from_certainty(source, tmp_path):
    """With labels of 0.75 and 0.25 the best logits lie within log 3 of zero."""
    largest = {}
    for smoothing in (0.0, 0.5):
        recipe = replace(QUICK, epochs=15, patience=15, label_smoothing=smoothing, dropout=0.0)
        run = train("cnn", recipe, source, tmp_path / str(smoothing))
        logits, _ = validation_logits(run, source, recipe)
        largest[smoothing] = float(logits.abs().median())
    assert largest[0.5] < 1.5 < largest[0.0]


def test_the_average_of_the_weights_is_validated_and_kept(source, tmp_path):
    """At a decay near 1 the average has hardly left its start, wherever the weights have gone."""
    first = {}
    for decay in (0.0, 0.9999):
        recipe = replace(QUICK, epochs=4, patience=4, ema_decay=decay, lr=3e-2)
        run = train("cnn", recipe, source, tmp_path / str(decay))
        first[decay] = history(tmp_path / str(decay))
        logits, labels = validation_logits(run, source, recipe)
        best = min(row["val_loss"] for row in first[decay])
        assert figures(logits, labels)["loss"] == pytest.approx(best, rel=1e-4)
    falls = {decay: rows[0]["val_loss"] - rows[-1]["val_loss"] for decay, rows in first.items()}
    assert abs(falls[0.9999]) < 0.1 * abs(falls[0.0])


@pytest.mark.parametrize(
    "settings",
    [
        {"ema_decay": 0.9},
        {"sentences": 0.3, "word_dropout": 0.1},
        {"ngram_order": 2, "ngram_buckets": 2**10},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_every_setting_resumes_to_the_same_numbers(settings, source, tmp_path):
    recipe = replace(QUICK, **settings)
    train("cnn", recipe, source, tmp_path / "whole")
    with pytest.raises(RuntimeError):
        train("cnn", recipe, source, tmp_path / "parts", report=interrupted_by(RuntimeError))
    train("cnn", recipe, source, tmp_path / "parts", resume=True)
    assert_same_run(tmp_path / "whole", tmp_path / "parts")
    assert history(tmp_path / "whole") != plain_history(source, tmp_path)


def plain_history(source, tmp_path) -> list[dict[str, float]]:
    train("cnn", QUICK, source, tmp_path / "plain")
    return history(tmp_path / "plain")


def test_ngrams_have_a_rate_of_their_own(source, tmp_path):
    recipe = replace(QUICK, epochs=1, ngram_order=2, ngram_buckets=2**10)
    moved = {}
    for rate in (1e-4, 1e-2):
        run = train("cnn", replace(recipe, ngram_lr=rate), source, tmp_path / str(rate))
        moved[rate] = float(run.model.ngrams.weight.detach().abs().max())
    assert 0 < moved[1e-4] < 0.05 * moved[1e-2]


@pytest.mark.slow
def test_two_processes_train_as_one_model(small_reviews, source, tmp_path):
    """The command on two CPU processes: one run, whose loss is near that of one process."""
    options = {"lr": 5e-3, "epochs": 4, "patience": 4}
    recipe = load_recipe("default", "cnn").with_overrides("here", **options, batch_size=16)
    alone = train("cnn", recipe, source, tmp_path / "alone")
    done = subprocess.run(
        [
            Path(sys.executable).with_name("imdb-train"), "cnn", "--data", small_reviews,
            "--film-column", "film", "--devices", "2", "--batch-size", "8", "--epochs", "4",
            "--patience", "4", "--lr", "5e-3", "--out", tmp_path / "together",
        ],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{tmp_path / 'together'}\n"
    together = Run.load(tmp_path / "together").metrics["validation"]["loss"]
    assert together == pytest.approx(alone.metrics["validation"]["loss"], abs=0.08)
