"""The weights of the CNN, as the graph of a bundle holds them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imdb_runtime.engines.onnx_weights import read_initializers
from imdb_runtime.errors import BundleError
from imdb_runtime.ngrams import MAX_ORDER, MULTIPLIERS, WIDTH

Floats = NDArray[np.float32]

# The sum of a window of so many int8 values is within an int16.
MAX_WIDTH = 255


@dataclass(frozen=True)
class NgramWeights:
    """The linear term over n-grams of 1 to ``order`` words.

    ``weights`` [buckets] is float32, or int8 to be multiplied by ``scale``.
    """

    order: int
    weights: NDArray[Any]
    scale: float

    @property
    def mask(self) -> int:
        """What is kept of an n-gram's hash before it is shifted to a bucket."""
        return (1 << WIDTH) - 1

    @property
    def shift(self) -> int:
        """How far the hash is shifted."""
        return WIDTH - (int(self.weights.size).bit_length() - 1)

    @property
    def multipliers(self) -> NDArray[np.uint64]:
        """Those of each order, [order, order], filled up with zeros."""
        rows = [(*row, *[0] * (self.order - len(row))) for row in MULTIPLIERS[: self.order]]
        return np.array(rows, dtype=np.uint64)


@dataclass(frozen=True)
class CnnWeights:
    """What ``imdb_train.models.cnn`` computes with.

    ``embedding`` [words, dimension] is float32, or int8 to be multiplied by the word's
    ``embedding_scales`` [words]. ``filters`` has for each width an array [filters, dimension,
    width]; ``biases`` and ``output_weights`` are [widths * filters].
    """

    embedding: NDArray[Any]
    embedding_scales: Floats | None
    filters: tuple[Floats, ...]
    biases: Floats
    output_weights: Floats
    output_bias: float
    ngrams: NgramWeights | None

    @property
    def widths(self) -> tuple[int, ...]:
        """Words of a window, of each group of filters."""
        return tuple(filters.shape[2] for filters in self.filters)

    def vectors(self, words: NDArray[Any] | slice) -> Floats:
        """The embedding's rows of ``words``, float32 [words, dimension]."""
        rows = self.embedding[words].astype(np.float32)
        if self.embedding_scales is not None:
            rows *= self.embedding_scales[words, None]
        return rows

    def columns(self) -> Floats:
        """All filters as columns, [dimension, columns]: by width, by place, by filter."""
        parts = [
            filters.transpose(1, 2, 0).reshape(len(filters[0]), -1) for filters in self.filters
        ]
        return np.concatenate(parts, axis=1)


def read_cnn_weights(model: bytes, config: dict[str, Any], where: str) -> CnnWeights:
    """The weights in ``model``, an ONNX file, of the CNN that ``config`` of the manifest describes.

    Raises
    ------
    BundleError
        Where an initializer is missing, malformed, or not of the type and shape ``config`` says.
    """
    reader = _Reader(read_initializers(model, where), where)
    words, dimension, filters, widths = _sizes(config, where)
    if "embedding.int8" in reader.found:
        embedding = reader.take("embedding.int8", np.int8, words, dimension)
        scales = reader.take("embedding.scale", np.float32, words, 1)[:, 0]
    else:
        embedding, scales = reader.take("embedding.weight", np.float32, words, dimension), None
    convolutions = [f"convolutions.{index}" for index in range(len(widths))]
    return CnnWeights(
        embedding=embedding,
        embedding_scales=scales,
        filters=tuple(
            reader.take(f"{name}.weight", np.float32, filters, dimension, width)
            for name, width in zip(convolutions, widths, strict=True)
        ),
        biases=np.concatenate(
            [reader.take(f"{name}.bias", np.float32, filters) for name in convolutions]
        ),
        output_weights=reader.take("output.weight", np.float32, 1, filters * len(widths))[0],
        output_bias=float(reader.take("output.bias", np.float32, 1)[0]),
        ngrams=_ngrams(reader, config, where),
    )


def _ngrams(reader: "_Reader", config: dict[str, Any], where: str) -> NgramWeights | None:
    order = _whole(config, "ngram_order", 0, MAX_ORDER, where, 0)
    if order == 0:
        return None
    buckets = _whole(config, "ngram_buckets", 1, 2**WIDTH, where)
    if buckets & (buckets - 1):
        raise BundleError(f"{where}: model: ngram_buckets must be a power of two, it is {buckets}")
    if "ngrams.int8" in reader.found:
        scale = float(reader.take("ngrams.scale", np.float32))
        return NgramWeights(order, reader.take("ngrams.int8", np.int8, buckets), scale)
    return NgramWeights(order, reader.take("ngrams.weight", np.float32, buckets), 1.0)


class _Reader:
    def __init__(self, found: dict[str, NDArray[Any]], where: str) -> None:
        self.found = found
        self._where = where

    def take(self, name: str, dtype: Any, *shape: int) -> NDArray[Any]:
        array = self.found.get(name)
        if array is None:
            raise BundleError(
                f"{self._where}: the graph has no initializer {name!r}; export the run again"
            )
        if array.dtype != dtype or array.shape != shape:
            raise BundleError(
                f"{self._where}: the initializer {name!r} is {array.dtype} {list(array.shape)},"
                f" not {np.dtype(dtype)} {list(shape)}; export the run again"
            )
        return array


def _sizes(config: dict[str, Any], where: str) -> tuple[int, int, int, tuple[int, ...]]:
    words = _whole(config, "vocabulary_size", 2, 2**21 - 1, where)
    dimension = _whole(config, "embedding_dimension", 1, 2**16, where)
    filters = _whole(config, "filters", 1, 2**16, where)
    widths = config.get("widths")
    if (
        not isinstance(widths, list)
        or not widths
        or not all(type(width) is int and 1 <= width <= MAX_WIDTH for width in widths)
    ):
        raise BundleError(
            f"{where}: model: widths must be whole numbers from 1 to {MAX_WIDTH}, not {widths!r}"
        )
    return words, dimension, filters, tuple(widths)


def _whole(
    config: dict[str, Any], name: str, least: int, largest: int, where: str, default: Any = None
) -> int:
    value = config.get(name, default)
    if type(value) is not int or not least <= value <= largest:
        raise BundleError(
            f"{where}: model: {name} must be a whole number from {least} to {largest},"
            f" it is {value!r}"
        )
    return value
