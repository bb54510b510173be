r"""Streams as lines, which end at ``\n`` alone, and lines as chunks, in constant memory."""

from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

BLOCK_BYTES = 1 << 20
MAX_LINE_BYTES = 16 << 20
MAX_CHUNK_BYTES = 4 << 20
MAX_CHUNK_ROWS = 4096

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_lines(
    stream: BinaryIO, on_truncated: Callable[[int], None] = lambda line: None
) -> Iterator[bytes]:
    r"""The lines of ``stream`` without their ``\n``; a last line may lack it.

    Of a line longer than ``MAX_LINE_BYTES`` the first so many bytes are given, and
    ``on_truncated`` is called with its number, from 1. A byte order mark at the start of the
    stream is no part of the first line.
    """
    for number, line in enumerate(_lines(_without_mark(stream)), start=1):
        if len(line) > MAX_LINE_BYTES:
            on_truncated(number)
            line = line[:MAX_LINE_BYTES]
        yield line


def _without_mark(stream: BinaryIO) -> Iterator[bytes]:
    """The stream's blocks, without a byte order mark at its start."""
    start = b""
    while len(start) < len(_BYTE_ORDER_MARK) and (block := _read(stream)):
        start += block
    yield start.removeprefix(_BYTE_ORDER_MARK)
    while block := _read(stream):
        yield block


def _read(stream: BinaryIO) -> bytes:
    block = stream.read(BLOCK_BYTES)
    if not isinstance(block, bytes):
        raise TypeError("the stream gives text, not bytes: open the file with mode 'rb'")
    return block


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines, those that are too long with some bytes more than ``MAX_LINE_BYTES``."""
    begun: list[bytes] = []
    size = 0
    for block in blocks:
        first, *others = block.split(b"\n")
        if size <= MAX_LINE_BYTES:
            begun.append(first)
            size += len(first)
        if others:
            yield b"".join(begun)
            yield from others[:-1]
            begun, size = [others[-1]], len(others[-1])
    if size:
        yield b"".join(begun)


def in_chunks(texts: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Gather texts into lists of at most ``MAX_CHUNK_ROWS`` and about ``MAX_CHUNK_BYTES``."""
    chunk: list[bytes] = []
    size = 0
    for text in texts:
        chunk.append(text)
        size += len(text)
        if size >= MAX_CHUNK_BYTES or len(chunk) == MAX_CHUNK_ROWS:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
