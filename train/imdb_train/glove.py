"""GloVe vectors (Pennington et al., EMNLP 2014) for the words of a vocabulary.

A file has a line a word: the word, then its numbers, apart by single spaces. Words can hold
spaces themselves (``at name@domain.com`` in 840B), so a line is split from the right. Files of
gigabytes are read as a stream, out of the zip where there is one, and only wanted rows are kept.
"""

import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from imdb_runtime.errors import InputError
from imdb_train import downloads

MAX_LINE_BYTES = 2**20
_URL = "https://nlp.stanford.edu/data"
_SPECIAL_WORDS = 2  # <pad> and <unk> lead every vocabulary
_LINES_TO_GUESS_FROM = 100
_BUFFER_BYTES = 2**20
_ENCRYPTED = 0x1  # in the flags of a zip's member
_HEADER = re.compile(rb"[0-9]+ [0-9]+\s*")
_NUMBER = re.compile(rb"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")


@dataclass(frozen=True)
class _Release:
    md5: str
    dimensions: tuple[int, ...]


# Those that are published with a hash; any other file is given by its path.
_RELEASES = {
    "6B": _Release("056ea991adb4740ac6bf1b6d9b50408b", (50, 100, 200, 300)),
    "840B": _Release("2ffafcc9f9ae46fc8c95f32372976137", (300,)),
}
NAMES = {
    f"{release}.{dimension}d": (release, dimension)
    for release, known in _RELEASES.items()
    for dimension in known.dimensions
}


@dataclass(frozen=True)
class GloveVectors:
    """Vectors in the order of a vocabulary.

    ``vectors`` is float32 [n, dimension], zero where ``found`` (bool [n]) is False; ``name`` is
    the name or file they come from; ``lines_read`` counts the words of that file.
    """

    vectors: NDArray[np.float32]
    found: NDArray[np.bool_]
    dimension: int
    name: str
    lines_read: int

    @property
    def coverage(self) -> float:
        """The share of the vocabulary's words that have a vector; ``<pad>``, ``<unk>`` apart."""
        return float(self.found.sum()) / max(1, len(self.found) - _SPECIAL_WORDS)


def load_glove(
    source: str | Path, vocabulary_words: Sequence[str], *, offline: bool = False
) -> GloveVectors:
    """Read the vectors of a vocabulary's words.

    Parameters
    ----------
    source
        A name in ``NAMES`` (``6B.100d``, ``840B.300d``, ...), looked for in IMDB_DATA_DIR and the
        cache and downloaded once; or the path of a ``.txt`` or ``.zip``.
    vocabulary_words
        The words in order, ``<pad>`` and ``<unk>`` first: these two never get a vector.
    offline
        Never touch the network.

    Raises
    ------
    InputError
        Where the file cannot be had or read, or the line of a wanted word is broken.
    """
    name = str(source)
    path, dimension = _locate(name, offline)
    with _open_lines(path, f"glove.{name}.txt" if name in NAMES else None) as (file, where):
        lines = _lines(file, where)
        if dimension is None:
            first = list(islice(lines, _LINES_TO_GUESS_FROM))
            dimension = _guess_dimension(first, where)
            lines = chain(first, lines)
        return _collect(lines, vocabulary_words, dimension, name, where)


def _locate(name: str, offline: bool) -> tuple[Path, int | None]:
    if name in NAMES:
        release, dimension = NAMES[name]
        # The releases name their archives so: one for all of 6B, one for the only size of 840B.
        archive = f"glove.{release}.zip" if release == "6B" else f"glove.{name}.zip"
        own = [file for file in (f"glove.{name}.zip", f"glove.{name}.txt") if file != archive]
        path = downloads.fetch(
            archive, f"{_URL}/{archive}", _RELEASES[release].md5, offline=offline, also=own
        )
        return path, dimension
    path = Path(name)
    if not path.is_file():
        raise InputError(f"{name}: no such file, and no name of GloVe vectors: {', '.join(NAMES)}")
    return path, None


