import random
import re
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from imdb_runtime.errors import InputError
from imdb_train.glove import load_glove

# As in 840B: words with spaces, one of them beginning like a word that stands alone.
ROWS = {
    ",": [0.1, -0.2, 0.3],
    ".": [1.0, 2.0, 3.0],
    ". . .": [4.0, 5.0, 6.0],
    "at name@domain.com": [7.0, 8.0, 9.0],
    "at": [-1.5, 2.5e-3, 1e2],
    "café": [0.25, 0.5, 0.75],
    "a\u00a0b": [11.0, 12.0, 13.0],
    "a\u0085b": [14.0, 15.0, 16.0],
    "2": [21.0, 22.0, 23.0],
    "<unk>": [99.0, 99.0, 99.0],
    "<pad>": [98.0, 98.0, 98.0],
}
TEXT = "".join(f"{word} {' '.join(map(str, row))}\n" for word, row in ROWS.items())
SPECIAL = ["<pad>", "<unk>"]


def write_text(path, text=TEXT):
    path.write_bytes(text.encode())
    return path


def write_zip(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "."), text)
    return path


def check(glove, words):
    assert glove.vectors.dtype == np.float32
    assert glove.vectors.shape == (len(words), 3)
    for word, vector, found in zip(words, glove.vectors, glove.found, strict=True):
        known = word in ROWS and word not in SPECIAL
        assert found == known, word
        np.testing.assert_array_equal(
            vector, np.array(ROWS[word] if known else [0, 0, 0], np.float32), err_msg=word
        )


def test_each_word_gets_its_own_row_and_special_words_none(tmp_path):
    words = [*SPECIAL, "absent", *(word for word in reversed(ROWS) if word not in SPECIAL)]
    glove = load_glove(write_text(tmp_path / "v.txt"), words)
    check(glove, words)
    assert (glove.dimension, glove.lines_read) == (3, len(ROWS))
    assert glove.name == str(tmp_path / "v.txt")
    assert glove.coverage == 9 / 10


@pytest.mark.parametrize("word", [".", ". . .", "at", "at name@domain.com", "name@domain.com"])
def test_words_with_spaces_are_not_taken_for_their_beginnings(word, tmp_path):
    words = [*SPECIAL, word]
    check(load_glove(write_text(tmp_path / "v.txt"), words), words)


def test_a_zip_with_one_text_reads_as_the_text_does(tmp_path):
    words = [*SPECIAL, ".", "café"]
    check(load_glove(write_zip(tmp_path / "v.zip", any__txt=TEXT), words), words)
    check(load_glove(str(tmp_path / "v.zip"), words), words)


@pytest.mark.parametrize("end", ["\r\n", " \n"])
def test_other_line_ends_and_no_last_one(end, tmp_path):
    words = [*SPECIAL, ".", "2"]
    check(load_glove(write_text(tmp_path / "v.txt", TEXT.replace("\n", end)), words), words)
    check(load_glove(write_text(tmp_path / "v.txt", TEXT.rstrip()), words), words)


def test_a_first_line_with_count_and_dimension_is_passed_over(tmp_path):
    words = [*SPECIAL, "11", "2"]
    check(load_glove(write_text(tmp_path / "v.txt", f"11 3\n{TEXT}"), words), words)


def test_the_first_of_two_rows_for_a_word_counts(tmp_path):
    words = [*SPECIAL, "2"]
    check(load_glove(write_text(tmp_path / "v.txt", f"{TEXT}2 7 7 7\n"), words), words)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("good 1 2", ["'good' has 2 numbers, expected 3"]),
        ("good 1 2 3 4", ["'good 1' has 4 numbers, expected 3"]),
        ("good", ["'good' has 0 numbers"]),
        ("good 1 x 3", ["'good'", "'x'"]),
        ("good 1 nan 3", ["'good'", "'nan'", "not finite"]),
        ("good 1 2 1e999", ["'good'", "'1e999'", "not finite"]),
        ("good 1 2 1e39", ["'good'", "'1e39'", "not finite"]),
    ],
)
def test_a_broken_line_of_a_wanted_word_is_named(line, words, tmp_path):
    path = write_text(tmp_path / "v.txt", f"{TEXT}{line}\n")
    with pytest.raises(InputError) as error:
        load_glove(path, [*SPECIAL, "good"])
    for word in [f"{path}, line {len(ROWS) + 1}: ", *words]:
        assert word in str(error.value)
    check(load_glove(path, [*SPECIAL, "2"]), [*SPECIAL, "2"])  # nobody asked for 'good'


@pytest.mark.parametrize("text", ["", "\n\n", "word\n", "x" * (2**20 + 1)])
def test_a_text_that_holds_no_vectors_is_an_error(text, tmp_path):
    path = write_text(tmp_path / "v.txt", text)
    with pytest.raises(InputError, match=re.escape(str(path))):
        load_glove(path, [*SPECIAL, "word"])


