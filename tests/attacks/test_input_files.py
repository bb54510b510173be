"""``imdb-score`` as installed, on files that are not what they should be."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(sys.executable).with_name("imdb-score")
Done = subprocess.CompletedProcess[bytes]


def score(*arguments: object, **options: Any) -> Done:
    options.setdefault("stdout", subprocess.PIPE)
    command = [PROGRAM, "--threads", "2", *map(str, arguments)]
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=120, **options
    )


def failed(done: Done) -> str:
    """The only line of a run that could not."""
    assert done.returncode == 1, done.stderr
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("error: ")
    return line


# Content, and how many lines it has: each line feed ends one, and what is behind the last is one.
CONTENTS = {
    "empty": (b"", 0),
    "no last newline": (b"good\nbad", 2),
    "only newlines": (b"\n\n\n", 3),
    "CRLF": (b"good\r\nbad\r\n", 2),
    "lone CR": (b"good\rbad\rfine\n", 1),
    "BOM": (b"\xef\xbb\xbfgood\nbad\n", 2),
    "only a BOM": (b"\xef\xbb\xbf", 0),
    "UTF-16": ("good\nbad\n".encode("utf-16"), 3),
    "UTF-32": ("good\n".encode("utf-32"), 2),
    "NUL": (b"go\0od\n\0\n\0", 3),
    "U+0085, U+2028, U+2029": ("a\x85b\u2028c\u2029d\n".encode(), 1),
    "vertical tab, form feed, separators": (b"a\x0bb\x0cc\x1cd\x1de\x1ef\n", 1),
    "overlong UTF-8": (b"\xc0\x8a\xe0\x80\x8a\xf0\x80\x80\x8a\nx\n", 2),
    "truncated UTF-8": (b"caf\xc3\n\xe2\x82\n\xf0\x9f\x98", 3),
    "surrogates in UTF-8": (b"\xed\xa0\x80\xed\xb0\x80\n", 1),
    "beyond Unicode": (b"\xf4\x90\x80\x80\xf8\x88\x80\x80\x80\n", 1),
    "every byte": (bytes(range(256)), 2),
    "a line of 20 MB": (b"good " * (4 << 20) + b"\nbad\n", 2),
    "a million empty lines": (b"\n" * 1_000_000, 1_000_000),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTENTS)
def test_as_many_rows_as_lines(name: str, tmp_path: Path):
    content, lines = CONTENTS[name]
    (tmp_path / "reviews").write_bytes(content)
    done = score(tmp_path / "reviews")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b"\n") == lines
    assert b"Traceback" not in done.stderr
    for row in done.stdout.split(b"\n")[:-1][:100]:
        label, probability = row.split(b"\t")
        assert label in (b"neg", b"pos")
        assert 0 <= float(probability) <= 1


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("r.csv", b"", "r.csv, line 1: "),
        ("r.csv", b'text\ngood\n"never closed\n', "r.csv, line 3: "),
        ("r.csv", b"text\ngood\na,b\n", "r.csv, line 3: "),
        ("r.csv", b"text\rgood\r", "r.csv, line 1: "),
        ("r.jsonl", b'{"text": "good"}\n{"text": ', "r.jsonl, line 2: "),
        ("r.jsonl", b'{"text": "good"}\n\n[1]\n', "r.jsonl, line 3: "),
        ("r.jsonl", b'{"text": "good"}\n{"text": 7}\n', "r.jsonl, line 2: "),
        ("r.jsonl", b"[" * 100_000, "r.jsonl, line 1: "),
        ("r.jsonl", b'{"text": ' + b"1" * 5000 + b"}", "r.jsonl, line 1: "),
        ("r.jsonl", '{"text": "good"}\n'.encode("utf-16"), "r.jsonl, line 1: "),
        ("r.parquet", b"", "r.parquet: "),
        ("r.parquet", b"PAR1 no such thing PAR1", "r.parquet: "),
    ],
)
def test_a_broken_table_is_one_line_that_says_where(
    name: str, content: bytes, where: str, tmp_path: Path
):
    (tmp_path / name).write_bytes(content)
    assert where in failed(score(tmp_path / name))


def test_a_row_that_is_no_text_in_parquet_is_named(tmp_path: Path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"text": ["good", None]}), tmp_path / "r.parquet")
    assert "r.parquet, row 2: " in failed(score(tmp_path / "r.parquet"))


def test_what_cannot_be_read_is_named(tmp_path: Path):
    assert "is a folder" in failed(score(tmp_path))
    assert "No such file" in failed(score(tmp_path / "absent"))
    # It can be opened, and then fails.
    assert "/proc/self/mem: cannot read it" in failed(score("/proc/self/mem"))


def test_a_name_cannot_write_to_the_terminal(tmp_path: Path):
    line = failed(score(tmp_path / "no\x1b[31m\nsuch \udcff"))
    assert r"no\x1b[31m\nsuch \udcff" in line


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path):
    (tmp_path / "secret").write_bytes(b"good\n")
    (tmp_path / "secret").chmod(0)
    assert "Permission denied" in failed(score(tmp_path / "secret", preexec_fn=lose_privileges))


def lose_privileges() -> None:
    """Take from root, who reads everything, what makes it so."""
    import ctypes

    drop_from_bounding_set = 24
    for overrides in (1, 2):  # permissions; permissions to read
        ctypes.CDLL(None).prctl(drop_from_bounding_set, overrides, 0, 0, 0)


def test_a_pipe_with_a_name_is_read_to_its_end(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(b"good\nbad",))
    writer.start()
    done = score(tmp_path / "pipe")
    writer.join()
    assert (done.returncode, done.stdout.count(b"\n")) == (0, 2)


def test_a_file_cut_short_while_it_is_read_is_an_error_and_leaves_no_output(tmp_path: Path):
    reviews = tmp_path / "reviews"
    reviews.write_bytes(b"good film\n" * 3_000_000)
    process = subprocess.Popen(
        [PROGRAM, reviews, "--threads", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.read(10)  # it has begun, and waits for room in the pipe
    os.truncate(reviews, 20_000_000)
    _, message = process.communicate(timeout=60)
    assert process.returncode == 1
    assert message.decode().count("\n") == 1
    assert "became shorter while it was read" in message.decode()
    assert b"Traceback" not in message


@pytest.mark.parametrize("lines", [1, 300_000])
def test_a_full_device_is_one_line(lines: int, tmp_path: Path):
    (tmp_path / "reviews").write_bytes(b"good\n" * lines)
    with Path("/dev/full").open("wb") as full:
        assert "No space left" in failed(score(tmp_path / "reviews", stdout=full))


@pytest.mark.parametrize("how", ["closed", "full"])
def test_rows_are_whole_where_nothing_can_be_said(how: str, tmp_path: Path):
    (tmp_path / "reviews").write_bytes(b"good\nbad\n")
    redirected = {"closed": "2>&-", "full": "2>/dev/full"}[how]
    done = subprocess.run(
        f"'{PROGRAM}' '{tmp_path}/reviews' {redirected}", shell=True, stdout=subprocess.PIPE
    )
    assert (done.returncode, done.stdout.count(b"\n")) == (0, 2)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_traceback(closed: str):
    done = subprocess.run(f"'{PROGRAM}' - {closed}", shell=True, capture_output=True, timeout=60)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


def test_head_takes_what_it_wants_and_all_is_quiet(tmp_path: Path):
    (tmp_path / "reviews").write_bytes(b"good film\n" * 500_000)
    done = subprocess.run(
        ["bash", "-c", f"'{PROGRAM}' '{tmp_path}/reviews' | head -n 2; echo ${{PIPESTATUS[0]}}"],
        capture_output=True,
        timeout=60,
    )
    *rows, code = done.stdout.splitlines()
    assert (len(rows), code, done.stderr) == (2, b"0", b"")


@pytest.mark.parametrize(
    "arguments", [["--threads", "100000"], ["--threads", "9" * 30], ["--threshold", "nan"]]
)
def test_numbers_out_of_reach_are_wrong_usage(arguments: list[str]):
    done = score(*arguments, "/dev/null")
    assert done.returncode == 2
    assert b"Usage:" in done.stderr
