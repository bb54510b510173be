"""What reviews teach without labels: vectors and a language model."""

import csv
import math
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from imdb_runtime.errors import BundleError, InputError
from imdb_runtime.tokenizer import Vocabulary
from imdb_train.language_model import LanguageModel, Settings, prepare, train_direction
from imdb_train.models import ModelConfig, build_model
from imdb_train.recipes import Recipe
from imdb_train.sources import DataSource, Inputs
from imdb_train.training import train
from imdb_train.vectors import SkipGram, train_vectors

SETTINGS = Settings(hidden=6, streams=4, steps=8, samples=16, epochs=2)


@pytest.fixture(scope="module")
def texts(small_reviews):
    with small_reviews.open() as file:
        return [row["text"].encode() for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def vectors(texts, tmp_path_factory):
    path = tmp_path_factory.mktemp("vectors") / "vectors.txt"
    train_vectors(texts, "words", SkipGram(dimension=5, min_count=2, threads=1), path)
    return path


@pytest.fixture(scope="module")
def folder(texts, vectors, tmp_path_factory):
    folder = tmp_path_factory.mktemp("language-model")
    tokenizer, embedding = prepare(texts, "words", 300, vectors, 0)
    for direction in ("forward", "backward"):
        train_direction(texts, tokenizer, embedding, direction, SETTINGS, folder, lambda line: None)
    return folder


def test_vectors_are_a_line_a_word_frequent_words_first(vectors):
    lines = vectors.read_text().splitlines()
    assert all(len(line.split(" ")) == 6 for line in lines)
    assert {"the", "."} & {line.split(" ")[0] for line in lines[:3]}


def test_vectors_without_a_frequent_word_are_refused(tmp_path):
    with pytest.raises(InputError, match="no word occurs 5 times"):
        train_vectors([b"a few words"], "words", SkipGram(), tmp_path / "vectors.txt")


def test_a_classifier_starts_from_the_very_states_of_the_language_model(folder):
    """Each direction's states over a review are those its own language model has."""
    model = LanguageModel.read(folder)
    config = ModelConfig(
        "lstm",
        len(model.vocabulary),
        embedding_dimension=model.dimension,
        hidden=model.hidden,
        layers=1,
        pooling="max",
    )
    classifier = build_model(config).eval()
    missing = classifier.load_state_dict(model.weights, strict=False)
    assert {name.split(".")[0] for name in missing.missing_keys} == {"output"}
    assert missing.unexpected_keys == []
    review = torch.tensor([5, 9, 2, 30, 7])
    pooled = []
    for direction, words in (("forward", review), ("backward", review.flip(0))):
        state = load_file(folder / f"{direction}.safetensors")
        lstm = torch.nn.LSTM(5, 6)
        lstm.load_state_dict(
            {name[5:]: value for name, value in state.items() if name.startswith("lstm.")}
        )
        pooled.append(lstm(state["embedding.weight"][words])[0].amax(dim=0))
    expected = classifier.output(torch.cat(pooled))
    with torch.no_grad():
        logit = classifier(review[None], torch.tensor([5]))
    np.testing.assert_allclose(logit.numpy(), expected.detach().numpy(), atol=1e-6)


def test_an_lstm_trains_from_a_language_model(folder, small_reviews, tmp_path):
    recipe = Recipe(epochs=1, batch_size=16, validation_fraction=0.2, pooling="max")
    run = train(
        "lstm", recipe, DataSource(small_reviews, film_column="film"), tmp_path / "run",
        inputs=Inputs(language_model=folder),
    )  # fmt: skip
    assert run.model.config.hidden == 6
    assert run.tokenizer.vocabulary.words == LanguageModel.read(folder).vocabulary.words


def test_a_language_model_is_for_an_lstm_alone(folder, small_reviews, tmp_path):
    with pytest.raises(InputError, match="for an lstm"):
        train(
            "cnn", Recipe(), DataSource(small_reviews, film_column="film"), tmp_path / "run",
            inputs=Inputs(language_model=folder),
        )  # fmt: skip


def test_a_language_model_with_one_direction_is_not_whole(texts, vectors, tmp_path):
    tokenizer, embedding = prepare(texts, "words", 300, vectors, 0)
    once = replace(SETTINGS, epochs=1)
    train_direction(texts, tokenizer, embedding, "forward", once, tmp_path, lambda line: None)
    with pytest.raises(BundleError, match="no whole language model"):
        LanguageModel.read(tmp_path)


def test_it_learns_to_predict(texts, vectors, tmp_path):
    tokenizer, embedding = prepare(texts, "words", 300, vectors, 0)
    lines = []
    longer = replace(SETTINGS, streams=16, steps=16, epochs=8, lr=3e-2, hidden=12)
    train_direction(texts, tokenizer, embedding, "forward", longer, tmp_path, lines.append)
    losses = [float(line.split("loss ")[1].split(",")[0]) for line in lines]
    # A model that reads nothing tells the word from the 16 others drawn no better than by chance.
    chance = math.log(17)
    assert losses[0] == pytest.approx(chance, abs=0.1)
    assert losses[-1] < 0.9 * chance


def test_texts_too_few_for_one_update_are_refused(vectors, tmp_path):
    few = [b"the film is the film", b"the film"]
    tokenizer, embedding = prepare(few, "words", 300, vectors, 0)
    with pytest.raises(InputError, match="words are too few: at least 36 are needed"):
        train_direction(few, tokenizer, embedding, "forward", SETTINGS, tmp_path, print)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", ["vocabulary", "direction", "weights"])
def test_files_of_different_trainings_are_refused(damage, folder, tmp_path):
    mixed = tmp_path / "mixed"
    shutil.copytree(folder, mixed)
    if damage == "vocabulary":
        words = Vocabulary.read(mixed / "vocab.txt").words
        Vocabulary(words[:-1]).write(mixed / "vocab.txt")
    elif damage == "direction":
        state = load_file(mixed / "forward.safetensors")
        state["embedding.weight"] = state["embedding.weight"][:-1].contiguous()
        save_file(state, mixed / "forward.safetensors")
    else:
        save_file({"other": torch.zeros(3)}, mixed / "backward.safetensors")
    with pytest.raises(BundleError, match="mixed: "):
        LanguageModel.read(mixed)
