"""Training from reviews to a run folder, on a small corpus."""

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from imdb_runtime.errors import BundleError, InputError
from imdb_train.batches import LabelledReviews
from imdb_train.metrics import evaluate
from imdb_train.recipes import Recipe
from imdb_train.run import Run
from imdb_train.training import DataSource, Hardware, train

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
    assert run.metrics["validation"]["loss"] == pytest.approx(min(losses), rel=1e-4)
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
        train("cnn", QUICK, source, tmp_path / "run", glove=str(path))
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
        run = train("cnn", recipe, source, folder, glove=str(path))
        assert run.config["best_epoch"] == 3
        embedding = weights(folder)["embedding.weight"]
        row = embedding[run.tokenizer.vocabulary.words.index("film")]
        moved[frozen] = not np.array_equal(row, vectors["film"])
        assert embedding.shape[1] == 5
        assert not embedding[0].any()
        assert run.config["glove"]["coverage"] > 0
    assert moved == {3: False, 2: True}


def test_figures_are_those_of_the_saved_weights(source, tmp_path, small_reviews):
    run = train("lstm", QUICK, replace(source, test_path=small_reviews), tmp_path / "run")
    loaded = Run.load(tmp_path / "run")
    test = replace(source).load(offline=True).train
    again = evaluate(
        loaded.model,
        LabelledReviews(loaded.tokenizer.encode(test.texts), test.labels.astype(np.float32)),
    )
    assert again == run.metrics["test"]


@pytest.mark.slow
def test_two_processes_train_as_one_model(small_reviews, tmp_path):
    """The command on two CPU processes: one run, whose loss is near that of one process."""
    done = {}
    for devices in (1, 2):
        folder = tmp_path / str(devices)
        result = subprocess.run(
            [
                Path(sys.executable).with_name("imdb-train"),
                "cnn",
                "--data",
                small_reviews,
                "--film-column",
                "film",
                "--devices",
                str(devices),
                "--epochs",
                "4",
                "--patience",
                "4",
                "--lr",
                "5e-3",
                "--batch-size",
                str(16 // devices),
                "--out",
                folder,
            ],
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        assert result.stdout == f"{folder}\n"
        done[devices] = json.loads((folder / "metrics.json").read_bytes())["validation"]["loss"]
    assert done[2] == pytest.approx(done[1], abs=0.08)
