"""How text is split into words, in C and in Python."""

import pytest

WORDS, WHITESPACE = 0, 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("   \t\r\n ", []),
        ("Best Film EVER", ["best", "film", "ever"]),
        ("It was a fantastic performance !", ["it", "was", "a", "fantastic", "performance", "!"]),
        # Clitics stand alone, as in the text GloVe was trained on.
        ("I've don't it's", ["i", "'ve", "do", "n't", "it", "'s"]),
        ("we'll they're I'd I'm", ["we", "'ll", "they", "'re", "i", "'d", "i", "'m"]),
        ("shouldn't've", ["should", "n't", "'ve"]),
        ("CAN'T", ["ca", "n't"]),
        ("mother’s", ["mother", "'s"]),
        ("1990's", ["1990", "'s"]),
        # Other apostrophes between letters stay in the word; elsewhere they are marks.
        ("O'Brien o'clock ma'am", ["o'brien", "o'clock", "ma'am"]),
        ("it'sy", ["it'sy"]),
        ("'quoted' dogs'", ["'", "quoted", "'", "dogs", "'"]),
        ("n't 's", ["n't", "'", "s"]),
        # Numbers keep their points and commas; a sentence's end is a mark.
        ("8.5/10 1,000.", ["8.5", "/", "10", "1,000", "."]),
        ("v2.0 a.b 5.", ["v2.0", "a", ".", "b", "5", "."]),
        # Marks are words by themselves, but points in a row are one ellipsis.
        ("what?!", ["what", "?", "!"]),
        ("well... then.. ok.", ["well", "...", "then", "...", "ok", "."]),
        ("well-made", ["well", "-", "made"]),
        ("“hey” – it’s", ['"', "hey", '"', "-", "it", "'s"]),
        # Line breaks of the reviews' HTML are space; other tags are not.
        ("one<br />two<BR/>three<br>four", ["one", "two", "three", "four"]),
        ("<br  />", ["<", "br", "/", ">"]),
        ("<brain>", ["<", "brain", ">"]),
        ("a<br", ["a", "<", "br"]),
        # Beyond ASCII.
        ("ÉTÉ Straße ΟΔΟΣ", ["été", "straße", "οδοσ"]),
        ("İstanbul", ["istanbul"]),
        ("naïve café", ["naïve", "café"]),
        ("素晴らしい映画", ["素晴らしい映画"]),
        ("great❤️👍🏽", ["great", "❤", "👍", "🏽"]),
        ("a\u00a0b\u2028c\u0085d\u200be\ufefff", ["a", "b", "c", "d", "e", "f"]),
        ("nul\0byte", ["nul", "byte"]),
    ],
)
def test_the_words_scheme(implementation, text, expected):
    assert implementation.words(text.encode(), WORDS) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"caf\xe9 noir", ["caf", "noir"]),  # Latin-1
        (b"a\xc0\xafb", ["a", "b"]),  # overlong
        (b"a\xed\xa0\x80b", ["a", "b"]),  # a surrogate
        (b"a\xf4\x90\x80\x80b", ["a", "b"]),  # beyond U+10FFFF
        (b"cut \xe2\x82", ["cut"]),
        (b"\x80\x80\x80", []),
        ("a\ufffdb".encode(), ["a", "b"]),
    ],
)
@pytest.mark.parametrize("scheme", [WORDS, WHITESPACE])
def test_bytes_that_are_no_utf8_separate_words(implementation, scheme, content, expected):
    assert implementation.words(content, scheme) == expected


@pytest.mark.parametrize(
    "text",
    [
        "It's a Film, isn't it?",
        "one<br />two",
        " lots\tof\u00a0 \u2003space\u2028here\x1cand\x85there ",
        "",
        "Ünïcödé ÀÉ",
    ],
)
def test_the_whitespace_scheme_is_what_python_splits(implementation, text):
    assert implementation.words(text.encode(), WHITESPACE) == text.lower().split()


def test_a_word_that_grows_in_lower_case_fits(implementation):
    assert implementation.words(("Ⱥ" * 1000).encode(), WORDS) == ["ⱥ" * 1000]


def test_a_megabyte_of_one_word_is_one_word(implementation):
    assert implementation.words(b"a" * 1_000_000, WORDS) == ["a" * 1_000_000]


def test_a_long_chain_of_clitics_is_split_at_each(implementation):
    assert implementation.words(b"a" + b"'s" * 10_000, WORDS) == ["a"] + ["'s"] * 10_000