def test_zips_that_cannot_be_read_are_errors(tmp_path):
    cut = write_zip(tmp_path / "cut.zip", v__txt=TEXT)
    cut.write_bytes(cut.read_bytes()[:-40])
    damaged = write_zip(tmp_path / "damaged.zip", v__txt=TEXT)
    content = bytearray(damaged.read_bytes())
    content[60] ^= 0xFF  # in the compressed text
    damaged.write_bytes(content)
    several = write_zip(tmp_path / "several.zip", a__txt=TEXT, b__txt=TEXT)
    none = write_zip(tmp_path / "none.zip", a__bin=TEXT)
    for path, words in (
        (cut, "not a whole, readable zip"),
        (damaged, "not a whole, readable zip"),
        (several, r"must hold one \.txt file, but holds a\.txt, b\.txt"),
        (none, r"must hold one \.txt file, but holds a\.bin"),
    ):
        with pytest.raises(InputError, match=f"{path}: .*{words}"):
            load_glove(path, [*SPECIAL, "."])


def test_a_source_that_is_neither_name_nor_file_lists_the_names():
    with pytest.raises(InputError, match=r"7B\.100d: no such file.* 6B\.50d, .*840B\.300d"):
        load_glove("7B.100d", SPECIAL)


LINE_50 = "the " + " ".join(["0.5"] * 50) + "\n"
LINE_100 = "the " + " ".join(["0.25"] * 100) + "\n"


@pytest.mark.parametrize(
    ("place", "file"),
    [
        ("IMDB_DATA_DIR", "glove.6B.50d.zip"),
        ("IMDB_DATA_DIR", "glove.6B.50d.txt"),
        ("IMDB_DATA_DIR", "glove.6B.zip"),
        ("IMDB_CACHE_DIR", "glove.6B.50d.zip"),
        ("IMDB_CACHE_DIR", "glove.6B.50d.txt"),
    ],
)
def test_a_name_finds_its_file_whole_or_in_part(place, file, tmp_path, monkeypatch):
    monkeypatch.setenv(place, str(tmp_path))
    if file.endswith(".txt"):
        write_text(tmp_path / file, LINE_50)
    else:
        write_zip(tmp_path / file, glove__6B__50d__txt=LINE_50, glove__6B__100d__txt=LINE_100)
    glove = load_glove("6B.50d", [*SPECIAL, "the"], offline=True)
    assert (glove.name, glove.dimension) == ("6B.50d", 50)
    assert glove.vectors[2].tolist() == [0.5] * 50


def test_a_name_whose_file_has_another_dimension_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("IMDB_DATA_DIR", str(tmp_path))
    write_text(tmp_path / "glove.6B.50d.txt", LINE_100)
    with pytest.raises(InputError, match="100 numbers, expected 50"):
        load_glove("6B.50d", [*SPECIAL, "the"])


@pytest.mark.parametrize(
    ("name", "archive"),
    [("6B.300d", "glove.6B.zip"), ("840B.300d", "glove.840B.300d.zip")],
)
def test_offline_names_the_published_archive(name, archive):
    with pytest.raises(InputError) as error:
        load_glove(name, SPECIAL, offline=True)
    assert f"https://nlp.stanford.edu/data/{archive}" in str(error.value)


def test_the_vectors_at_hand_are_the_published_ones(data_dir, monkeypatch):
    monkeypatch.setenv("IMDB_DATA_DIR", str(data_dir))
    glove = load_glove("6B.100d", [*SPECIAL, "the", "movie", "?", "qqqzzz"], offline=True)
    assert glove.found.tolist() == [False, False, True, True, True, False]
    # How the line of "the" begins in glove.6B.100d.txt as published.
    np.testing.assert_allclose(glove.vectors[2, :3], [-0.038194, -0.24487, 0.72812])
    assert glove.lines_read == 110_398


STREAM = """
import resource, sys
from imdb_train.glove import load_glove
megabyte = 2**20 if sys.platform == "darwin" else 2**10
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / megabyte
glove = load_glove(sys.argv[1], ["<pad>", "<unk>", *(f"word{n}" for n in range(0, 100_000, 1000))])
assert glove.found.sum() == 100 and glove.dimension == 300
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / megabyte - before)
"""


@pytest.mark.slow
def test_a_file_of_hundreds_of_megabytes_is_read_in_little_memory(tmp_path):
    generator = random.Random(0)
    numbers = ["".join(f" {generator.gauss(0, 0.4):.5f}" for _ in range(300)) for _ in range(50)]
    path = tmp_path / "big.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("big.txt", "w") as file,
    ):
        for start in range(0, 100_000, 1000):
            rows = (f"word{n}{numbers[n % 50]}\n" for n in range(start, start + 1000))
            file.write("".join(rows).encode())
    with zipfile.ZipFile(path) as archive:
        assert archive.getinfo("big.txt").file_size > 200e6
    result = subprocess.run(
        [sys.executable, "-c", STREAM, str(path)], capture_output=True, text=True, check=True
    )
    assert float(result.stdout) < 50
