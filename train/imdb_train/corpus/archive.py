"""The regular files of a gzipped tar archive, in one pass, nothing extracted, nothing trusted."""

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from imdb_runtime.errors import InputError

# The original IMDB archive has 100,028 members, 0.6 GB in all, the largest 41 MB (word counts).
MAX_MEMBERS = 200_000
MAX_MEMBER_BYTES = 128 * 2**20
MAX_TOTAL_BYTES = 2 * 2**30


class ArchiveFile:
    """One regular file of an archive; ``read`` works until the next one is asked for."""

    def __init__(self, name: str, archive: tarfile.TarFile, member: tarfile.TarInfo):
        self.name = name
        self.size = member.size
        self._archive = archive
        self._member = member

    def read(self) -> bytes:
        """The whole content; at most MAX_MEMBER_BYTES."""
        file = self._archive.extractfile(self._member)
        assert file is not None  # a regular file always has content
        return file.read()


def read_archive(path: Path) -> Iterator[ArchiveFile]:
    """Go through the regular files of a ``.tar.gz``, in the archive's order.

    Raises
    ------
    InputError
        Where the archive cannot be read or is damaged, a member is a link or device, a name is
        absolute, has ``..`` or comes twice, or there is more than the bounds above.
    """
    try:
        with path.open("rb") as packed, gzip.GzipFile(fileobj=packed) as unpacked:
            stream = _BoundedReader(unpacked, path)
            with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload]
                yield from _regular_files(archive, path)
            while stream.read(2**16):  # to the end, where gzip keeps its checksum
                pass
    except (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError) as error:
        raise InputError(
            f"{path}: not a whole .tar.gz archive ({error}); get the file again"
        ) from error
    except OSError as error:
        raise InputError(f"{path}: cannot read it: {error.strerror or error}") from error


def _regular_files(archive: tarfile.TarFile, path: Path) -> Iterator[ArchiveFile]:
    seen: set[str] = set()
    for count, member in enumerate(archive, 1):
        if count > MAX_MEMBERS:
            raise InputError(f"{path}: more than {MAX_MEMBERS:,} members; this is not IMDB")
        where = f"{path}: member {member.name!r}"
        pure = PurePosixPath(member.name)
        if pure.is_absolute() or ".." in pure.parts or "\\" in member.name:
            raise InputError(f"{where} points out of the archive; it is not read")
        if member.isdir():
            continue
        if not member.isreg() or member.issparse():
            raise InputError(f"{where} is a link, device or sparse file; it is not read")
        if not 0 <= member.size <= MAX_MEMBER_BYTES:
            raise InputError(f"{where} has {member.size:,} bytes, over {MAX_MEMBER_BYTES:,}")
        name = str(pure)
        if name in seen:
            raise InputError(f"{where} is there twice; which one counts is not clear")
        seen.add(name)
        yield ArchiveFile(name, archive, member)


class _BoundedReader:
    """Ends a decompression that goes on for longer than any real corpus."""

    def __init__(self, file: gzip.GzipFile, path: Path):
        self._file: BinaryIO = file  # type: ignore[assignment]
        self._path = path
        self._left = MAX_TOTAL_BYTES

    def read(self, size: int) -> bytes:
        content = self._file.read(size)
        self._left -= len(content)
        if self._left < 0:
            raise InputError(f"{self._path}: unpacks to more than {MAX_TOTAL_BYTES:,} bytes")
        return content
