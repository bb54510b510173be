"""The native engine in numpy: the specification of csrc/engine.c, and what runs in its place where
``IMDB_PURE_PYTHON=1``. The integers are the same, and so are the logits but for the last bit.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imdb_runtime.engines.cnn_plan import LANES, CnnPlan
from imdb_runtime.engines.cnn_weights import Floats, NgramWeights
from imdb_runtime.ngrams import hash_ngrams
from imdb_runtime.tokenizer import Encoded

Integers = NDArray[np.int16]


class Cnn:
    """Computes with ``plan``."""

    def __init__(self, plan: CnnPlan) -> None:
        self._plan = plan
        self._rows = np.zeros((len(plan.weights.embedding), len(plan.steps) * LANES), np.int16)
        self._filled = np.zeros(len(self._rows), dtype=np.bool_)

    def maxima(self, encoded: Encoded) -> Integers:
        """The largest sum of each filter over the windows of each text, int16 [n, features]."""
        return (
            np.stack([self._maxima(ids) for ids in _texts(encoded)])
            if len(encoded.word_counts)
            else np.empty((0, self._plan.features), np.int16)
        )

    def logits(self, encoded: Encoded) -> Floats:
        """The logit of each text, float32 [n]."""
        return np.array([self._logit(ids) for ids in _texts(encoded)], dtype=np.float32)

    def explain(self, encoded: Encoded) -> tuple[Floats, Floats, Floats]:
        """What each word adds, float32 [words of all texts]; logits and those of padding, [n].

        Integrated Gradients (Sundararajan et al. 2017) along the straight path from as many
        ``<pad>``. A filter's windows are ``start + alpha * (end - start)`` on it, with one start,
        so the largest at the end is the largest all the way, and what ReLU lets through of the
        path has a closed form: the integral is exact.
        """
        texts = _texts(encoded)
        padding = [np.zeros_like(ids) for ids in texts]
        attributions = [np.zeros(len(ids)) for ids in texts]
        for ids, values in zip(texts, attributions, strict=True):
            self._explain_filters(ids, values)
            self._explain_ngrams(ids, values)
        joined = np.concatenate([np.zeros(0), *attributions]).astype(np.float32)
        logits, baselines = (
            np.array([self._logit(ids) for ids in group], dtype=np.float32)
            for group in (texts, padding)
        )
        return joined, logits, baselines

    def _explain_filters(self, ids: NDArray[np.int32], attributions: NDArray[np.float64]) -> None:
        plan = self._plan
        padded = np.pad(ids, (0, max(plan.weights.widths)))
        for feature, parts in enumerate(self._parts_of_filters(padded)):
            width = len(parts)
            windows = max(len(ids) - width + 1, 1)
            differences = parts - parts[:, -1:]  # the last word is <pad>
            at_places = [differences[place, place : place + windows] for place in range(width)]
            sums = np.sum(at_places, axis=0)
            window = int(np.argmax(sums))
            start = int(parts[:, -1].sum()) * plan.scales[feature] + plan.biases[feature]
            end = start + sums[window] * plan.scales[feature]
            if end == start:
                continue
            let_through = (max(end, 0) - max(start, 0)) / (end - start)
            factor = let_through * plan.output_weights[feature] * plan.scales[feature]
            for place in range(min(width, len(ids) - window)):
                attributions[window + place] += factor * differences[place, window + place]

    def _parts_of_filters(self, words: NDArray[np.int32]) -> Iterator[NDArray[np.int64]]:
        """Of each feature what each word adds at each place of a window: [width, words]."""
        self._fill(np.unique(words))
        rows = self._rows[words].astype(np.int64)
        column = 0
        for summed in self._plan.passes:
            for filters in (summed.wide * LANES, summed.narrow * LANES):
                columns = column + np.arange(summed.width * filters).reshape(summed.width, filters)
                yield from rows[:, columns].transpose(2, 1, 0)
                column += columns.size

    def _explain_ngrams(self, ids: NDArray[np.int32], attributions: NDArray[np.float64]) -> None:
        """An n-gram's weight, less that of one of ``<pad>``, in equal parts to its words."""
        ngrams = self._plan.weights.ngrams
        if ngrams is None:
            return
        scale = ngrams.scale / math.sqrt(max(len(ids), 1))
        for order in range(1, min(ngrams.order, len(ids)) + 1):
            weights, of_padding = (
                _ngram_weights(ngrams, each, order) for each in (ids, np.zeros_like(ids))
            )
            parts = (weights.astype(np.float64) - of_padding) * scale / order
            for place in range(order):
                attributions[place : place + len(parts)] += parts

    def _logit(self, ids: NDArray[np.int32]) -> Any:
        plan = self._plan
        features = np.maximum(self._maxima(ids) * plan.scales + plan.biases, 0)
        # Eight sums side by side, as in the registers of a processor.
        sums = np.cumsum((features * plan.output_weights).reshape(-1, 8), axis=0)[-1]
        pairs = sums[:4] + sums[4:]
        logit = ((pairs[0] + pairs[2]) + (pairs[1] + pairs[3])) + np.float32(
            plan.weights.output_bias
        )
        return logit + np.float32(self._ngram_term(ids))

    def _maxima(self, ids: NDArray[np.int32]) -> Integers:
        padded = np.pad(ids, (0, max(self._plan.weights.widths)))
        self._fill(np.unique(padded))
        maxima, column = [], 0
        for summed in self._plan.passes:
            windows = max(len(ids) - summed.width + 1, 1)
            for filters in (summed.wide * LANES, summed.narrow * LANES):
                sums = np.zeros((windows, filters), dtype=np.int16)
                for place in range(summed.width):
                    rows = self._rows[padded[place : place + windows]]
                    sums += rows[:, column : column + filters]
                    column += filters
                maxima.append(sums.max(axis=0))
        return np.concatenate(maxima)

    def _fill(self, words: NDArray[np.int32]) -> None:
        """Compute the rows of ``words`` that are missing."""
        plan = self._plan
        words = words[~self._filled[words]]
        vectors, scales = self._integer_vectors(words)
        filters = plan.filters.transpose(1, 3, 0, 2).reshape(vectors.shape[1], -1)
        sums = (vectors.astype(np.int64) @ filters.astype(np.int64)).astype(np.float32)
        values = sums.reshape(-1, *plan.steps.shape) * scales[:, None, None] * plan.filter_steps
        integers = np.rint((values - plan.centers) / plan.steps)
        limits = plan.limits[:, None]
        self._rows[words] = np.clip(integers, -limits, limits).reshape(self._rows[words].shape)
        self._filled[words] = True

    def _integer_vectors(self, words: NDArray[np.int32]) -> tuple[NDArray[Any], Floats]:
        """Vectors of integers, [n, whole pairs], and what each is to be multiplied by, [n]."""
        weights = self._plan.weights
        vectors = weights.embedding[words]
        if weights.embedding_scales is not None:
            scales = weights.embedding_scales[words]
        else:
            scales = np.abs(vectors).max(axis=1) / np.float32(self._plan.vector_limit)
            vectors = np.rint(vectors / np.where(scales > 0, scales, 1)[:, None])
        return np.pad(vectors, ((0, 0), (0, vectors.shape[1] % 2))), scales

    def _ngram_term(self, ids: NDArray[np.int32]) -> float:
        ngrams = self._plan.weights.ngrams
        if ngrams is None:
            return 0.0
        total = 0.0
        for order in range(1, min(ngrams.order, len(ids)) + 1):
            weights = _ngram_weights(ngrams, ids, order)
            total += float(np.cumsum(weights, dtype=np.float64)[-1])
        return total * ngrams.scale / math.sqrt(max(len(ids), 1))


def _ngram_weights(ngrams: NgramWeights, ids: NDArray[np.int32], order: int) -> NDArray[Any]:
    """The weights of the n-grams of ``order`` words, as they are in the table."""
    places = [ids[place : len(ids) - order + 1 + place] for place in range(order)]
    wide = [place.astype(np.int64) for place in places]
    return ngrams.weights[hash_ngrams(wide, len(ngrams.weights))]


def _texts(encoded: Encoded) -> list[NDArray[np.int32]]:
    return np.split(encoded.ids, encoded.offsets[1:-1]) if len(encoded.word_counts) else []
