"""What ships to the edge: reviews in, sentiment scores out, on a bundle that export wrote.

``Classifier`` is the whole of it; ``Score`` is what ``Classifier.score_lines`` gives, and every
error meant for a person is an ``ImdbError``.
"""

from typing import TYPE_CHECKING, Any

from imdb_runtime.errors import ImdbError

if TYPE_CHECKING:
    from imdb_runtime.classifier import Classifier, Score

__all__ = ["Classifier", "ImdbError", "Score", "__version__"]


def __getattr__(name: str) -> Any:
    # Looked up when first asked for: numpy costs more than all the rest of ``imdb-score --help``.
    if name in ("Classifier", "Score"):
        from imdb_runtime import classifier

        return getattr(classifier, name)
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("imdb-edge")
        except PackageNotFoundError:
            return "0+unknown"
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
