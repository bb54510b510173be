"""Are the answers what they should be? Each check says what was asked and what came out."""

import hashlib
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.performance import models
from benchmarks.performance.classical import f1
from benchmarks.performance.corpus import reviews, vocabulary
from benchmarks.performance.measuring import Contender, ask
from benchmarks.performance.settings import NOTEBOOK_WORDS, Settings
from benchmarks.performance.worker import Work
from imdb_runtime._core import tiers

SCORE = Path(sys.executable).parent / "imdb-score"
CLOSE, SAME_LABELS, SAME_LABELS_INT8, SAME_F1 = 0.01, 0.999, 0.995, 0.0005
Check = dict[str, Any]


def measure(settings: Settings) -> dict[str, Any]:
    """All checks, in order; one that could not be made has ``error`` and is not met."""
    many, some = settings.reviews(25_000, 500), settings.reviews(1_000, 16)
    cnn = str(settings.work / models.CNN_BUNDLE)
    return {
        "rows": [
            *_tokenizer_checks(settings),
            *_agreement(
                settings, "notebook's CNN, native against PyTorch float", many, SAME_LABELS,
                ("native", cnn), ("torch", str(settings.work / models.CNN_RUN)),
            ),
            *_agreement(
                settings, "notebook's CNN, native against ONNX Runtime", many, SAME_LABELS,
                ("native", cnn), ("onnx", cnn),
            ),
            *_agreement(
                settings, "bundled model, native against ONNX Runtime", many, SAME_LABELS,
                ("native", None), ("onnx", None),
            ),
            *_agreement(
                settings, "LSTM, int8 against PyTorch float", some, SAME_LABELS_INT8,
                ("onnx", str(settings.work / models.LSTM_INT8_BUNDLE)),
                ("torch", str(settings.work / models.LSTM_RUN)), probabilities=False,
            ),
            _rows_of_imdb_score(settings),
        ]
    }  # fmt: skip


def _tokenizer_checks(settings: Settings) -> list[Check]:
    few, many = settings.reviews(1_000, 100), settings.reviews(25_000, 500)
    checks = [_same_ids(settings, few, f"ids of {few:,} reviews as the Python twin's",
                        {"IMDB_PURE_PYTHON": "1"}, {})]  # fmt: skip
    plainest, *faster = reversed(tiers())
    for tier in faster:
        checks.append(
            _same_ids(settings, many, f"ids of {many:,} reviews: {tier} as {plainest}",
                      {"IMDB_SIMD": tier}, {"IMDB_SIMD": plainest})
        )  # fmt: skip
    return checks


def _same_ids(
    settings: Settings, count: int, name: str, one: dict[str, str], other: dict[str, str]
) -> Check:
    answers = [
        ask(
            Contender(
                name, "checks:ids", count, {"work": str(settings.work), "count": count},
                environment=environment,
            )
        )
        for environment in (one, other)
    ]  # fmt: skip
    same = "error" not in answers[0] and answers[0].get("digest") == answers[1].get("digest")
    return _check(name, "the same", "the same" if same else "they differ", same, answers)


def ids(threads: int, work: str, count: int) -> Work:
    """A digest of the ids of test reviews and of hostile text."""
    from imdb_runtime.tokenizer import Tokenizer

    tokenizer = Tokenizer(vocabulary(Path(work), NOTEBOOK_WORDS))
    texts = reviews(Path(work), "test").sample(count).texts + _hostile_texts()
    return Work(
        lambda: tokenizer.encode(texts),
        lambda encoded: {
            "digest": hashlib.sha256(b"".join(part.tobytes() for part in encoded)).hexdigest()
        },
    )


def _hostile_texts() -> list[bytes]:
    """Bytes at random, of every kind the tokenizer knows, at every length around its blocks."""
    generator = random.Random(0)
    pieces = [
        b"a", b"Z", b"9", b"'", b"n't", b"<br />", b"<br", b" ", b"\t", b"\0", b"\x80", b"\xff",
        b"\xe2\x80\x99", b"\xc3\x89", b"\xc4\xb0", b"\xf0\x9f\x98\x80", b"-", b".", b"...", b"\r",
    ]  # fmt: skip
    return [b"".join(generator.choices(pieces, k=length)) for length in range(300)]


