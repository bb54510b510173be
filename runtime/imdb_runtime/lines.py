r"""Streams as lines, which end at ``\n`` alone, batch by batch, in constant memory."""

import io
import select
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO

from imdb_runtime.twins import core_or_twin

if TYPE_CHECKING:
    from imdb_runtime._core import Lines

BLOCK_BYTES = 1 << 20
MAX_LINE_BYTES = 16 << 20
MAX_CHUNK_BYTES = 4 << 20
MAX_CHUNK_ROWS = 4096
# How long to wait for more of a stream that has given a line: a pipe that is written to without a
# pause then fills a block.
PATIENCE_MILLISECONDS = 1

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_FEED = 10


def read_lines(
    stream: BinaryIO, on_truncated: Callable[[int], None] = lambda line: None
) -> Iterator[bytes]:
    r"""The lines of ``stream`` without their ``\n``; a last line may lack it.

    Of a line longer than ``MAX_LINE_BYTES`` the first so many bytes are given, and
    ``on_truncated`` is called with its number, from 1. A byte order mark at the start of the
    stream is no part of the first line.
    """
    for lines in read_batches(stream, on_truncated):
        yield from lines


def read_batches(
    stream: BinaryIO, on_truncated: Callable[[int], None] = lambda line: None
) -> Iterator["Lines"]:
    """What ``read_lines`` gives, in batches that the C core reads where they are.

    A batch has at least one line, at most ``MAX_CHUNK_ROWS`` lines and about ``BLOCK_BYTES``. Lines
    are not kept back: of a pipe, those that have come are given as soon as no more come at once.
    """
    core = core_or_twin("imdb_runtime.lines_reference")
    split_lines: Callable[..., Lines] = core.split_lines
    read_block = _block_reader(stream)
    number = 0
    tail = b""
    begun, skipping, ended = False, False, False
    while not ended:
        block, filled, ended = read_block(tail)
        start = 0
        if not begun:
            begun = not _BYTE_ORDER_MARK.startswith(block[:filled])
            if block.startswith(_BYTE_ORDER_MARK, 0, filled):
                begun, start = True, len(_BYTE_ORDER_MARK)
        if skipping:
            # What is left of the line that was too long.
            start = block.find(b"\n", 0, filled) + 1 or filled
            skipping = block[start - 1] != _LINE_FEED
        while lines := split_lines(block, start, filled, ended, MAX_CHUNK_ROWS, MAX_LINE_BYTES):
            start = lines.end
            number += len(lines)
            if lines.cut:
                on_truncated(number)
                skipping = block[start - 1] != _LINE_FEED
            yield lines
        tail = bytes(block[start:filled])


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


def _block_reader(stream: BinaryIO) -> Callable[[bytes], tuple[bytearray, int, bool]]:
    r"""A function that gives the next block, which begins with the bytes given to it.

    It tells how many bytes are in the block and whether the stream has ended. But for the last one,
    a block is full or has a ``\n`` after the bytes given.
    """
    fill, more_at_once = _filler(stream), _watcher(stream)

    def read_block(start: bytes) -> tuple[bytearray, int, bool]:
        # Twice what is there, so that a long line is not copied over and over.
        size = max(BLOCK_BYTES, min(2 * len(start), MAX_LINE_BYTES + BLOCK_BYTES))
        block = bytearray(size)
        block[: len(start)] = start
        filled, has_line, ended = len(start), False, False
        while filled < size and not ended and not (has_line and not more_at_once()):
            read = fill(memoryview(block)[filled:])
            ended = read == 0
            has_line = has_line or block.find(_LINE_FEED, filled, filled + read) >= 0
            filled += read
        return block, filled, ended

    return read_block


def _filler(stream: BinaryIO) -> Callable[[memoryview], int]:
    """What reads into a buffer: at least a byte, as many as are there at once; 0 at the end."""
    # These themselves and no class made from them, which may have a `read` of its own.
    if type(stream) is io.FileIO:
        return stream.readinto
    if type(stream) is io.BufferedReader:
        return stream.readinto1

    def fill(buffer: memoryview) -> int:
        block = stream.read(len(buffer))
        if not isinstance(block, bytes):
            raise TypeError("the stream gives text, not bytes: open the file with mode 'rb'")
        buffer[: len(block)] = block
        return len(block)

    return fill


def _watcher(stream: BinaryIO) -> Callable[[], bool]:
    """What tells whether the stream has more, or its end, without much waiting."""
    try:
        descriptor = stream.fileno()
    except (AttributeError, OSError):
        return lambda: True
    if not hasattr(select, "poll"):
        return lambda: False
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return lambda: bool(poll.poll(PATIENCE_MILLISECONDS))
