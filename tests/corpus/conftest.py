"""A stand-in for IMDB with three reviews a class instead of 12,500."""

import io
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from imdb_train.corpus import imdb as imdb_module


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch, tmp_path_factory):
    """Neither the person's data folder nor their cache takes part in these tests."""
    monkeypatch.delenv("IMDB_DATA_DIR", raising=False)
    monkeypatch.delenv("IMDB_OFFLINE", raising=False)
    monkeypatch.setenv("IMDB_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def tiny_imdb(monkeypatch) -> dict[str, bytes]:
    """The files of a whole, tiny IMDB: name in aclImdb to content."""
    monkeypatch.setattr(imdb_module, "REVIEWS_PER_CLASS", 3)
    monkeypatch.setattr(imdb_module, "UNLABELLED_REVIEWS", 2)
    files = {"README": b"about", "imdb.vocab": b"the\nand\n"}
    for split, start in (("train", 100), ("test", 200)):
        for label, rating in (("neg", 2), ("pos", 9)):
            for number in range(3):
                text = f"{split} {label} {number} café".encode()
                files[f"{split}/{label}/{number}_{rating}.txt"] = text
            films = [start, start + 1, start]
            files[f"{split}/urls_{label}.txt"] = b"".join(
                b"http://www.imdb.com/title/tt%07d/usercomments\n" % film for film in films
            )
    files["train/unsup/1_0.txt"] = b"second"
    files["train/unsup/0_0.txt"] = b"first"
    return files


@pytest.fixture
def write_archive(tmp_path) -> Callable[..., Path]:
    def write(files: Mapping[str, bytes], *extra: tarfile.TarInfo) -> Path:
        path = tmp_path / "aclImdb_v1.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(f"aclImdb/{name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
            for member in extra:
                archive.addfile(member, io.BytesIO(bytes(member.size)))
        return path

    return write


@pytest.fixture
def write_folder(tmp_path) -> Callable[[Mapping[str, bytes]], Path]:
    def write(files: Mapping[str, bytes]) -> Path:
        for name, content in files.items():
            file = tmp_path / "unpacked" / "aclImdb" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        return tmp_path / "unpacked"

    return write
