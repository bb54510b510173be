"""A run becomes a bundle that scores as PyTorch does, or nothing at all."""

import json

import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import binary_f1_score

from imdb_export.exporting import export_run
from imdb_export.graph import builder, models
from imdb_runtime import Classifier
from imdb_runtime.bundle import Bundle
from imdb_runtime.errors import BundleError, ImdbError, InputError
from imdb_train.corpus import load_corpus, split_validation
from imdb_train.run import Run

TEXTS = [
    "",
    "great",
    "The film is GREAT!",
    "a boring story . " * 30,
    "zebra quagga",
    "<br />good<br />bad",
]


def in_pytorch(folder, texts) -> np.ndarray:
    """Probabilities of ``pos`` one review at a time, by the definition in the documentation."""
    run = Run.load(folder)
    probabilities = []
    for text in texts:
        ids, lengths = run.tokenizer.encode_padded([text])
        with torch.no_grad():
            logit = run.model(torch.from_numpy(ids), torch.from_numpy(lengths)).item()
        probabilities.append(1 / (1 + np.exp(-logit / 1.25)))
    return np.array(probabilities)


@pytest.mark.parametrize(("engine", "tolerance"), [("onnx", 1e-5), ("auto", 0.01)])
def test_the_bundle_gives_the_probabilities_of_pytorch(kind, engine, tolerance, make_run, tmp_path):
    run = make_run(kind)
    export_run(run, tmp_path / "bundle", check_reviews=20)
    classifier = Classifier.load(tmp_path / "bundle", device="cpu", threads=1, engine=engine)
    expected = in_pytorch(run, TEXTS)
    np.testing.assert_allclose(classifier.predict_proba(TEXTS)[:, 1], expected, atol=tolerance)
    labels = ["pos" if probability >= 0.4 else "neg" for probability in expected]
    assert list(classifier.predict(TEXTS)) == labels


def test_the_manifest_says_what_was_exported_and_checked(make_run, tmp_path):
    run = make_run()
    report = export_run(run, tmp_path / "bundle", opset=15, check_reviews=20)
    bundle = Bundle.read(tmp_path / "bundle")
    manifest = bundle.manifest
    assert manifest.opset == builder.opset_of(bundle.files["model.onnx"]) == 15
    assert (manifest.threshold, manifest.temperature) == (0.4, 1.25)
    assert vars(manifest.tokenizer) == {"scheme": "words", "max_length": 64}
    assert manifest.quantization == "none"
    assert manifest.labels == ("neg", "pos")
    assert manifest.model == json.loads((run / "config.json").read_bytes())["model"]
    assert manifest.metrics == {"validation": {"f1": 0.5}}
    assert manifest.parity["real_reviews"] == 20
    assert manifest.parity["real_reviews_missing"] is None
    assert 0 < manifest.parity["max_logit_difference"] <= manifest.parity["tolerance"] == 1e-4
    assert manifest.parity["int8"] is None
    assert 0 < manifest.parity["native"]["mean"] <= manifest.parity["native"]["largest"] <= 0.01
    assert bundle.files["vocab.txt"] == (run / "vocab.txt").read_bytes()
    on_disk = sum(file.stat().st_size for file in (tmp_path / "bundle").iterdir())
    assert report.bundle_size == on_disk


@pytest.mark.parametrize("int8", [False, True])
def test_the_same_run_gives_the_same_graph_byte_for_byte(kind, make_run, tmp_path, int8):
    run = make_run(kind)
    for name in ("first", "second"):
        export_run(run, tmp_path / name, int8=int8, check_reviews=0)
    first, second = ((tmp_path / name / "model.onnx").read_bytes() for name in ("first", "second"))
    assert first == second


def test_int8_reports_size_speed_and_f1_before_and_after(make_run, tmp_path):
    report = export_run(make_run(("lstm", "last")), tmp_path / "b", int8=True, check_reviews=30)
    assert [form.name for form in report.forms] == ["PyTorch", "ONNX float32", "ONNX int8"]
    for form in report.forms:
        assert form.size > 0
        assert form.speed > 0
    manifest = Bundle.read(tmp_path / "b").manifest
    before, after = (form.f1 for form in report.forms[1:])
    assert manifest.metrics["int8"] == {"reviews": 30, "f1_before": before, "f1_after": after}
    assert manifest.quantization == "int8"
    assert 0 < manifest.parity["int8"]["mean"] <= manifest.parity["int8"]["largest"]
    assert report.forms[2].size == (tmp_path / "b" / "model.onnx").stat().st_size


