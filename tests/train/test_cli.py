"""The command ``imdb-train``, typed as a user would."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from imdb_train.cli import main

COMMAND = Path(sys.executable).with_name("imdb-train")


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def imdb_train(tmp_path, monkeypatch, capsys):
    """The command run in this process, from an empty folder, as loading PyTorch takes seconds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("IMDB_DATA_DIR", raising=False)
    monkeypatch.delenv("IMDB_CACHE_DIR", raising=False)

    def run(*arguments) -> Done:
        monkeypatch.setattr(sys, "argv", ["imdb-train", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        return Done(left.value.code, *capsys.readouterr())

    return run


def test_the_run_folder_goes_to_stdout_and_is_numbered(small_reviews, imdb_train, tmp_path):
    options = ["cnn", "--data", small_reviews, "--film-column", "film", "--epochs", "1"]
    first = subprocess.run(
        [COMMAND, *map(str, options)],
        cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False,
        env={"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert (first.returncode, first.stdout) == (0, "runs/cnn\n"), first.stderr
    assert "epoch 1/1" in first.stderr
    assert "validation" in first.stderr
    assert "Traceback" not in first.stderr
    assert imdb_train(*options).stdout == "runs/cnn-2\n"


def test_help_shows_an_example(imdb_train):
    assert "imdb-train cnn --glove 6B.100d" in imdb_train("--help").stdout
    for name, example in {
        "lstm": "lstm --glove",
        "vectors": "vectors --out",
        "language-model": "language-model --vectors",
        "soft-labels": "soft-labels runs/lstm",
    }.items():
        assert f"\n    imdb-train {example}" in imdb_train(name, "--help").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "COMMAND [ARGS]"),
        (["transformer"], 2, "No such command 'transformer'"),
        (["cnn", "--epochs", "0"], 2, "--epochs"),
        (["cnn", "--data", "nowhere.csv"], 2, "nowhere.csv"),
        (["cnn", "--recipe", "bset"], 1, "no recipe 'bset'"),
        (["cnn", "--lr", "-1"], 1, "lr = -1.0 is out of range"),
        (["cnn", "--offline"], 1, "aclImdb_v1.tar.gz"),
        (["cnn", "--freeze-epochs", "1"], 2, "add --glove"),
        (["cnn", "--resume"], 1, "nothing to resume"),
        (["cnn", "--glove", "7B.100d"], 1, "7B.100d"),
        (["cnn", "--unlabelled", __file__], 2, "add --teacher or --soft-labels"),
        (["cnn", "--soft-labels", "nowhere"], 2, "nowhere"),
        (["vectors"], 2, "--out"),
        (["vectors", "--out", "nowhere/v.txt"], 2, "the folder of 'nowhere/v.txt' does not exist"),
        (["language-model", "--out", "lm"], 2, "--vectors"),
        (["soft-labels", "--out", "soft"], 2, "RUN..."),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    arguments, code, message, small_reviews, imdb_train, tmp_path
):
    if arguments[-1:] in (["--resume"], ["7B.100d"]):
        arguments = [*arguments, "--data", small_reviews, "--film-column", "film"]
    done = imdb_train(*arguments)
    assert done.returncode == code
    assert message in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    if code == 1:
        assert done.stderr.splitlines()[-1].startswith("error: ")
    assert not (tmp_path / "runs" / "cnn" / "config.json").exists()


def test_what_training_starts_from_is_made_by_commands(small_reviews, imdb_train, tmp_path):
    """Vectors, a language model from them, an LSTM from that, its soft labels, a CNN taught."""
    reading = ["--data", small_reviews]
    more, once = ["--unlabelled", "more.txt"], ["--epochs", "1"]
    (tmp_path / "more.txt").write_text("A fine film.\nA dull film.\n" * 20)
    for arguments in (
        [
            "vectors",
            *reading,
            *more,
            "--dimension",
            "4",
            "--min-count",
            "1",
            "--out",
            "v.txt",
        ],
        ["language-model", *reading, "--vectors", "v.txt", "--hidden", "4", "--out", "lm"],
        [
            "lstm",
            *reading,
            *once,
            "--language-model",
            "lm",
            "--freeze-epochs",
            "1",
            "--out",
            "lstm",
        ],
        ["soft-labels", "lstm", *more, "--out", "soft"],
        ["cnn", *reading, *once, *more, "--soft-labels", "soft", "--out", "cnn"],
    ):
        done = imdb_train(*arguments)
        assert (done.returncode, done.stdout) == (0, f"{arguments[-1]}\n"), done.stderr
        assert "Traceback" not in done.stderr
    assert "40 that a teacher labelled" in done.stderr


def test_a_broken_row_is_named_by_file_and_line(imdb_train, tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text('text,label\n"good film",pos\n"bad film",awful\n')
    done = imdb_train("cnn", "--data", table)
    assert done.returncode == 1
    assert "mine.csv, line 3" in done.stderr
    assert "'awful'" in done.stderr
