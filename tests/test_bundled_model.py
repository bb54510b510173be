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
def test_the_test_reviews_from_a_text_file_get_the_figures_pytorch_got(imdb, tmp_path):
    reviews = tmp_path / "reviews.txt"
    reviews.write_bytes(b"".join(text.replace(b"\n", b" ") + b"\n" for text in imdb.test.texts))
    scored = subprocess.run(
        [Path(sys.executable).with_name("imdb-score"), reviews],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    found = np.array([line.startswith("pos\t") for line in scored.stdout.splitlines()])
    true = imdb.test.labels == 1
    assert len(found) == 25_000
    confusion = [
        [int((~true & ~found).sum()), int((~true & found).sum())],
        [int((true & ~found).sum()), int((true & found).sum())],
    ]
    pytorch = json.loads((BUNDLE / "manifest.json").read_bytes())["metrics"]["test"]
    assert confusion == pytorch["confusion_matrix"]
    f1 = 2 * confusion[1][1] / (2 * confusion[1][1] + confusion[0][1] + confusion[1][0])
    assert f1 == pytest.approx(pytorch["f1"], abs=1e-6)
    assert f1 >= 0.88