def test_f1_is_that_of_the_bundle_on_the_validation_reviews(make_run, tmp_path, small_reviews):
    report = export_run(make_run(), tmp_path / "bundle", check_reviews=1000)
    train = load_corpus(small_reviews, film_column="film").train
    validation = split_validation(train, "film", 0.3, 3)[1]
    labels = Classifier.load(tmp_path / "bundle", device="cpu", threads=1).predict(validation.texts)
    positive = torch.tensor([label == "pos" for label in labels])
    expected = binary_f1_score(positive, torch.from_numpy(validation.labels)).item()
    assert 0 < expected < 1
    assert [form.f1 for form in report.forms] == pytest.approx([expected] * 3)
    assert report.parity.real_reviews == len(validation)


@pytest.mark.parametrize("architecture", ["lstm", "gru"])
def test_a_graph_with_two_gates_swapped_is_refused(architecture, make_run, tmp_path, monkeypatch):
    right = models._GATES[architecture]
    monkeypatch.setitem(models._GATES, architecture, (right[1], right[0], *right[2:]))
    with pytest.raises(ImdbError, match="does not compute what PyTorch computes"):
        export_run(make_run((architecture, "last")), tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_a_graph_that_ignores_lengths_is_refused(make_run, tmp_path, monkeypatch):
    honest = builder.GraphBuilder.recurrent_node

    def without_lengths(self, operator, inputs, name, **attributes):
        return honest(self, operator, inputs[:-1], name, **attributes)

    monkeypatch.setattr(builder.GraphBuilder, "recurrent_node", without_lengths)
    with pytest.raises(ImdbError, match="does not compute what PyTorch computes"):
        export_run(make_run(("lstm", "last")), tmp_path / "bundle", check_reviews=0)
    assert not (tmp_path / "bundle").exists()


def test_a_refused_graph_leaves_the_bundle_that_was_there(make_run, tmp_path, monkeypatch):
    run = make_run(("gru", "last"))
    export_run(run, tmp_path / "bundle", check_reviews=0)
    before = (tmp_path / "bundle" / "model.onnx").read_bytes()
    monkeypatch.setitem(models._GATES, "gru", (0, 1, 2))
    with pytest.raises(ImdbError):
        export_run(run, tmp_path / "bundle", check_reviews=0)
    assert (tmp_path / "bundle" / "model.onnx").read_bytes() == before
    assert Bundle.read(tmp_path / "bundle")


def test_a_corpus_that_is_gone_is_said_and_not_an_error(make_run, tmp_path):
    gone = {"path": str(tmp_path / "gone.csv"), "validation": "random"}
    report = export_run(make_run(data=gone), tmp_path / "bundle")
    assert report.parity.real_reviews == 0
    assert "gone.csv" in report.parity.real_reviews_missing
    assert [form.f1 for form in report.forms] == [None, None, None]
    manifest = Bundle.read(tmp_path / "bundle").manifest
    assert "gone.csv" in manifest.parity["real_reviews_missing"]


@pytest.mark.parametrize("data", [None, {}, {"path": "small"}, "somewhere"])
def test_a_run_that_does_not_name_its_corpus_is_exported_all_the_same(
    make_run, tmp_path, data, monkeypatch, small_reviews
):
    monkeypatch.setenv("IMDB_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("IMDB_CACHE_DIR", str(tmp_path))
    if data == {"path": "small"}:
        data = {"path": str(small_reviews)}
    report = export_run(make_run(data=data), tmp_path / "bundle")
    assert report.parity.real_reviews_missing


def test_data_says_where_the_corpus_is_now(make_run, tmp_path, small_reviews):
    moved = {"path": "gone.csv", "validation": "random", "validation_fraction": 0.5, "seed": 1}
    run = make_run(data=moved)
    report = export_run(run, tmp_path / "bundle", data=small_reviews, check_reviews=1000)
    assert report.parity.real_reviews == 126  # half of the 252 reviews


def test_data_that_cannot_be_read_is_an_error(make_run, tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.csv"):
        export_run(make_run(), tmp_path / "bundle", data=tmp_path / "nowhere.csv")
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize(
    "wrong", [{"threshold": "half"}, {"threshold": 2}, {"temperature": 0}, {"temperature": None}]
)
def test_a_threshold_or_temperature_that_is_none_is_refused(wrong, make_run, tmp_path):
    with pytest.raises(BundleError, match=next(iter(wrong))):
        export_run(make_run(**wrong), tmp_path / "bundle", check_reviews=0)


def test_a_folder_that_is_no_bundle_is_not_overwritten(make_run, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    with pytest.raises(BundleError, match="not a bundle"):
        export_run(make_run(), tmp_path / "thesis", check_reviews=0)
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"
