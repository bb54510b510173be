"""Reviews to learn from: the IMDB archive or a table, and a validation part split off."""

from imdb_train.corpus.data import Corpus, Split
from imdb_train.corpus.load import load_corpus
from imdb_train.corpus.splits import split_validation
from imdb_train.corpus.tables import read_texts

__all__ = ["Corpus", "Split", "load_corpus", "read_texts", "split_validation"]
