"""The Large Movie Review Dataset (Maas et al., ACL 2011), from its archive or its folder.

``aclImdb/{train,test}/{neg,pos}/ID_RATING.txt`` are the reviews, 12,500 each, and
``aclImdb/train/unsup/ID_0.txt`` 50,000 without a label. Line ``i`` (from 0) of
``train/urls_pos.txt`` is the address of the film that ``train/pos/i_*.txt`` is about.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from imdb_runtime.errors import InputError
from imdb_train.corpus.archive import read_archive
from imdb_train.corpus.data import Corpus, Split
from imdb_train.labels import LABELS

ARCHIVE = "aclImdb_v1.tar.gz"
FOLDER = "aclImdb"
URL = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
MD5 = "7c2ac02c03563afcf9b574c7e56c153a"

REVIEWS_PER_CLASS = 12_500
UNLABELLED_REVIEWS = 50_000
MAX_FILE_BYTES = 4 * 2**20  # the longest review has 14 kB, a file of addresses 2.5 MB

_REVIEW_FOLDERS = ("train/neg", "train/pos", "test/neg", "test/pos", "train/unsup")
_ADDRESS_FILES = tuple(
    f"{split}/urls_{label}.txt" for split in ("train", "test") for label in LABELS
)
_REVIEW_NAME = re.compile(r"(0|[1-9][0-9]{0,5})_(10|[0-9])\.txt", re.ASCII)
_RATINGS = {"neg": range(1, 5), "pos": range(7, 11), "unsup": range(1)}
_FILM = re.compile(rb"/title/(tt[0-9]+)(?:/|$)")


def read_imdb(path: Path) -> Corpus:
    """Read IMDB from its ``.tar.gz``, from ``aclImdb``, or from a folder that holds ``aclImdb``.

    The order of the reviews is neg before pos, then by ID, whatever the order of the files.
    ``unlabelled`` is empty where ``train/unsup`` is not there.

    Raises
    ------
    InputError
        Where a file is missing, misnamed, too large or not UTF-8, or the counts are not IMDB's.
    """
    files = _files_of_folder(_imdb_folder(path)) if path.is_dir() else _files_of_archive(path)
    reviews: dict[str, dict[int, bytes]] = {folder: {} for folder in _REVIEW_FOLDERS}
    addresses: dict[str, bytes] = {}
    for name, content in files:
        folder, _, file_name = name.rpartition("/")
        if folder in reviews:
            _add_review(reviews[folder], folder, file_name, content, f"{path}: {name}")
        else:
            addresses[name] = content
    _check_counts(path, reviews)
    unlabelled = reviews["train/unsup"]
    return Corpus(
        name="imdb",
        train=_split(path, "train", reviews, addresses),
        test=_split(path, "test", reviews, addresses),
        unlabelled=[unlabelled[number] for number in sorted(unlabelled)],
    )


def _files_of_archive(path: Path) -> Iterator[tuple[str, bytes]]:
    for file in read_archive(path):
        name = file.name.removeprefix(f"{FOLDER}/")
        if name != file.name and _is_wanted(name):
            _check_size(file.size, f"{path}: {name}")
            yield name, file.read()


def _imdb_folder(path: Path) -> Path:
    for folder in (path, path / FOLDER):
        if (folder / "train").is_dir():
            return folder
    raise InputError(
        f"{path}: no IMDB folder; it must be {FOLDER} (with train and test) or hold it"
    )


def _files_of_folder(root: Path) -> Iterator[tuple[str, bytes]]:
    names = [name for name in _ADDRESS_FILES if (root / name).exists()]
    for folder in _REVIEW_FOLDERS:
        if (root / folder).is_dir():
            names.extend(f"{folder}/{file.name}" for file in (root / folder).iterdir())
    for name in filter(_is_wanted, names):
        file = root / name
        if file.is_symlink() or not file.is_file():
            raise InputError(f"{file}: not a regular file; IMDB has no links or folders here")
        try:
            _check_size(file.stat().st_size, str(file))
            content = file.read_bytes()
        except OSError as error:
            raise InputError(f"{file}: cannot read it: {error.strerror or error}") from error
        yield name, content


def _is_wanted(name: str) -> bool:
    # Hidden files are what file managers and macOS's tar leave behind.
    folder, _, file_name = name.rpartition("/")
    return name in _ADDRESS_FILES or (folder in _REVIEW_FOLDERS and file_name[:1] != ".")


def _check_size(size: int, where: str) -> None:
    if size > MAX_FILE_BYTES:
        raise InputError(f"{where}: {size:,} bytes; no file of IMDB has over {MAX_FILE_BYTES:,}")


def _add_review(
    reviews: dict[int, bytes], folder: str, file_name: str, content: bytes, where: str
) -> None:
    match = _REVIEW_NAME.fullmatch(file_name)
    if match is None:
        raise InputError(f"{where}: not named ID_RATING.txt as IMDB's reviews are; take it out")
    number, rating = int(match[1]), int(match[2])
    label = folder.rpartition("/")[2]
    if rating not in _RATINGS[label]:
        raise InputError(f"{where}: rating {rating} does not belong in {label}")
    if number in reviews:
        raise InputError(f"{where}: a second review with ID {number} in {folder}")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: not UTF-8 at byte {error.start}; get IMDB again") from error
    reviews[number] = content


def _check_counts(path: Path, reviews: dict[str, dict[int, bytes]]) -> None:
    for folder in _REVIEW_FOLDERS:
        count = len(reviews[folder])
        expected = UNLABELLED_REVIEWS if folder == "train/unsup" else REVIEWS_PER_CLASS
        if folder == "train/unsup" and count == 0:
            continue  # a copy without the unlabelled reviews trains and tests all the same
        if count != expected:
            raise InputError(
                f"{path}: {FOLDER}/{folder} has {count:,} reviews, IMDB has {expected:,}; "
                "the copy is not whole: get it again"
            )
        if max(reviews[folder]) != expected - 1:
            raise InputError(
                f"{path}: {FOLDER}/{folder} has a review with ID {max(reviews[folder])}; "
                f"IMDB's IDs run from 0 to {expected - 1}"
            )


def _split(
    path: Path, split: str, reviews: dict[str, dict[int, bytes]], addresses: dict[str, bytes]
) -> Split:
    texts: list[bytes] = []
    films: list[str] = []
    for label in LABELS:
        by_number = reviews[f"{split}/{label}"]
        films.extend(_films(path, f"{split}/urls_{label}.txt", addresses))
        texts.extend(by_number[number] for number in sorted(by_number))
    labels = np.repeat(np.arange(len(LABELS), dtype=np.int64), REVIEWS_PER_CLASS)
    return Split(texts, labels, films)


def _films(path: Path, name: str, addresses: dict[str, bytes]) -> list[str]:
    where = f"{path}: {FOLDER}/{name}"
    if name not in addresses:
        raise InputError(f"{where} is missing; it names the film of each review: get IMDB again")
    lines = addresses[name].splitlines()
    if len(lines) != REVIEWS_PER_CLASS:
        raise InputError(f"{where}: {len(lines):,} lines, IMDB has {REVIEWS_PER_CLASS:,}")
    films = []
    for number, line in enumerate(lines, 1):
        match = _FILM.search(line)
        if match is None:
            raise InputError(f"{where}, line {number}: no film's address: {line[:80]!r}")
        films.append(match[1].decode("ascii"))
    return films
