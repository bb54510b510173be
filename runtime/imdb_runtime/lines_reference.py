r"""Blocks of bytes to lines in plain Python: the specification of ``csrc/lines.c``."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Lines:
    """Lines of one block: bytes, by number and in turn.

    ``size`` is how many bytes of the block they take, ``end`` where in it they end. ``cut`` tells
    that the last one was too long and only its first part is given; the rest of it, where it is not
    in the block, is still to come.
    """

    texts: list[bytes]
    size: int
    end: int
    cut: bool

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, number: int) -> bytes:
        if not 0 <= number < len(self.texts):
            raise IndexError("no line of this number")
        return self.texts[number]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.texts)


def split_lines(
    block: bytes | bytearray, start: int, stop: int, ended: bool, max_lines: int, max_bytes: int
) -> Lines:
    r"""The first lines, at most ``max_lines``, of ``block[start:stop]``, without their ``\n``.

    A last line without ``\n`` is given where the stream has ``ended`` and it is not empty, or where
    it is too long. A line of more than ``max_bytes`` is cut and is the last one given.
    """
    if not 0 <= start <= stop <= len(block):
        raise IndexError("the lines are outside the block")
    texts: list[bytes] = []
    at, cut = start, False
    while at < stop and len(texts) < max_lines and not cut:
        feed = block.find(b"\n", at, stop)
        end = stop if feed < 0 else feed
        cut = end - at > max_bytes
        if feed < 0 and not ended and not cut:
            break
        texts.append(bytes(block[at : min(end, at + max_bytes)]))
        at = end if feed < 0 else end + 1
    return Lines(texts, at - start, at, cut)
