"""Which of two does the work: the C core or its twin in plain Python."""

import importlib
import os
from typing import Any


def pure_python() -> bool:
    """Whether the twins are to do the work: ``IMDB_PURE_PYTHON=1``."""
    return os.environ.get("IMDB_PURE_PYTHON") == "1"


def core_or_twin(twin: str) -> Any:
    """``_core``, or the module of the name ``twin`` where ``pure_python()``.

    The other one is not imported: the twins' tables and expressions take long.
    """
    return importlib.import_module(twin if pure_python() else "imdb_runtime._core")
