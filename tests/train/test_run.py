"""The run folder: what cannot be read is refused, with the file's name."""

import json

import pytest
import torch

from imdb_runtime.errors import BundleError
from imdb_runtime.tokenizer import Tokenizer, Vocabulary
from imdb_train.models import ModelConfig, build_model
from imdb_train.run import Run


@pytest.fixture
def folder(tmp_path):
    vocabulary = Vocabulary(["<pad>", "<unk>", "good", "bad"])
    model = build_model(ModelConfig("cnn", len(vocabulary), embedding_dimension=3, filters=2))
    config = {
        "model": model.config.to_json(),
        "tokenizer": {"scheme": "whitespace", "max_length": 7},
    }
    run = Run(model, Tokenizer(vocabulary, "whitespace", 7), config, {"test": {"f1": 0.5}})
    run.save(tmp_path / "run")
    return tmp_path / "run"


def edit(path, **fields):
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_what_is_saved_is_loaded(folder):
    run = Run.load(folder)
    assert run.tokenizer.words("Good, bad") == ["good,", "bad"]
    assert run.tokenizer.max_length == 7
    assert run.metrics == {"test": {"f1": 0.5}}
    assert not run.model.training
    again = folder.with_name("again")
    run.save(again)
    for name, tensor in Run.load(again).model.state_dict().items():
        assert torch.equal(tensor, run.model.state_dict()[name])


def test_no_folder(tmp_path):
    with pytest.raises(BundleError, match="no such run folder"):
        Run.load(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["config.json", "vocab.txt", "model.safetensors"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(BundleError, match=name):
        Run.load(folder)


@pytest.mark.parametrize("name", ["config.json", "metrics.json", "model.safetensors"])
@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe\x00garbage" * 9])
def test_a_damaged_file_is_named(folder, name, content):
    (folder / name).write_bytes(content)
    with pytest.raises(BundleError, match=name):
        Run.load(folder)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"format_version": 2}, "format_version is 2"),
        ({"model": {"architecture": "mlp", "vocabulary_size": 4}}, "unknown architecture 'mlp'"),
        ({"model": {"architecture": "cnn"}}, "vocabulary_size"),
        ({"model": []}, "malformed"),
        ({"tokenizer": {}}, "'scheme'"),
        ({"tokenizer": {"scheme": "syllables", "max_length": 9}}, "unknown scheme 'syllables'"),
        ({"tokenizer": {"scheme": "words", "max_length": 0}}, "max_length"),
    ],
)
def test_a_config_that_does_not_fit_is_refused(folder, fields, message):
    edit(folder / "config.json", **fields)
    with pytest.raises(BundleError, match=message):
        Run.load(folder)


def test_a_vocabulary_of_another_run_is_refused(folder):
    Vocabulary(["<pad>", "<unk>", "good"]).write(folder / "vocab.txt")
    with pytest.raises(BundleError, match="3 words, but the model has 4"):
        Run.load(folder)


def test_weights_of_another_model_are_refused(folder):
    config = json.loads((folder / "config.json").read_text())
    edit(folder / "config.json", model={**config["model"], "filters": 5})
    with pytest.raises(BundleError, match=r"model\.safetensors"):
        Run.load(folder)


def test_a_bundle_and_an_unfinished_training_are_told_from_a_run(tmp_path):
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "manifest.json").write_text("{}")
    with pytest.raises(BundleError, match="a bundle; give the run"):
        Run.load(tmp_path / "bundle")
    (tmp_path / "begun" / "checkpoints").mkdir(parents=True)
    with pytest.raises(BundleError, match="not finished; go on with imdb-train --resume"):
        Run.load(tmp_path / "begun")
