"""Every tier of the C tokenizer gives the Python twin's ids, wherever in a text its blocks end.

The vocabulary of each text is its own words, so that equal ids are equal words.
"""

import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imdb_runtime import _core
from imdb_runtime.tokenizer import reference

BLOCK, STRETCH = 64, 4096
# What the rules are about, and what ends words or does not.
PIECES = [
    *("'", "’", "n't", "'s", "'LL", "'re", "'ve", "'d", "'m", "'t", "Don't", "shouldn't've"),
    *(".", "..", "...", ",", "1", "9.5", "1,000.", "1.x", "x.1"),
    *("<br />", "<BR>", "<br/>", "<br  />", "<br", "<", "/>", "b", "r"),
    *("a", "N", "Don", "É", "İ", "Ⱥ", "–", "“", "素晴らしい", "👍", "❤️", "\u2028", "\ufffd"),
    *(" ", "\n", "\0", "\x7f", "!", "-", "@", "[", "`", "{", "~", "/", ":"),
    *("thirteenbytes", "fourteen-bytes", "fourteenbytesx", "a" * 70),
]
SPECIAL = "x Don't 1,000.5 it's. <br /><BR>o'clock... we'll'd café’s .5 n't !"


def assert_same_ids(texts: Sequence[bytes], max_length: int = 1 << 40, scheme: int = 0) -> None:
    split = [reference.words(text, scheme) for text in texts]
    # Every other word is unknown.
    known = [*sorted({word for words in split for word in words})[::2], "...", "."]
    content = [b"<pad>", b"<unk>", *(word.encode() for word in known)]
    table = reference.WordTable(content)
    expected = [[table.find(word) for word in words[:max_length]] for words in split]
    for tier in _core.tiers():
        ids, offsets, counts = _core.encode(
            _core.WordTable(content, tier), texts, scheme, max_length
        )
        assert ids.tolist() == [number for row in expected for number in row], tier
        assert np.diff(offsets).tolist() == [len(row) for row in expected], tier
        assert counts.tolist() == [len(words) for words in split], tier


def test_the_scalar_tier_is_on_every_machine():
    assert _core.tiers()[-1] == "scalar"


def test_an_unknown_tier_is_refused():
    with pytest.raises(ValueError, match="abacus"):
        _core.WordTable([b"<pad>", b"<unk>"], "abacus")
    with pytest.raises(ValueError, match="abacus"):
        _core.use_tier("abacus")


@pytest.mark.parametrize("tier", _core.tiers())
def test_a_tier_can_be_asked_for(tier):
    code = "from imdb_runtime.tokenizer import *; print(Tokenizer(Vocabulary(('<pad>', '<unk>'))))"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"IMDB_SIMD": tier}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_tier_that_is_not_there_is_an_error_with_those_that_are():
    done = subprocess.run(
        [sys.executable, "-c", "import imdb_runtime.tokenizer"],
        env={"IMDB_SIMD": "abacus"},
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stderr.splitlines()[-1]
    assert "DeviceError: IMDB_SIMD=abacus" in last
    assert all(tier in last for tier in _core.tiers())


@given(st.lists(st.sampled_from(PIECES), max_size=80).map("".join), st.sampled_from([0, 1]))
@settings(max_examples=1500)
def test_random_text_full_of_special_cases(text, scheme):
    assert_same_ids([text.encode()], scheme=scheme)


@given(st.lists(st.sampled_from([*PIECES, b"\x80", b"\xe2\x82", b"\xff"]), max_size=60))
@settings(max_examples=500)
def test_special_cases_among_broken_bytes(pieces):
    assert_same_ids([b"".join(p if isinstance(p, bytes) else p.encode() for p in pieces)])


@given(st.lists(st.binary(max_size=200), max_size=4))
@settings(max_examples=500)
def test_random_bytes(texts):
    assert_same_ids(texts)


@pytest.mark.parametrize("filler", [" ", "x", "!", "'", ".", "é", "a ", "'s"])
def test_a_special_case_at_every_place_of_a_block(filler):
    assert_same_ids([(filler * offset + SPECIAL).encode() for offset in range(2 * BLOCK + 2)])


@pytest.mark.parametrize("filler", [" ", "x", "'", ".", "longer-word ", "naïve ", "a's ", "a'"])
def test_a_special_case_at_the_end_of_a_stretch(filler):
    special = SPECIAL.encode()
    for room in range(len(special) + 3):
        start = (filler * STRETCH).encode()[: STRETCH - room]
        assert_same_ids([start + special])


@pytest.mark.parametrize(
    "piece",
    ["a", "'", "a'", "a's", "n't", ".", ",", "1.", "<br", "<br />", "é", "’", "-", "\0", "ab\n"],
)
def test_more_of_one_thing_than_a_stretch_holds(piece):
    text = piece.encode() * (3 * STRETCH // len(piece))
    assert_same_ids([text, b"x " + text + b" y", text + b"'s", b"don" + text])


def test_code_points_within_words():
    # All of the first planes' scripts, and some of the rest: test_twins.py has every one.
    for codes in (range(0x3000), range(0x3000, 0x110000, 0x101)):
        text = " ".join(f"a{chr(code)}b 1{chr(code)}2 {chr(code)}'s" for code in codes)
        assert_same_ids([text.encode("utf-8", "surrogatepass")])


def test_every_string_of_two_bytes_after_a_letter_and_before_one():
    for first in range(256):
        assert_same_ids([b" a".join(bytes((first, second)) + b"s" for second in range(256))])


def test_words_of_every_length_are_found():
    text = " ".join("abcdefghijklmnopqrstuvwxyz"[:size] for size in range(1, 27)).encode()
    words = [b"<pad>", b"<unk>", *text.split()]
    for tier in _core.tiers():
        ids, _, _ = _core.encode(_core.WordTable(words, tier), [text], reference.WORDS, 100)
        assert ids.tolist() == list(range(2, 28))


@given(st.lists(st.sampled_from(["a ", "é ", "don't ", "!", "a" * 20 + " "]), max_size=40))
@settings(max_examples=200)
def test_a_text_is_cut_at_its_first_words(pieces):
    for max_length in (1, 2, 7, 30):
        assert_same_ids(["".join(pieces).encode(), b"a b c"], max_length)


def test_a_large_vocabulary_is_found_whole():
    words = [b"<pad>", b"<unk>", *(f"w{number:x}".encode() for number in range(200_000))]
    text = b" ".join(words[2:])
    for tier in _core.tiers():
        table = _core.WordTable(words, tier)
        ids, _, _ = _core.encode(table, [text], reference.WORDS, 1 << 40)
        np.testing.assert_array_equal(ids, np.arange(2, 200_002))
        unknown = b" ".join(b"v" + word for word in words[2:])
        ids, _, _ = _core.encode(table, [unknown], reference.WORDS, 1 << 40)
        assert set(ids.tolist()) == {reference.UNKNOWN_ID}


def test_words_that_a_nul_would_confuse_are_kept_apart():
    words = [b"<pad>", b"<unk>", b"a", b"a\0", b"a\0b", b"\0"]
    text = b"a a\0 a\0\0 a\0b \0 \0\0"
    for tier in _core.tiers():
        table = _core.WordTable(words, tier)
        ids, _, _ = _core.encode(table, [text], reference.WHITESPACE, 100)
        assert ids.tolist() == [2, 3, 1, 4, 5, 1]


def test_the_reviews_of_the_small_corpus(small_reviews):
    assert_same_ids(small_reviews.read_bytes().splitlines(keepends=True))


def test_real_reviews(imdb):
    assert_same_ids(imdb.test.texts[::250])
