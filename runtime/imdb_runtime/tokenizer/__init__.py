"""Text to words to ids: the one tokenizer of training, export and scoring.

In C (``_core``, from ``csrc/``), or in plain Python (``reference``) where
``IMDB_PURE_PYTHON=1``: the same answers, slower. The C core uses the fastest instructions that the
machine has, its tier; ``IMDB_SIMD`` names another one (``scalar`` is everywhere).
"""

import os
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from imdb_runtime.errors import DeviceError
from imdb_runtime.tokenizer.texts import WHITESPACE, WORDS, as_bytes
from imdb_runtime.tokenizer.vocabulary import PADDING, UNKNOWN, Vocabulary
from imdb_runtime.twins import core_or_twin, pure_python

__all__ = ["PADDING", "SCHEMES", "UNKNOWN", "Encoded", "Tokenizer", "Vocabulary"]

SCHEMES = {"words": WORDS, "whitespace": WHITESPACE}

_implementation = core_or_twin("imdb_runtime.tokenizer.reference")
if not pure_python() and (tier := os.environ.get("IMDB_SIMD")):
    if tier not in _implementation.tiers():
        raise DeviceError(
            f"IMDB_SIMD={tier}: this machine has {' and '.join(_implementation.tiers())}; "
            "name one of these, or leave IMDB_SIMD unset for the fastest"
        )
    _implementation.use_tier(tier)


class Encoded(NamedTuple):
    """Texts as ids, end to end.

    Text i is ``ids[offsets[i]:offsets[i + 1]]``; ``word_counts[i]`` is how many words it had
    before it was cut at the tokenizer's ``max_length``.
    """

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]
    word_counts: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Words kept of each text, int64 [n]."""
        return np.diff(self.offsets)

    def pad(
        self, rows: NDArray[np.int64], dtype: DTypeLike = np.int64
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """The given rows filled up with ``<pad>``: ids [rows, longest] of ``dtype``, lengths.

        ``dtype`` is int32 or int64.
        """
        wide = _is_wide(dtype)
        padded, lengths = _implementation.pad(self.ids, self.offsets, rows, wide)
        return padded, lengths


class Tokenizer:
    """Splits text into words by ``scheme`` and looks them up in ``vocabulary``.

    ``words`` gives lower-case words, numbers and marks, clitics apart (``do n't``), ``<br />`` as
    space; ``whitespace`` lower-cases and splits at white space. Of a longer text the first
    ``max_length`` words are kept. Texts are ``str``, or ``bytes`` in UTF-8, in which any invalid
    byte separates words. Thread-safe; releases the GIL while encoding; pickles.
    """

    def __init__(
        self, vocabulary: Vocabulary, scheme: str = "words", max_length: int = 4096
    ) -> None:
        if scheme not in SCHEMES:
            raise ValueError(f"unknown scheme {scheme!r}; known are {', '.join(SCHEMES)}")
        if max_length < 1:
            raise ValueError(f"max_length must be at least 1, not {max_length}")
        self.vocabulary = vocabulary
        self.scheme = scheme
        self.max_length = max_length
        self._table = _implementation.WordTable([word.encode() for word in vocabulary.words])

    def __reduce__(self) -> tuple[type["Tokenizer"], tuple[Vocabulary, str, int]]:
        return type(self), (self.vocabulary, self.scheme, self.max_length)

    def words(self, text: str | bytes) -> list[str]:
        """All words of a text, in order."""
        return split_words(text, self.scheme)

    def encode(self, texts: Iterable[str | bytes]) -> Encoded:
        """The texts' ids, end to end; ``TypeError`` names the first item that is no text."""
        return Encoded(
            *_implementation.encode(self._table, texts, SCHEMES[self.scheme], self.max_length)
        )

    def encode_padded(
        self, texts: Iterable[str | bytes], dtype: DTypeLike = np.int64
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """The texts' ids, [n, longest] of ``dtype`` (int32 or int64), and lengths, int64 [n]."""
        encoded = self.encode(texts)
        return encoded.pad(np.arange(len(encoded.word_counts)), dtype)


def split_words(text: str | bytes, scheme: str) -> list[str]:
    """All words of a text by ``scheme``, in order."""
    found: list[str] = _implementation.words(as_bytes(text), SCHEMES[scheme])
    return found


def _is_wide(dtype: DTypeLike) -> bool:
    if np.dtype(dtype) not in (np.int32, np.int64):
        raise ValueError(f"ids are int32 or int64, not {np.dtype(dtype)}")
    return np.dtype(dtype) == np.int64
