"""Real reviews to check a graph on: the validation part that the run was trained with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imdb_runtime.errors import BundleError, ImdbError
from imdb_train.corpus import Split, load_corpus, split_validation


@dataclass(frozen=True)
class CheckReviews:
    """The reviews found, or none and why."""

    split: Split | None
    missing: str | None = None


def find_reviews(config: dict[str, Any], count: int, data: Path | None) -> CheckReviews:
    """``count`` validation reviews, evenly spaced, of the corpus that ``config`` of a run names.

    ``data`` says where the corpus is now. Nothing is downloaded. A corpus that is not to be had
    is not an error, unless ``data`` names it.

    Raises
    ------
    ImdbError
        Where ``data`` cannot be read as the run's corpus.
    """
    if count == 0:
        return CheckReviews(None, "--check-reviews is 0")
    try:
        validation = _validation_part(config.get("data"), data)
    except ImdbError as error:
        if data is not None:
            raise
        return CheckReviews(None, str(error))
    rows = np.linspace(0, len(validation) - 1, min(count, len(validation)))
    return CheckReviews(validation.take(np.round(rows).astype(np.int64)))


def _validation_part(settings: Any, data: Path | None) -> Split:
    if not isinstance(settings, dict):
        raise BundleError("config.json does not say which corpus the run was trained on")
    path = data if data is not None else settings.get("path")
    corpus = load_corpus(
        None if path is None else Path(path),
        test_data=None,
        text_column=settings.get("text_column", "text"),
        label_column=settings.get("label_column", "label"),
        film_column=settings.get("film_column"),
        offline=True,
    )
    try:
        how, fraction, seed = (
            settings[name] for name in ("validation", "validation_fraction", "seed")
        )
    except KeyError as error:
        raise BundleError(f"config.json: field {error} of data is missing") from error
    return split_validation(corpus.train, how, fraction, seed)[1]
