"""How the native engine holds a CNN: one row of integers a word, and what each integer means.

A filter's value on a window is a sum of what each of its words adds at its place; what a word adds
anywhere is ``embedding row @ filters``. Rounded to integers these values are the word's row, so
that a window is a sum of parts of rows, and a filter's feature the largest such sum. A value is
``center + step * integer``: the steps of a filter's places are equal, and the sum of the centers
is the same for every window, so the largest sum of integers belongs to the largest sum of values.

Integers are of 8 bits, or of 16 in the filters whose rounding the logit would feel most: as many of
them as it takes for the logit's error to have a standard deviation of ``ROUNDING_DEVIATION``.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imdb_runtime.engines.cnn_weights import CnnWeights, Floats

LANES = 32
MAX_BLOCKS = 2
LINE = 64
# Of logit / temperature, taking the places' errors as uniform and independent. Probabilities of
# 25,000 reviews are then within 0.01 (benchmarks/results/native_engine.json).
ROUNDING_DEVIATION = 0.009

_ROWS_AT_ONCE = 1024
_PADDING = -1


class Pass(NamedTuple):
    """Blocks of filters of one width that are summed together: ``imdb_pass`` of csrc/engine.h.

    ``wide`` blocks of 16-bit integers, then ``narrow`` ones of 8 bits. The offsets are in bytes of
    a row, ``feature`` is the number of the first filter's feature.
    """

    width: int
    wide: int
    narrow: int
    offset: int
    narrow_offset: int
    feature: int

    @property
    def end(self) -> int:
        """Where in the row its integers end."""
        return self.narrow_offset + self.width * self.narrow * LANES


def value_ranges(weights: CnnWeights) -> Floats:
    """The least and the largest value of each column of ``CnnWeights.columns`` over all words.

    float32 [2, columns].
    """
    columns = weights.columns()
    least = np.full(columns.shape[1], np.inf, dtype=np.float32)
    largest = -least
    for start in range(0, len(weights.embedding), _ROWS_AT_ONCE):
        values = weights.vectors(slice(start, start + _ROWS_AT_ONCE)) @ columns
        np.minimum(least, values.min(axis=0), out=least)
        np.maximum(largest, values.max(axis=0), out=largest)
    return np.stack([least, largest])


@dataclass(frozen=True)
class CnnPlan:
    """Passes, and arrays in the order of a row's values; made by ``make_plan``.

    ``filters`` is int16 [blocks, pairs, LANES, 2], of pairs of dimensions, to be multiplied by
    ``filter_steps``; those, ``centers`` and ``steps`` are float32 [blocks, LANES];
    ``places`` (bytes into the row), ``sizes`` (bytes of an integer) and ``limits`` (the largest
    integer) are [blocks]; ``scales``, ``biases`` and ``output_weights`` float32 [features].
    Padding has filters and weights of zero.
    """

    weights: CnnWeights
    passes: tuple[Pass, ...]
    filters: NDArray[np.int16]
    filter_steps: Floats
    centers: Floats
    steps: Floats
    places: NDArray[np.uint32]
    sizes: NDArray[np.uint8]
    limits: Floats
    scales: Floats
    biases: Floats
    output_weights: Floats

    @property
    def features(self) -> int:
        """Filters of all widths, padding included."""
        return len(self.scales)

    @property
    def vector_limit(self) -> int:
        """The largest integer that stands for a number of a word's vector."""
        return _integer_limits(self.weights)[0]

    @cached_property
    def stride(self) -> int:
        """Bytes of a row, whole cache lines."""
        return -(-self.passes[-1].end // LINE) * LINE


def make_plan(weights: CnnWeights, ranges: Floats, temperature: float) -> CnnPlan:
    """The plan for ``weights``, the values of whose columns are within ``ranges``, [2, columns]."""
    least, largest = ranges.astype(np.float64)
    filters = _Filters(weights, halves=(largest - least) / 2, middles=(largest + least) / 2)
    passes: list[Pass] = []
    parts: list[dict[str, NDArray[Any]]] = []
    offset = feature = 0
    for width, blocks, wide in filters.formats(ROUNDING_DEVIATION * temperature):
        for start in range(0, len(blocks), MAX_BLOCKS):
            members = blocks[start : start + MAX_BLOCKS]
            wide_here = min(max(wide - start, 0), len(members))
            narrow_offset = offset + width * wide_here * LANES * 2
            summed = Pass(
                width, wide_here, len(members) - wide_here, offset, narrow_offset, feature
            )
            parts += filters.arrays(members, summed)
            passes.append(summed)
            offset, feature = summed.end, feature + members.size
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return CnnPlan(weights, tuple(passes), **joined)


class _Filters:
    """All filters, numbered by width, then as they come; ``halves`` and ``middles`` [columns]."""

    def __init__(
        self, weights: CnnWeights, halves: NDArray[np.float64], middles: NDArray[np.float64]
    ) -> None:
        self._weights = weights
        self._count = len(weights.filters[0])
        # Column -1 is that of padding.
        self._columns = np.pad(weights.columns(), ((0, 0), (0, 1)))
        self._middles = np.append(middles, 0)
        starts = np.cumsum([0, *weights.widths]) * self._count
        self._places = [
            start + number + self._count * np.arange(width)
            for start, width in zip(starts, weights.widths, strict=False)
            for number in range(self._count)
        ]
        reach = np.array([halves[places].max() for places in self._places])
        self._reach = np.where(reach > 0, reach, 1)

    def formats(self, deviation: float) -> list[tuple[int, NDArray[np.int64], int]]:
        """Of each width the numbers of its filters in blocks, [blocks, LANES], the wide ones first.

        And how many are wide. Blocks become wide from the one with the most variance on, until the
        standard deviation of the logit's error is at most ``deviation``. The number -1 is padding.
        """
        weights = self._weights
        widths = np.repeat(weights.widths, self._count)
        variances = np.append((weights.output_weights * self._reach / 127) ** 2 * widths / 12, 0)
        groups = []
        for numbers in np.split(np.arange(len(widths)), len(weights.widths)):
            ordered = numbers[np.argsort(-variances[numbers], kind="stable")]
            padded = np.pad(ordered, (0, -len(ordered) % LANES), constant_values=_PADDING)
            groups.append(padded.reshape(-1, LANES))
        shares = [
            (variances[b].sum(), group) for group, blocks in enumerate(groups) for b in blocks
        ]
        left, wide = variances.sum(), [0] * len(groups)
        for share, group in sorted(shares, reverse=True):
            if left <= deviation**2:
                break
            left -= share
            wide[group] += 1
        return list(zip(weights.widths, groups, wide, strict=True))

    def arrays(self, blocks: NDArray[np.int64], summed: Pass) -> Iterator[dict[str, NDArray[Any]]]:
        """The fields of ``CnnPlan`` for the ``blocks`` of one pass."""
        wide, narrow = blocks[: summed.wide], blocks[summed.wide :]
        yield from self._values(wide, summed.width, summed.offset, 2, 32767 // summed.width)
        yield from self._values(narrow, summed.width, summed.narrow_offset, 1, 127)

    def _values(
        self, blocks: NDArray[np.int64], width: int, offset: int, size: int, limit: int
    ) -> Iterator[dict[str, NDArray[Any]]]:
        """For ``blocks`` of one format; with ``limit`` at every place, a sum is still an int16."""
        if len(blocks) == 0:
            return
        weights, numbers = self._weights, blocks.reshape(-1)
        real = numbers != _PADDING
        columns = np.full((width, len(numbers)), -1)
        columns[:, real] = np.transpose([self._places[number] for number in numbers[real]])
        columns = columns.reshape(-1, LANES)
        steps = (np.where(real, self._reach[numbers], 1) / limit).astype(np.float32)
        centers = self._middles[columns]
        biases = weights.biases[numbers] + centers.reshape(width, -1).sum(axis=0)
        filters = self._columns[:, columns].transpose(1, 0, 2)
        largest = np.abs(filters).max(axis=1)
        filter_steps = np.where(largest > 0, largest, 1) / _integer_limits(weights)[1]
        integers = np.rint(filters / filter_steps[:, None]).astype(np.int16)
        yield {
            "filters": _in_pairs(integers),
            "filter_steps": filter_steps.astype(np.float32),
            "centers": centers.astype(np.float32),
            "steps": np.tile(steps, width).reshape(-1, LANES),
            "places": (offset + np.arange(len(columns)) * LANES * size).astype(np.uint32),
            "sizes": np.full(len(columns), size, dtype=np.uint8),
            "limits": np.full(len(columns), limit, dtype=np.float32),
            "scales": np.where(real, steps, 0).astype(np.float32),
            "biases": np.where(real, biases, 0).astype(np.float32),
            "output_weights": np.where(real, weights.output_weights[numbers], 0).astype(np.float32),
        }


def _integer_limits(weights: CnnWeights) -> tuple[int, int]:
    """The largest integers of vectors and of filters whose products' sum is still an int32."""
    most = (2**31 - 1) // weights.embedding.shape[1]
    in_vectors = 128 if weights.embedding_scales is not None else min(math.isqrt(most), 32767)
    return in_vectors, min(most // in_vectors, 32767)


def _in_pairs(filters: NDArray[np.int16]) -> NDArray[np.int16]:
    """[blocks, dimension, LANES] as [blocks, pairs, LANES, 2]."""
    blocks, dimension, lanes = filters.shape
    filters = np.pad(filters, ((0, 0), (0, dimension % 2), (0, 0)))
    return np.ascontiguousarray(filters.reshape(blocks, -1, 2, lanes).transpose(0, 1, 3, 2))
