"""Which of two does the work: the C core or its twin in plain Python."""

import importlib
import os
from typing import Any


def core_or_twin(twin: str) -> Any:
    """``_core``, or the module of the name ``twin`` where ``IMDB_PURE_PYTHON=1``."""
    pure = os.environ.get("IMDB_PURE_PYTHON") == "1"
    return importlib.import_module(twin if pure else "imdb_runtime._core")
