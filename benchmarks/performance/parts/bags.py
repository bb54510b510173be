"""Bags of n-grams: raw text to labels by fastText, and by scikit-learn's TF-IDF and NBSVM."""

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.performance import classical
from benchmarks.performance.corpus import reviews
from benchmarks.performance.fasttext_score import prepared
from benchmarks.performance.measuring import Contender, compare
from benchmarks.performance.models import FASTTEXT
from benchmarks.performance.settings import Settings
from benchmarks.performance.worker import Work


def measure(settings: Settings) -> dict[str, Any]:
    """Rows on one thread: these predict on no more. The set-up of two is their fit."""
    count = settings.reviews(25_000, 500)
    train = settings.reviews(25_000, 1_000)
    work = str(settings.work)
    contenders = [
        Contender(
            "imdb-edge, bundled model", "bags:bundled", count, {"work": work, "count": count}
        ),
        Contender("fastText, bigrams", "bags:fasttext", count, {"work": work, "count": count}),
        *(
            Contender(name, f"bags:{setup}", count, {"work": work, "count": count, "train": train})
            for name, setup in (
                ("TF-IDF 1-2-grams + logistic regression", "tfidf"),
                ("NBSVM 1-3-grams", "nbsvm"),
            )
        ),
    ]
    return {"rows": compare(contenders, settings.rounds(processes=1, passes=4, budget=10))}


def bundled(threads: int, work: str, count: int) -> Work:
    """What comes with the package, for comparison."""
    from imdb_runtime import Classifier

    test = reviews(Path(work), "test").sample(count)
    classifier = Classifier.load(threads=threads)
    return Work(
        lambda: classifier.predict(test.texts),
        lambda labels: {"f1": classical.f1(labels == classifier.classes_[1], test.labels == 1)},
    )


def fasttext(threads: int, work: str, count: int) -> Work:
    """Lower case and marks apart, then ``predict`` on a list."""
    import fasttext

    model = fasttext.load_model(str(Path(work) / FASTTEXT))
    test = reviews(Path(work), "test").sample(count)

    def run() -> Any:
        block = prepared(b"\n".join(test.texts))
        return model.predict(block.decode().split("\n"))[0]

    def describe(labels: Any) -> dict[str, Any]:
        positive = np.array([each[0] == classical.POSITIVE for each in labels])
        return {"f1": classical.f1(positive, test.labels == 1)}

    return Work(run, describe)


def tfidf(threads: int, work: str, count: int, train: int) -> Work:
    """Fit on so many training reviews, then predict."""
    return _fitted(classical.fit_tfidf, Path(work), count, train)


def nbsvm(threads: int, work: str, count: int, train: int) -> Work:
    """Fit on so many training reviews, then predict."""
    return _fitted(classical.fit_nbsvm, Path(work), count, train)


def _fitted(fit: Any, work: Path, count: int, train: int) -> Work:
    model = fit(reviews(work, "train").sample(train))
    test = reviews(work, "test").sample(count)
    return Work(
        lambda: model.predict(test.texts),
        lambda labels: {"f1": classical.f1(labels == 1, test.labels == 1)},
    )
