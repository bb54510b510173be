"""``imdb-score --resume``: rows that outlive an interrupted or killed process.

Beside the output are its rows so far (``NAME.part``) and a note (``NAME.progress``) of how many
reviews they are of, how many bytes and of which SHA-256, of which inputs, model and settings. Rows
are on the disk before the note that counts them; what is behind the noted ones is cut off.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from imdb_runtime.errors import InputError
from imdb_runtime.files import flush_to_disk, sha256_of_file, sync_folder, write_atomically

SECONDS_BETWEEN_NOTES = 1.0
_NUMBERS = ("reviews", "cut", "bytes")


def fingerprint(path: Path) -> dict[str, Any]:
    """Size and SHA-256 of the file at ``path``."""
    try:
        with path.open("rb", buffering=0) as file:
            digest = sha256_of_file(file)
            return {"size": file.tell(), "sha256": digest.hexdigest()}
    except OSError as error:
        raise InputError(f"{path}: cannot read it: {error.strerror}") from error


class ResumableOutput:
    """Rows being written; ``reviews`` are done, of which ``cut`` were too long."""

    def __init__(self, path: Path, file: BinaryIO, identity: dict[str, Any]) -> None:
        self.reviews = self.cut = 0
        self._path, self._file, self._identity = path, file, identity
        self._bytes = 0
        self._noted = time.monotonic()
        found = self._read_note()
        if found is not None:
            self.reviews, self.cut, self._bytes = (found[name] for name in _NUMBERS)
        self._digest = sha256_of_file(file, self._bytes)
        if found is not None and self._digest.hexdigest() != found["sha256"]:
            raise InputError(
                f"{_part(path)}: not what {_note(path).name} says; delete both to begin anew"
            )
        file.seek(self._bytes)
        file.truncate()

    def write(self, rows: bytes) -> None:
        """Add ``rows``."""
        self._file.write(rows)
        self._digest.update(rows)
        self._bytes += len(rows)

    def count(self, reviews: int, cut: int) -> None:
        """Say that the rows of ``reviews`` more are written, ``cut`` of them too long."""
        self.reviews += reviews
        self.cut += cut
        if time.monotonic() - self._noted >= SECONDS_BETWEEN_NOTES:
            self.note()

    def note(self) -> None:
        """Have all rows so far outlive the process."""
        flush_to_disk(self._file)
        note = {
            "reviews": self.reviews, "cut": self.cut, "bytes": self._bytes,
            "sha256": self._digest.hexdigest(), **self._identity,
        }  # fmt: skip
        with write_atomically(_note(self._path)) as file:
            file.write(json.dumps(note, indent=1).encode())
        self._noted = time.monotonic()

    def _read_note(self) -> dict[str, Any] | None:
        where = _note(self._path)
        try:
            found = json.loads(where.read_bytes())
            numbers = [found[name] for name in _NUMBERS]
            if not all(type(number) is int and number >= 0 for number in numbers):
                raise ValueError(f"{_NUMBERS} must be whole numbers")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{where}: cannot read it ({error}); delete it to begin anew"
            ) from error
        for name, value in self._identity.items():
            if found.get(name) != value:
                raise InputError(
                    f"{self._path}: cannot go on: {name} changed since its first rows were written;"
                    f" delete {where.name} to begin anew"
                )
        return dict(found)


@contextmanager
def resumable(path: Path, identity: dict[str, Any]) -> Iterator[ResumableOutput]:
    """Go on with the rows of ``path``, or begin them; the file is there when the block has ended.

    ``identity`` is what the rows depend on, as JSON holds it. An error or Ctrl-C keeps the rows.

    Raises
    ------
    InputError
        Where the rows there are of another ``identity`` or damaged, or another process adds to
        them.
    """
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: not a file; --resume needs one")
    try:
        handle = os.open(_part(path), os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise InputError(f"{_part(path)}: cannot write it: {error.strerror}") from error
    with os.fdopen(handle, "r+b") as file:
        _lock(handle, path)
        output = ResumableOutput(path, file, identity)
        try:
            yield output
        except BaseException:
            # On a full disk the note before this one stays.
            with suppress(OSError):
                output.note()
            raise
        flush_to_disk(file)
        _part(path).replace(path)
        sync_folder(path.parent)
        _note(path).unlink(missing_ok=True)


def _lock(handle: int, path: Path) -> None:
    with suppress(ImportError):
        import fcntl

        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError(
                f"{path}: another imdb-score is writing it; wait for its end"
            ) from error


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.progress")
