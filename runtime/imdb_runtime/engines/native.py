"""The engine for the CNN in C (csrc/engine.c): texts to logits, without padding and without ONNX.

A bundle may hold ``ranges.f32``, what ``cnn_plan.value_ranges`` gives, so that only the rows of
words that occur need to be computed; without it all are, once, when the engine is made.
"""

import os
import threading
from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from imdb_runtime.bundle import MODEL_FILE
from imdb_runtime.engines.cnn_plan import make_plan, value_ranges
from imdb_runtime.engines.cnn_weights import CnnWeights, Floats, read_cnn_weights
from imdb_runtime.engines.cpus import available_cpus
from imdb_runtime.errors import BundleError
from imdb_runtime.tokenizer import SCHEMES, Encoded, Tokenizer
from imdb_runtime.twins import pure_python

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

RANGES_FILE = "ranges.f32"

# Handing over less than this would take longer than the work itself.
_LEAST_BYTES = 1 << 17
_LEAST_WORDS = 1 << 12
_PIECES_A_THREAD = 4

# None where the twin in numpy runs in its place.
_core: Any = None
_Cnn: Any
if pure_python():
    from imdb_runtime.engines.cnn_reference import Cnn as _Cnn
else:
    from imdb_runtime import _core

    _Cnn = _core.Cnn


class NativeEngine:
    """A CNN out of an ONNX graph.

    A text's logit is the same whatever it is scored along with, on however many threads.

    Parameters
    ----------
    model : bytes
        The graph, of which the caller has checked where it comes from.
    config : dict
        The manifest's field ``model``.
    temperature : float
        What logits are divided by: the larger it is, the coarser they may be.
    ranges : bytes, optional
        The contents of ``ranges.f32``.
    threads : int, optional
        By default ``available_cpus()``.
    where : str
        Names the bundle in errors.

    Raises
    ------
    BundleError
        Where the model is no CNN, or not what ``config`` says.
    """

    name = "native"
    device = "cpu"
    _pool: "ThreadPoolExecutor | None"

    def __init__(
        self,
        model: bytes,
        config: dict[str, Any],
        temperature: float,
        ranges: bytes | None = None,
        threads: int | None = None,
        where: str = MODEL_FILE,
    ) -> None:
        if not is_cnn(config):
            raise BundleError(
                f"{where}: the native engine runs CNNs, not models of the architecture"
                f" {config.get('architecture')!r}; take the engine onnx"
            )
        weights = read_cnn_weights(model, config, where)
        found = value_ranges(weights) if ranges is None else _read_ranges(ranges, weights, where)
        self._cnn = _Cnn(make_plan(weights, found, temperature))
        self._threads = threads or available_cpus()
        self._start_without_threads()
        _engines.add(self)

    def score(self, encoded: Encoded) -> Floats:
        """Logits, float32 [n], of texts as ids, on one thread."""
        logits: Floats = self._cnn.logits(encoded)
        return logits

    def score_texts(
        self, tokenizer: Tokenizer, texts: Iterable[str | bytes]
    ) -> tuple[Floats, NDArray[np.int64]]:
        """Logits, float32 [n], and words, int64 [n], of ``texts``.

        ``tokenizer`` has the bundle's vocabulary; ``TypeError`` names an item that is no text.
        """
        if _core is None:
            encoded = tokenizer.encode(texts)
            return self.score(encoded), encoded.word_counts
        view = _core.as_texts(texts)
        cuts = _core.cut_texts(view, self._threads * _PIECES_A_THREAD, _LEAST_BYTES)
        logits = np.empty(cuts[-1], dtype=np.float32)
        counts = np.empty(cuts[-1], dtype=np.int64)
        table, scheme = tokenizer._table, SCHEMES[tokenizer.scheme]
        score, limit = self._cnn.score_texts, tokenizer.max_length
        if self._threads == 1 or len(cuts) == 2:
            score(table, view, scheme, limit, 0, cuts[-1], logits, counts)
            return logits, counts
        pool = self._started_pool()
        pieces = [
            (table, view, scheme, limit, first, stop, logits, counts)
            for first, stop in pairwise(cuts)
        ]
        futures = [pool.submit(score, *piece) for piece in pieces[1:]]
        score(*pieces[0])
        # The pool works from the first piece on, this thread from the last: none waits for work.
        for future, piece in zip(reversed(futures), reversed(pieces), strict=False):
            if future.cancel():
                score(*piece)
        _wait(futures)
        return logits, counts

    def explain(self, encoded: Encoded) -> tuple[Floats, Floats, Floats]:
        """What each word adds to its text's logit: exact Integrated Gradients from padding.

        Attributions, float32 [total words], and of the texts and of as many ``<pad>`` the logits,
        float32 [n]. The path and why the integral is exact: ``cnn_reference.Cnn.explain``.
        """
        pieces = _pieces(encoded, self._threads)
        if len(pieces) == 1:
            attributions, logits, baselines = self._cnn.explain(encoded)
            return attributions, logits, baselines
        pool = self._started_pool()
        futures = [pool.submit(self._cnn.explain, piece) for piece in pieces[1:]]
        found = [self._cnn.explain(pieces[0]), *(future.result() for future in futures)]
        attributions, logits, baselines = map(np.concatenate, zip(*found, strict=True))
        return attributions, logits, baselines

    def _started_pool(self) -> "ThreadPoolExecutor":
        with self._lock:
            if self._pool is None:
                from concurrent.futures import ThreadPoolExecutor

                self._pool = ThreadPoolExecutor(self._threads - 1, "imdb-native")
            return self._pool

    def _start_without_threads(self) -> None:
        self._lock = threading.Lock()
        self._pool = None

    def _after_fork(self) -> None:
        self._start_without_threads()
        if _core is not None:
            self._cnn.after_fork()


def _wait(futures: "list[Future[None]]") -> None:
    for future in futures:
        if not future.cancelled():
            future.result()


def _pieces(encoded: Encoded, most: int) -> list[Encoded]:
    """The texts in at most so many pieces of like numbers of words."""
    offsets = encoded.offsets
    pieces = max(1, min(most, int(offsets[-1]) // _LEAST_WORDS))
    cuts = np.searchsorted(offsets, offsets[-1] * np.arange(1, pieces) // pieces)
    return [
        Encoded(
            encoded.ids[offsets[first] : offsets[stop]],
            offsets[first : stop + 1] - offsets[first],
            encoded.word_counts[first:stop],
        )
        for first, stop in pairwise([0, *cuts.tolist(), len(offsets) - 1])
    ]


def is_cnn(config: dict[str, Any]) -> bool:
    """Whether the manifest's field ``model`` describes a CNN."""
    return config.get("architecture") == "cnn"


def _read_ranges(content: bytes, weights: CnnWeights, where: str) -> Floats:
    columns = sum(filters.shape[0] * filters.shape[2] for filters in weights.filters)
    ranges = np.frombuffer(content, dtype="<f4") if len(content) == 8 * columns else np.empty(0)
    if not (ranges.size and np.isfinite(ranges).all()):
        raise BundleError(
            f"{where}: {RANGES_FILE} does not hold 2 x {columns} finite numbers;"
            " export the run again"
        )
    ranges = ranges.reshape(2, columns).astype(np.float32)
    if (ranges[0] > ranges[1]).any():
        raise BundleError(
            f"{where}: {RANGES_FILE} has a least value above the largest; export the run again"
        )
    return ranges


# Threads do not live on in a forked process, nor does what they were about.
_engines: "WeakSet[NativeEngine]" = WeakSet()


def _after_fork_in_child() -> None:
    for engine in _engines:
        engine._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
