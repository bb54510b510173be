import csv
import io
import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from imdb_runtime.scoring import writers

SCORES = (("neg", "pos"), np.array([True, False]), np.array([0.98765432, 1e-9], np.float32))
TEXTS = [b'a\tb\\n\r\n"c", d', b"caf\xc3\xa9 \xff"]


def test_tsv():
    assert writers.header("tsv", with_text=True) == b""
    assert writers.rows("tsv", *SCORES, None) == b"pos\t0.987654\nneg\t0.000000\n"
    assert writers.rows("tsv", *SCORES, TEXTS) == (
        'pos\t0.987654\ta\\tb\\\\n\\r\\n"c", d\nneg\t0.000000\tcafé \ufffd\n'.encode()
    )


def test_csv():
    assert writers.header("csv", with_text=False) == b"label,probability\n"
    assert writers.rows("csv", *SCORES, None) == b"pos,0.987654\nneg,0.000000\n"
    assert writers.header("csv", with_text=True) == b"label,probability,text\n"
    written = writers.rows("csv", *SCORES, TEXTS).decode()
    assert list(csv.reader(io.StringIO(written, newline=""))) == [
        ["pos", "0.987654", 'a\tb\\n\r\n"c", d'],
        ["neg", "0.000000", "café \ufffd"],
    ]


def test_jsonl():
    assert writers.header("jsonl", with_text=True) == b""
    first, second = writers.rows("jsonl", *SCORES, None).splitlines()
    assert json.loads(first) == {"label": "pos", "probability": 0.987654}
    assert json.loads(second) == {"label": "neg", "probability": 0}
    first, second = writers.rows("jsonl", *SCORES, TEXTS).splitlines()
    assert json.loads(first)["text"] == 'a\tb\\n\r\n"c", d'
    assert json.loads(second)["text"] == "café \ufffd"


@given(st.lists(st.binary(max_size=30) | st.text(max_size=30).map(lambda t: t.encode("utf-8", "surrogatepass"))))  # fmt: skip # noqa: E501
def test_every_text_can_be_read_back_from_its_one_row(texts: list[bytes]):
    shown = [text.decode("utf-8", "replace") for text in texts]
    scores = (("neg", "pos"), np.ones(len(texts), np.bool_), np.full(len(texts), 0.5, np.float32))

    tsv = writers.rows("tsv", *scores, texts).decode()
    rows = tsv.split("\n")[:-1]
    assert [len(row.split("\t")) for row in rows] == [3] * len(texts)
    assert [_unescaped(row.split("\t")[2]) for row in rows] == shown

    jsonl = writers.rows("jsonl", *scores, texts).decode()
    assert [json.loads(row)["text"] for row in jsonl.split("\n")[:-1]] == shown

    written = writers.rows("csv", *scores, texts).decode()
    assert [row[2] for row in csv.reader(io.StringIO(written, newline=""))] == shown


def _unescaped(text: str) -> str:
    characters = iter(text)
    kinds = {"\\": "\\", "t": "\t", "r": "\r", "n": "\n"}
    return "".join(kinds[next(characters)] if c == "\\" else c for c in characters)
