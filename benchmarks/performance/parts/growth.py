"""Cost as work grows: reviews, words of a review, words of the vocabulary."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.performance.corpus import LARGEST_VOCABULARY, reviews, vocabulary
from benchmarks.performance.measuring import Contender, ask
from benchmarks.performance.settings import Settings
from benchmarks.performance.worker import Work

SECONDS_A_SERIES = 60.0
SHORTEST_MEASUREMENT = 0.02


def measure(settings: Settings) -> dict[str, Any]:
    """Of each series the sizes, the seconds, and the slope of their logarithms."""
    work = str(settings.work)
    largest = settings.reviews(1_000_000, 1_000)
    return {
        "series": [
            _series(settings, "reviews", "reviews_to_probabilities", largest, work),
            _series(settings, "bytes of a review", "bytes_to_ids", 1_000_000, work),
            _series(settings, "bytes of a review", "bytes_to_probability", 1_000_000, work),
            _series(settings, "words of the vocabulary", "vocabulary_to_ids",
                    LARGEST_VOCABULARY, work),
            _series(settings, "words of the vocabulary", "vocabulary_to_table",
                    LARGEST_VOCABULARY, work),
        ]
    }  # fmt: skip


def _series(settings: Settings, what: str, setup: str, largest: int, work: str) -> dict[str, Any]:
    seconds = 2.0 if settings.quick else SECONDS_A_SERIES
    arguments = {"work": work, "largest": largest, "budget": seconds}
    answer = ask(Contender(setup, f"growth:{setup}", 1, arguments), limit=10 * seconds + 60)
    kept = ("error",) if "error" in answer else ("points", "slope")
    return {"name": setup, "what": what, **{key: answer[key] for key in kept}}


def reviews_to_probabilities(threads: int, work: str, largest: int, budget: float) -> Work:
    """The bundled model on more and more reviews, the test reviews over and over."""
    from imdb_runtime import Classifier

    classifier = Classifier.load(threads=threads)
    test = reviews(Path(work), "test").texts
    texts = (test * (largest // len(test) + 1))[:largest]
    return _work(
        _powers_of_ten(1, largest), lambda size: texts[:size], classifier.predict_proba, budget
    )


def bytes_to_ids(threads: int, work: str, largest: int, budget: float) -> Work:
    """One review of one word to a megabyte, to ids, all its words kept."""
    from imdb_runtime.tokenizer import Tokenizer

    tokenizer = Tokenizer(vocabulary(Path(work), 30_000), max_length=largest)
    return _work(
        _powers_of_ten(5, largest), lambda size: [_long_text(work, size)], tokenizer.encode, budget
    )


def bytes_to_probability(threads: int, work: str, largest: int, budget: float) -> Work:
    """The same to a probability; words beyond the model's most are found but not read."""
    from imdb_runtime import Classifier

    classifier = Classifier.load(threads=threads)
    return _work(
        _powers_of_ten(5, largest),
        lambda size: [_long_text(work, size)],
        classifier.predict_proba,
        budget,
    )


def vocabulary_to_ids(threads: int, work: str, largest: int, budget: float) -> Work:
    """5,000 reviews to ids, by more and more of a vocabulary."""
    from imdb_runtime.tokenizer import Tokenizer

    texts = reviews(Path(work), "test").sample(5_000).texts
    return _work(
        _vocabularies(largest),
        lambda size: Tokenizer(vocabulary(Path(work), size)),
        lambda tokenizer: tokenizer.encode(texts),
        budget,
    )


def vocabulary_to_table(threads: int, work: str, largest: int, budget: float) -> Work:
    """A tokenizer made from a vocabulary."""
    from imdb_runtime.tokenizer import Tokenizer

    return _work(
        _vocabularies(largest), lambda size: vocabulary(Path(work), size), Tokenizer, budget
    )


def _powers_of_ten(least: int, most: int) -> list[int]:
    steps = np.geomspace(least, most, round(2 * np.log10(most / least)) + 1)
    return sorted({round(each) for each in steps})


def _vocabularies(largest: int) -> list[int]:
    return [size for size in (10_000, 20_000, 50_000, 100_000, 200_000) if size <= largest]


def _long_text(work: str, size: int) -> bytes:
    """So many bytes of reviews, to a text end to end."""
    return (Path(work) / "test.txt").read_bytes()[:size].replace(b"\n", b" ")


def _work(
    sizes: Iterable[int], prepare: Callable[[int], Any], run: Callable[[Any], Any], budget: float
) -> Work:
    def points() -> list[dict[str, float]]:
        found = []
        end = time.perf_counter() + budget
        for size in sizes:
            found.append({"size": size, "seconds": _best(run, prepare(size))})
            if time.perf_counter() > end:
                break
        return found

    return Work(points, lambda found: {"points": found, "slope": _slope(found)})


def _best(run: Callable[[Any], Any], work: Any) -> float:
    """The least time of several, each of enough calls to be measured."""
    run(work)
    calls, seconds = 1, 0.0
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(calls):
            run(work)
        seconds = time.perf_counter() - start
        best = min(best, seconds / calls)
        if seconds > 2:
            break
        calls = max(1, round(SHORTEST_MEASUREMENT / best))
    return best


def _slope(points: list[dict[str, float]]) -> float | None:
    """Of log seconds by log size, over the upper half of the sizes: 1 is linear."""
    upper = points[len(points) // 2 :]
    if len(upper) < 2:
        return None
    sizes, seconds = (np.log([point[key] for point in upper]) for key in ("size", "seconds"))
    return float(np.polyfit(sizes, seconds, 1)[0])
