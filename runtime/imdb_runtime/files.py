"""Files that are whole or absent."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from imdb_runtime.errors import InputError

_BLOCK_BYTES = 1 << 20


@contextmanager
def write_atomically(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file beside ``path``; put it in place when the block ends without error.

    The bytes are on the disk before the name is (fsync, rename, fsync of the folder), so a reader
    sees the old file, the new one, or none, never a part. The temporary file has no name where the
    system knows such files (Linux), so that not even a killed process leaves it behind; elsewhere
    it is removed on an error. What is there and is no file, such as ``/dev/null`` or a pipe, is
    written to directly.
    """
    path = Path(path)
    if not path.absolute().parent.is_dir():
        raise InputError(f"{path}: its folder does not exist; make it first")
    if path.exists() and not path.is_file():
        with path.open("wb") as special:
            yield special
        return
    handle = _open_unnamed(path.parent)
    if handle is None:
        with _named(path) as file:
            yield file
    else:
        with os.fdopen(handle, "wb") as file:
            yield file
            flush_to_disk(file)
            _give_name(handle, path)
    sync_folder(path.parent)


def flush_to_disk(file: BinaryIO) -> None:
    """Have what was written to ``file`` survive the machine's sudden end."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Have the names in ``folder`` survive the machine's sudden end."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256(content: bytes) -> str:
    """The SHA-256 of ``content`` in lower-case hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def sha256_of_file(file: BinaryIO, size: int | None = None) -> "hashlib._Hash":
    """The running SHA-256 of what ``file`` has from where it is, of ``size`` bytes where given."""
    digest = hashlib.sha256()
    while size is None or size > 0:
        block = file.read(_BLOCK_BYTES if size is None else min(size, _BLOCK_BYTES))
        if not block:
            break
        digest.update(block)
        size = None if size is None else size - len(block)
    return digest


def _open_unnamed(folder: Path) -> int | None:
    """A new file in ``folder`` without a name; None where there is no such thing."""
    if not (hasattr(os, "O_TMPFILE") and os.path.isdir("/proc/self/fd")):  # noqa: PTH112
        return None
    try:
        return os.open(folder, os.O_WRONLY | os.O_TMPFILE, 0o666)
    except OSError:
        return None  # not every file system has them; if it is about the folder, _named will tell


def _give_name(handle: int, path: Path) -> None:
    unnamed = f"/proc/self/fd/{handle}"
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        # With a folder given Python follows the link in /proc, and not otherwise.
        try:
            os.link(unnamed, path, src_dir_fd=folder)
        except FileExistsError:
            # A name can be replaced by another alone.
            temporary = path.with_name(f".{path.name}.{os.getpid()}.{handle}.part")
            with suppress(FileNotFoundError):
                temporary.unlink()
            os.link(unnamed, temporary, src_dir_fd=folder)
            temporary.replace(path)
    finally:
        os.close(folder)


@contextmanager
def _named(path: Path) -> Iterator[BinaryIO]:
    import tempfile  # slow to import, and seldom needed to score

    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            flush_to_disk(file)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
