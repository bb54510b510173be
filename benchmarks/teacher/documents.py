"""Logistic regression on vectors of whole reviews, learnt from their n-grams.

A vector is trained to tell the n-grams of its review from others (PV-DBOW: Le & Mikolov 2014; of
n-grams: Li et al. 2015, arXiv:1512.08183). Frequent n-grams are mostly left out, unless their
log-count ratio says much about the label (after Bingyu & Arefyev 2022, arXiv:2205.13357). Only
reviews that it is trained on have a vector: there is none for the test reviews.
"""

import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks.teacher.ngrams import (
    find_known,
    known_ngrams,
    log_count_ratio,
    matrix_of,
    ngrams_of,
)
from benchmarks.teacher.reviews import Reviews

_PARTS = ("train", "validation", "unlabelled")


@dataclass(frozen=True)
class Settings:
    dimension: int = 300
    epochs: int = 12
    negative: int = 5
    alpha: float = 0.05  # the rate at first; it falls to a hundredth
    min_reviews: int = 5  # that an n-gram must be in
    rare: float = 4e-6  # an n-gram as frequent as this, or less, is always kept
    telling: float = 0.7  # and one whose log-count ratio is as far from 0
    smoothing: float = 10.0  # of that ratio: or a rare n-gram would tell the label of its review
    least_kept: float = 0.02
    regularization: float = 1.0
    threads: int = 2
    seed: int = 0


def document_logits(reviews: Reviews, settings: Settings) -> dict[str, NDArray[np.float32]]:
    """The logits, float32 [n], of validation and unlabelled."""
    vectors = _train_vectors(reviews, settings)
    model = LogisticRegression(C=settings.regularization, max_iter=200)
    model.fit(vectors["train"], reviews.labels["train"])
    return {
        part: model.decision_function(vectors[part]).astype(np.float32)
        for part in ("validation", "unlabelled")
    }


def _train_vectors(reviews: Reviews, settings: Settings) -> dict[str, NDArray[np.float32]]:
    """A vector of length 1 for every review: float32 [reviews, dimension] a part."""
    from gensim.models import Doc2Vec

    logging.getLogger("gensim").setLevel(logging.WARNING)
    random = np.random.default_rng(settings.seed)
    starts = np.cumsum([0, *(len(reviews.encoded[part].lengths) for part in _PARTS)])
    count = int(starts[-1])
    # Shuffled: a vector also says when it was trained, and IMDB has the negative reviews first.
    line_of = random.permutation(count)
    lines, ngrams, kept = _places(reviews, line_of, starts, settings)
    model = Doc2Vec(
        dm=0,
        vector_size=settings.dimension,
        negative=settings.negative,
        min_count=1,
        sample=0,
        workers=settings.threads,
        seed=settings.seed,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reviews.txt"
        _write(path, lines, ngrams, count)
        model.build_vocab(corpus_file=str(path))
        for epoch in range(settings.epochs):
            drawn = random.random(len(ngrams)) < kept
            _write(path, lines[drawn], ngrams[drawn], count)
            model.train(
                corpus_file=str(path),
                total_examples=count,
                total_words=int(drawn.sum()),
                epochs=1,
                start_alpha=_rate(settings, epoch),
                end_alpha=_rate(settings, epoch + 1),
            )
            print(f"epoch {epoch + 1}/{settings.epochs}", flush=True)
    vectors = model.dv.vectors[line_of]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return dict(zip(_PARTS, np.split(vectors, starts[1:-1]), strict=True))


def _rate(settings: Settings, epoch: int) -> float:
    return settings.alpha * max(0.01, 1 - epoch / settings.epochs)


def _places(
    reviews: Reviews, line_of: NDArray[np.int64], starts: NDArray[np.int64], settings: Settings
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Of every place of a known n-gram: its line, ascending, its n-gram, how likely it is kept."""
    found = [ngrams_of(reviews.encoded[part]) for part in _PARTS]
    lines = np.concatenate(
        [line_of[start + numbers] for start, (numbers, _) in zip(starts, found, strict=False)]
    )
    keys = np.concatenate([keys for _, keys in found])
    known = known_ngrams(lines, keys, settings.min_reviews)
    ngrams, there = find_known(known, keys)
    lines, ngrams = lines[there], ngrams[there]
    order = np.argsort(lines, kind="stable")
    lines, ngrams = lines[order], ngrams[order]

    frequency = np.bincount(ngrams, minlength=len(known)) / len(ngrams)
    ratio = log_count_ratio(
        matrix_of(reviews.encoded["train"], known), reviews.labels["train"], settings.smoothing
    )
    kept = np.maximum(np.abs(ratio) / settings.telling, np.sqrt(settings.rare / frequency))
    return lines, ngrams, np.clip(kept, settings.least_kept, 1.0)[ngrams]


def _write(path: Path, lines: NDArray[np.int64], ngrams: NDArray[np.int64], count: int) -> None:
    """Write ``count`` lines, each of its n-grams' numbers; gensim would skip an empty one."""
    bounds = np.searchsorted(lines, np.arange(1, count))
    with path.open("w") as file:
        for line in np.split(ngrams, bounds):
            file.write(" ".join(map(str, line.tolist())) or "0")
            file.write("\n")
