"""Word vectors of the reviews' own language, from labelled and unlabelled reviews alike."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from imdb_runtime.errors import InputError
from imdb_runtime.files import write_atomically
from imdb_runtime.tokenizer import split_words


@dataclass(frozen=True)
class SkipGram:
    """The settings of ``train_vectors``; the names are gensim's."""

    dimension: int = 256
    window: int = 8
    epochs: int = 4
    min_count: int = 5
    threads: int = 2
    seed: int = 0


def train_vectors(texts: Sequence[bytes], scheme: str, settings: SkipGram, path: Path) -> int:
    """Train skip-gram vectors (Mikolov et al. 2013) and write them to ``path``; how many.

    The file is GloVe's text format: a word and its numbers a line, frequent words first. With more
    than one thread, gensim does not give the same numbers again.

    Raises
    ------
    InputError
        Where no word occurs ``min_count`` times.
    """
    from gensim.models import Word2Vec

    logging.getLogger("gensim").setLevel(logging.WARNING)
    sentences = [split_words(text, scheme) for text in texts]
    model = Word2Vec(
        vector_size=settings.dimension,
        window=settings.window,
        min_count=settings.min_count,
        workers=settings.threads,
        seed=settings.seed,
        epochs=settings.epochs,
        sg=1,
        sample=1e-4,
    )
    model.build_vocab(sentences)
    if not len(model.wv):
        raise InputError(f"no word occurs {settings.min_count} times; give more reviews")
    model.train(sentences, total_examples=model.corpus_count, epochs=model.epochs)
    with write_atomically(path) as file:
        for word in model.wv.index_to_key:
            numbers = " ".join(f"{value:.5f}" for value in model.wv[word])
            file.write(f"{word} {numbers}\n".encode())
    return len(model.wv)
