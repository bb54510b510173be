import importlib

import pytest


@pytest.fixture(params=["_core", "tokenizer.reference"])
def implementation(request: pytest.FixtureRequest):
    """The C tokenizer and its Python twin, one after the other."""
    return importlib.import_module(f"imdb_runtime.{request.param}")
