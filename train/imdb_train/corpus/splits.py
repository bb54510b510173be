"""A validation part split off the training reviews."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from imdb_runtime.errors import InputError
from imdb_train.corpus.data import Split, require_both_labels


def split_validation(
    train: Split, how: Literal["film", "random"], fraction: float, seed: int
) -> tuple[Split, Split]:
    """Part ``train`` into training and validation reviews, each in the order they had.

    Parameters
    ----------
    train
        The reviews to part.
    how
        ``film`` puts all reviews of a film on one side, so that no title or name is learnt from
        training and met again in validation; ``random`` draws reviews one by one.
    fraction
        The share of the reviews to hold out, between 0 and 1. Whole films can overshoot it by
        less than the reviews of one film.
    seed
        The same seed and reviews give the same parts.

    Raises
    ------
    InputError
        Where films are asked for and not known, or a part would be empty or have one label only.
    """
    if not 0 < fraction < 1:
        raise InputError(f"the validation fraction is {fraction}; it must lie between 0 and 1")
    wanted = max(1, round(fraction * len(train)))
    generator = np.random.default_rng(seed)
    if how == "film":
        held_out = _draw_films(train, wanted, generator)
    else:
        held_out = np.zeros(len(train), dtype=np.bool_)
        held_out[generator.permutation(len(train))[:wanted]] = True
    parts = train.take(np.flatnonzero(~held_out)), train.take(np.flatnonzero(held_out))
    for part, name in zip(parts, ("training", "validation"), strict=True):
        require_both_labels(
            part.labels,
            f"the {name} part of the split by {how} ({len(part)} of {len(train)} reviews)",
            "choose another seed or fraction",
        )
    return parts


def _draw_films(train: Split, wanted: int, generator: np.random.Generator) -> NDArray[np.bool_]:
    if train.films is None:
        raise InputError(
            "cannot split by film: it is not known which film each review is of; "
            "name the column that tells it, or split at random"
        )
    # np.unique sorts: the draw depends on the films there are, not on the order they come in.
    films, film_of_review, sizes = np.unique(
        np.array(train.films), return_inverse=True, return_counts=True
    )
    order = generator.permutation(len(films))
    count = int(np.searchsorted(np.cumsum(sizes[order]), wanted)) + 1
    chosen = np.zeros(len(films), dtype=np.bool_)
    chosen[order[:count]] = True
    return chosen[film_of_review]
