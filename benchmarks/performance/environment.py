"""A virtual environment with the project and its peers, made once and kept."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = Path(__file__).parent / "requirements.txt"
CONSTRAINTS = ROOT / "constraints.txt"
SOURCES = (
    "csrc", "runtime", "train", "export", "pyproject.toml", "setup.py", "README.md", "LICENSE",
    "MANIFEST.in",
)  # fmt: skip
# Built from the sources, and not to be taken for one of them.
BUILT = ("core.c", "*.so", "*.pyc", "__pycache__", "*.egg-info")


def python_of(folder: Path) -> Path:
    """The interpreter of the environment in ``folder``."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def build(folder: Path) -> Path:
    """Bring the environment in ``folder`` up to date and return its interpreter."""
    python = python_of(folder)
    with tempfile.TemporaryDirectory() as name:
        copy = _copy_of_sources(Path(name))
        project = _digest(sorted(path for path in copy.rglob("*") if path.is_file()), copy)
        peers = _digest([REQUIREMENTS, CONSTRAINTS], ROOT)
        if _noted(folder / "peers") != peers:
            click.echo(f"building the environment {folder}", err=True)
            shutil.rmtree(folder, ignore_errors=True)
            venv.create(folder, with_pip=True)
            _install(python, "-r", str(REQUIREMENTS), "-c", str(CONSTRAINTS), f"{copy}[export]")
        elif _noted(folder / "project") != project:
            click.echo(f"installing the project into {folder}", err=True)
            _install(python, "--force-reinstall", "--no-deps", str(copy))
    (folder / "peers").write_text(peers)
    (folder / "project").write_text(project)
    return python


def _copy_of_sources(folder: Path) -> Path:
    """The sources alone: a build in the work tree would pack what earlier builds left there."""
    copy = folder / "imdb-edge"
    copy.mkdir()
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns(*BUILT))
        else:
            shutil.copy(source, copy / name)
    return copy


def _install(python: Path, *arguments: str) -> None:
    subprocess.run([python, "-m", "pip", "install", "--quiet", *arguments], check=True)


def _noted(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def _digest(paths: list[Path], root: Path) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for path in paths:
        digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()
