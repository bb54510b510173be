"""What all tests share: the real reviews where they are at hand, and the small corpus."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

DATA = Path(__file__).parent / "data"

settings.register_profile(
    "default", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("default")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder with the real data sets; tests that need it are skipped where it is not set."""
    folder = os.environ.get("IMDB_DATA_DIR")
    if not folder:
        pytest.skip("IMDB_DATA_DIR is not set: the real reviews are not at hand")
    return Path(folder).resolve()


@pytest.fixture(scope="session")
def imdb(data_dir: Path):
    """The IMDB corpus, read once a session."""
    from imdb_train.corpus import load_corpus

    return load_corpus(data_dir / "aclImdb_v1.tar.gz")


@pytest.fixture(scope="session")
def small_reviews() -> Path:
    """A small labelled corpus, written for this project: columns text, label, film."""
    return DATA / "small_reviews.csv"
