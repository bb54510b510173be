"""A teacher's probabilities for the unlabelled reviews, and the file that keeps them.

Distillation (Hinton et al. 2015): a small model trained on what a better one thinks of many reviews
learns more than from the labels of a few.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as save_tensors

from imdb_runtime.errors import InputError
from imdb_runtime.files import write_atomically
from imdb_train.batches import LabelledReviews
from imdb_train.metrics import predict_logits
from imdb_train.run import Run

_TENSOR = "probabilities"


@dataclass(frozen=True)
class SoftLabels:
    """The probability of ``pos`` of each review, float32 [n], and in words how they were made."""

    probabilities: NDArray[np.float32]
    made_by: str

    @classmethod
    def from_runs(
        cls, folders: Sequence[Path], texts: Sequence[bytes], report: Callable[[str], None]
    ) -> "SoftLabels":
        """The mean of the calibrated probabilities that the runs in ``folders`` give to ``texts``.

        Raises
        ------
        InputError
            Where there are no texts.
        BundleError
            Where a folder is no run.
        """
        _refuse_none(texts)
        runs = [Run.load(folder) for folder in folders]
        total = np.zeros(len(texts))
        for folder, run in zip(folders, runs, strict=True):
            report(f"{folder} labels {len(texts):,} reviews")
            nothing = np.zeros(len(texts), dtype=np.float32)
            logits = predict_logits(
                run.model, LabelledReviews(run.tokenizer.encode(texts), nothing)
            )
            total += (logits / run.temperature).sigmoid().double().numpy()
        names = ", ".join(folder.name for folder in folders)
        return cls((total / len(folders)).astype(np.float32), f"mean of the runs {names}")

    @classmethod
    def read(cls, path: Path, texts: Sequence[bytes]) -> "SoftLabels":
        """Read the file at ``path``, which must have been made for these ``texts``.

        Raises
        ------
        InputError
            Where it cannot be read, or was made for other reviews, or there are no texts.
        """
        _refuse_none(texts)
        try:
            with safe_open(path, framework="numpy") as file:
                notes = file.metadata() or {}
                probabilities = file.get_tensor(_TENSOR).astype(np.float32)
        except (OSError, SafetensorError) as error:
            raise InputError(f"{path}: cannot read soft labels: {error}") from error
        if notes.get("reviews_sha256") != _digest(texts):
            raise InputError(f"{path}: made for other unlabelled reviews than these {len(texts):,}")
        if probabilities.shape != (len(texts),) or not np.all(
            (probabilities >= 0) & (probabilities <= 1)
        ):
            raise InputError(f"{path}: not one probability for each of {len(texts):,} reviews")
        return cls(probabilities, notes.get("made_by", ""))

    def write(self, path: Path, texts: Sequence[bytes]) -> None:
        """Write them, as float16, for ``texts``, the reviews they were made for, in order."""
        notes = {"made_by": self.made_by, "reviews_sha256": _digest(texts)}
        content = save_tensors({_TENSOR: self.probabilities.astype(np.float16)}, metadata=notes)
        with write_atomically(path) as file:
            file.write(content)


def _refuse_none(texts: Sequence[bytes]) -> None:
    if not texts:
        raise InputError("no unlabelled reviews here for a teacher to label; give --unlabelled")


def _digest(texts: Sequence[bytes]) -> str:
    """SHA-256 of the texts, each after its length."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(len(text).to_bytes(8, "little"))
        digest.update(text)
    return digest.hexdigest()
