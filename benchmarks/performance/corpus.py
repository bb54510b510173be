"""IMDB's reviews as files of one review a line, made once in the work folder."""

from collections import Counter
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from imdb_runtime.files import write_atomically
from imdb_runtime.tokenizer import Tokenizer, Vocabulary

LARGEST_VOCABULARY = 200_000
QUICK_REVIEWS = 1_000


class Reviews(NamedTuple):
    """Texts in UTF-8 without line ends, and labels, int64 [n]: 0 ``neg``, 1 ``pos``."""

    texts: list[bytes]
    labels: NDArray[np.int64]

    def sample(self, count: int, seed: int = 0) -> "Reviews":
        """So many of them, drawn at random, in random order."""
        order = np.random.default_rng(seed).permutation(len(self.texts))[:count]
        return Reviews([self.texts[row] for row in order], self.labels[order])


def reviews(work: Path, split: str) -> Reviews:
    """The reviews of ``split``, ``train`` or ``test``."""
    texts = (work / f"{split}.txt").read_bytes().split(b"\n")[:-1]
    return Reviews(texts, np.load(work / f"{split}_labels.npy"))


def prepare(work: Path, *, quick: bool = False) -> None:
    """Write the files that ``reviews`` and ``vocabulary`` read, where they are not there yet.

    With ``quick`` of a few of the reviews.
    """
    if (work / "words.txt").exists():
        return
    # Not at the top: the timed processes need neither torch nor the archive.
    from imdb_train.corpus import load_corpus

    corpus = load_corpus()
    if corpus.test is None:
        raise ValueError("the corpus has no test reviews")
    unlabelled = corpus.unlabelled
    train, test = (Reviews(split.texts, split.labels) for split in (corpus.train, corpus.test))
    if quick:
        train, test, unlabelled = train.sample(QUICK_REVIEWS), test.sample(QUICK_REVIEWS), []
    for name, split in (("train", train), ("test", test)):
        np.save(work / f"{name}_labels.npy", split.labels)
        with write_atomically(work / f"{name}.txt") as file:
            file.write(b"".join(_line(text) for text in split.texts))
    tokenizer = Tokenizer(Vocabulary.from_counts({}))
    counts: Counter[str] = Counter()
    for text in [*train.texts, *unlabelled]:
        counts.update(tokenizer.words(text))
    words = Vocabulary.from_counts(counts, max_size=LARGEST_VOCABULARY).words
    # Of made-up words there are some only where a corpus is too small.
    made_up = (f"madeup{number}" for number in range(LARGEST_VOCABULARY - len(words)))
    Vocabulary([*words, *made_up]).write(work / "words.txt")


def vocabulary(work: Path, size: int) -> Vocabulary:
    """The commonest words of the training and unlabelled reviews, ``size`` rows in all."""
    with (work / "words.txt").open(encoding="utf-8", newline="\n") as file:
        return Vocabulary([line[:-1] for line in islice(file, size)])


def _line(text: bytes) -> bytes:
    return text.replace(b"\n", b" ") + b"\n"
