"""IMDB as the teacher's members read it: word ids of every part, and labels."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from imdb_runtime.tokenizer import Encoded, Tokenizer, Vocabulary, split_words
from imdb_train.corpus import load_corpus, split_validation

# The parts whose logits a member gives; the teacher is stacked on the first of them.
PARTS = ("validation", "unlabelled", "test")
MAX_LENGTH, MAX_SIZE = 1024, 30_000


@dataclass(frozen=True)
class Reviews:
    """Encoded texts of ``train`` and of each of ``PARTS``; labels (0, 1) where there are any."""

    vocabulary: Vocabulary
    texts: dict[str, list[bytes]]
    encoded: dict[str, Encoded]
    labels: dict[str, NDArray[np.float32]]

    def documents(self, part: str) -> list[Tensor]:
        """Each review's ids, int64 [words]; one ``<pad>`` for a review of no words."""
        return list(_documents(self.encoded[part]))


def read_reviews() -> Reviews:
    """IMDB split as ``imdb-train`` splits it by default, with words of train and unlabelled."""
    corpus = load_corpus(offline=True)
    training, validation = split_validation(corpus.train, "film", 0.1, 0)
    counts: Counter[str] = Counter()
    for text in [*training.texts, *corpus.unlabelled]:
        counts.update(split_words(text, "words"))
    vocabulary = Vocabulary.from_counts(counts, min_count=2, max_size=MAX_SIZE)
    tokenizer = Tokenizer(vocabulary, "words", MAX_LENGTH)
    splits = {"train": training, "validation": validation, "test": corpus.test}
    texts = {name: list(split.texts) for name, split in splits.items()}
    texts["unlabelled"] = list(corpus.unlabelled)
    return Reviews(
        vocabulary,
        texts,
        {name: tokenizer.encode(part) for name, part in texts.items()},
        {name: split.labels.astype(np.float32) for name, split in splits.items()},
    )


def _documents(encoded: Encoded) -> Iterator[Tensor]:
    for start, end in zip(encoded.offsets[:-1], encoded.offsets[1:], strict=True):
        ids = encoded.ids[start:end] if end > start else np.zeros(1, dtype=np.int32)
        yield torch.from_numpy(ids.astype(np.int64))
