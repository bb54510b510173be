import contextlib
import csv
import json
import os
import pty
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

Score = Callable[..., subprocess.CompletedProcess[bytes]]
Probability = Callable[[list[str]], float]


def rows_of(output: bytes) -> list[tuple[str, float]]:
    rows = [line.split("\t") for line in output.decode().split("\n")]
    assert rows.pop() == [""]
    return [(label, float(probability)) for label, probability in rows]


def only_line(output: bytes) -> str:
    lines = output.decode().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def test_one_row_for_each_line_in_order(score: Score, tmp_path: Path, probability: Probability):
    (tmp_path / "reviews.txt").write_bytes(b"good film\n\nbad\r\nfilm")
    done = score("reviews.txt")
    assert done.returncode == 0
    expected = [["good", "film"], [], ["bad"], ["film"]]
    assert done.stdout.decode() == "".join(
        f"{'pos' if probability(words) >= 0.5 else 'neg'}\t{probability(words):.6f}\n"
        for words in expected
    )
    assert only_line(done.stderr).startswith("4 reviews in ")


@pytest.mark.parametrize("arguments", [(), ("-",)])
def test_standard_input_is_lines(score: Score, arguments: tuple[str, ...]):
    done = score(*arguments, input=b"good\nbad\n")
    assert [label for label, _ in rows_of(done.stdout)] == ["pos", "neg"]


def test_standard_input_of_another_format(score: Score):
    done = score("--input-format", "jsonl", "-", input=b'{"review": "bad"}\n')
    assert [label for label, _ in rows_of(done.stdout)] == ["neg"]


def test_several_files_and_standard_input_follow_one_another(score: Score, tmp_path: Path):
    (tmp_path / "a.txt").write_bytes(b"good\nbad")
    (tmp_path / "b.csv").write_bytes(b"text\nbad\n")
    done = score("a.txt", "-", "b.csv", input=b"good\n")
    assert [label for label, _ in rows_of(done.stdout)] == ["pos", "neg", "pos", "neg"]


def test_empty_input_gives_no_rows(score: Score):
    done = score(input=b"")
    assert (done.returncode, done.stdout) == (0, b"")
    assert only_line(done.stderr).startswith("0 reviews")


def test_any_line_is_scored(score: Score):
    lines = [
        b"", b"good", b"x" * 2**20, b"\xff\xfe\x80", b"\x00\x00", b"\xef\xbb\xbfgood", b"good\r",
        b"\x1b[31m", "\U0001f600 \u202e".encode(), b" ", b"\xc2\x85\x0b\x0c\x1c",
    ]  # fmt: skip
    done = score(input=b"\n".join(lines) + b"\n")
    assert done.returncode == 0
    rows = rows_of(done.stdout)
    assert len(rows) == len(lines)
    assert rows[1] == rows[6]
    assert rows[0] == rows[9] == ("pos", 0.5)


@pytest.fixture(scope="module")
def score_in_process(tmp_path_factory, manifest_fields, bundle_files):
    """The command without a new process each time, for many random inputs."""
    from click.testing import CliRunner

    from imdb_runtime.bundle import write_bundle
    from imdb_runtime.scoring.cli import command

    folder = tmp_path_factory.mktemp("random") / "bundle"
    write_bundle(folder, manifest_fields, bundle_files)

    def run(content: bytes, *arguments: str) -> bytes:
        done = CliRunner().invoke(command, ["--model", str(folder), *arguments, "-"], content)
        assert done.exit_code == 0, done.output
        return done.stdout_bytes

    return run


words_of_lines = st.lists(
    st.lists(st.sampled_from(["good", "bad", "film", "other"]), max_size=8), max_size=40
)


@given(words_of_lines)
def test_random_reviews_keep_their_number_and_order(score_in_process, probability, lines):
    content = "".join(" ".join(words) + "\n" for words in lines).encode()
    rows = rows_of(score_in_process(content))
    assert [row[1] for row in rows] == pytest.approx(
        [probability(words) for words in lines], abs=1e-6
    )


@given(st.binary(max_size=300))
def test_random_bytes_give_a_row_a_line(score_in_process, content: bytes):
    lines = content.count(b"\n") + (content[-1:] not in (b"", b"\n"))
    if content == b"\xef\xbb\xbf":  # a byte order mark and nothing else
        lines = 0
    assert len(rows_of(score_in_process(content))) == lines


def test_csv_and_jsonl_with_text(score: Score, tmp_path: Path):
    (tmp_path / "reviews.jsonl").write_text('{"text": "good \\"film\\",\\nyes"}\n{"text": ""}\n')
    done = score("--format", "csv", "--with-text", "reviews.jsonl")
    header, first, second = csv.reader(done.stdout.decode().splitlines(keepends=True))
    assert header == ["label", "probability", "text"]
    assert first[0] == "pos"
    assert first[2] == 'good "film",\nyes'
    assert second == ["pos", "0.500000", ""]
    done = score("--format", "jsonl", "--with-text", "reviews.jsonl")
    assert [json.loads(line)["text"] for line in done.stdout.splitlines()] == [
        'good "film",\nyes',
        "",
    ]


