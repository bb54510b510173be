import json
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from imdb_runtime.errors import InputError
from imdb_runtime.scoring.readers import Source

Read = Callable[..., list[bytes]]


def read_file(path: Path, column: str | None = None, input_format: str = "auto") -> list[bytes]:
    notes: list[str] = []
    source = Source.of(str(path), input_format)
    with source.open() as file:
        return [text for texts in source.batches(file, column, notes.append) for text in texts]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write the content to a file of that name and read the reviews in it."""

    def write_and_read(name: str, content: bytes, **options: str) -> list[bytes]:
        (tmp_path / name).write_bytes(content)
        return read_file(tmp_path / name, **options)

    return write_and_read


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.csv", "csv"), ("a.TSV", "tsv"), ("a.jsonl", "jsonl"), ("a.ndjson", "jsonl"),
     ("a.parquet", "parquet"), ("a.txt", "lines"), ("reviews", "lines"), ("csv", "lines")],
)  # fmt: skip
def test_the_format_goes_by_the_suffix(tmp_path: Path, name: str, expected: str):
    (tmp_path / name).write_bytes(b"x")
    assert Source.of(str(tmp_path / name), "auto").format == expected
    assert Source.of(str(tmp_path / name), "jsonl").format == "jsonl"


def test_every_kind_of_table_gives_its_reviews_as_utf8(tmp_path: Path, read: Read):
    expected = ["é, \n".encode(), b""]
    assert read("a.csv", 'id,text\n1,"é, \n"\n2,\n'.encode()) == expected
    assert read("a.tsv", 'id\ttext\n1,\t"é, \n"\n2,\t\n'.encode()) == expected
    assert read("a.jsonl", b'{"text": "\\u00e9, \\n"}\n{"text": ""}\n') == expected
    parquet.write_table(pyarrow.table({"text": ["é, \n", ""]}), tmp_path / "a.parquet")
    assert read_file(tmp_path / "a.parquet") == expected


def test_invalid_utf8_goes_through_as_it_is(tmp_path: Path, read: Read):
    invalid = b"a\xff\xe9b"
    assert read("a.csv", b"text\n" + invalid + b"\n") == [invalid]
    assert read("a.jsonl", b'{"text": "' + invalid + b'"}') == [invalid]
    values = pyarrow.array([invalid], pyarrow.binary())
    column = pyarrow.StringArray.from_buffers(1, *values.buffers()[1:])
    parquet.write_table(pyarrow.table({"text": column}), tmp_path / "a.parquet")
    assert read_file(tmp_path / "a.parquet") == [invalid]


def test_half_a_surrogate_pair_becomes_invalid_utf8(read: Read):
    (text,) = read("a.jsonl", b'{"text": "a\\ud800b"}')
    assert text.startswith(b"a")
    assert text.endswith(b"b")
    assert "\ufffd" in text.decode("utf-8", "replace")


@pytest.mark.parametrize("name", ["text", "review", "sentence"])
def test_the_usual_columns_are_found(read: Read, name: str):
    assert read("a.csv", f"id,{name}\n1,found\n".encode()) == [b"found"]
    assert read("a.jsonl", json.dumps({"id": 1, name: "found"}).encode()) == [b"found"]


def test_text_goes_before_other_columns_and_the_one_asked_for_before_all(read: Read):
    content = b"sentence,review,text,own\na,b,c,d\n"
    assert read("a.csv", content) == [b"c"]
    assert read("a.csv", content, column="own") == [b"d"]


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (["a", None], "row 2: column 'text' is null, not text"),
        ([1, 2], "row 1: column 'text' is 1"),
    ],
)
def test_parquet_values_that_are_no_text_are_named(tmp_path: Path, column: list, reason: str):
    parquet.write_table(pyarrow.table({"text": column}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=reason):
        read_file(tmp_path / "a.parquet")


def test_a_missing_column_is_an_error_that_names_those_there_are(read: Read):
    with pytest.raises(InputError) as caught:
        read("a.csv", b"id,body\n1,x\n")
    assert str(caught.value).endswith(
        "a.csv, line 1: no column 'text' or 'review' or 'sentence'; there is 'id', 'body':"
        " choose one with --column"
    )


def test_a_value_that_is_no_text_is_named(read: Read):
    with pytest.raises(InputError, match=r"a\.jsonl, line 1: column 'text' is null, not text"):
        read("a.jsonl", b'{"text": null}\n')


def test_missing_files_and_folders_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"absent\.txt: cannot read it: No such file"):
        Source.of(str(tmp_path / "absent.txt"), "auto")
    with pytest.raises(InputError, match="is a folder"):
        Source.of(str(tmp_path), "auto")
    with pytest.raises(InputError, match="cannot read it"):
        Source.of("a\x00b", "auto")
