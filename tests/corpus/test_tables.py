import csv
import json

import pyarrow
import pyarrow.parquet
import pytest

from imdb_runtime.errors import InputError
from imdb_train.corpus import load_corpus

TEXTS = [
    "Good, really",
    'They said "no"',
    "two\nlines <br /> café",
    "",
    "日本\u2028語",
    "x" * 200_000,
]
LABELS = ["pos", "NEG", "Positive", "negative", "1", "0"]
EXPECTED = [1, 0, 1, 0, 1, 0]
FILMS = ["a", "a", "b", "b", "c", "c"]


def write_table(path):
    rows = [
        {"review": text, "label": label, "film": film}
        for text, label, film in zip(TEXTS, LABELS, FILMS, strict=True)
    ]
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            delimiter = "," if path.suffix == ".csv" else "\t"
            writer = csv.DictWriter(file, ["label", "review", "film"], delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_every_kind_of_table_gives_the_same_reviews(suffix, tmp_path):
    path = write_table(tmp_path / f"mine{suffix}")
    corpus = load_corpus(path, text_column="review", film_column="film")
    assert corpus.name == f"mine{suffix}"
    assert corpus.train.texts == [text.encode() for text in TEXTS]
    assert corpus.train.labels.tolist() == EXPECTED
    assert corpus.train.films == FILMS
    assert corpus.test is None
    assert corpus.unlabelled == []


def test_films_are_unknown_unless_a_column_is_named(tmp_path):
    path = write_table(tmp_path / "mine.csv")
    assert load_corpus(path, text_column="review").train.films is None


def test_test_data_becomes_the_test_split(tmp_path, small_reviews):
    other = tmp_path / "test.csv"
    other.write_text("text,label\nfine,pos\nbad,neg\n")
    corpus = load_corpus(small_reviews, test_data=other)
    assert len(corpus.train) == 252
    assert corpus.test.texts == [b"fine", b"bad"]


def test_the_test_split_of_imdb_can_test_a_table(tiny_imdb, write_archive, small_reviews):
    corpus = load_corpus(small_reviews, test_data=write_archive(tiny_imdb))
    assert corpus.test.texts[0].startswith(b"test neg 0")


def test_the_small_corpus_is_balanced_over_its_films(small_reviews):
    train = load_corpus(small_reviews, film_column="film").train
    assert train.labels.mean() == 0.5
    assert len(set(train.films)) >= 40
    assert len(set(train.texts)) == len(train) >= 240


def test_a_byte_order_mark_and_blank_lines_are_passed_over(tmp_path):
    table = tmp_path / "t.csv"
    table.write_bytes(b"\xef\xbb\xbftext,label\r\ngood,1\r\n\r\nbad,0\r\n\r\n")
    lines = tmp_path / "t.jsonl"
    lines.write_bytes(b'\xef\xbb\xbf{"text":"good","label":1}\n\n{"text":"bad","label":0}\n')
    for path in (table, lines):
        assert load_corpus(path).train.texts == [b"good", b"bad"]


def test_whole_numbers_are_labels_in_json_and_parquet(tmp_path):
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": ["a", "b"], "label": [0, 1]}), path)
    assert load_corpus(path).train.labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.csv", b"", ["empty"]),
        ("t.csv", b"text,label\n", ["no reviews"]),
        ("t.csv", b"text,label\ngood,pos\n", ["no review is labelled neg"]),
        ("t.csv", b"text,label\nbad,0\nworse,0\n", ["no review is labelled pos"]),
        ("t.csv", b"review,label\ngood,pos\n", ["no column 'text'", "'review', 'label'"]),
        ("t.csv", b"text,label\ngood,pos\nbad,meh\n", ["line 3", "'label'", "'meh'"]),
        ("t.csv", b"text,label\ngood,2\n", ["line 2", "'2'"]),
        ("t.csv", b"text,label\ngood,\n", ["line 2", "''"]),
        ("t.csv", b'text,label\n"a\nb",pos\nbad, very bad,neg\n', ["line 4", "3 fields"]),
        ("t.csv", b"text,label\ngood,pos\nb\xe9te,neg\n", ["line 3", "not UTF-8 at byte 2"]),
        ("t.jsonl", b"", ["no reviews"]),
        ("t.jsonl", b'{"text":"a","label":1}\n{"text":\n', ["line 2", "not valid JSON"]),
        ("t.jsonl", b'{"text":"a"}\n', ["line 1", "no column 'label'", "'text'"]),
        ("t.jsonl", b'{"text":null,"label":1}\n', ["line 1", "'text' is null"]),
        ("t.jsonl", b'{"text":7,"label":1}\n', ["line 1", "'text' is 7, not text"]),
        ("t.jsonl", b'{"text":"a","label":true}\n', ["line 1", "True"]),
        ("t.jsonl", b'{"text":"a","label":0.5}\n', ["line 1", "0.5"]),
        ("t.jsonl", b'{"text":"\\ud800","label":1}\n', ["line 1", "surrogate"]),
        ("t.parquet", b"PAR1 but no more", ["Parquet"]),
        ("t.docx", b"text", ["not a known kind of file", ".parquet"]),
    ],
)
def test_errors_name_the_file_and_the_line(name, content, words, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        load_corpus(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    for word in words:
        assert word in str(error.value)


def test_parquet_errors_name_the_row_and_the_columns(tmp_path):
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": ["a", None], "label": [0, 1]}), path)
    with pytest.raises(InputError, match="row 2: column 'text' is null"):
        load_corpus(path)
    with pytest.raises(
        InputError, match=r"no column 'stars'; there is 'text', 'label': .* --label-column"
    ):
        load_corpus(path, label_column="stars")


def test_a_review_without_its_film_is_an_error(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("text,label,film\ngood,pos,a\nbad,neg,\n")
    with pytest.raises(InputError, match="line 3: column 'film'"):
        load_corpus(path, film_column="film")


def test_a_path_to_nothing_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no such file or folder"):
        load_corpus(tmp_path / "absent.csv")
