"""From the source archive to a wheel to scores in an environment that holds nothing else."""

import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.install]

REPOSITORY = Path(__file__).parents[2]
PACKAGES = ("runtime/imdb_runtime", "train/imdb_train", "export/imdb_export")
FOLDERS = ("benchmarks", "csrc", "docs", "examples", "export", "runtime", "tests", "train")
FILES = (
    *("CHANGELOG.md", "LICENSE", "MANIFEST.in", "README.md"),
    *("constraints.txt", "pyproject.toml", "setup.py"),
)
GENERATED = ("*.so", "*.pyc", "__pycache__", "*.egg-info", "core.c")
# What lies about after a day's work.
JUNK = (
    "runs/cnn/model.safetensors",
    "bundles/cnn/model.onnx",
    ".pytest_cache/CACHEDIR.TAG",
    ".venv/bin/python",
    "csrc/core.c",
    "runtime/imdb_runtime/_core.cpython-399-none.so",
    "train/imdb_train/__pycache__/run.cpython-399.pyc",
    "tests/__pycache__/conftest.cpython-399.pyc",
)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source, so that what is built here does not come to lie in it."""
    copy = tmp_path_factory.mktemp("build") / "source"
    for folder in FOLDERS:
        shutil.copytree(
            REPOSITORY / folder, copy / folder, ignore=shutil.ignore_patterns(*GENERATED)
        )
    for file in FILES:
        shutil.copy(REPOSITORY / file, copy / file)
    return copy


@pytest.fixture(scope="module")
def source_files(source: Path) -> set[str]:
    return {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def built(source: Path, source_files: set[str]) -> tuple[Path, Path]:
    """The source archive, and the wheel made from it, out of a copy with junk in it."""
    for name in JUNK:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(b"junk\n")
    out = source.parent / "dist"
    # Without --sdist or --wheel, the wheel is made from the unpacked archive.
    _run([sys.executable, "-m", "build", "--outdir", out, source], source.parent)
    (archive,) = out.glob("*.tar.gz")
    (wheel,) = out.glob("*.whl")
    return archive, wheel


@pytest.fixture(scope="module")
def programs(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with the wheel, its extra ``cpu`` and nothing else."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "-q"]
    _run([*pip, "-c", REPOSITORY / "constraints.txt", f"{built[1]}[cpu]"], folder)
    return folder / "bin"


def _run(command: list[object], folder: Path) -> str:
    """Run in ``folder``, without what this process's environment says of Python and of imdb."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "IMDB_", "VIRTUAL_ENV"))
    }
    done = subprocess.run(
        list(map(str, command)), cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_the_source_archive_is_the_source_and_nothing_else(built, source_files):
    with tarfile.open(built[0]) as archive:
        members = [member for member in archive if member.isfile()]
    names = {member.name.partition("/")[2] for member in members}
    # setuptools writes these itself.
    metadata = {name for name in names if name.startswith("imdb_edge.egg-info/")}
    assert names - metadata - {"PKG-INFO", "setup.cfg"} == source_files


def test_the_wheel_is_the_packages_whole_with_one_extension(built, source_files):
    with zipfile.ZipFile(built[1]) as wheel:
        names = set(wheel.namelist())
    metadata = {name for name in names if name.split("/")[0].endswith(".dist-info")}
    expected = {
        name.partition("/")[2]
        for name in source_files
        if name.startswith(tuple(f"{package}/" for package in PACKAGES))
    }
    assert expected >= {
        "imdb_runtime/py.typed",
        "imdb_runtime/_core.pyi",
        "imdb_runtime/bundles/default/manifest.json",
        "imdb_runtime/bundles/default/model.onnx",
        "imdb_runtime/bundles/default/vocab.txt",
        "imdb_train/py.typed",
        "imdb_train/recipes/default.toml",
        "imdb_train/explain/page.html",
        "imdb_export/py.typed",
    }
    (extension,) = names - metadata - expected
    assert extension.startswith("imdb_runtime/_core.")
    assert expected <= names


def test_the_installed_command_scores_a_file_without_anything_heavy(programs, tmp_path):
    reviews = tmp_path / "reviews.txt"
    plain = [
        ("pos", "A wonderful film, beautifully acted; I loved every minute of it."),
        ("neg", "A terrible, boring waste of time with an awful script."),
        ("pos", "An excellent, moving story and one of the best films I have seen."),
        ("neg", "The worst film of the year: dull, stupid and badly acted."),
    ]
    reviews.write_text("".join(f"{text}\n" for _, text in plain) + "\n")
    rows = _run([programs / "imdb-score", reviews], tmp_path).splitlines()
    assert [row.split("\t")[0] for row in rows[:-1]] == [label for label, _ in plain]
    assert len(rows) == len(plain) + 1, "the empty line has its row too"
    assert all(0 <= float(row.split("\t")[1]) <= 1 for row in rows)

    installed = _run([programs / "python", "-m", "pip", "list", "--format=freeze"], tmp_path)
    names = {line.partition("==")[0].lower() for line in installed.splitlines()}
    assert {"imdb-edge", "numpy", "click", "onnxruntime"} <= names
    assert not names & {"torch", "onnx", "captum", "pytorch-lightning", "pyarrow"}


def test_the_examples_are_scored_line_for_line(programs, tmp_path):
    examples = REPOSITORY / "examples" / "reviews.txt"
    rows = _run([programs / "imdb-score", examples], tmp_path).splitlines()
    assert len(rows) == examples.read_bytes().count(b"\n") > 0
    assert {row.split("\t")[0] for row in rows} == {"pos", "neg"}
