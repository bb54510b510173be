"""The vocabulary and its file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdb_runtime.errors import BundleError
from imdb_runtime.tokenizer import Vocabulary


def test_frequent_words_come_first_and_equals_by_spelling():
    counts = {"the": 9, "b": 3, "a": 3, "rare": 1}
    assert Vocabulary.from_counts(counts, min_count=2).words == ("<pad>", "<unk>", "the", "a", "b")


def test_the_size_counts_the_special_words():
    counts = {"the": 9, "b": 3, "a": 3}
    assert Vocabulary.from_counts(counts, max_size=4).words == ("<pad>", "<unk>", "the", "a")


def test_special_words_in_a_text_are_not_counted_twice():
    assert Vocabulary.from_counts({"<pad>": 7, "a": 1}).words == ("<pad>", "<unk>", "a")


def test_the_file_has_one_word_a_line(tmp_path):
    Vocabulary(["<pad>", "<unk>", "été"]).write(tmp_path / "vocab.txt")
    assert (tmp_path / "vocab.txt").read_bytes() == "<pad>\n<unk>\nété\n".encode()


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), min_size=1),
        unique=True,
    )
)
def test_what_is_written_is_read(words):
    vocabulary = Vocabulary(["<pad>", "<unk>", *(w for w in words if w not in ("<pad>", "<unk>"))])
    assert Vocabulary.from_bytes(vocabulary.to_bytes()) == vocabulary


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cut short"),
        (b"<pad>\n<unk>\ngood", "cut short"),
        (b"<unk>\n<pad>\n", "begins with <pad> and <unk>"),
        (b"<pad>\n<unk>\n\n", "line 3"),
        (b"<pad>\n<unk>\na\nb\na\n", "'a' twice, on lines 3 and 5"),
        (b"<pad>\n<unk>\n\xff\n", "line 3 is not UTF-8"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(content, message):
    with pytest.raises(BundleError, match=message) as raised:
        Vocabulary.from_bytes(content, "some/vocab.txt")
    assert str(raised.value).startswith("some/vocab.txt")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BundleError, match=r"vocab\.txt"):
        Vocabulary.read(tmp_path / "vocab.txt")
