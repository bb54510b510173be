"""The statements in ``examples/short.csv``, on which models are measured and never trained."""

import re
from pathlib import Path

import numpy as np
import pytest

from imdb_runtime.tokenizer import split_words
from imdb_train.corpus.tables import Columns, read_table
from imdb_train.explain.cli import NOTEBOOK_SENTENCES

EXAMPLES = Path(__file__).parent.parent / "examples"


def bare(text: str) -> str:
    """A statement's words, whatever its case and punctuation."""
    return re.sub(r"\W+", " ", text.lower()).strip()


@pytest.fixture(scope="module")
def short():
    split = read_table(EXAMPLES / "short.csv", Columns("text", "label", None))
    return [text.decode() for text in split.texts], split.labels


def test_there_are_two_hundred_or_more_and_as_many_of_each_label(short):
    texts, labels = short
    neg, pos = np.bincount(labels)
    assert len(texts) >= 200
    assert neg == pos


def test_each_is_short_and_there_once(short):
    texts, _ = short
    assert all(1 <= len(split_words(text, "words")) <= 20 for text in texts)
    assert len({bare(text) for text in texts}) == len(texts)


def test_the_sentences_of_the_notebook_are_measured_apart(short):
    texts, _ = short
    assert not set(map(bare, texts)) & {bare(text) for text, _ in NOTEBOOK_SENTENCES}


def test_negation_stands_with_either_label(short):
    """So that no list of words gives the labels away."""
    texts, labels = short
    negated = [
        re.search(r"\b(no|not|never|nothing|without)\b|n't\b", text.lower()) for text in texts
    ]
    neg, pos = np.bincount(labels[[bool(found) for found in negated]])
    assert min(neg, pos) >= 20
