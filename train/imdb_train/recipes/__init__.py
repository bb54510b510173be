"""Recipes: all settings of a training in one TOML file.

Keys at the top hold for every architecture, those under ``[cnn]``, ``[lstm]`` or ``[gru]`` for one.
What a recipe does not name has the default below.
"""

import tomllib
from dataclasses import asdict, dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

from imdb_runtime.errors import InputError
from imdb_runtime.ngrams import MAX_ORDER
from imdb_runtime.tokenizer import SCHEMES
from imdb_train.models.config import ARCHITECTURES, POOLINGS, are_buckets

_MAY_BE_ZERO = {
    "clip",
    "dropout",
    "ema_decay",
    "embedding_std",
    "freeze_epochs",
    "label_smoothing",
    "ngram_order",
    "patience",
    "seed",
    "sentences",
    "validation_seed",
    "word_dropout",
}
# Numbers at or above these are out of range.
_BOUNDS = {
    "dropout": 1.0,
    "ema_decay": 1.0,
    "label_smoothing": 1.0,
    "ngram_order": MAX_ORDER + 1,
    "sentences": 1.0,
    "validation_fraction": 1.0,
    "word_dropout": 1.0,
}
_CHOICES = {"scheme": tuple(SCHEMES), "validation": ("film", "random"), "pooling": POOLINGS}


@dataclass(frozen=True)
class Recipe:
    """Every setting of a training but the data's place and the architecture."""

    # text → ids
    scheme: str = "words"
    max_length: int = 1024  # words of a review that are read, in validation, test and use
    train_length: int | None = None  # words read in training, from a random place; None: all
    min_count: int = 2
    max_size: int = 20_000  # keeps a bundle of 100-dimensional vectors under 10 MB
    # validation
    validation: Literal["film", "random"] = "film"
    validation_fraction: float = 0.1
    validation_seed: int = 0  # apart from the seed, so that runs of several seeds compare
    # model
    embedding_dimension: int = 100
    embedding_std: float = 0.1  # of the first values of words that no given vectors hold
    dropout: float = 0.5
    widths: tuple[int, ...] = (3, 4, 5)
    filters: int = 64
    hidden: int = 256
    layers: int = 2
    pooling: str = "last"
    ngram_order: int = 0  # most words of an n-gram in the CNN's linear term; 0: no such term
    ngram_buckets: int = 2**20  # weights that the n-grams share
    # augmentation and regularisation
    sentences: float = 0.0  # share of reviews read, in an epoch, as one or two of their sentences
    word_dropout: float = 0.0  # share of words read as unknown in training
    label_smoothing: float = 0.0  # a label counts as this much less than certain
    ema_decay: float = 0.0  # of the moving average of the weights that is validated and kept
    # optimisation
    epochs: int = 8
    patience: int = 2  # epochs without a better validation loss before training stops
    batch_size: int = 64
    lr: float = 1e-3
    ngram_lr: float = 1e-3  # of the n-grams' weights
    clip: float = 1.0  # of the gradient's norm; 0 does not clip
    freeze_epochs: int = 0
    seed: int = 0

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON holds them."""
        return {**asdict(self), "widths": list(self.widths)}

    def with_overrides(self, where: str, **settings: Any) -> "Recipe":
        """A copy with other settings; raises ``InputError`` naming ``where`` and the field."""
        hints = get_type_hints(type(self))
        for name, value in settings.items():
            if name not in hints:
                known = ", ".join(field.name for field in fields(self))
                raise InputError(f"{where}: unknown setting {name!r}; known are {known}")
            settings[name] = _checked(where, name, value, hints[name])
        return replace(self, **settings)


def load_recipe(name_or_path: str, architecture: str) -> Recipe:
    """The recipe of that name in the package, or in that TOML file, for ``architecture``.

    Raises
    ------
    InputError
        Where there is none, or it is no TOML, or a setting is unknown or out of range.
    """
    packaged = resources.files("imdb_train.recipes") / f"{name_or_path}.toml"
    if packaged.is_file():
        where, content = f"recipe {name_or_path}", packaged.read_text(encoding="utf-8")
    else:
        where = name_or_path
        try:
            content = Path(name_or_path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"no recipe {name_or_path!r}: neither a file nor one of {', '.join(recipe_names())}"
            ) from error
    try:
        settings = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{where}: not valid TOML: {error}") from error
    own = {known: settings.pop(known, {}) for known in ARCHITECTURES}[architecture]
    if not isinstance(own, dict):
        raise InputError(f"{where}: {architecture!r} must be a table, [{architecture}]")
    return Recipe().with_overrides(where, **settings).with_overrides(where, **own)


def recipe_names() -> list[str]:
    """The names of the recipes in the package."""
    files = resources.files("imdb_train.recipes").iterdir()
    return sorted(file.name[:-5] for file in files if file.name.endswith(".toml"))


def _checked(where: str, name: str, value: Any, hint: Any) -> Any:
    """``value`` as the field's type, within its range."""
    if name == "widths":
        good = isinstance(value, list | tuple) and all(isinstance(w, int) and w > 0 for w in value)
        if not good or not value:
            raise InputError(f"{where}: widths must be a list of numbers above 0, not {value!r}")
        return tuple(value)
    if name in _CHOICES:
        if value not in _CHOICES[name]:
            raise InputError(
                f"{where}: {name} must be one of {', '.join(_CHOICES[name])}, not {value!r}"
            )
        return value
    if value is None and type(None) in get_args(hint):
        return None
    kinds = (int, float) if hint is float else (int,)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise InputError(f"{where}: {name} must be a number, not {value!r}")
    if name == "ngram_buckets" and not are_buckets(value):
        raise InputError(f"{where}: ngram_buckets must be a power of two, not {value}")
    below = _BOUNDS.get(name, float("inf"))
    may_be_zero = name in _MAY_BE_ZERO
    if not (0 <= value < below) or (value == 0 and not may_be_zero):
        raise InputError(f"{where}: {name} = {value!r} is out of range")
    return hint(value) if hint is float else value
