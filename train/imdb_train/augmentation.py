"""What training reads in place of whole reviews: sentences, crops, words left out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imdb_runtime.tokenizer import Encoded, Vocabulary
from imdb_runtime.tokenizer.vocabulary import SPECIAL, UNKNOWN

_SENTENCE_ENDS = (".", "!", "?")


@dataclass(frozen=True)
class Augmentation:
    """How the texts of an epoch are drawn from the reviews; by default they are the reviews.

    A share ``sentences`` of the reviews is read as one or two of its sentences, which end with an
    id of ``sentence_ends``; of the others, one longer than ``length`` words is read from a random
    place; and each word is ``<unk>`` with probability ``word_dropout``.
    """

    length: int | None = None
    sentences: float = 0.0
    sentence_ends: tuple[int, ...] = ()
    word_dropout: float = 0.0

    @classmethod
    def of(
        cls, vocabulary: Vocabulary, length: int | None, sentences: float, word_dropout: float
    ) -> "Augmentation":
        """The augmentation of texts encoded with ``vocabulary``."""
        ends = tuple(vocabulary.words.index(m) for m in _SENTENCE_ENDS if m in vocabulary.words)
        return cls(length, sentences, ends, word_dropout)

    def apply(self, encoded: Encoded, random: np.random.Generator) -> Encoded:
        """The texts of one epoch, as many as the reviews and in their order."""
        starts, lengths = encoded.offsets[:-1].copy(), encoded.lengths.copy()
        if self.length is not None:
            kept = np.minimum(lengths, self.length)
            starts += random.integers(0, lengths - kept + 1)
            lengths = kept
        if self.sentences:
            chosen = np.flatnonzero(random.random(len(lengths)) < self.sentences)
            self._take_sentences(encoded, chosen, starts, lengths, random)
        if self.length is not None or self.sentences:
            encoded = _slices(encoded, starts, lengths)
        if self.word_dropout:
            dropped = random.random(len(encoded.ids)) < self.word_dropout
            encoded = encoded._replace(
                ids=np.where(dropped, np.int32(SPECIAL.index(UNKNOWN)), encoded.ids)
            )
        return encoded

    def _take_sentences(
        self,
        encoded: Encoded,
        rows: NDArray[np.int64],
        starts: NDArray[np.int64],
        lengths: NDArray[np.int64],
        random: np.random.Generator,
    ) -> None:
        """Put the place and length of a sentence, or two in a row, of each of ``rows``."""
        ends = np.isin(encoded.ids, self.sentence_ends)
        # Of several marks in a row ("...") the last ends the sentence.
        ends[:-1] &= ~ends[1:]
        last_words = np.flatnonzero(ends)
        for row in rows:
            first, behind = encoded.offsets[row], encoded.offsets[row + 1]
            low, high = np.searchsorted(last_words, np.array([first, behind - 1]))
            ends_within = last_words[int(low) : int(high)]
            bounds = np.concatenate(([first], ends_within + 1, [behind]))
            sentence = int(random.integers(len(bounds) - 1))
            final = min(sentence + int(random.integers(1, 3)), len(bounds) - 1)
            starts[row], lengths[row] = bounds[sentence], bounds[final] - bounds[sentence]


def _slices(encoded: Encoded, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Encoded:
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
    return Encoded(encoded.ids[np.repeat(starts, lengths) + within], offsets, encoded.word_counts)
