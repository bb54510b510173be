"""``imdb-export`` as it is typed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from imdb_export.cli import export_command
from imdb_runtime.bundle import Bundle

WITHOUT_TORCH = "import sys; sys.modules['torch'] = None; from imdb_export.cli import main; main()"


def imdb_export(
    *arguments: str | Path, folder: Path, code: str = "from imdb_export.cli import main; main()"
) -> subprocess.CompletedProcess[str]:
    """Run the command in ``folder``, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


@pytest.fixture
def two_runs(make_run, tmp_path):
    """runs/older and runs/newer, and a folder that holds an unfinished run, newest of all."""
    older, newer = make_run(name="older"), make_run(("gru", "max"), name="newer")
    os.utime(older / "config.json", (1_000_000, 1_000_000))
    os.utime(newer / "config.json", (2_000_000, 2_000_000))
    (tmp_path / "runs" / "unfinished").mkdir()
    (tmp_path / "runs" / "unfinished" / "config.json").write_text("{}")
    return tmp_path


def test_without_a_run_the_newest_under_runs_is_taken_and_named(two_runs):
    done = imdb_export("--opset", "16", "--check-reviews", "5", folder=two_runs)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{Path('bundles', 'newer')}\n"
    assert f"exporting {Path('runs', 'newer')}, the newest run" in done.stderr
    manifest = Bundle.read(two_runs / "bundles" / "newer").manifest
    assert (manifest.opset, manifest.model["architecture"]) == (16, "gru")


def test_the_report_has_both_forms_side_by_side(make_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = [
        str(make_run(("lstm", "last"))),
        "--int8",
        "--out",
        "small",
        "--check-reviews",
        "9",
    ]
    done = CliRunner().invoke(export_command, arguments, catch_exceptions=False)
    assert done.stdout == "small\n"
    for expected in ("opset 17", "PyTorch", "ONNX float32", "ONNX int8", "F1", "reviews/s", "MB"):
        assert expected in done.stderr
    assert "9 validation reviews" in done.stderr
    assert "the rest of its batch" in done.stderr
    assert Bundle.read(tmp_path / "small").manifest.quantization == "int8"


def test_a_gru_in_int8_says_that_its_embedding_alone_is(make_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = [str(make_run(("gru", "last"))), "--int8", "--check-reviews", "0"]
    done = CliRunner().invoke(export_command, arguments, catch_exceptions=False)
    assert "the embedding alone" in done.stderr
    assert "no real ones: --check-reviews is 0" in done.stderr


@pytest.mark.parametrize("opset", ["12", "22", "seventeen"])
def test_an_opset_that_is_not_supported_is_wrong_usage(opset, tmp_path):
    done = imdb_export("run", "--opset", opset, folder=tmp_path)
    assert done.returncode == 2
    assert "--opset" in done.stderr


def test_without_any_run_it_says_what_to_do(tmp_path):
    done = imdb_export(folder=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "imdb-train" in done.stderr


def test_a_damaged_run_is_one_line_and_no_bundle(make_run, tmp_path):
    run = make_run()
    (run / "model.safetensors").write_bytes(b"\x00\xff{")
    done = imdb_export(run, folder=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith(f"error: {run / 'model.safetensors'}: ")
    assert not (tmp_path / "bundles").exists()


def test_without_its_packages_it_names_the_extra(make_run, tmp_path):
    done = imdb_export(make_run(), folder=tmp_path, code=WITHOUT_TORCH)
    assert done.returncode == 1
    assert "imdb-edge[export]" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_has_an_example_and_needs_no_torch(tmp_path):
    done = imdb_export("--help", folder=tmp_path, code=WITHOUT_TORCH)
    assert done.returncode == 0
    assert "imdb-export runs/cnn-glove --opset 17" in done.stdout


def test_version(tmp_path):
    done = imdb_export("--version", folder=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("imdb-export")
