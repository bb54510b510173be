import io
import json
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from imdb_train.explain.cli import NOTEBOOK_SENTENCES, main

BUNDLE = Path(str(resources.files("imdb_runtime"))) / "bundles/default"


@pytest.fixture
def command(monkeypatch, capfd):
    """Runs ``imdb-explain`` in this process: exit code, stdout, stderr."""

    def run(*arguments: object, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["imdb-explain", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capfd.readouterr()
        return stop.value.code, captured.out, captured.err

    return run


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_a_text_the_six_sentences_of_the_notebook_are_explained(command, run_folder):
    code, out, err = command(run_folder, "--steps", 2, "--format", "jsonl")

    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0, err
    assert [row["text"] for row in rows] == [
        "It was a fantastic performance !",
        "Best film ever",
        "Such a great show!",
        "It was a horrible movie",
        "I've never watched something as bad",
        "It is a disgusting movie!",
    ]
    assert [row["true_label"] for row in rows] == ["pos", "pos", "pos", "neg", "neg", "neg"]


def test_a_json_line_has_everything_an_explanation_has(command, run_folder):
    _, out, _ = command(
        run_folder, "Café film", "--label", "neg", "--steps", 3, "--format", "jsonl"
    )

    (row,) = [json.loads(line) for line in out.splitlines()]
    assert row["text"] == "Café film"
    assert row["words"] == ["café", "film"]
    assert (row["steps"], row["true_label"]) == (3, "neg")
    assert (row["word_count"], row["truncated"]) == (2, False)
    assert row["label"] == ("pos" if row["probability"] >= 0.5 else "neg")
    assert sum(row["attributions"]) == pytest.approx(
        row["logit"] - row["baseline_logit"] + row["delta"], abs=1e-5
    )


def test_text_is_a_listing_when_piped(command, run_folder):
    code, out, err = command(run_folder, "a great film", "--steps", 2)

    assert code == 0
    assert "\x1b" not in out
    assert [line.split()[1] for line in out.splitlines()[1:]] == ["a", "great", "film"]
    assert err == ""


@pytest.mark.parametrize("no_color", ["", "1"])
def test_a_terminal_gets_colours_unless_no_color_is_set(command, run_folder, monkeypatch, no_color):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setattr(sys, "stdout", Terminal())

    code, _, _ = command(run_folder, "a great film", "--steps", 2)

    assert code == 0
    assert ("\x1b[" in sys.stdout.getvalue()) is (no_color == "")
    assert "great" in sys.stdout.getvalue()


def test_stdin_gives_a_text_a_line_at_the_place_of_the_dash(command, run_folder):
    stdin = "good\r\n\nsplit\u2028here\n".encode() + b"\xff last"

    _, out, _ = command(
        run_folder, "first", "-", "end", "--steps", 1, "--format", "jsonl", stdin=stdin
    )

    texts = [json.loads(line)["text"] for line in out.split("\n") if line]
    assert texts == ["first", "good", "", "split\u2028here", "\ufffd last", "end"]


def test_a_page_is_written_where_asked(command, run_folder, tmp_path):
    code, out, err = command(run_folder, "great", "--html", tmp_path / "page.html", "--steps", 1)

    assert code == 0
    assert "great" in out
    assert err == f"wrote {tmp_path / 'page.html'}\n"
    assert "great</bdi>" in (tmp_path / "page.html").read_text()


def test_a_page_in_a_missing_folder_is_refused_before_the_work(command, run_folder, tmp_path):
    code, out, err = command(run_folder, "great", "--html", tmp_path / "missing" / "page.html")

    assert (code, out) == (1, "")
    assert "its folder does not exist" in err
    assert len(err.splitlines()) == 1


def test_a_bundle_is_explained_without_steps_and_without_a_gap(command):
    code, out, err = command(BUNDLE, "I loved it", "--format", "jsonl", "--label", "pos")

    assert (code, err) == (0, "")
    explanation = json.loads(out)
    assert explanation["words"] == ["i", "loved", "it"]
    assert explanation["label"] == explanation["true_label"] == "pos"
    assert explanation["method"] == "integrated_gradients"
    difference = explanation["logit"] - explanation["baseline_logit"]
    assert sum(explanation["attributions"]) == pytest.approx(difference, abs=1e-4)


def test_steps_are_refused_for_a_bundle(command):
    code, out, err = command(BUNDLE, "I loved it", "--steps", "10")

    assert (code, out) == (2, "")
    assert "--steps is for a run" in err


def test_a_folder_that_is_no_run_is_one_line_of_error(command, tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        code, out, err = command(folder, "great")

        assert (code, out) == (1, "")
        assert str(folder) in err
        assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a", "b", "--label", "pos"), "1 --label for 2 texts"),
        (("--label", "pos"), "--label needs a TEXT"),
        (("a", "--label", "good"), "'good' is not one of"),
        (("a", "--steps", 0), "0 is not in the range"),
        (("a", "--format", "xml"), "'xml' is not one of"),
    ],
)
def test_wrong_usage_exits_with_2(command, run_folder, arguments, message):
    code, out, err = command(run_folder, *arguments)

    assert (code, out) == (2, "")
    assert message in err


def test_help_has_an_example_and_names_the_sentences(command):
    code, out, _ = command("--help")

    assert code == 0
    assert "imdb-explain runs/cnn" in out
    assert all(text in out for text, _ in NOTEBOOK_SENTENCES)


def test_help_needs_neither_torch_nor_captum():
    program = (
        "import sys; import imdb_train.explain.cli; "
        "print([name for name in ('torch', 'captum', 'rich', 'jinja2') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.stdout.strip() == "[]", done.stderr
