import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from imdb_runtime import tables
from imdb_runtime.errors import InputError
from imdb_runtime.tables import Column, Row, read_rows

TEXT = Column(("text",), "--column")


def rows(name: str, content: bytes, *names: str, **options: Any) -> Iterator[Row]:
    columns = [Column((name,), f"--{name}-column") for name in names] or [TEXT]
    return read_rows(io.BytesIO(content), name.rpartition(".")[2], name, columns, **options)


def texts(name: str, content: bytes, **options: Any) -> list[str]:
    return [values["text"] for _, values in rows(name, content, **options)]


def as_parquet(table: pyarrow.Table, **options: Any) -> bytes:
    file = io.BytesIO()
    parquet.write_table(table, file, **options)
    return file.getvalue()


CSV = {
    "quotes, separators and line ends": (
        b'id,text\n1,"a, ""b"""\n2,"c\r\nd\ne"\n3,plain\n',
        ['a, "b"', "c\r\nd\ne", "plain"],
    ),
    "Windows line ends": (b"text,id\r\na,1\r\nb,2\r\n", ["a", "b"]),
    "no last line end": (b"text\na\nb", ["a", "b"]),
    "byte order mark": (b"\xef\xbb\xbftext\na\n", ["a"]),
    "blank lines are no rows": (b"text\n\na\n\n", ["a"]),
    "blank lines before the header": (b"\n\r\ntext\na\n", ["a"]),
    "an empty review": (b'text\n""\na\n', ["", "a"]),
    "NUL": (b"text\na\x00b\n", ["a\x00b"]),
    "other line separators": ("text\na\u2028b\x85c\n".encode(), ["a\u2028b\x85c"]),
    "header only": (b"text\n", []),
    "a long field": (b"text\n" + b"x" * 200_000 + b"\n", ["x" * 200_000]),
}


@pytest.mark.parametrize(("content", "expected"), CSV.values(), ids=CSV.keys())
def test_csv(content: bytes, expected: list[str]):
    assert texts("a.csv", content) == expected


def test_tsv():
    assert texts("a.tsv", b'id\ttext\n1\ta, b\n2\t"c\td"\n') == ["a, b", "c\td"]


JSONL = {
    "strings": (b'{"text": "a\\nb"}\n{"id": 1, "text": "\\u00e9"}\n', ["a\nb", "é"]),
    "blank lines are no rows": (b'\n{"text": ""}\r\n \n', [""]),
    "byte order mark": (b'\xef\xbb\xbf{"text": "a"}', ["a"]),
    "line separators in a string": ('{"text": "a\u2028b"}'.encode(), ["a\u2028b"]),
    "half a surrogate pair": (b'{"text": "a\\ud800b"}', ["a\ud800b"]),
    "any value": (b'{"text": null}\n{"text": [1]}\n', [None, [1]]),
    "an empty file": (b"", []),
}


@pytest.mark.parametrize(("content", "expected"), JSONL.values(), ids=JSONL.keys())
def test_jsonl(content: bytes, expected: list[Any]):
    assert texts("a.jsonl", content) == expected


def test_parquet_in_many_row_groups():
    reviews = [f"review {number}\n" for number in range(5000)]
    table = pyarrow.table({"id": list(range(5000)), "text": reviews})
    assert texts("a.parquet", as_parquet(table, row_group_size=700)) == reviews


def test_parquet_with_a_dictionary_column():
    column = pyarrow.array(["good", "bad", "good"]).dictionary_encode()
    table = pyarrow.table({"text": column})
    assert texts("a.parquet", as_parquet(table)) == ["good", "bad", "good"]


@pytest.mark.parametrize(
    ("name", "content", "places"),
    [
        ("a.csv", b'film,id,text\nF,1,"a\nb"\nG,2,c\n', ["line 2", "line 4"]),
        (
            "a.jsonl",
            b'{"film": "F", "text": "a\\nb"}\n\n{"id": 2, "text": "c", "film": "G"}\n',
            ["line 1", "line 3"],
        ),
        (
            "a.parquet",
            as_parquet(pyarrow.table({"film": ["F", "G"], "id": [1, 2], "text": ["a\nb", "c"]})),
            ["row 1", "row 2"],
        ),
    ],
)
def test_a_row_is_where_it_is_and_the_columns_asked_for(
    name: str, content: bytes, places: list[str]
):
    assert list(rows(name, content, "text", "film")) == [
        (f"{name}, {places[0]}", {"text": "a\nb", "film": "F"}),
        (f"{name}, {places[1]}", {"text": "c", "film": "G"}),
    ]


