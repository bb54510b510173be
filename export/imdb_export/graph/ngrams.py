"""The CNN's n-gram term as standard operators on integers."""

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from imdb_export.graph.builder import GraphBuilder
from imdb_runtime.ngrams import MULTIPLIERS, WIDTH


def ngram_term(graph: GraphBuilder, order: int, weight: NDArray[np.float32], *, int8: bool) -> str:
    """The sum of the n-grams' weights over the square root of the length, float32 [batch]."""
    padding = graph.integers("ngrams.padding", 0, 0, 0, order)
    padded = graph.node("Pad", ["ids", padding], "ngrams.padded")
    lengths = graph.node("Unsqueeze", ["lengths", graph.integers("axes_1", 1)], "lengths_2d")
    shape = graph.node("Shape", ["ids"], "ngrams.shape")
    size = graph.node("Gather", [shape, graph.scalar("axis_1", 1)], "ngrams.size")
    limits = [graph.scalar("from_zero", 0), size, graph.scalar("by_one", 1)]
    positions = graph.node("Range", limits, "ngrams.positions")
    sums = []
    for words in range(1, order + 1):
        name = f"ngrams.{words}"
        buckets = _hash(graph, padded, words, order, len(weight), name)
        weights = _weights(graph, weight, buckets, name, int8=int8)
        overlap = graph.integers(f"{name}.overlap", words - 1)
        whole = graph.node("Sub", [lengths, overlap], f"{name}.whole")
        inside = graph.node("Less", [positions, whole], f"{name}.inside")
        mask = graph.node("Cast", [inside], f"{name}.mask", to=TensorProto.FLOAT)
        masked = graph.node("Mul", [weights, mask], f"{name}.masked")
        axis = graph.integers("axes_1", 1)
        sums.append(graph.node("ReduceSum", [masked, axis], f"{name}.sum", keepdims=0))
    total = graph.node("Sum", sums, "ngrams.total")
    if int8:
        scale = graph.initializer("ngrams.scale", _scale(weight))
        total = graph.node("Mul", [total, scale], "ngrams.scaled")
    least = graph.node("Max", ["lengths", graph.integers("one", 1)], "ngrams.least")
    floating = graph.node("Cast", [least], "ngrams.length", to=TensorProto.FLOAT)
    return graph.node("Div", [total, graph.node("Sqrt", [floating], "ngrams.root")], "ngrams.term")


def _hash(graph: GraphBuilder, padded: str, words: int, order: int, buckets: int, name: str) -> str:
    products = []
    for place, multiplier in enumerate(MULTIPLIERS[words - 1]):
        start = graph.integers(f"ngrams.start_{place}", place)
        end = graph.integers(f"ngrams.end_{place}", place - order)
        bounds = [start, end, graph.integers("axes_1", 1)]
        shifted = graph.node("Slice", [padded, *bounds], f"{name}.word_{place}")
        factor = graph.integers(f"{name}.multiplier_{place}", multiplier)
        products.append(graph.node("Mul", [shifted, factor], f"{name}.product_{place}"))
    total = products[0]
    for place, product in enumerate(products[1:], 1):
        total = graph.node("Add", [total, product], f"{name}.added_{place}")
    modulus = graph.integers("ngrams.modulus", 2**WIDTH)
    low = graph.node("Mod", [total, modulus], f"{name}.low")
    width = graph.integers("ngrams.bucket_width", 2**WIDTH // buckets)
    return graph.node("Div", [low, width], f"{name}.bucket")


def _weights(
    graph: GraphBuilder, weight: NDArray[np.float32], buckets: str, name: str, *, int8: bool
) -> str:
    if not int8:
        table = graph.initializer("ngrams.weight", weight)
        return graph.node("Gather", [table, buckets], f"{name}.weights")
    rounded = np.rint(weight / _scale(weight)).astype(np.int8)
    table = graph.initializer("ngrams.int8", rounded)
    small = graph.node("Gather", [table, buckets], f"{name}.int8")
    return graph.node("Cast", [small], f"{name}.weights", to=TensorProto.FLOAT)


def _scale(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """One scale for all: a scalar; above 0 also where every weight is 0."""
    return np.array(max(float(np.abs(weight).max()), 1e-12) / 127, dtype=np.float32)
