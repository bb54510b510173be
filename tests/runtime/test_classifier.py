import io
import multiprocessing
import pickle
import random
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imdb_runtime import Classifier, Score
from imdb_runtime.bundle import write_bundle
from imdb_runtime.errors import BundleError, DeviceError

Probability = Callable[[list[str]], float]

WEIRD_TEXTS: dict[str, tuple[str | bytes, list[str]]] = {
    "empty": ("", []),
    "empty bytes": (b"", []),
    "only white space": (" \t\r\n\u2028", []),
    "one word": ("good", ["good"]),
    "carriage return": (b"good film\r", ["good", "film"]),
    "invalid UTF-8": (b"good \xff\xfe film", ["good", "film"]),
    "a cut character": (b"good film \xe2\x82", ["good", "film"]),
    "half a surrogate pair": ("good \ud800 film", ["good", "film"]),
    "capitals": ("GOOD Film", ["good", "film"]),
    "a megabyte of one word": ("x" * 2**20, ["<unk>"]),
    "more words than are read": ("bad " * 8 + "good " * 100, ["bad"] * 8),
}


@pytest.mark.parametrize(("text", "words"), WEIRD_TEXTS.values(), ids=WEIRD_TEXTS.keys())
def test_any_text_has_its_probability(
    classifier: Classifier, probability: Probability, text: str | bytes, words: list[str]
):
    (row,) = classifier.predict_proba([text])
    assert row[1] == pytest.approx(probability(words), abs=1e-6)


@pytest.mark.parametrize("text", [b"good\x00film", b"\xef\xbb\xbfgood film"], ids=["NUL", "BOM"])
def test_nul_and_byte_order_mark_are_scored(classifier: Classifier, text: bytes):
    ((negative, positive),) = classifier.predict_proba([text])
    assert 0 < positive < 1
    assert negative + positive == pytest.approx(1)


def test_probabilities_have_a_column_for_each_class(
    classifier: Classifier, probability: Probability
):
    probabilities = classifier.predict_proba(["good", b"bad"])
    assert classifier.classes_ == ("neg", "pos")
    assert probabilities.dtype == np.float32
    good, bad = probability(["good"]), probability(["bad"])
    np.testing.assert_allclose(probabilities, [[1 - good, good], [1 - bad, bad]], atol=1e-6)


def test_labels_go_by_the_threshold(bundle: Path, probability: Probability):
    texts = ["good", "film", "", "bad"]  # of probability 0.73, 0.56, 0.5, 0.18
    at_half = Classifier.load(bundle).predict(texts)
    assert at_half.tolist() == ["pos", "pos", "pos", "neg"]
    assert isinstance(at_half, np.ndarray)
    higher = Classifier.load(bundle, threshold=0.6)
    assert higher.threshold == 0.6
    assert higher.predict(texts).tolist() == ["pos", "neg", "neg", "neg"]
    assert Classifier.load(bundle, threshold=0).predict(texts).tolist() == ["pos"] * 4


def test_no_texts_give_no_rows(classifier: Classifier):
    assert classifier.predict_proba([]).shape == (0, 2)
    assert classifier.predict([]).shape == (0,)


def test_any_iterable_of_texts_will_do(classifier: Classifier):
    expected = classifier.predict_proba(["good", "bad"]).tolist()
    assert classifier.predict_proba(("good", "bad")).tolist() == expected
    assert classifier.predict_proba(iter(["good", "bad"])).tolist() == expected
    assert classifier.predict_proba(np.array(["good", "bad"])).tolist() == expected


@pytest.mark.parametrize("text", ["good", b"good"])
def test_a_single_text_is_refused(classifier: Classifier, text: Any):
    for method in (classifier.predict_proba, classifier.predict, classifier.score_texts):
        with pytest.raises(TypeError, match="list of texts"):
            method(text)


@pytest.mark.parametrize("item", [None, 3, 1.5, ["good"], float("nan")])
def test_an_item_that_is_no_text_is_refused_by_its_number(classifier: Classifier, item: Any):
    with pytest.raises(TypeError, match=r"text 2 is \w+"):
        classifier.predict_proba(["good", "bad", item])


