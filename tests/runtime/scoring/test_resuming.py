"""``imdb-score --resume``: killed or interrupted anywhere, the rows are those of a run in one."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Score = Callable[..., subprocess.CompletedProcess[bytes]]

WORDS = (b"good", b"bad", b"film", b"other", b".")


def reviews(path: Path, count: int, seed: int = 0) -> Path:
    draw = random.Random(seed)
    lines = [b" ".join(draw.choices(WORDS, k=draw.randrange(12))) for _ in range(count)]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


@pytest.fixture
def stopped(score: Score, tmp_path: Path) -> bytes:
    """Leave rows of a run that a broken last row has stopped; give those of a whole run."""
    reviews(tmp_path / "reviews.csv", 30_000)
    content = (tmp_path / "reviews.csv").read_bytes()
    whole = b"text\n" + b"\n".join(b"review " + line for line in content.split(b"\n"))
    (tmp_path / "reviews.csv").write_bytes(whole + b"\na,b\n")
    done = score("--resume", "--output", "scores.tsv", "reviews.csv")
    assert done.returncode == 1
    assert not (tmp_path / "scores.tsv").exists()
    (tmp_path / "expected.csv").write_bytes(whole)
    return score("expected.csv").stdout


def test_without_an_interruption_it_is_as_without_resume(score: Score, tmp_path: Path):
    reviews(tmp_path / "reviews.txt", 9000)
    expected = score("reviews.txt").stdout
    done = score("--resume", "--output", "scores.tsv", "reviews.txt")
    assert done.returncode == 0
    assert (tmp_path / "scores.tsv").read_bytes() == expected
    assert {path.name for path in tmp_path.iterdir()} == {"bundle", "reviews.txt", "scores.tsv"}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_over_and_over_it_ends_with_the_same_bytes(
    how: signal.Signals,
    score: Score,
    command: list[str],
    bundle: Path,
    tmp_path: Path,
):
    reviews(tmp_path / "a.txt", 80_000)
    reviews(tmp_path / "b.txt", 80_000, seed=1)
    files = [str(tmp_path / name) for name in ("a.txt", "b.txt")]
    expected = score("--format", "csv", *files).stdout
    arguments = ["--model", str(bundle), "--format", "csv", "--resume", "--output"]
    output = tmp_path / "scores"
    draw = random.Random(how)
    stops, kept = 0, []
    while not output.exists():
        process = subprocess.Popen(
            [
                command[0],
                "-c",
                # So that there is a note to go on from within the test's time.
                "from imdb_runtime.scoring import resuming; resuming.SECONDS_BETWEEN_NOTES = 0.02;"
                + command[2],
                *arguments,
                str(output),
                *files,
            ],
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        note = tmp_path / "scores.progress"
        before = note.read_bytes() if note.exists() else b""
        deadline = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < deadline:
            if stops < 3 and note.exists() and note.read_bytes() != before:
                time.sleep(draw.random() * 0.05)
                process.send_signal(how)
                stops += 1
                break
            time.sleep(0.002)
        assert process.stderr is not None
        message = process.stderr.read()
        process.wait(timeout=30)
        kept.append(b"going on after" in message)
        assert b"Traceback" not in message
    assert output.read_bytes() == expected
    assert stops >= 2
    assert any(kept[1:])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.txt",
        "b.txt",
        "bundle",
        "scores",
    ]


def test_after_an_error_it_goes_on_where_it_was(score: Score, tmp_path: Path, stopped: bytes):
    note = json.loads((tmp_path / "scores.tsv.progress").read_bytes())
    assert 0 < note["reviews"] < 30_001
    (tmp_path / "scores.tsv.part").open("ab").write(b"rows that no note counts")
    # The same reviews but for what stopped it are other input: see the test below.
    done = score("--resume", "--output", "scores.tsv", "expected.csv")
    assert done.returncode == 1
    assert b"input changed" in done.stderr
    note["input"] = [
        {"size": (tmp_path / "expected.csv").stat().st_size, "sha256": digest(tmp_path)}
    ]
    (tmp_path / "scores.tsv.progress").write_text(json.dumps(note))
    done = score("--resume", "--output", "scores.tsv", "expected.csv")
    assert done.returncode == 0
    assert f"going on after {note['reviews']:,} reviews".encode() in done.stderr
    assert (tmp_path / "scores.tsv").read_bytes() == stopped


def digest(folder: Path) -> str:
    import hashlib

    return hashlib.sha256((folder / "expected.csv").read_bytes()).hexdigest()


def test_other_settings_are_refused(score: Score, tmp_path: Path, stopped: bytes):
    for arguments, what in (
        (["--threshold", "0.7"], "threshold"),
        (["--format", "csv"], "settings"),
        (["--with-text"], "settings"),
        (["--column", "text"], "settings"),
        (["--input-format", "tsv"], "formats"),
    ):
        done = score("--resume", *arguments, "--output", "scores.tsv", "reviews.csv")
        assert done.returncode == 1
        assert f"cannot go on: {what} changed".encode() in done.stderr
        assert done.stderr.count(b"\n") == 1
        assert (tmp_path / "scores.tsv.progress").exists()


def test_a_changed_input_or_model_is_refused(
    score: Score, tmp_path: Path, stopped: bytes, bundle: Path, manifest_fields, bundle_files
):
    from imdb_runtime.bundle import write_bundle

    reviews_file = tmp_path / "reviews.csv"
    content = reviews_file.read_bytes()
    times = reviews_file.stat()
    flipped = content.replace(b"good", b"goof", 1)
    reviews_file.write_bytes(flipped)
    os.utime(reviews_file, ns=(times.st_atime_ns, times.st_mtime_ns))
    done = score("--resume", "--output", "scores.tsv", "reviews.csv")
    assert b"cannot go on: input changed" in done.stderr
    reviews_file.write_bytes(content)
    write_bundle(bundle, {**manifest_fields, "temperature": 1.5}, bundle_files)
    done = score("--resume", "--output", "scores.tsv", "reviews.csv")
    assert b"cannot go on: model changed" in done.stderr


def test_damaged_rows_and_notes_are_refused(score: Score, tmp_path: Path, stopped: bytes):
    part, note = tmp_path / "scores.tsv.part", tmp_path / "scores.tsv.progress"
    rows = part.read_bytes()
    for damaged in (rows[:-1], b"x" + rows[1:], b""):
        part.write_bytes(damaged)
        done = score("--resume", "--output", "scores.tsv", "reviews.csv")
        assert done.returncode == 1
        assert b"scores.tsv.part: not what scores.tsv.progress says" in done.stderr
    for damaged in (b"", b"[]", b"{}", b'{"reviews": -1, "cut": 0, "bytes": 0}'):
        note.write_bytes(damaged)
        done = score("--resume", "--output", "scores.tsv", "reviews.csv")
        assert done.returncode == 1
        assert b"scores.tsv.progress: cannot read it" in done.stderr
        assert done.stderr.count(b"\n") == 1


def test_rows_of_another_process_are_left_alone(score: Score, tmp_path: Path):
    fcntl = pytest.importorskip("fcntl")
    reviews(tmp_path / "reviews.txt", 10)
    with (tmp_path / "scores.tsv.part").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = score("--resume", "--output", "scores.tsv", "reviews.txt")
    assert done.returncode == 1
    assert b"another imdb-score is writing it" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["reviews.txt"], 2),
        (["--output", "scores.tsv"], 2),
        (["--output", "scores.tsv", "-"], 2),
        (["--output", "/dev/null", "reviews.txt"], 1),
    ],
)
def test_it_needs_files_to_read_and_to_write(
    arguments: list[str], code: int, score: Score, tmp_path: Path
):
    reviews(tmp_path / "reviews.txt", 10)
    done = score("--resume", *arguments, input=b"good\n")
    assert done.returncode == code
    assert b"--resume needs" in done.stderr
