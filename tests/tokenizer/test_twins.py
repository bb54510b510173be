"""The C tokenizer and its Python twin give the same answers, whatever the text."""

import unicodedata
from importlib.util import module_from_spec, spec_from_file_location
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imdb_runtime import _core
from imdb_runtime.tokenizer import reference
from imdb_runtime.tokenizer.unicode_tables import UNICODE_VERSION

SCHEMES = (reference.WORDS, reference.WHITESPACE)
# What the rules are about, so that random text meets them often.
PIECES = [
    "'",
    "’",
    "n't",
    "'s",
    "'ll",
    ".",
    "..",
    ",",
    "1",
    "9.5",
    "<br />",
    "<BR>",
    "<",
    "br",
    "a",
    "Don",
    "N",
    "É",
    "Ⱥ",
    "İ",
    "–",
    "“",
    " ",
    "\n",
    "\u2028",
    "\ufeff",
    "\0",
    "👍",
    "❤️",
]
VOCABULARY = [b"<pad>", b"<unk>", b"do", b"n't", b"a", b"1", b"9.5", "é".encode(), b"..."]


def assert_same_words(text: bytes) -> None:
    for scheme in SCHEMES:
        assert _core.words(text, scheme) == reference.words(text, scheme), text


@given(st.binary(max_size=60))
@settings(max_examples=2000)
def test_random_bytes(text):
    assert_same_words(text)


@given(st.text(max_size=60))
@settings(max_examples=2000)
def test_random_unicode(text):
    assert_same_words(text.encode("utf-8", "surrogatepass"))


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
@settings(max_examples=4000)
def test_random_text_full_of_special_cases(text):
    assert_same_words(text.encode())


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join).map(str.encode), st.data())
@settings(max_examples=1000)
def test_special_cases_with_broken_bytes(text, data):
    at = data.draw(st.integers(0, len(text)))
    junk = data.draw(st.binary(min_size=1, max_size=3))
    assert_same_words(text[:at] + junk + text[at:])


def test_every_code_point_between_letters_and_between_digits():
    for start in range(0, 0x110000, 0x1000):
        text = " ".join(f"a{chr(code)}b 1{chr(code)}2" for code in range(start, start + 0x1000))
        assert_same_words(text.encode("utf-8", "surrogatepass"))


def test_every_string_of_two_bytes():
    for first in range(256):
        assert_same_words(b" x".join(bytes((first, second)) for second in range(256)))


def test_every_triple_of_the_bytes_that_matter():
    bytes_that_matter = b"aZ9'.,<br />\x00\x7f\x80\xbf\xc2\xc3\xe2\xed\xef\xf0\xf4\xff"
    for first, second in product(bytes_that_matter, repeat=2):
        text = b" ".join(bytes((first, second, third)) for third in bytes_that_matter)
        assert_same_words(text)


@given(
    st.lists(st.lists(st.sampled_from(PIECES), max_size=10).map("".join).map(str.encode)),
    st.integers(1, 8),
    st.sampled_from(SCHEMES),
    st.booleans(),
    st.data(),
)
def test_ids_offsets_counts_and_padding(texts, max_length, scheme, wide, data):
    results = []
    rows = np.array(
        data.draw(st.lists(st.integers(0, len(texts) - 1)) if texts else st.just([])), np.int64
    )
    for module in (_core, reference):
        encoded = module.encode(module.WordTable(VOCABULARY), texts, scheme, max_length)
        results.append((*encoded, *module.pad(encoded[0], encoded[1], rows, wide)))
    for ours, theirs in zip(*results, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


@given(st.lists(st.text(min_size=1, max_size=12), unique=True, max_size=50), st.text(max_size=12))
def test_lookups(words, other):
    content = [b"<pad>", b"<unk>", *(word.encode("utf-8", "surrogatepass") for word in words)]
    table = _core.WordTable(content)
    for number, word in enumerate(words, start=2):
        assert table.find(word) == number
    assert table.find(other) == (words.index(other) + 2 if other in words else 1)


@pytest.mark.slow
def test_all_hundred_thousand_reviews(imdb):
    texts = [*imdb.train.texts, *imdb.test.texts, *imdb.unlabelled]
    assert len(texts) == 100_000
    counts: dict[str, int] = {}
    for text in texts[::20]:
        for word in _core.words(text, reference.WORDS):
            counts[word] = counts.get(word, 0) + 1
    frequent = sorted(counts, key=counts.__getitem__, reverse=True)[:20_000]
    words = [b"<pad>", b"<unk>", *(word.encode() for word in frequent)]
    tables = {module: module.WordTable(words) for module in (_core, reference)}
    for start in range(0, len(texts), 5000):
        batch = texts[start : start + 5000]
        for scheme in SCHEMES:
            ours = _core.encode(tables[_core], batch, scheme, 10_000)
            theirs = reference.encode(tables[reference], batch, scheme, 10_000)
            for mine, twins in zip(ours, theirs, strict=True):
                np.testing.assert_array_equal(mine, twins)


@pytest.mark.skipif(
    unicodedata.unidata_version != UNICODE_VERSION,
    reason=f"the tables are of Unicode {UNICODE_VERSION}, this Python is not",
)
def test_the_committed_tables_are_what_their_script_writes(tmp_path, monkeypatch):
    root = Path(__file__).parents[2]
    spec = spec_from_file_location("tables", root / "csrc/make_unicode_tables.py")
    script = module_from_spec(spec)
    spec.loader.exec_module(script)
    committed = {name: getattr(script, name) for name in ("C_HEADER", "PYTHON_MODULE")}
    for name in committed:
        monkeypatch.setattr(script, name, tmp_path / name)
    script.write_c()
    script.write_python()
    for name, path in committed.items():
        assert (tmp_path / name).read_text() == path.read_text()
