"""The model that comes with the package."""

import csv
import json
import subprocess
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from imdb_runtime import Classifier
from imdb_train.explain.cli import NOTEBOOK_SENTENCES

BUNDLE = Path(str(resources.files("imdb_runtime"))) / "bundles/default"
EXAMPLES = Path(__file__).parents[1] / "examples"


def test_it_is_at_most_ten_megabytes():
    assert sum(path.stat().st_size for path in BUNDLE.iterdir()) <= 10_000_000


def test_it_knows_good_from_bad():
    texts = ["It was a fantastic performance !", "It was a horrible movie"]
    assert Classifier.load().predict(texts).tolist() == ["pos", "neg"]


def test_it_is_right_on_the_notebooks_sentences():
    texts, labels = zip(*NOTEBOOK_SENTENCES, strict=True)
    assert tuple(Classifier.load().predict(texts)) == labels


def test_it_is_right_on_four_of_five_short_statements():
    with (EXAMPLES / "short.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = Classifier.load().predict([row["text"] for row in rows])
    right = sum(given == row["label"] for given, row in zip(found, rows, strict=True))
    assert right / len(rows) >= 0.8


@pytest.mark.slow
def test_the_test_reviews_from_a_text_file_get_the_f1_pytorch_got(imdb, tmp_path):
    reviews = tmp_path / "reviews.txt"
    reviews.write_bytes(b"".join(text.replace(b"\n", b" ") + b"\n" for text in imdb.test.texts))
    command = [Path(sys.executable).with_name("imdb-score"), reviews]
    scored = subprocess.run(command, check=True, capture_output=True, text=True)
    found = np.array([line.startswith("pos\t") for line in scored.stdout.splitlines()])
    true = imdb.test.labels == 1
    assert len(found) == 25_000
    f1 = 2 * int((true & found).sum()) / int(true.sum() + found.sum())
    pytorch = json.loads((BUNDLE / "manifest.json").read_bytes())["metrics"]["test"]
    # The weights are rounded to 8 bits, which may turn a handful of labels.
    assert f1 == pytest.approx(pytorch["f1"], abs=0.0005)
    assert f1 >= 0.92


@pytest.mark.slow
def test_both_engines_agree_on_a_thousand_test_reviews(imdb):
    texts = imdb.test.texts[::25]
    native, onnx = (
        Classifier.load(engine=engine).predict_proba(texts)[:, 1] for engine in ("native", "onnx")
    )
    assert len(native) == 1_000
    assert np.abs(native - onnx).max() < 0.01
    assert ((native >= 0.5) == (onnx >= 0.5)).mean() >= 0.998
