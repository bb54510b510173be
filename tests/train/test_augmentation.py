"""What training reads in place of whole reviews."""

from itertools import pairwise

import numpy as np
import pytest

from imdb_runtime.tokenizer import Tokenizer, Vocabulary
from imdb_train.augmentation import Augmentation

WORDS = [f"w{number}" for number in range(60)]
VOCABULARY = Vocabulary(["<pad>", "<unk>", ".", "!", *WORDS])
TOKENIZER = Tokenizer(VOCABULARY, "whitespace")
REVIEWS = ["w0 w1 . w2 w3 w4 ! . w5", "", "w6", "w7 w8 .", " ".join(WORDS)]
SENTENCES = ["w0 w1 .", "w2 w3 w4 ! .", "w5", "w6", "w7 w8 .", " ".join(WORDS)]


def texts(encoded) -> list[str]:
    words = [VOCABULARY.words[number] for number in encoded.ids]
    return [" ".join(words[start:end]) for start, end in pairwise(encoded.offsets)]


def epochs(augmentation: Augmentation, count: int = 40) -> list[list[str]]:
    encoded = TOKENIZER.encode(REVIEWS)
    return [
        texts(augmentation.apply(encoded, np.random.default_rng(number))) for number in range(count)
    ]


def test_without_any_the_reviews_are_read_as_they_are():
    assert epochs(Augmentation.of(VOCABULARY, None, 0.0, 0.0), 1) == [REVIEWS]


def test_a_sentence_or_two_in_a_row_stand_for_a_review():
    whole = {*SENTENCES, f"{SENTENCES[0]} {SENTENCES[1]}", f"{SENTENCES[1]} {SENTENCES[2]}", ""}
    seen = set()
    for read in epochs(Augmentation.of(VOCABULARY, None, 0.999, 0.0)):
        assert len(read) == len(REVIEWS)
        for text, review in zip(read, REVIEWS, strict=True):
            assert text in review
        seen |= set(read)
    assert seen <= whole | {REVIEWS[0]}
    assert {SENTENCES[0], SENTENCES[1], SENTENCES[2]} < seen


def test_only_the_share_asked_for_is_cut_to_sentences():
    cut = [read[0] != REVIEWS[0] for read in epochs(Augmentation.of(VOCABULARY, None, 0.3, 0.0))]
    assert 3 <= sum(cut) <= 25


def test_a_long_review_is_read_from_a_random_place():
    starts = set()
    for read in epochs(Augmentation.of(VOCABULARY, 10, 0.0, 0.0)):
        assert read[:4] == REVIEWS[:4]
        assert len(read[4].split()) == 10
        assert read[4] in REVIEWS[4]
        starts.add(read[4])
    assert len(starts) > 10


def test_words_are_dropped_with_the_probability_given():
    encoded = TOKENIZER.encode([" ".join(WORDS * 100)])
    dropped = Augmentation.of(VOCABULARY, None, 0.0, 0.25).apply(encoded, np.random.default_rng(1))
    changed = dropped.ids != encoded.ids
    assert set(dropped.ids[changed]) == {1}
    assert changed.mean() == pytest.approx(0.25, abs=0.03)