def test_the_threshold_decides_the_label(score: Score):
    assert rows_of(score("--threshold", "0.7", input=b"good\nfilm\n").stdout)[1][0] == "neg"
    assert rows_of(score("--threshold", "0.2", input=b"good\nfilm\n").stdout)[1][0] == "pos"


def test_reviews_that_were_cut_are_counted(score: Score):
    done = score(input=b"good " * 8 + b"\n" + b"bad " * 9 + b"\n" + b"bad " * 900 + b"\n")
    assert len(rows_of(done.stdout)) == 3
    assert done.stderr.decode().splitlines()[1] == (
        "2 reviews were longer than 8 words; only the first 8 were read"
    )


def test_a_line_over_the_limit_is_scored_and_reported(score: Score):
    done = score(input=b"good\n" + b"bad " + b" " * (17 << 20) + b"good\nfilm\n")
    assert [label for label, _ in rows_of(done.stdout)] == ["pos", "neg", "pos"]
    assert "standard input, line 2: only its first 16 MiB were read" in done.stderr.decode()


def test_output_goes_to_the_file_when_it_is_whole(score: Score, tmp_path: Path):
    done = score("--output", "scores.tsv", input=b"good\n")
    assert done.stdout == b""
    assert rows_of((tmp_path / "scores.tsv").read_bytes())[0][0] == "pos"


def test_a_broken_row_leaves_the_old_output_and_nothing_half_written(score: Score, tmp_path: Path):
    (tmp_path / "scores.tsv").write_text("old")
    (tmp_path / "reviews.csv").write_bytes(b"text\n" + b"good\n" * 20_000 + b"a,b\n")
    before = sorted(path.name for path in tmp_path.iterdir())
    done = score("--output", "scores.tsv", "reviews.csv")
    assert done.returncode == 1
    assert only_line(done.stderr).startswith("error: reviews.csv, line 20002: 2 fields")
    assert (tmp_path / "scores.tsv").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_output_to_a_device_does_not_replace_it(score: Score, tmp_path: Path):
    done = score("--output", "/dev/stdout", input=b"good\n")
    assert rows_of(done.stdout)[0][0] == "pos"
    assert Path("/dev/stdout").is_symlink()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.txt"], "absent.txt: cannot read it: No such file or directory"),
        (["."], ".: is a folder"),
        (["--device", "cuda"], "device cuda: the installed onnxruntime is the CPU build"),
        (["--output", "absent/scores.tsv"], "absent/scores.tsv: its folder does not exist"),
        (["--input-format", "parquet"], "standard input: Parquet"),
        (["--input-format", "csv", "--column", "x"], "standard input, line 1: no column 'x'"),
    ],
)
def test_errors_are_one_line(score: Score, arguments: list[str], message: str):
    done = score(*arguments, input=b"text\n")
    assert done.returncode == 1
    assert done.stdout == b""
    assert only_line(done.stderr).startswith("error: ")
    assert message in only_line(done.stderr)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read(score: Score, tmp_path: Path):
    (tmp_path / "secret.txt").write_bytes(b"good\n")
    (tmp_path / "secret.txt").chmod(0)
    assert "Permission denied" in only_line(score("secret.txt").stderr)


def test_a_damaged_bundle_is_one_line(score: Score, bundle: Path):
    (bundle / "vocab.txt").write_bytes(b"<pad>\n")
    done = score(input=b"good\n")
    assert done.returncode == 1
    assert "vocab.txt" in only_line(done.stderr)


@pytest.mark.parametrize(
    "arguments",
    [["--threads", "0"], ["--threshold", "2"], ["--format", "xml"], ["--no-such"],
     ["--column", "text", "reviews.txt"], ["--output", "."]],
)  # fmt: skip
def test_wrong_usage_exits_with_2(score: Score, tmp_path: Path, arguments: list[str]):
    (tmp_path / "reviews.txt").write_bytes(b"good\n")
    done = score(*arguments, input=b"")
    assert done.returncode == 2
    assert b"Usage:" in done.stderr
    assert b"Traceback" not in done.stderr


def test_help_has_an_example_and_version_is_the_projects(score: Score):
    done = score("--help")
    assert done.returncode == 0
    assert b"imdb-score reviews.txt" in done.stdout
    assert b"[FILE ... | -]" in done.stdout
    done = score("--version")
    assert done.stdout.startswith(b"imdb-score, version ")


def test_no_file_on_a_terminal_is_wrong_usage(command: list[str]):
    reader, terminal = pty.openpty()
    done = subprocess.run(command, stdin=terminal, capture_output=True, timeout=60)
    os.close(terminal)
    os.close(reader)
    assert done.returncode == 2
    assert b"for example: imdb-score reviews.txt" in done.stderr


