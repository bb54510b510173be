from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from imdb_runtime.tokenizer import Tokenizer, Vocabulary
from imdb_train.models import ModelConfig, build_model
from imdb_train.run import Run

WORDS = ("it", "was", "a", "great", "bad", "film", "<", "script", ">", '"', "'", "&")


@pytest.fixture(autouse=True)
def _one_thread():
    """Models this small only lose by threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Run]:
    """Runs with small random models, written to a folder and read back from it."""

    def make(
        architecture: str = "cnn",
        scheme: str = "words",
        max_length: int = 64,
        ngram_order: int = 0,
        ngram_buckets: int = 0,
        **config,
    ) -> Run:
        torch.manual_seed(3)
        vocabulary = Vocabulary(["<pad>", "<unk>", *WORDS])
        model_config = ModelConfig(
            architecture,
            len(vocabulary),
            embedding_dimension=6,
            filters=5,
            hidden=7,
            ngram_order=ngram_order,
            ngram_buckets=ngram_buckets,
        )
        model = build_model(model_config)
        with torch.no_grad():
            # Padding that is not zero, so that a baseline of another length is another baseline.
            torch.nn.init.normal_(model.embedding.weight)
            if model.ngrams is not None:
                torch.nn.init.normal_(model.ngrams.weight)
            for weight in model.parameters():
                weight.mul_(1.5)
        stored = {
            "model": model_config.to_json(),
            "tokenizer": {"scheme": scheme, "max_length": max_length},
            **config,
        }
        folder = tmp_path / f"{architecture}-{scheme}-{max_length}"
        Run(model, Tokenizer(vocabulary, scheme, max_length), stored, {}).save(folder)
        return Run.load(folder)

    return make


@pytest.fixture
def run_folder(make_run: Callable[..., Run], tmp_path: Path) -> Path:
    make_run("cnn")
    return tmp_path / "cnn-words-64"
