"""From the path a person gives, or none, to a corpus."""

from dataclasses import replace
from pathlib import Path

from imdb_runtime.errors import InputError
from imdb_train import downloads
from imdb_train.corpus import imdb
from imdb_train.corpus.data import Corpus, Split, require_both_labels
from imdb_train.corpus.tables import TABLE_SUFFIXES, Columns, read_table, read_texts

_ARCHIVE_SUFFIXES = (".tar.gz", ".tgz")


def load_corpus(
    data: Path | None = None,
    *,
    test_data: Path | None = None,
    text_column: str = "text",
    label_column: str = "label",
    film_column: str | None = None,
    unlabelled: Path | None = None,
    offline: bool = False,
) -> Corpus:
    """Read the reviews to train and test on.

    Parameters
    ----------
    data
        IMDB as ``.tar.gz`` or folder, or a table (``.csv``, ``.tsv``, ``.jsonl``, ``.parquet``).
        None is IMDB: from IMDB_DATA_DIR, else from the cache, else downloaded once.
    test_data
        The same, for the test split, which then is this one and not the one of ``data``.
    text_column, label_column, film_column
        The columns of the tables; labels are neg/pos, negative/positive or 0/1.
    unlabelled
        Reviews without a label, in place of those of ``data``: a table, or a text file with one a
        line.
    offline
        Never touch the network.

    Raises
    ------
    InputError
        Where a file is missing, broken, or not what it should be; it names the file and line.
    """
    columns = Columns(text_column, label_column, film_column)
    if data is None:
        data = downloads.fetch(
            imdb.ARCHIVE, imdb.URL, imdb.MD5, offline=offline, also=(imdb.FOLDER,)
        )
    corpus = _read(data, columns)
    if test_data is not None:
        # A table is one split, whichever it is to be; IMDB has a split of its own for the test.
        other = _read(test_data, columns)
        corpus = replace(corpus, test=other.train if other.test is None else other.test)
    if unlabelled is not None:
        corpus = replace(corpus, unlabelled=read_texts(unlabelled, text_column))
    return corpus


def _read(path: Path, columns: Columns) -> Corpus:
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    if path.is_dir() or path.name.lower().endswith(_ARCHIVE_SUFFIXES):
        return imdb.read_imdb(path)
    if path.suffix.lower() in TABLE_SUFFIXES:
        return Corpus(path.name, _read_split(path, columns), test=None, unlabelled=[])
    accepted = ", ".join((*_ARCHIVE_SUFFIXES, *TABLE_SUFFIXES))
    raise InputError(f"{path}: not a known kind of file; give {accepted} or the folder aclImdb")


def _read_split(path: Path, columns: Columns) -> Split:
    split = read_table(path, columns)
    require_both_labels(split.labels, str(path), "both are needed to learn or to measure")
    return split