def _agreement(
    settings: Settings,
    name: str,
    count: int,
    same_labels: float,
    one: tuple[str, str | None],
    other: tuple[str, str | None],
    *,
    probabilities: bool = True,
) -> list[Check]:
    """Of two ways to score: the probabilities, the labels, and the test F1."""
    with tempfile.TemporaryDirectory() as folder:
        answers, found = [], []
        for number, (engine, path) in enumerate((one, other)):
            out = Path(folder) / f"{number}.npy"
            arguments = {
                "work": str(settings.work), "count": count, "engine": engine, "path": path,
                "out": str(out),
            }  # fmt: skip
            answers.append(ask(Contender(name, "checks:scores", count, arguments, threads=2)))
            found.append(np.load(out) if out.exists() else np.full(count, np.nan))
    far = float(np.abs(found[0] - found[1]).max())
    labels = [each >= 0.5 for each in found]
    same = float((labels[0] == labels[1]).mean())
    true = reviews(settings.work, "test").sample(count).labels == 1
    figures = [f1(each, true) for each in labels]
    moved = abs(figures[0] - figures[1])
    checks = [
        _check(f"{name}: labels, {count:,} reviews", f"≥ {same_labels:.1%} the same",
               f"{same:.3%}", same >= same_labels, answers),
    ]  # fmt: skip
    if probabilities:
        checks += [
            _check(f"{name}: probabilities", f"within {CLOSE}", f"{far:.5f} apart at most",
                   far <= CLOSE, answers),
            _check(f"{name}: F1", f"within {SAME_F1}", f"{figures[0]:.5f}, {figures[1]:.5f}",
                   moved <= SAME_F1, answers),
        ]  # fmt: skip
    return checks


def scores(threads: int, work: str, count: int, engine: str, path: str | None, out: str) -> Work:
    """Write the probabilities of a sample of the test reviews to ``out``."""
    texts = reviews(Path(work), "test").sample(count).texts
    score = (
        _torch_scorer(str(path), threads) if engine == "torch" else _scorer(path, engine, threads)
    )
    return Work(lambda: np.save(out, score(texts)))


def _scorer(path: str | None, engine: str, threads: int) -> Any:
    from imdb_runtime import Classifier

    classifier = Classifier.load(path, engine=engine, threads=threads)
    return lambda texts: classifier.predict_proba(texts)[:, 1]


def _torch_scorer(path: str, threads: int) -> Any:
    from benchmarks.performance import plain
    from benchmarks.performance.parts.engines import score_with_torch

    run = plain.load(Path(path), threads)
    return lambda texts: score_with_torch(run, texts, run.model)


def _rows_of_imdb_score(settings: Settings) -> Check:
    count = settings.reviews(5_000, 200)
    name = f"imdb-score on {count:,} reviews as Classifier"
    with tempfile.TemporaryDirectory() as folder:
        file, out = Path(folder) / "reviews.txt", Path(folder) / "scores.npy"
        texts = reviews(settings.work, "test").sample(count).texts
        file.write_bytes(b"".join(text + b"\n" for text in texts))
        arguments = {
            "work": str(settings.work), "count": count, "engine": "auto", "path": None,
            "out": str(out),
        }  # fmt: skip
        answer = ask(Contender(name, "checks:scores", count, arguments, threads=2))
        scored = subprocess.run([SCORE, file], capture_output=True, text=True, check=True).stdout
        expected = np.load(out) if out.exists() else np.full(count, np.nan)
    rows = [line.split("\t") for line in scored.splitlines()]
    met = len(rows) == count and _all_equal(rows, expected)
    return _check(name, "the same rows", "the same" if met else "they differ", met, [answer])


def _all_equal(rows: list[list[str]], expected: NDArray[np.float32]) -> bool:
    """Whether labels are the same, and probabilities to the six decimals that are printed."""
    labels = np.where(expected >= 0.5, "pos", "neg").tolist()
    printed = np.array([float(row[1]) for row in rows])
    same = [row[0] for row in rows] == labels
    return same and bool((np.abs(printed - expected) < 1e-6).all())


def _check(name: str, asked: str, measured: str, met: bool, answers: list[dict[str, Any]]) -> Check:
    errors = [answer["error"] for answer in answers if "error" in answer]
    row = {"name": name, "asked": asked, "measured": measured, "met": met and not errors}
    return row | ({"measured": "not made", "error": errors[0]} if errors else {})
