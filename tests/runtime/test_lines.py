import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdb_runtime import _core, lines, lines_reference
from imdb_runtime.lines import in_chunks, read_lines


def expected_lines(content: bytes) -> list[bytes]:
    r"""The specification: lines end at ``\n``, the last may lack it."""
    parts = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return parts if parts[-1] else parts[:-1]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"\n", [b""]),
        (b"\n\n", [b"", b""]),
        (b"a", [b"a"]),
        (b"a\n", [b"a"]),
        (b"a\n\nb", [b"a", b"", b"b"]),
        (b"a\r\nb\r", [b"a\r", b"b\r"]),
        (b"a\x00b\n", [b"a\x00b"]),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n", [b"a", b"\xef\xbb\xbfb"]),
        ("a\u2028b\x0bc\x0cd\x85\n".encode(), ["a\u2028b\x0bc\x0cd\x85".encode()]),
        (b"\xff\xfe\n", [b"\xff\xfe"]),
    ],
)
def test_lines_end_at_line_feeds_alone(content: bytes, expected: list[bytes]):
    assert list(read_lines(io.BytesIO(content))) == expected


@pytest.mark.parametrize("block", range(1, 24))
def test_lines_do_not_depend_on_where_the_blocks_end(block: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lines, "BLOCK_BYTES", block)
    content = b"\xef\xbb\xbfone\n\n\ntwo words\r\nx\n last one"
    assert list(read_lines(io.BytesIO(content))) == expected_lines(content)


@given(st.binary(max_size=200) | st.text("ab\n\r", max_size=200).map(str.encode))
def test_random_bytes_split_as_specified(content: bytes):
    with pytest.MonkeyPatch.context() as patch:
        for block in (1, 2, 3, 7, 1024):
            patch.setattr(lines, "BLOCK_BYTES", block)
            assert list(read_lines(io.BytesIO(content))) == expected_lines(content)


@pytest.mark.parametrize("block", [1, 3, 10, 11, 64])
def test_a_line_that_is_too_long_is_cut_and_reported(block: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lines, "BLOCK_BYTES", block)
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 10)
    content = b"0123456789\nshort\n" + b"x" * 11 + b"\n" + b"y" * 50 + b"\n\n" + b"z" * 30
    cut: list[int] = []
    assert list(read_lines(io.BytesIO(content), cut.append)) == [
        b"0123456789",
        b"short",
        b"x" * 10,
        b"y" * 10,
        b"",
        b"z" * 10,
    ]
    assert cut == [3, 4, 6]


def test_memory_stays_within_bounds_on_an_endless_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 1000)
    monkeypatch.setattr(lines, "BLOCK_BYTES", 100)
    kept: list[int] = []

    class Long(io.RawIOBase):
        blocks = 10_000

        def read(self, size: int = -1) -> bytes:
            self.blocks -= 1
            return b"x" * size if self.blocks else b""

    for line in read_lines(Long()):
        kept.append(len(line))
    assert kept == [1000]


def test_lines_of_a_pipe_are_given_as_they_come():
    reader, writer = os.pipe()
    with open(reader, "rb", buffering=0) as stream:  # noqa: PTH123
        given = read_lines(stream)
        for content, expected in ((b"a\nb", b"a"), (b"c\nd", b"bc"), (b"\n", b"d")):
            os.write(writer, content)
            assert next(given) == expected
        os.write(writer, b"e\n\nf")
        os.close(writer)
        assert list(given) == [b"e", b"", b"f"]


@pytest.mark.parametrize("buffering", [0, -1])
def test_a_stream_is_read_from_where_it_is(tmp_path: Path, buffering: int):
    (tmp_path / "a.txt").write_bytes(b"id: 1\nfirst\nsecond\n")
    with (tmp_path / "a.txt").open("rb", buffering) as stream:
        assert stream.readline() == b"id: 1\n"
        assert list(read_lines(stream)) == [b"first", b"second"]


def test_batches_hold_many_lines_but_not_too_many(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lines, "MAX_CHUNK_ROWS", 5)
    monkeypatch.setattr(lines, "BLOCK_BYTES", 40)
    content = b"a\n" * 23 + b"x" * 30 + b"\n" + b"y\n" * 4
    batches = [list(batch) for batch in lines.read_batches(io.BytesIO(content))]
    assert [text for batch in batches for text in batch] == expected_lines(content)
    assert max(map(len, batches)) == 5
    assert len(batches) < 10


@given(st.lists(st.binary(max_size=9), max_size=60))
def test_chunks_hold_all_texts_in_order_within_bounds(texts: list[bytes]):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "MAX_CHUNK_ROWS", 5)
        patch.setattr(lines, "MAX_CHUNK_BYTES", 20)
        chunks = list(in_chunks(texts))
    assert [text for chunk in chunks for text in chunk] == texts
    for chunk in chunks:
        assert 1 <= len(chunk) <= 5
        assert sum(map(len, chunk[:-1])) < 20


@given(
    st.text("ab\n", max_size=60).map(str.encode) | st.binary(max_size=60),
    st.booleans(),
    st.integers(1, 9),
    st.integers(1, 9),
    st.data(),
)
def test_blocks_split_in_c_as_in_python(content, ended, max_lines, max_bytes, data):
    start = data.draw(st.integers(0, len(content)))
    stop = data.draw(st.integers(start, len(content)))
    in_c, in_python = (
        module.split_lines(content, start, stop, ended, max_lines, max_bytes)
        for module in (_core, lines_reference)
    )
    assert list(in_c) == [in_c[number] for number in range(len(in_c))] == list(in_python)
    for lines_of_block in (in_c, in_python):
        assert lines_of_block.end == start + lines_of_block.size
    assert (in_c.end, in_c.cut) == (in_python.end, in_python.cut)


def test_lines_outside_the_block_are_refused():
    for module in (_core, lines_reference):
        for start, stop in ((0, 4), (2, 1), (4, 4)):
            with pytest.raises(IndexError):
                module.split_lines(b"a\nb", start, stop, True, 9, 9)
        block = module.split_lines(b"a\nb", 0, 3, True, 9, 9)
        for number in (2, -1):
            with pytest.raises(IndexError):
                block[number]