def test_a_probability_does_not_depend_on_the_batch(classifier: Classifier):
    generator = random.Random(1)
    words = ["good", "bad", "film", "other", "."]
    texts = [" ".join(generator.choices(words, k=generator.randrange(12))) for _ in range(700)]
    together = classifier.predict_proba(texts)
    alone = np.concatenate([classifier.predict_proba([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_extreme_logits_do_not_overflow(
    tmp_path: Path,
    manifest_fields: dict[str, Any],
    bundle_files: dict[str, bytes],
    build_model: Callable[[list[float]], bytes],
):
    files = {**bundle_files, "model.onnx": build_model([0, 0, 1e30, -1e30, 0.5, 0])}
    write_bundle(tmp_path / "extreme", manifest_fields, files)
    classifier = Classifier.load(tmp_path / "extreme")
    with np.errstate(over="raise", invalid="raise"):
        probabilities = classifier.predict_proba(["good", "bad", ""])
    assert probabilities.tolist() == [[0, 1], [1, 0], [0.5, 0.5]]


def test_lines_of_a_stream_are_scored_one_by_one(classifier: Classifier, probability: Probability):
    stream = io.BytesIO(b"good film\n\nbad\xff\r\ngood\xe2\x80\xa8bad")
    scores = list(classifier.score_lines(stream))
    assert all(isinstance(score, Score) for score in scores)
    assert [score.label for score in scores] == ["pos", "pos", "neg", "neg"]
    expected = [["good", "film"], [], ["bad"], ["good", "bad"]]
    assert [score.probability for score in scores] == pytest.approx(
        [probability(words) for words in expected], abs=1e-6
    )


def test_lines_are_read_only_as_they_are_needed(classifier: Classifier):
    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return b"good film\n" * (size // 10)

    scores = classifier.score_lines(Endless())
    assert next(scores).label == "pos"


def test_a_text_stream_is_refused(classifier: Classifier):
    with pytest.raises(TypeError, match="'rb'"):
        list(classifier.score_lines(io.StringIO("good\n")))  # type: ignore[arg-type]


def test_threads_may_share_a_classifier(classifier: Classifier):
    texts = [["good film"] * 50, ["bad"] * 80, [""], ["film . " * number for number in range(30)]]
    expected = [classifier.predict_proba(part).tolist() for part in texts]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(classifier.predict_proba, texts * 25))
    assert [part.tolist() for part in found] == expected * 25


def test_a_pickled_classifier_scores_the_same_though_the_bundle_is_gone(bundle: Path):
    classifier = Classifier.load(bundle, threads=1, threshold=0.25)
    expected = classifier.predict_proba(["good", "bad film"]).tolist()
    for path in bundle.iterdir():
        path.unlink()
    copied = pickle.loads(pickle.dumps(classifier))
    assert copied.predict_proba(["good", "bad film"]).tolist() == expected
    assert copied.threshold == 0.25


def test_a_classifier_goes_to_another_process(classifier: Classifier):
    expected = classifier.predict_proba(["good", "bad"]).tolist()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        found = pool.submit(classifier.predict_proba, ["good", "bad"]).result(timeout=60)
    assert found.tolist() == expected


def test_what_runs_is_said(classifier: Classifier):
    assert (classifier.device, classifier.engine) == ("cpu", "onnx")
    assert (classifier.threshold, classifier.max_length) == (0.5, 8)


@pytest.mark.parametrize("argument", ["device", "engine"])
def test_unknown_devices_and_engines_are_refused(bundle: Path, argument: str):
    with pytest.raises(DeviceError, match=r"unknown .* 'tpu'; known are auto, "):
        Classifier.load(bundle, **{argument: "tpu"})


def test_a_vocabulary_that_does_not_fit_the_model_is_refused(
    tmp_path: Path, manifest_fields: dict[str, Any], bundle_files: dict[str, bytes]
):
    files = {**bundle_files, "vocab.txt": bundle_files["vocab.txt"] + b"more\n"}
    write_bundle(tmp_path / "other", manifest_fields, files)
    with pytest.raises(BundleError, match=r"vocab\.txt has 7 words, the model 6"):
        Classifier.load(tmp_path / "other")


def test_a_broken_vocabulary_and_an_unknown_scheme_are_refused(
    tmp_path: Path, manifest_fields: dict[str, Any], bundle_files: dict[str, bytes]
):
    write_bundle(tmp_path / "a", manifest_fields, {**bundle_files, "vocab.txt": b"a\nb\n"})
    with pytest.raises(BundleError, match=r"a/vocab\.txt"):
        Classifier.load(tmp_path / "a")
    fields = {**manifest_fields, "tokenizer": {"scheme": "bytes", "max_length": 8}}
    write_bundle(tmp_path / "b", fields, bundle_files)
    with pytest.raises(BundleError, match="unknown scheme 'bytes'"):
        Classifier.load(tmp_path / "b")


def test_the_model_of_the_package_or_a_clear_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("imdb_runtime.classifier.__file__", "/nowhere/classifier.py")
    with pytest.raises(BundleError, match="give the path of a bundle"):
        Classifier.load()
