"""The GPU build of ONNX Runtime on a machine without a GPU, in an environment of its own."""

import ctypes.util
import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

import imdb_runtime

pytestmark = [
    pytest.mark.slow,
    pytest.mark.install,
    pytest.mark.skipif(ctypes.util.find_library("cuda") is not None, reason="CUDA is here"),
    pytest.mark.skipif(sys.platform != "linux", reason="the wheel tried is the one for Linux"),
]


@pytest.fixture(scope="module")
def gpu_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with onnxruntime-gpu and without its CUDA libraries."""
    folder = tmp_path_factory.mktemp("gpu")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    install = [python, "-m", "pip", "install", "-q", "numpy", "click", "onnxruntime-gpu!=1.27.0"]
    done = subprocess.run(install, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"pip cannot install onnxruntime-gpu: {done.stderr.strip()[-200:]}")
    return python


@pytest.fixture
def score(
    gpu_python: Path, bundle: Path, tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    # The package alone: what else lies beside it includes the CPU build.
    (tmp_path / "packages").mkdir()
    package = Path(imdb_runtime.__file__).parent
    (tmp_path / "packages" / "imdb_runtime").symlink_to(package)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "packages")}
    code = "from imdb_runtime.scoring.cli import main; main()"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [gpu_python, "-c", code, "--model", bundle, *arguments],
            input="good film\n",
            capture_output=True,
            text=True,
            env=environment,
        )

    return run


def test_cuda_fails_in_one_line_that_says_why(score):
    done = score("--device", "cuda")
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: device cuda: onnxruntime-gpu cannot use CUDA here: lib")
    assert "cannot open shared object file" in line
    assert "imdb-edge[gpu]" in line


def test_auto_falls_back_to_the_cpu_and_says_so(score):
    done = score("--device", "auto")
    assert done.returncode == 0
    assert done.stdout.startswith("pos\t")
    assert done.stdout.count("\n") == 1
    note, summary = done.stderr.splitlines()
    assert note.startswith("note: onnxruntime-gpu cannot use CUDA here: lib")
    assert note.endswith("running on the CPU")
    assert summary.startswith("1 review in")


def test_the_cpu_is_used_without_a_word_when_asked_for(score):
    done = score("--device", "cpu")
    assert done.returncode == 0
    assert len(done.stderr.splitlines()) == 1
