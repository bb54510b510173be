"""What may import what, and what the commands do where an extra is not installed."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import util
from pathlib import Path

import pytest

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
PACKAGES = ("imdb_runtime", "imdb_train", "imdb_export")  # each imports only those before it

# What Python makes of a package that is not installed.
RUN_WITHOUT = """
import importlib, sys
sys.modules.update(dict.fromkeys({blocked!r}))
sys.argv[0] = {name!r}
module, _, function = {target!r}.partition(":")
getattr(importlib.import_module(module), function)()
"""


def imported_by(package: str) -> set[str]:
    """Top-level names that any module of an installed package imports, at any depth of its code."""
    return {name.partition(".")[0] for name in _imports(package)}


def _imports(package: str) -> Iterator[str]:
    specification = util.find_spec(package)
    assert specification is not None
    assert specification.submodule_search_locations is not None
    (folder,) = specification.submodule_search_locations
    for path in sorted(Path(folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes(), path)):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{path}:{node.lineno}: a relative import"
                assert node.module is not None
                yield node.module


def names_in(requirements: list[str]) -> set[str]:
    """The names under which required distributions are imported, this one's extras left out."""
    names = set()
    for requirement in requirements:
        end = next(i for i, character in enumerate(requirement + ">") if character in "[<>=!")
        names.add(requirement[:end].replace("-", "_"))
    return names - {"imdb_edge", "onnxruntime_gpu"}


BASE = names_in(PROJECT["dependencies"])
ALLOWED = {
    "imdb_runtime": BASE | names_in(EXTRAS["cpu"]) | names_in(EXTRAS["tables"]),
    "imdb_train": BASE | names_in(EXTRAS["tables"]) | names_in(EXTRAS["train"]),
    "imdb_export": BASE | names_in([*EXTRAS["cpu"], *EXTRAS["train"], *EXTRAS["export"]]),
}
OPTIONAL = set().union(*ALLOWED.values()) - BASE


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_run_one_way(package):
    above = set(PACKAGES[PACKAGES.index(package) + 1 :])
    assert not imported_by(package) & above


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_nothing_that_its_extra_does_not_install(package):
    assert imported_by(package) - sys.stdlib_module_names - set(PACKAGES) <= ALLOWED[package]


def run(
    script: str, *arguments: object, folder: Path, without: set[str] = OPTIONAL
) -> subprocess.CompletedProcess[str]:
    """Run a console script as if some packages, by default all but the base's, were missing."""
    code = RUN_WITHOUT.format(
        blocked=sorted(without), name=script, target=PROJECT["scripts"][script]
    )
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=folder,
        input="A fine film\n",
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("script", PROJECT["scripts"])
def test_version_and_help_need_the_base_alone(script, tmp_path):
    version = run(script, "--version", folder=tmp_path)
    assert (version.returncode, version.stderr) == (0, "")
    assert version.stdout == f"{script}, version {PROJECT['version']}\n"
    shown = run(script, "--help", folder=tmp_path)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith(f"Usage: {script} ")


def test_the_help_of_an_architecture_needs_the_base_alone(tmp_path):
    done = run("imdb-train", "cnn", "--help", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: imdb-train cnn ")


@pytest.mark.parametrize(
    ("script", "arguments", "extra"),
    [
        ("imdb-train", ["lstm"], "train"),
        ("imdb-export", ["runs/lstm"], "export"),
        ("imdb-explain", ["runs/lstm", "A fine film"], "train"),
        ("imdb-score", ["--engine", "onnx"], "cpu"),
        ("imdb-score", ["reviews.parquet"], "tables"),
    ],
)
def test_without_its_extra_a_command_says_in_one_line_what_to_install(
    script, arguments, extra, tmp_path
):
    (tmp_path / "reviews.parquet").write_bytes(b"PAR1")
    missing = names_in(EXTRAS[extra])
    done = run(script, *arguments, folder=tmp_path, without=missing)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert f"pip install 'imdb-edge[{extra}]'" in line
