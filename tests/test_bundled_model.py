"""The model that comes with the package."""

import json
import subprocess
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from imdb_runtime import Classifier

BUNDLE = Path(str(resources.files("imdb_runtime"))) / "bundles/default"


def test_it_is_at_most_ten_megabytes():
    assert sum(path.stat().st_size for path in BUNDLE.iterdir()) <= 10_000_000


def test_it_knows_good_from_bad():
    texts = ["It was a fantastic performance !", "It was a horrible movie"]
    assert Classifier.load().predict(texts).tolist() == ["pos", "neg"]


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "f1_tolerance"), [("onnx", 1e-6), ("native", 0.0005)])
def test_the_test_reviews_from_a_text_file_get_the_figures_pytorch_got(
    imdb, tmp_path, engine, f1_tolerance
):
    reviews = tmp_path / "reviews.txt"
    reviews.write_bytes(b"".join(text.replace(b"\n", b" ") + b"\n" for text in imdb.test.texts))
    scored = subprocess.run(
        [Path(sys.executable).with_name("imdb-score"), "--engine", engine, reviews],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    found = np.array([line.startswith("pos\t") for line in scored.stdout.splitlines()])
    true = imdb.test.labels == 1
    assert len(found) == 25_000
    hits = int((true & found).sum())
    f1 = 2 * hits / int(true.sum() + found.sum())
    pytorch = json.loads((BUNDLE / "manifest.json").read_bytes())["metrics"]["test"]
    assert f1 == pytest.approx(pytorch["f1"], abs=f1_tolerance)
    assert f1 >= 0.88
    if engine == "onnx":
        assert hits == pytorch["confusion_matrix"][1][1]
        assert int((~true & ~found).sum()) == pytorch["confusion_matrix"][0][0]
