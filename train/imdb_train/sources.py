"""Where the reviews of a training come from, and what else it starts from."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imdb_runtime.errors import InputError
from imdb_train.corpus import Corpus, load_corpus
from imdb_train.soft_labels import SoftLabels


@dataclass(frozen=True)
class DataSource:
    """Where the reviews are; ``path`` None is IMDB, found or downloaded."""

    path: Path | None = None
    test_path: Path | None = None
    text_column: str = "text"
    label_column: str = "label"
    film_column: str | None = None
    unlabelled_path: Path | None = None

    def load(self, *, offline: bool) -> Corpus:
        """Read the corpus."""
        return load_corpus(
            self.path,
            test_data=self.test_path,
            text_column=self.text_column,
            label_column=self.label_column,
            film_column=self.film_column,
            unlabelled=self.unlabelled_path,
            offline=offline,
        )

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON holds them."""
        return {
            "path": str(self.path.resolve()) if self.path else None,
            "test_path": str(self.test_path.resolve()) if self.test_path else None,
            "text_column": self.text_column,
            "label_column": self.label_column,
            "film_column": self.film_column,
            "unlabelled_path": (
                str(self.unlabelled_path.resolve()) if self.unlabelled_path else None
            ),
        }


@dataclass(frozen=True)
class Inputs:
    """What a training starts from besides reviews and recipe.

    ``glove`` names word vectors; ``language_model`` is the folder of a language model, whose
    vocabulary and weights an LSTM of one layer starts from. ``soft_labels`` is a file of a
    teacher's probabilities for the unlabelled reviews, ``teachers`` are runs to compute them by;
    either has the model train on those reviews too.
    """

    glove: str | None = None
    language_model: Path | None = None
    soft_labels: Path | None = None
    teachers: tuple[Path, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON holds them."""
        return {
            "glove": self.glove,
            "language_model": str(self.language_model.resolve()) if self.language_model else None,
            "soft_labels": str(self.soft_labels.resolve()) if self.soft_labels else None,
            "teachers": [str(folder.resolve()) for folder in self.teachers],
        }

    def check(self, architecture: str) -> None:
        """Raise ``InputError`` where ``architecture`` cannot start from these, or two exclude."""
        if self.language_model is not None:
            if architecture != "lstm":
                raise InputError(
                    f"a language model is for an lstm to start from, not a {architecture}"
                )
            if self.glove is not None:
                raise InputError("a language model brings its own vectors: leave out those given")
        if self.soft_labels is not None and self.teachers:
            raise InputError("give soft labels or teachers to make them, not both")

    def read_soft_labels(
        self, texts: list[bytes], report: Callable[[str], None]
    ) -> SoftLabels | None:
        """The soft labels for ``texts``, where any are asked for."""
        if self.soft_labels is not None:
            return SoftLabels.read(self.soft_labels, texts)
        return SoftLabels.from_runs(self.teachers, texts, report) if self.teachers else None


NO_INPUTS = Inputs()