def test_the_first_of_a_columns_names_is_taken_and_stays_the_one():
    columns = [Column(("text", "review"), "--column")]
    content = io.BytesIO(b"review,text\na,b\n")
    assert list(read_rows(content, "csv", "a", columns)) == [("a, line 2", {"text": "b"})]
    content = io.BytesIO(b'{"review": "a"}\n{"text": "b", "review": "c"}\n{"text": "d"}\n')
    read = read_rows(content, "jsonl", "a", columns)
    assert next(read) == ("a, line 1", {"review": "a"})
    assert next(read) == ("a, line 2", {"review": "c"})
    with pytest.raises(InputError, match="a, line 3: no column 'review'; there is 'text'"):
        next(read)


BROKEN = {
    "no such column": ("a.csv", b"id,body\n1,x\n", ["line 1", "'text'", "'id', 'body'"]),
    "how to choose another": ("a.csv", b"id\n1\n", ["choose one with --column"]),
    "a column twice": ("a.csv", b"text,text\na,b\n", ["line 1", "'text' is there twice"]),
    "a column twice in Parquet": (
        "a.parquet",
        as_parquet(pyarrow.table([["a"], ["b"]], names=["text", "text"])),
        ["'text' is there twice"],
    ),
    "an empty CSV": ("a.csv", b"", ["line 1", "no column", "empty"]),
    "a CSV of blank lines": ("a.csv", b"\n\n", ["line 1", "no column", "empty"]),
    "too few fields": ("a.csv", b"id,text\n1,a\n2\n", ["line 3", "1 fields", "header has 2"]),
    "too many fields": ("a.csv", b"text\na\nb,c\n", ["line 3", "2 fields", "header has 1"]),
    "no tab": ("a.tsv", b"text\tlabel\ngood pos\n", ["line 2", "1 fields"]),
    "a row after one of several lines": ("a.csv", b'text\n"a\nb"\nc,d\n', ["line 4", "2 fields"]),
    "an open quote": (
        "a.csv",
        b'text\na\n"b\nc\nd\n',
        ["line 3", "broken row", "unexpected end of data"],
    ),
    "text after a quote": ("a.csv", b'text\n"a"b\n', ["line 2", "broken row", "expected after"]),
    "a lone carriage return": ("a.csv", b"text\na\rb\n", ["line 2", "new-line character"]),
    "broken JSON": ("a.jsonl", b'{"text": "a"}\n{"text": \n', ["line 2", "not valid JSON"]),
    "JSON too deep": ("a.jsonl", b"[" * 100_000, ["line 1", "not valid JSON"]),
    "a JSON list": (
        "a.jsonl",
        b'{"text": "a"}\n["a"]\n',
        ["line 2", "not a JSON object but ['a']"],
    ),
    "a long JSON list": (
        "a.jsonl",
        b"[" + b"1, " * 9999 + b"1]",
        [" [1, 1, ", "1,...; each line must be one"],
    ),
    "a missing field": ("a.jsonl", b'{"text": "a"}\n{"body": "b"}\n', ["line 2", "'body'"]),
    "no Parquet": ("a.parquet", b"PAR1 not really", ["not valid Parquet"]),
    "an empty Parquet": ("a.parquet", b"", ["not valid Parquet"]),
}


