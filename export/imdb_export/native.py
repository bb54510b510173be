"""What the native engine needs in a CNN's bundle, and the engine as the checks call it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imdb_export.checks import Logits, Scorer
from imdb_runtime.engines.cnn_plan import value_ranges
from imdb_runtime.engines.cnn_weights import read_cnn_weights
from imdb_runtime.engines.native import NativeEngine
from imdb_runtime.tokenizer import Encoded


def ranges_file(graph: bytes, config: dict[str, Any]) -> bytes:
    """The contents of ``ranges.f32`` for ``graph``, of the CNN that ``config`` describes."""
    return value_ranges(read_cnn_weights(graph, config, "the graph")).astype("<f4").tobytes()


def native_scorer(engine: NativeEngine) -> Scorer:
    """``engine`` as a function of padded ids and lengths."""

    def score(ids: NDArray[np.int64], lengths: NDArray[np.int64]) -> Logits:
        inside = np.arange(ids.shape[1]) < lengths[:, None]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        return engine.score(Encoded(ids[inside].astype(np.int32), offsets, lengths))

    return score
