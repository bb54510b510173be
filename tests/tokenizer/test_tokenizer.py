"""Texts to ids: the Tokenizer a program uses."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

from imdb_runtime.tokenizer import Tokenizer, Vocabulary

VOCABULARY = Vocabulary(["<pad>", "<unk>", "good", "film", "!"])


def test_words_get_their_ids_and_others_the_unknown_one():
    ids, lengths = Tokenizer(VOCABULARY).encode_padded(["Good film!", "", "a film"])
    assert ids.tolist() == [[2, 3, 4], [0, 0, 0], [1, 3, 0]]
    assert lengths.tolist() == [3, 0, 2]


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_ids_have_the_type_asked_for(dtype):
    ids, lengths = Tokenizer(VOCABULARY).encode_padded(["good"], dtype)
    assert ids.dtype == dtype
    assert lengths.dtype == np.int64


def test_other_types_of_id_are_refused():
    with pytest.raises(ValueError, match="int32 or int64"):
        Tokenizer(VOCABULARY).encode_padded(["good"], np.float32)


def test_a_long_text_is_cut_and_its_whole_count_kept():
    encoded = Tokenizer(VOCABULARY, max_length=2).encode(["good film good", "film"])
    assert encoded.ids.tolist() == [2, 3, 3]
    assert encoded.lengths.tolist() == [2, 1]
    assert encoded.word_counts.tolist() == [3, 1]


def test_rows_are_picked_in_the_order_given():
    encoded = Tokenizer(VOCABULARY).encode(["good", "film !", "!"])
    ids, lengths = encoded.pad(np.array([1, 0]))
    assert ids.tolist() == [[3, 4], [2, 0]]
    assert lengths.tolist() == [2, 1]


def test_a_row_outside_the_batch_is_refused():
    encoded = Tokenizer(VOCABULARY).encode(["good"])
    with pytest.raises(IndexError):
        encoded.pad(np.array([1]))
    with pytest.raises(IndexError):
        encoded.pad(np.array([-1]))


def test_no_texts_are_an_empty_batch():
    ids, lengths = Tokenizer(VOCABULARY).encode_padded([])
    assert ids.shape == (0, 0)
    assert lengths.shape == (0,)


def test_str_and_bytes_are_the_same_text():
    tokenizer = Tokenizer(VOCABULARY)
    assert tokenizer.words("É film’s") == tokenizer.words("É film’s".encode())


def test_a_lone_surrogate_separates_words():
    assert Tokenizer(VOCABULARY).words("good\ud800film") == ["good", "film"]


def test_what_is_no_text_is_named():
    with pytest.raises(TypeError, match="text 1 is int"):
        Tokenizer(VOCABULARY).encode(["good", 5])


def test_the_special_words_are_not_found_in_texts():
    ids, _ = Tokenizer(VOCABULARY, "whitespace").encode_padded(["<pad> <unk> good"])
    assert ids.tolist() == [[1, 1, 2]]


@pytest.mark.parametrize("arguments", [{"scheme": "subwords"}, {"max_length": 0}])
def test_wrong_settings_are_refused(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        Tokenizer(VOCABULARY, **arguments)


def test_a_tokenizer_pickles():
    copy = pickle.loads(pickle.dumps(Tokenizer(VOCABULARY, "whitespace", 2)))
    assert copy.encode(["Good film !"]).ids.tolist() == [2, 3]


def test_pure_python_can_be_asked_for():
    code = (
        "import imdb_runtime.tokenizer as t, sys;"
        "print(t.split_words(\"Don't\", 'words'), 'imdb_runtime._core' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"IMDB_PURE_PYTHON": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "['do', \"n't\"] False\n"


def test_the_c_tokenizer_is_the_one_in_use():
    from imdb_runtime import tokenizer

    assert tokenizer._implementation.__name__.endswith("._core")
