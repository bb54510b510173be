import json
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from imdb_runtime.errors import InputError
from imdb_runtime.scoring import readers
from imdb_runtime.scoring.readers import Source

Read = Callable[..., list[bytes]]


def read_file(path: Path, column: str | None = None, input_format: str = "auto") -> list[bytes]:
    notes: list[str] = []
    source = Source.of(str(path), input_format)
    with source.open() as file:
        return list(source.texts(file, column, notes.append))


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


CSV = {
    "quotes, separators and line ends": (
        b'id,text\n1,"a, ""b"""\n2,"c\r\nd\ne"\n3,plain\n',
        [b'a, "b"', b"c\r\nd\ne", b"plain"],
    ),
    "Windows line ends": (b"text,id\r\na,1\r\nb,2\r\n", [b"a", b"b"]),
    "no last line end": (b"text\na\nb", [b"a", b"b"]),
    "byte order mark": (b"\xef\xbb\xbftext\na\n", [b"a"]),
    "blank lines are no rows": (b"text\n\na\n\n", [b"a"]),
    "an empty review": (b'text\n""\na\n', [b"", b"a"]),
    "invalid UTF-8 as it is": (b"text\na\xff\xe9b\n", [b"a\xff\xe9b"]),
    "NUL": (b"text\na\x00b\n", [b"a\x00b"]),
    "other line separators": ("text\na\u2028b\x85c\n".encode(), ["a\u2028b\x85c".encode()]),
    "header only": (b"text\n", []),
    "a long field": (b"text\n" + b"x" * 200_000 + b"\n", [b"x" * 200_000]),
}


@pytest.mark.parametrize(("content", "expected"), CSV.values(), ids=CSV.keys())
def test_csv(read: Read, content: bytes, expected: list[bytes]):
    assert read("reviews.csv", content) == expected


def test_tsv(read: Read):
    assert read("reviews.tsv", b'id\ttext\n1\ta, b\n2\t"c\td"\n') == [b"a, b", b"c\td"]


JSONL = {
    "strings": (b'{"text": "a\\nb"}\n{"id": 1, "text": "\\u00e9"}\n', [b"a\nb", "é".encode()]),
    "blank lines are no rows": (b'\n{"text": ""}\r\n \n', [b""]),
    "byte order mark": (b'\xef\xbb\xbf{"text": "a"}', [b"a"]),
    "invalid UTF-8 as it is": (b'{"text": "a\xffb"}', None),
    "half a surrogate pair": (b'{"text": "a\\ud800b"}', None),
    "line separators in a string": ('{"text": "a\u2028b"}'.encode(), ["a\u2028b".encode()]),
}


@pytest.mark.parametrize(("content", "expected"), JSONL.values(), ids=JSONL.keys())
def test_jsonl(read: Read, content: bytes, expected: list[bytes] | None):
    texts = read("reviews.jsonl", content)
    if expected is None:
        (text,) = texts
        assert text.startswith(b"a")
        assert text.endswith(b"b")
        assert "\ufffd" in text.decode("utf-8", "replace")
    else:
        assert texts == expected


def test_parquet_in_many_row_groups(tmp_path: Path):
    texts = [f"review {number}\n" for number in range(5000)]
    table = pyarrow.table({"id": list(range(5000)), "review": texts})
    parquet.write_table(table, tmp_path / "reviews.parquet", row_group_size=700)
    assert read_file(tmp_path / "reviews.parquet") == [text.encode() for text in texts]


def test_parquet_with_a_dictionary_column(tmp_path: Path):
    column = pyarrow.array(["good", "bad", "good"]).dictionary_encode()
    parquet.write_table(pyarrow.table({"text": column}), tmp_path / "reviews.parquet")
    assert read_file(tmp_path / "reviews.parquet") == [b"good", b"bad", b"good"]


@pytest.mark.parametrize("name", ["text", "review", "sentence"])
def test_the_usual_columns_are_found(read: Read, name: str):
    assert read("a.csv", f"id,{name}\n1,found\n".encode()) == [b"found"]
    assert read("a.jsonl", json.dumps({"id": 1, name: "found"}).encode()) == [b"found"]