@pytest.mark.parametrize(("name", "content", "parts"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_broken_is_named_with_file_and_line(name: str, content: bytes, parts: list[str]):
    with pytest.raises(InputError) as caught:
        texts(name, content)
    message = str(caught.value)
    assert message.startswith(name)
    assert "\n" not in message
    for part in parts:
        assert part in message


def strings_of(values: list[bytes]) -> pyarrow.StringArray:
    """A column of strings with these bytes, valid or not."""
    binary = pyarrow.array(values, pyarrow.binary())
    return pyarrow.StringArray.from_buffers(len(values), *binary.buffers()[1:])


INVALID = [
    ("a.csv", b"text\ngood\nb\xe9te\n", "line 3: not UTF-8 at byte 2"),
    ("a.jsonl", b'{"text": "good"}\n{"text": "b\xe9te"}\n', "line 2: not UTF-8 at byte 12"),
    (
        "a.parquet",
        as_parquet(pyarrow.table({"text": strings_of([b"good", b"b\xe9te"])})),
        "row 2: not UTF-8 at byte 2",
    ),
]


@pytest.mark.parametrize(("name", "content", "reason"), INVALID)
def test_invalid_utf8_is_an_error_unless_it_is_to_be_kept(name: str, content: bytes, reason: str):
    with pytest.raises(InputError, match=f"{name}, {reason}"):
        texts(name, content)
    kept = texts(name, content, invalid_utf8="surrogateescape")
    assert [text.encode("utf-8", "surrogateescape") for text in kept] == [b"good", b"b\xe9te"]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_row_beyond_the_limit_is_refused(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("imdb_runtime.lines.MAX_LINE_BYTES", 50)
    first = b"text\n" if name == "a.csv" else b'{"text": "a"}\n'
    with pytest.raises(InputError, match="line 2: longer than"):
        texts(name, first + b"x" * 51)


def test_an_open_quote_does_not_read_a_whole_file_into_memory(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tables, "MAX_LINE_BYTES", 1000)
    with pytest.raises(InputError, match="line 2: broken row: field larger than"):
        texts("a.csv", b'text\n"open\n' + b"more\n" * 1000)


def test_the_limit_of_the_csv_module_is_nobody_elses():
    before = csv.field_size_limit()
    long = "x" * (before + 1)
    read = rows("a.csv", f"text\na\n{long}\nb\n".encode())
    next(read)
    assert csv.field_size_limit() == before  # while the reading goes on
    assert next(read)[1] == {"text": long}
    assert [values["text"] for _, values in read] == ["b"]
    with pytest.raises(InputError):
        texts("a.csv", b'text\n"open')
    assert csv.field_size_limit() == before


class Pipe(io.BytesIO):
    """A stream that can only be read on."""

    def seekable(self) -> bool:
        return False

    def seek(self, *arguments: int) -> int:
        raise io.UnsupportedOperation

    tell = seek


def test_a_pipe_is_read_row_by_row_but_not_as_parquet():
    content = b'{"text": "a"}\n{"text": "b"}\n'
    read = read_rows(Pipe(content), "jsonl", "standard input", [TEXT])
    assert [values["text"] for _, values in read] == ["a", "b"]
    read = read_rows(Pipe(b"text\na\n"), "csv", "standard input", [TEXT])
    assert [values["text"] for _, values in read] == ["a"]
    with pytest.raises(InputError, match=r"standard input: Parquet .* give a file, not a pipe"):
        next(read_rows(Pipe(as_parquet(pyarrow.table({"text": ["a"]}))), "parquet",
                       "standard input", [TEXT]))  # fmt: skip


class BrokenDisk(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        raise OSError(5, "Input/output error")


@pytest.mark.parametrize("table_format", tables.FORMATS)
def test_a_file_that_cannot_be_read_is_named(table_format: str):
    with pytest.raises(InputError, match=r"^a: .*Input/output error"):
        list(read_rows(BrokenDisk(b"text" * 10), table_format, "a", [TEXT]))


def test_every_suffix_is_of_a_format():
    assert set(tables.FORMAT_OF_SUFFIX.values()) == set(tables.FORMATS)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20)))
def test_what_the_standard_library_writes_is_read_back(reviews: list[str]):
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerows([["id", "text"], *([number, text] for number, text in enumerate(reviews))])
    assert texts("a.csv", file.getvalue().encode()) == reviews
    lines = "".join(json.dumps({"text": text}) + "\n" for text in reviews)
    assert texts("a.jsonl", lines.encode()) == reviews
