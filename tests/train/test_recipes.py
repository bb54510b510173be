"""Recipes: TOML files of training settings."""

from dataclasses import fields
from pathlib import Path

import pytest

from imdb_runtime.errors import InputError
from imdb_train.recipes import Recipe, load_recipe, recipe_names


def test_the_notebooks_recipe_has_the_notebooks_settings():
    for architecture, batch_size in (("lstm", 64), ("cnn", 128)):
        recipe = load_recipe("notebook", architecture)
        assert (recipe.scheme, recipe.validation, recipe.validation_fraction) == (
            "whitespace",
            "random",
            0.3,
        )
        assert (recipe.lr, recipe.clip, recipe.patience) == (1e-4, 2.0, 15)
        assert recipe.batch_size == batch_size


@pytest.mark.parametrize("architecture", ["lstm", "gru", "cnn"])
@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_in_the_package_loads(name, architecture):
    assert isinstance(load_recipe(name, architecture), Recipe)


def test_a_file_may_hold_settings_for_all_and_for_one_architecture(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("lr = 5e-4\nwidths = [1, 2]\n[cnn]\nlr = 1e-2\n")
    assert load_recipe(str(path), "lstm").lr == 5e-4
    assert load_recipe(str(path), "cnn").lr == 1e-2
    assert load_recipe(str(path), "cnn").widths == (1, 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("learning_rate = 1", "unknown setting 'learning_rate'"),
        ("lr = 'fast'", "lr must be a number"),
        ("lr = 0", "lr = 0 is out of range"),
        ("epochs = 2.5", "epochs must be a number"),
        ("epochs = true", "epochs must be a number"),
        ("dropout = 1.0", "dropout = 1.0 is out of range"),
        ("sentences = 1", "sentences = 1 is out of range"),
        ("word_dropout = -0.1", "word_dropout = -0.1 is out of range"),
        ("label_smoothing = 1.0", "label_smoothing = 1.0 is out of range"),
        ("ema_decay = 1.0", "ema_decay = 1.0 is out of range"),
        ("ngram_order = 5", "ngram_order = 5 is out of range"),
        ("ngram_buckets = 5000", "ngram_buckets must be a power of two, not 5000"),
        ("scheme = 'subwords'", "scheme must be one of words, whitespace"),
        ("widths = []", "widths must be a list"),
        ("widths = [0]", "widths must be a list"),
        ("lr = ", "not valid TOML"),
        ("cnn = 3", "must be a table"),
    ],
)
def test_a_wrong_recipe_names_the_file_and_the_setting(tmp_path, content, message):
    path = tmp_path / "mine.toml"
    path.write_text(content)
    with pytest.raises(InputError, match=message) as raised:
        load_recipe(str(path), "cnn")
    assert "mine.toml" in str(raised.value)


def test_an_unknown_name_lists_those_there_are():
    with pytest.raises(InputError, match="default, notebook"):
        load_recipe("bset", "cnn")


def test_the_manual_names_every_setting():
    manual = (Path(__file__).parents[2] / "docs" / "usage.md").read_text()
    missing = [field.name for field in fields(Recipe) if f"`{field.name}`" not in manual]
    assert missing == []
