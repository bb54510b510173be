"""Small untrained models of every kind, as runs; export must not care what the weights are."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from imdb_runtime.tokenizer import Tokenizer, Vocabulary
from imdb_train.models import Model, ModelConfig, build_model
from imdb_train.run import Run

WORDS = ["the", "film", "good", "bad", "a", "is", "was", "story", "boring", "great", ".", "!"]
KINDS = [
    ("cnn", "last"),
    ("cnn", "ngrams"),
    ("lstm", "last"),
    ("lstm", "max"),
    ("gru", "last"),
    ("gru", "max"),
]
MAX_LENGTH = 64


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with the argument ``kind`` runs on every architecture, and each way it can be."""
    if "kind" in metafunc.fixturenames:
        metafunc.parametrize("kind", KINDS, ids=["-".join(kind) for kind in KINDS], scope="module")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """These models are too small to share out: threads would only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def make_model() -> Callable[..., Model]:
    """A model of a kind with large random weights, so that no part of it can go unnoticed."""

    def make(kind: tuple[str, str], **changes: Any) -> Model:
        torch.manual_seed(7)
        sizes = {"vocabulary_size": len(WORDS) + 2, "embedding_dimension": 6, "filters": 5}
        architecture, way = kind
        ways: dict[str, dict[str, Any]] = {"ngrams": {"ngram_order": 3, "ngram_buckets": 64}}
        ways |= {pooling: {"pooling": pooling} for pooling in ("last", "max")}
        config = ModelConfig(architecture, **{**sizes, "hidden": 4, **ways[way], **changes})
        model = build_model(config).eval()
        with torch.no_grad():
            if model.ngrams is not None:
                model.ngrams.weight.normal_()
            for parameter in model.parameters():
                parameter.mul_(1.5)
        return model

    return make


@pytest.fixture
def make_run(
    tmp_path: Path, small_reviews: Path, make_model: Callable[..., Model]
) -> Callable[..., Path]:
    """Write a run of a kind, trained (as it says) on the small corpus; returns its folder."""

    def make(kind: tuple[str, str] = ("cnn", "last"), name: str = "run", **config: Any) -> Path:
        model = make_model(kind)
        counts = Counter({word: len(WORDS) - place for place, word in enumerate(WORDS)})
        vocabulary = Vocabulary.from_counts(counts, min_count=1, max_size=None)
        settings = {
            "model": model.config.to_json(),
            "tokenizer": {"scheme": "words", "max_length": MAX_LENGTH},
            "threshold": 0.4,
            "temperature": 1.25,
            "data": {
                "path": str(small_reviews),
                "text_column": "text",
                "label_column": "label",
                "film_column": "film",
                "test_path": None,
                "validation": "film",
                "validation_fraction": 0.3,
                "seed": 3,
            },
        }
        tokenizer = Tokenizer(vocabulary, "words", MAX_LENGTH)
        metrics = {"validation": {"f1": 0.5}}
        folder = tmp_path / "runs" / name
        Run(model, tokenizer, {**settings, **config}, metrics).save(folder)
        return folder

    return make
