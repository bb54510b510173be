"""Reading a bundle: each file once, and only what the manifest vouches for."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from imdb_runtime.bundle.graph import check_graph
from imdb_runtime.bundle.manifest import MANIFEST_FILE, MODEL_FILE, FileRecord, Manifest
from imdb_runtime.errors import BundleError
from imdb_runtime.files import sha256

MAX_MANIFEST_BYTES = 1 << 20
# The largest message protobuf can hold, so no ONNX graph in one file is larger.
MAX_FILE_BYTES = (1 << 31) - 1
# Two million words of the vocabulary.
MAX_OTHER_FILE_BYTES = 64 << 20

_NOT_REGULAR = "not a regular file; a bundle has no links and no folders"


@dataclass(frozen=True)
class Bundle:
    """A bundle in memory. ``files`` holds the bytes that were checked against ``manifest``.

    ``where`` is the folder it came from, for error messages.
    """

    where: str
    manifest: Manifest
    files: Mapping[str, bytes]

    @classmethod
    def read(cls, path: str | Path) -> "Bundle":
        """Read and check the bundle in the folder ``path``.

        Each file is read once, and these very bytes are kept: what is loaded later is what was
        checked.

        Raises
        ------
        BundleError
            Where the folder is no bundle, the manifest is refused (``Manifest.parse``), a file is
            missing, too large, a link or not listed, or its size or SHA-256 is another, or the
            graph is not of the form that exports have (``check_graph``).
        """
        folder = Path(path)
        try:
            entries = sorted(entry.name for entry in folder.iterdir())
        except OSError as error:
            raise BundleError(
                f"{folder}: cannot read the bundle: {error.strerror}; imdb-export writes bundles"
            ) from error
        if MANIFEST_FILE not in entries and "config.json" in entries:
            raise BundleError(f"{folder}: a run, not a bundle; export it: imdb-export {folder}")
        if MANIFEST_FILE not in entries:
            raise BundleError(f"{folder}: not a bundle, it has no {MANIFEST_FILE}")
        where = folder / MANIFEST_FILE
        manifest = Manifest.parse(_read_at_most(where, MAX_MANIFEST_BYTES), str(where))
        for name in entries:
            if name != MANIFEST_FILE and name not in manifest.files:
                raise BundleError(f"{folder / name}: not listed in {MANIFEST_FILE}; remove it")
        files = {
            name: _read_verified(folder / name, record) for name, record in manifest.files.items()
        }
        check_graph(files[MODEL_FILE], manifest, str(folder / MODEL_FILE))
        return cls(str(folder), manifest, files)


def _read_verified(path: Path, record: FileRecord) -> bytes:
    limit = MAX_FILE_BYTES if path.name == MODEL_FILE else MAX_OTHER_FILE_BYTES
    if record.size > limit:
        raise BundleError(f"{path}: {record.size} bytes, the largest allowed are {limit}")
    content = _read_at_most(path, record.size)
    if len(content) != record.size:
        raise BundleError(
            f"{path}: {len(content)} bytes, {MANIFEST_FILE} says {record.size};"
            f" the file is damaged: export or download the bundle again"
        )
    if sha256(content) != record.sha256:
        raise BundleError(
            f"{path}: its SHA-256 is not the one in {MANIFEST_FILE};"
            f" the file is damaged: export or download the bundle again"
        )
    return content


def _read_at_most(path: Path, limit: int) -> bytes:
    try:
        with _open(path) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise BundleError(f"{path}: {_NOT_REGULAR}")
            content = file.read(limit + 1) if status.st_size <= limit else None
    except OSError as error:
        other = path.is_symlink() or path.is_dir()
        reason = _NOT_REGULAR if other else f"cannot read it: {error.strerror}"
        raise BundleError(f"{path}: {reason}") from error
    if content is None or len(content) > limit:
        raise BundleError(f"{path}: more than {limit} bytes; it is damaged or no bundle's file")
    return content


def _open(path: Path) -> BinaryIO:
    """Open what is there itself: no link is followed, and no pipe waited for."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    return os.fdopen(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb")
