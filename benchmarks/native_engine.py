"""How far the native engine is from PyTorch on IMDB's 25,000 test reviews, and how fast it is.

    python -m benchmarks.native_engine [BUNDLE ...]

Takes float CNN bundles, besides the one that comes with the package, and writes
benchmarks/results/native_engine.json. PyTorch's model is built from the bundle's own weights.
"""

import json
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from imdb_runtime import Classifier
from imdb_runtime.bundle import MODEL_FILE, Bundle
from imdb_runtime.engines.cnn_plan import LANES, CnnPlan, make_plan, value_ranges
from imdb_runtime.engines.cnn_weights import read_cnn_weights
from imdb_runtime.engines.native import is_cnn
from imdb_runtime.engines.onnx_weights import read_initializers
from imdb_train.corpus import load_corpus
from imdb_train.models import Model, ModelConfig, build_model

ROOT = Path(__file__).resolve().parents[1]
BUNDLED = ROOT / "runtime/imdb_runtime/bundles/default"
RESULT = ROOT / "benchmarks/results/native_engine.json"
RUNS = 7


def main(folders: list[Path]) -> None:
    test = load_corpus(offline=True).test
    models = [measure(folder, test.texts, test.labels == 1) for folder in [BUNDLED, *folders]]
    result = {
        "reviews": len(test),
        "models": models,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": platform.machine(),
        "torch": torch.__version__,
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


def measure(folder: Path, texts: list[bytes], positive: np.ndarray) -> dict[str, Any]:
    bundle = Bundle.read(folder)
    classifier = Classifier.load(folder, engine="native", threads=1)
    start = time.process_time()
    scores = classifier.score_texts(texts).probabilities
    first = time.process_time() - start
    warm = []
    for _ in range(RUNS):
        start = time.process_time()
        classifier.score_texts(texts)
        warm.append(time.process_time() - start)
    expected = in_pytorch(bundle, classifier, texts)
    difference = np.abs(scores - expected)
    threshold = classifier.threshold
    f1 = {
        "pytorch": f1_score(expected >= threshold, positive),
        "native": f1_score(scores >= threshold, positive),
    }
    plan = plan_of(bundle)
    return {
        "bundle": folder.name,
        "widths": bundle.manifest.model["widths"],
        "filters": bundle.manifest.model["filters"],
        "words": bundle.manifest.model["vocabulary_size"],
        "bytes_of_a_row": plan.stride,
        "filters_of_16_bits": sum(each.wide for each in plan.passes) * LANES,
        "difference_of_probability": {
            "largest": float(difference.max()),
            "mean": float(difference.mean()),
        },
        "same_label": float(np.mean((scores >= threshold) == (expected >= threshold))),
        "f1": {**f1, "difference": f1["native"] - f1["pytorch"]},
        "reviews_a_second_of_cpu_time": {
            "first_time": round(len(texts) / first),
            "warm_best": round(len(texts) / min(warm)),
            "warm_median": round(len(texts) / float(np.median(warm))),
        },
    }


def plan_of(bundle: Bundle) -> CnnPlan:
    weights = read_cnn_weights(bundle.files[MODEL_FILE], bundle.manifest.model, bundle.where)
    return make_plan(weights, value_ranges(weights), bundle.manifest.temperature)


def in_pytorch(bundle: Bundle, classifier: Classifier, texts: list[bytes]) -> np.ndarray:
    """Probabilities of the positive class, float64 [n]."""
    model = model_of(bundle)
    encoded = classifier._tokenizer.encode(texts)
    logits = np.empty(len(texts), dtype=np.float64)
    order = np.argsort(encoded.lengths, kind="stable")
    with torch.inference_mode():
        for rows in np.array_split(order, len(order) // 64):
            ids, lengths = encoded.pad(rows)
            logits[rows] = model(torch.from_numpy(ids), torch.from_numpy(lengths)).numpy()
    return 1 / (1 + np.exp(-logits / bundle.manifest.temperature))


def model_of(bundle: Bundle) -> Model:
    """The weights in a float graph have the names that PyTorch gives them."""
    config = bundle.manifest.model
    if not is_cnn(config) or bundle.manifest.quantization != "none":
        raise SystemExit(f"{bundle.where}: not a float CNN")
    model = build_model(ModelConfig.from_json(config)).eval()
    found = read_initializers(bundle.files[MODEL_FILE], bundle.where)
    model.load_state_dict(
        {name: torch.from_numpy(np.array(found[name])) for name in model.state_dict()}
    )
    return model


def f1_score(predicted: np.ndarray, true: np.ndarray) -> float:
    return 2 * int((predicted & true).sum()) / int(predicted.sum() + true.sum())


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
