"""The command ``imdb-train``, typed as a user would."""

import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("imdb-train")


def imdb_train(*arguments, cwd, **environment):
    return subprocess.run(
        [COMMAND, *map(str, arguments)],
        cwd=cwd, capture_output=True, text=True, timeout=240, check=False,
        env={"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1", "HOME": str(cwd), **environment},
    )  # fmt: skip


def test_the_run_folder_goes_to_stdout_and_is_numbered(small_reviews, tmp_path):
    options = ["cnn", "--data", small_reviews, "--film-column", "film", "--epochs", "1"]
    first = imdb_train(*options, cwd=tmp_path)
    assert (first.returncode, first.stdout) == (0, "runs/cnn\n"), first.stderr
    assert "epoch 1/1" in first.stderr
    assert "validation" in first.stderr
    assert "Traceback" not in first.stderr
    second = imdb_train(*options, cwd=tmp_path)
    assert second.stdout == "runs/cnn-2\n"


def test_help_shows_an_example(tmp_path):
    assert "imdb-train cnn --glove 6B.100d" in imdb_train("--help", cwd=tmp_path).stdout
    assert "imdb-train lstm --glove" in imdb_train("lstm", "--help", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "Usage: imdb-train"),
        (["transformer"], 2, "No such command 'transformer'"),
        (["cnn", "--epochs", "0"], 2, "--epochs"),
        (["cnn", "--data", "nowhere.csv"], 2, "nowhere.csv"),
        (["cnn", "--recipe", "bset"], 1, "no recipe 'bset'"),
        (["cnn", "--lr", "-1"], 1, "lr = -1.0 is out of range"),
        (["cnn", "--offline"], 1, "aclImdb_v1.tar.gz"),
        (["cnn", "--freeze-epochs", "1"], 2, "add --glove"),
        (["cnn", "--resume"], 1, "nothing to resume"),
        (["cnn", "--glove", "7B.100d"], 1, "7B.100d"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(arguments, code, message, small_reviews, tmp_path):
    if arguments[-1:] in (["--resume"], ["7B.100d"]):
        arguments = [*arguments, "--data", small_reviews, "--film-column", "film"]
    done = imdb_train(*arguments, cwd=tmp_path)
    assert done.returncode == code
    assert message in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    if code == 1:
        assert done.stderr.splitlines()[-1].startswith("error: ")
    assert not (tmp_path / "runs" / "cnn" / "config.json").exists()


def test_a_broken_row_is_named_by_file_and_line(tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text('text,label\n"good film",pos\n"bad film",awful\n')
    done = imdb_train("cnn", "--data", table, cwd=tmp_path)
    assert done.returncode == 1
    assert "mine.csv, line 3" in done.stderr
    assert "'awful'" in done.stderr
