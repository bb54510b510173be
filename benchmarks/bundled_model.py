"""The bundled model on the 25,000 test reviews, through ``imdb-score`` from a text file.

Writes benchmarks/results/bundled_model.json: the figures beside those PyTorch got at training, and
how the model does on short texts, which it never saw.
"""

import csv
import json
import platform
import subprocess
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from imdb_runtime import Classifier
from imdb_runtime.files import sha256
from imdb_train.corpus import load_corpus
from imdb_train.explain.cli import NOTEBOOK_SENTENCES
from imdb_train.metrics import figures

ROOT = Path(__file__).resolve().parents[1]
BUNDLE = ROOT / "runtime/imdb_runtime/bundles/default"
RESULT = ROOT / "benchmarks/results/bundled_model.json"


def main() -> None:
    """Score and write the result."""
    test = load_corpus(offline=True).test
    with tempfile.TemporaryDirectory() as folder:
        reviews = Path(folder) / "reviews.txt"
        reviews.write_bytes(b"".join(text.replace(b"\n", b" ") + b"\n" for text in test.texts))
        scored = subprocess.run(["imdb-score", reviews], check=True, capture_output=True, text=True)
    rows = [line.split("\t") for line in scored.stdout.splitlines()]
    probability = torch.tensor([float(row[1]) for row in rows], dtype=torch.float64)
    labels = np.array([row[0] == "pos" for row in rows], dtype=np.int64)
    true = test.labels
    hits = int(((labels == 1) & (true == 1)).sum())
    manifest = json.loads((BUNDLE / "manifest.json").read_bytes())
    result = {
        "reviews": len(rows),
        "f1_of_labels": 2 * hits / int((labels == 1).sum() + (true == 1).sum()),
        "imdb_score": figures(torch.logit(probability, eps=1e-7).float(), true.astype(np.float32)),
        "pytorch_at_training": manifest["metrics"]["test"],
        "short_texts": short_texts(),
        "sentences": sentences(),
        "bundle_bytes": sum(path.stat().st_size for path in BUNDLE.iterdir()),
        "model_sha256": sha256((BUNDLE / "model.onnx").read_bytes()),
        "engine": Classifier.load().engine,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": platform.machine(),
        "onnxruntime": version("onnxruntime"),
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


def short_texts() -> dict[str, float]:
    """How many statements of examples/short.csv there are, and the share labelled rightly."""
    with (ROOT / "examples/short.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = Classifier.load().predict([row["text"] for row in rows])
    right = [given == row["label"] for given, row in zip(found, rows, strict=True)]
    return {"statements": len(rows), "accuracy": round(sum(right) / len(rows), 4)}


def sentences() -> dict[str, float]:
    """The probability that the notebook's six sentences get for their true label."""
    positive = Classifier.load().predict_proba([text for text, _ in NOTEBOOK_SENTENCES])[:, 1]
    return {
        text: round(float(chance if label == "pos" else 1 - chance), 4)
        for (text, label), chance in zip(NOTEBOOK_SENTENCES, positive, strict=True)
    }


if __name__ == "__main__":
    main()