def test_a_progress_bar_is_drawn_on_a_terminal_and_the_data_stays_apart(
    command: list[str], bundle: Path, tmp_path: Path
):
    (tmp_path / "reviews.txt").write_bytes(b"good film\n" * 5000)
    reader, terminal = pty.openpty()
    done = subprocess.run(
        [*command, "--model", str(bundle), str(tmp_path / "reviews.txt")],
        stdout=subprocess.PIPE,
        stderr=terminal,
        timeout=60,
    )
    os.close(terminal)
    shown = b""
    try:
        while block := os.read(reader, 65536):
            shown += block
    except OSError:
        pass  # the terminal's other side is closed: all is read
    os.close(reader)
    assert len(rows_of(done.stdout)) == 5000
    assert b"100%" in shown
    assert b"5,000 reviews in" in shown


def test_a_closed_pipe_ends_it_quietly(command: list[str], bundle: Path, tmp_path: Path):
    (tmp_path / "reviews.txt").write_bytes(b"good film\n" * 200_000)
    with subprocess.Popen(
        [*command, "--model", str(bundle), str(tmp_path / "reviews.txt")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"pos\t")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 0


def test_a_line_on_a_pipe_is_answered_before_the_next_one_comes(
    command: list[str], bundle: Path, probability: Probability
):
    with subprocess.Popen(
        [*command, "--model", str(bundle)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for words in (["good"], [], ["bad", "film"]):
            process.stdin.write(" ".join(words).encode() + b"\n")
            process.stdin.flush()
            # Were the answer kept back, this would wait forever.
            answer = process.stdout.readline()
            assert float(answer.split(b"\t")[1]) == pytest.approx(probability(words), abs=1e-6)
        process.stdin.write(b"good")
        process.stdin.close()
        assert process.stdout.read().startswith(b"pos\t")
        assert process.wait(timeout=60) == 0


def has_a_nameless_file(pid: int) -> bool:
    for file in Path(f"/proc/{pid}/fd").iterdir():
        # A file may be closed between the listing and the look at it.
        with contextlib.suppress(FileNotFoundError):
            if "(deleted)" in str(file.readlink()):
                return True
    return False


def test_interrupted_it_exits_with_130_and_leaves_no_output(
    command: list[str], bundle: Path, tmp_path: Path
):
    before = sorted(path.name for path in tmp_path.iterdir())
    with subprocess.Popen(
        [*command, "--model", str(bundle), "--output", str(tmp_path / "scores.tsv")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A test run in a shell's background inherits an ignored SIGINT, and would hand it on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        deadline = time.monotonic() + 30
        # The temporary file, which has no name, shows that it is reading.
        while not has_a_nameless_file(process.pid):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert process.stderr is not None
        assert process.stderr.read().strip() == b"interrupted"
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("reviews", [1, 100_000])
def test_a_full_disk_is_one_line(command: list[str], bundle: Path, tmp_path: Path, reviews: int):
    (tmp_path / "reviews.txt").write_bytes(b"good film\n" * reviews)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*command, "--model", str(bundle), str(tmp_path / "reviews.txt")],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    assert done.returncode == 1
    assert "No space left on device" in only_line(done.stderr)


@pytest.mark.parametrize("name", ["reviews.json", "reviews.txt.gz", "Reviews.XLSX"])
def test_a_file_that_is_no_text_is_refused(command: list[str], tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(b"[1, 2]")
    done = subprocess.run([*command, str(tmp_path / name)], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"not a format that is read" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_what_such_a_file_is_can_be_said(command: list[str], bundle: Path, tmp_path: Path):
    (tmp_path / "reviews.json").write_bytes(b"good film\nbad film\n")
    arguments = ["--model", str(bundle), "--input-format", "lines", str(tmp_path / "reviews.json")]
    done = subprocess.run([*command, *arguments], capture_output=True, check=True)
    assert done.stdout.count(b"\n") == 2


def test_the_reviews_are_not_replaced_by_their_scores(
    command: list[str], bundle: Path, tmp_path: Path
):
    reviews = tmp_path / "reviews.txt"
    reviews.write_bytes(b"good film\n")
    (tmp_path / "link.txt").symlink_to(reviews)
    for output in (reviews, tmp_path / "link.txt"):
        arguments = ["--model", str(bundle), "--output", str(output), str(reviews)]
        done = subprocess.run([*command, *arguments], capture_output=True, check=False)
        assert done.returncode == 2
        assert b"would replace the reviews" in done.stderr
        assert reviews.read_bytes() == b"good film\n"


def test_an_output_folder_that_is_not_there_is_named(
    command: list[str], bundle: Path, tmp_path: Path
):
    arguments = ["--model", str(bundle), "--output", str(tmp_path / "nowhere" / "scores.tsv"), "-"]
    done = subprocess.run([*command, *arguments], capture_output=True, input=b"x", check=False)
    assert done.returncode == 1
    assert b"scores.tsv: its folder does not exist; make it first" in done.stderr


def test_a_run_given_as_a_bundle_is_told(command: list[str], tmp_path: Path):
    (tmp_path / "config.json").write_text("{}")
    done = subprocess.run(
        [*command, "--model", str(tmp_path), "-"], capture_output=True, input=b"x", check=False
    )
    assert b"a run, not a bundle; export it: imdb-export" in done.stderr