def test_text_goes_before_other_columns_and_the_one_asked_for_before_all(read: Read):
    content = b"sentence,review,text,own\na,b,c,d\n"
    assert read("a.csv", content) == [b"c"]
    assert read("a.csv", content, column="own") == [b"d"]


BROKEN = {
    "no such column": ("a.csv", b"id,body\n1,x\n", ["line 1", "'text'", "'id', 'body'"]),
    "an empty CSV": ("a.csv", b"", ["line 1", "no column"]),
    "too few fields": ("a.csv", b"id,text\n1,a\n2\n", ["line 3", "1 fields", "header has 2"]),
    "too many fields": ("a.csv", b"text\na\nb,c\n", ["line 3", "2 fields", "header has 1"]),
    "a row after one of several lines": ("a.csv", b'text\n"a\nb"\nc,d\n', ["line 4"]),
    "an open quote": ("a.csv", b'text\na\n"b\nc\nd\n', ["line 3", "unexpected end of data"]),
    "text after a quote": ("a.csv", b'text\n"a"b\n', ["line 2", "expected after"]),
    "a lone carriage return": ("a.csv", b"text\na\rb\n", ["line 2", "new-line character"]),
    "broken JSON": ("a.jsonl", b'{"text": "a"}\n{"text": \n', ["line 2", "not valid JSON"]),
    "JSON too deep": ("a.jsonl", b"[" * 100_000, ["line 1", "not valid JSON"]),
    "a JSON list": ("a.jsonl", b'["a"]\n', ["line 1", "not a JSON object"]),
    "a JSON null": ("a.jsonl", b'{"text": null}\n', ["line 1", "'text' is null"]),
    "a missing field": ("a.jsonl", b'{"text": "a"}\n{"body": "b"}\n', ["line 2", "'body'"]),
    "no Parquet": ("a.parquet", b"PAR1 not really", ["not valid Parquet"]),
    "an empty Parquet": ("a.parquet", b"", ["not valid Parquet"]),
}


@pytest.mark.parametrize(("name", "content", "parts"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_broken_is_named_with_file_and_line(
    tmp_path: Path, read: Read, name: str, content: bytes, parts: list[str]
):
    with pytest.raises(InputError) as caught:
        read(name, content)
    message = str(caught.value)
    assert message.startswith(str(tmp_path / name))
    assert "\n" not in message
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("column", "reason"), [(["a", None], "row 2.*no value"), ([1, 2], "row 1.*int")]
)
def test_parquet_values_that_are_no_text_are_named(tmp_path: Path, column: list, reason: str):
    parquet.write_table(pyarrow.table({"text": column}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=reason):
        read_file(tmp_path / "a.parquet")


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_row_beyond_the_limit_is_refused(read: Read, name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("imdb_runtime.scoring.lines.MAX_LINE_BYTES", 50)
    with pytest.raises(InputError, match="line 2: longer than"):
        read(name, b'{"text": 1}'.replace(b"1", b'"a"') + b"\n" + b"x" * 51 if "j" in name
             else b"text\n" + b"x" * 51)  # fmt: skip


def test_an_open_quote_does_not_read_a_whole_file_into_memory(
    read: Read, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(readers, "MAX_LINE_BYTES", 1000)
    with pytest.raises(InputError, match="line 2: broken row: field larger than"):
        read("a.csv", b'text\n"open\n' + b"more\n" * 1000)


def test_missing_files_and_folders_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"absent\.txt: cannot read it: No such file"):
        Source.of(str(tmp_path / "absent.txt"), "auto")
    with pytest.raises(InputError, match="is a folder"):
        Source.of(str(tmp_path), "auto")
    with pytest.raises(InputError, match="cannot read it"):
        Source.of("a\x00b", "auto")


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20)))
def test_what_the_standard_library_writes_is_read_back(tmp_path_factory, texts: list[str]):
    import csv

    path = tmp_path_factory.mktemp("written") / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows([["id", "text"], *([number, text] for number, text in enumerate(texts))])
    assert read_file(path) == [text.encode() for text in texts]
    path = path.with_suffix(".jsonl")
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    assert read_file(path) == [text.encode() for text in texts]
