"""Text to probability: the project's engines, PyTorch and DistilBERT.

The same text goes in and the same probabilities come out, whatever the tokens are. Slow contenders
score a sample of the test reviews, drawn at random.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.performance import models
from benchmarks.performance.classical import f1
from benchmarks.performance.corpus import Reviews, reviews
from benchmarks.performance.measuring import Contender, compare
from benchmarks.performance.settings import Settings
from benchmarks.performance.worker import Work

Probabilities = NDArray[np.float32]


def measure(settings: Settings) -> dict[str, Any]:
    """Rows of the notebook's CNN, the bundled model, the notebook's LSTM, and DistilBERT."""
    many = settings.reviews(25_000, 1_000)
    some = settings.reviews(2_000, 100)
    few = settings.reviews(256, 8)
    transformer = settings.reviews(64, 4)
    rows = []
    for threads in (1, 2):
        cnn = [
            _classifier(settings, "cnn", models.CNN_BUNDLE, "native", many, threads),
            _classifier(settings, "cnn", models.CNN_BUNDLE, "onnx", some, threads),
            _contender(settings, "PyTorch, plain", "torch_cnn", some, threads),
        ]
        bundled = [
            _classifier(settings, "bundled", None, "native", many, threads),
            _classifier(settings, "bundled", None, "onnx", some, threads),
        ]
        rows += _rows("cnn", cnn, settings)
        rows += _rows("bundled", bundled, settings)
    lstm = [
        _classifier(settings, "lstm", models.LSTM_INT8_BUNDLE, "onnx", few, 2, "int8"),
        _classifier(settings, "lstm", models.LSTM_BUNDLE, "onnx", few, 2, "float"),
        _contender(settings, "PyTorch", "torch_lstm", few, 2),
    ]
    rows += _rows("lstm", lstm, settings)
    distilbert = [_contender(settings, "DistilBERT, ONNX int8", "distilbert", transformer, 2)]
    rows += _rows("distilbert", distilbert, settings)
    return {"rows": rows}


def _rows(model: str, contenders: list[Contender], settings: Settings) -> list[dict[str, Any]]:
    rounds = settings.rounds(processes=1, passes=7, budget=10)
    return [{"model": model, **row} for row in compare(contenders, rounds)]


def _classifier(
    settings: Settings,
    model: str,
    bundle: str | None,
    engine: str,
    count: int,
    threads: int,
    note: str = "",
) -> Contender:
    path = None if bundle is None else str(settings.work / bundle)
    arguments = {
        "work": str(settings.work), "bundle": path, "engine": engine, "count": count
    }  # fmt: skip
    name = {"native": "imdb-edge, native engine", "onnx": "imdb-edge on ONNX Runtime"}[engine]
    name = f"{name}, {note}" if note else name
    return Contender(name, "engines:classifier", count, arguments, threads)


def _contender(settings: Settings, name: str, setup: str, count: int, threads: int) -> Contender:
    arguments = {"work": str(settings.work), "count": count}
    return Contender(name, f"engines:{setup}", count, arguments, threads)


def _work(sample: Reviews, score: Callable[[list[bytes]], Probabilities]) -> Work:
    true = sample.labels == 1
    return Work(lambda: score(sample.texts), lambda p: {"f1": f1(p >= 0.5, true)})


def classifier(threads: int, work: str, bundle: str | None, engine: str, count: int) -> Work:
    """The public face."""
    from imdb_runtime import Classifier

    loaded = Classifier.load(bundle, engine=engine, threads=threads)
    sample = reviews(Path(work), "test").sample(count)
    return _work(sample, lambda texts: loaded.predict_proba(texts)[:, 1])


def torch_cnn(threads: int, work: str, count: int) -> Work:
    """The plain PyTorch CNN with the run's weights, in batches of similar length."""
    import torch

    from benchmarks.performance import plain

    run = plain.load(Path(work) / models.CNN_RUN, threads)
    model = plain.PlainCnn.of(run.model)
    longest_filter = max(run.model.config.widths)

    def logits(ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        short = longest_filter - ids.shape[1]
        return model(torch.nn.functional.pad(ids, (0, short)) if short > 0 else ids)

    sample = reviews(Path(work), "test").sample(count)
    return _work(sample, lambda texts: score_with_torch(run, texts, logits))


def torch_lstm(threads: int, work: str, count: int) -> Work:
    """The project's LSTM, which on the CPU is faster than ``nn.LSTM`` on packed sequences."""
    from benchmarks.performance import plain

    run = plain.load(Path(work) / models.LSTM_RUN, threads)
    sample = reviews(Path(work), "test").sample(count)
    return _work(sample, lambda texts: score_with_torch(run, texts, run.model))


def score_with_torch(run: Any, texts: list[bytes], logits: Callable[..., Any]) -> Probabilities:
    """Probabilities by ``logits(ids, lengths)``, in batches of similar length."""
    import torch

    from benchmarks.performance.plain import REVIEWS_A_BATCH

    encoded = run.tokenizer.encode(texts)
    order = np.argsort(-encoded.lengths, kind="stable")
    probabilities = np.empty(len(texts), dtype=np.float32)
    temperature = run.config.get("temperature", 1.0)
    with torch.inference_mode():
        for start in range(0, len(order), REVIEWS_A_BATCH):
            rows = order[start : start + REVIEWS_A_BATCH]
            ids, lengths = encoded.pad(rows)
            found = logits(torch.from_numpy(ids), torch.from_numpy(lengths))
            probabilities[rows] = torch.sigmoid(found / temperature).numpy()
    return probabilities


def distilbert(threads: int, work: str, count: int) -> Work:
    """ONNX Runtime on int8 weights, WordPiece by HF tokenizers, at most 512 tokens a review."""
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(Path(work) / models.WORD_PIECE))
    tokenizer.enable_truncation(models.DISTILBERT_TOKENS)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        str(Path(work) / models.DISTILBERT), options, providers=["CPUExecutionProvider"]
    )
    texts = [text.decode() for text in reviews(Path(work), "test").sample(count).texts]

    def score() -> Probabilities:
        encodings = sorted(tokenizer.encode_batch(texts), key=len)
        probabilities = []
        for start in range(0, len(encodings), 8):
            batch = encodings[start : start + 8]
            longest = len(batch[-1])
            ids = np.array([each.ids + [0] * (longest - len(each)) for each in batch])
            inside = np.arange(longest) < np.array([len(each) for each in batch])[:, None]
            (logits,) = session.run(None, {"ids": ids, "mask": inside.astype(np.int64)})
            probabilities.append(1 / (1 + np.exp(logits[:, 0] - logits[:, 1])))
        return np.concatenate(probabilities)

    return Work(score)
