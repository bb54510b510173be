"""The tokenizer in plain Python: the specification of ``csrc/``, and its stand-in.

The functions are those of the C extension, ``_core``, argument for argument. The tests hold the
two to the same answers on every review, every code point and random bytes.
"""

import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from imdb_runtime.tokenizer.texts import WHITESPACE as WHITESPACE
from imdb_runtime.tokenizer.texts import WORDS as WORDS
from imdb_runtime.tokenizer.texts import as_bytes
from imdb_runtime.tokenizer.unicode_tables import (
    FOLDED,
    LOWER,
    MARK_RANGES,
    SPACE_RANGES,
    WORD_RANGES,
)

UNKNOWN_ID = 1


def _members(ranges: Iterable[tuple[int, int]]) -> str:
    """The inside of a regular expression's character class."""
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


_WORD = f"[{_members(WORD_RANGES)}]"
_MARK = f"[{_members(MARK_RANGES)}]"
_TOKEN = re.compile(
    # An apostrophe joins two parts of a word, a point or comma two parts of a number.
    rf"{_WORD}(?:{_WORD}|'(?={_WORD})|(?<=[0-9])[.,](?=[0-9]))*"
    rf"|(?P<ellipsis>\.\.+)"
    rf"|{_MARK}"
)
# "don't" is "do n't" and "it's" is "it 's", as in the text that GloVe was trained on.
_CLITIC = re.compile(rf"(?<!^)(?=(?:n't|'s|'m|'d|'ll|'re|'ve)(?!{_WORD}))")
_LINE_BREAK = re.compile(r"<br ?/?>")
_SPACES = re.compile(f"[{_members(SPACE_RANGES)}]+")
_LOWER_AND_FOLDED = LOWER | FOLDED


def words(text: bytes, scheme: int) -> list[str]:
    """The words of UTF-8 ``text`` in order. A byte that is no UTF-8 separates words."""
    decoded = text.decode("utf-8", errors="replace")
    if scheme == WHITESPACE:
        return [word for word in _SPACES.split(decoded.translate(LOWER)) if word]
    lowered = _LINE_BREAK.sub(" ", decoded.translate(_LOWER_AND_FOLDED))
    found: list[str] = []
    for token in _TOKEN.finditer(lowered):
        if token["ellipsis"]:
            found.append("...")
        elif "'" in token[0]:
            found += _CLITIC.split(token[0])
        else:
            found.append(token[0])
    return found


class WordTable:
    """Words to ids; the first two words, ``<pad>`` and ``<unk>``, are never found in a text."""

    def __init__(self, words: Sequence[bytes]) -> None:
        self._ids: dict[str, int] = {}
        for number, word in enumerate(words):
            if number > UNKNOWN_ID:
                self._ids.setdefault(word.decode("utf-8", errors="replace"), number)

    def find(self, word: str) -> int:
        """The id of ``word``; 1, ``<unk>``, where it is not in the table."""
        return self._ids.get(word, UNKNOWN_ID)


def encode(
    table: WordTable, texts: Iterable[str | bytes], scheme: int, max_length: int
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Ids (int32 [total]), offsets (int64 [n + 1]) and word counts before cutting (int64 [n])."""
    rows = [
        [table.find(word) for word in words(as_bytes(text, number), scheme)]
        for number, text in enumerate(texts)
    ]
    counts = np.array([len(row) for row in rows], dtype=np.int64)
    offsets = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum(np.minimum(counts, max_length), out=offsets[1:])
    ids = np.array([number for row in rows for number in row[:max_length]], dtype=np.int32)
    return ids, offsets, counts


def pad(
    ids: NDArray[np.int32], offsets: NDArray[np.int64], rows: NDArray[np.int64], wide: bool
) -> tuple[NDArray[np.int32] | NDArray[np.int64], NDArray[np.int64]]:
    """The given rows side by side, filled up with 0: ids ([rows, longest]) and lengths."""
    lengths = offsets[rows + 1] - offsets[rows]
    width = int(lengths.max(initial=0))
    padded = np.zeros((len(rows), width), dtype=np.int64 if wide else np.int32)
    for place, (row, length) in enumerate(zip(rows, lengths, strict=True)):
        padded[place, :length] = ids[offsets[row] : offsets[row] + length]
    return padded, lengths