@contextmanager
def _open_lines(path: Path, member: str | None) -> Iterator[tuple[BinaryIO, str]]:
    try:
        if path.suffix.lower() != ".zip":
            with path.open("rb", buffering=_BUFFER_BYTES) as file:
                yield file, str(path)
            return
        with zipfile.ZipFile(path) as archive:
            member = _choose_member(archive, path, member)
            # The zip's own readline is three times slower than that of a buffer around it.
            with archive.open(member) as packed, io.BufferedReader(packed, _BUFFER_BYTES) as file:  # type: ignore[type-var]
                yield file, f"{path}: {member}"
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InputError(f"{path}: not a whole, readable zip ({error}); get it again") from error
    except OSError as error:
        raise InputError(f"{path}: cannot read it: {error.strerror or error}") from error


def _choose_member(archive: zipfile.ZipFile, path: Path, name: str | None) -> str:
    texts = [file for file in archive.namelist() if file.endswith(".txt")]
    if name is not None:
        texts = [file for file in texts if file == name]
    if len(texts) != 1:
        there = ", ".join(archive.namelist()[:10]) or "nothing"
        raise InputError(
            f"{path}: it must hold {name or 'one .txt file'}, but holds {there}; "
            "unpack the one you mean and give its path"
        )
    if archive.getinfo(texts[0]).flag_bits & _ENCRYPTED:
        raise InputError(f"{path}: {texts[0]} is encrypted; unpack it and give its path")
    return texts[0]


def _lines(file: BinaryIO, where: str) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(iter(partial(file.readline, MAX_LINE_BYTES), b""), 1):
        if len(line) == MAX_LINE_BYTES:
            raise InputError(f"{where}, line {number}: over {MAX_LINE_BYTES:,} bytes; not vectors")
        if number == 1 and _HEADER.fullmatch(line):
            continue  # word2vec's and fastText's count and dimension
        yield number, line


def _guess_dimension(lines: Sequence[tuple[int, bytes]], where: str) -> int:
    # Nearly every word is without a space: the commonest count is that of the numbers alone.
    counts = Counter(line.rstrip().count(b" ") for _, line in lines)
    dimension = max(counts, key=lambda count: (counts[count], -count), default=0)
    if dimension == 0:
        raise InputError(f"{where}: no vectors; a line must be a word and its numbers")
    return dimension


def _collect(
    lines: Iterator[tuple[int, bytes]],
    vocabulary_words: Sequence[str],
    dimension: int,
    name: str,
    where: str,
) -> GloveVectors:
    row_of = {
        word.encode(): row for row, word in enumerate(vocabulary_words) if row >= _SPECIAL_WORDS
    }
    # Most lines are of other words: what stands before the first space tells so at little cost.
    beginnings = {word.partition(b" ")[0] for word in row_of}
    vectors = np.zeros((len(vocabulary_words), dimension), dtype=np.float32)
    found = np.zeros(len(vocabulary_words), dtype=np.bool_)
    lines_read = 0
    for number, line in lines:
        lines_read += 1
        if line[: line.find(b" ")] not in beginnings:
            continue
        word, *numbers = line.rstrip().rsplit(b" ", dimension)
        row = row_of.get(word)
        too_many = row is None and b" " in word and _NUMBER.fullmatch(word.rpartition(b" ")[2])
        if len(numbers) < dimension or too_many:
            count = len(line.split()) - 1
            raise InputError(
                f"{where}, line {number}: {_shown(word)} has {count} numbers, expected {dimension}"
            )
        if row is None or found[row]:
            continue
        vectors[row] = _parse(numbers, f"{where}, line {number}: {_shown(word)}")
        found[row] = True
    if lines_read == 0:
        raise InputError(f"{where}: empty; a line must be a word and its numbers")
    return GloveVectors(vectors, found, dimension, name, lines_read)


def _parse(numbers: Sequence[bytes], where: str) -> NDArray[np.float32]:
    try:
        with np.errstate(over="ignore"):  # what is too large becomes infinite and is refused
            values = np.array([float(number) for number in numbers]).astype(np.float32)
    except ValueError as error:
        raise InputError(f"{where}: {error}") from error
    if not np.isfinite(values).all():
        wrong = numbers[int(np.argmin(np.isfinite(values)))]
        raise InputError(f"{where} has the number {_shown(wrong)}, which is not finite")
    return values


def _shown(piece: bytes) -> str:
    return repr(piece[:60].decode("utf-8", "replace"))
