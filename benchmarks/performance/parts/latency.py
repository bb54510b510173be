"""One review at a time, and how long it takes to get going."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.performance import models
from benchmarks.performance.corpus import reviews
from benchmarks.performance.measuring import Contender, compare, spread
from benchmarks.performance.parts.bulk import SCORE
from benchmarks.performance.settings import Settings
from benchmarks.performance.worker import Work

IMPORT = """
import numpy, sys, time
start = time.perf_counter()
{statement}
print(time.perf_counter() - start)
"""
LINE = b"One of the best films I have seen in years, and the ending is perfect.\n"


def measure(settings: Settings) -> dict[str, Any]:
    """Percentiles of single reviews on one thread; processes of one line; imports."""
    count = settings.reviews(2_000, 50)
    contenders = [
        _single(settings, name, bundle, engine, count)
        for name, bundle in (("bundled", None), ("cnn", models.CNN_BUNDLE))
        for engine in ("native", "onnx")
    ]
    rows = compare(contenders, settings.rounds(processes=1, passes=4, budget=8))
    times = settings.reviews(15, 2)
    return {
        "rows": [
            {"model": contender.arguments["model"], **row}
            for contender, row in zip(contenders, rows, strict=True)
        ],
        "cold": {
            "imdb-score of one line": _times(times, _score_one_line),
            "python -c pass": _times(times, _python),
            "import imdb_runtime beyond numpy": _times(
                times, lambda: _import("import imdb_runtime")
            ),
            "from imdb_runtime import Classifier beyond numpy": _times(
                times, lambda: _import("from imdb_runtime import Classifier")
            ),
        },
    }


def _single(
    settings: Settings, name: str, bundle: str | None, engine: str, count: int
) -> Contender:
    path = None if bundle is None else str(settings.work / bundle)
    arguments = {
        "work": str(settings.work), "model": name, "bundle": path, "engine": engine, "count": count
    }  # fmt: skip
    label = {"native": "imdb-edge, native engine", "onnx": "imdb-edge on ONNX Runtime"}[engine]
    return Contender(label, "latency:single", count, arguments)


def single(
    threads: int, work: str, model: str, bundle: str | None, engine: str, count: int
) -> Work:
    """Text to probability, review after review, each on its own clock."""
    from imdb_runtime import Classifier

    classifier = Classifier.load(bundle, engine=engine, threads=threads)
    texts = reviews(Path(work), "test").sample(count).texts

    def run() -> list[float]:
        seconds = []
        for text in texts:
            start = time.perf_counter()
            classifier.predict_proba([text])
            seconds.append(time.perf_counter() - start)
        return seconds

    def describe(seconds: list[float]) -> dict[str, Any]:
        p50, p90, p99 = (float(each) * 1e6 for each in np.percentile(seconds, [50, 90, 99]))
        return {"p50_microseconds": p50, "p90_microseconds": p90, "p99_microseconds": p99}

    return Work(run, describe)


def _times(count: int, once: Any) -> dict[str, Any]:
    once()  # files come from the page cache, as for a tool in use
    return spread([once() for _ in range(count)])


def _score_one_line() -> float:
    start = time.perf_counter()
    subprocess.run([SCORE], input=LINE, capture_output=True, check=True)
    return time.perf_counter() - start


def _python() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - start


def _import(statement: str) -> float:
    command = [sys.executable, "-c", IMPORT.format(statement=statement)]
    done = subprocess.run(command, capture_output=True, check=True, env=os.environ)
    return float(done.stdout)
