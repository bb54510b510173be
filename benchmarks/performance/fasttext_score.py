"""One process's half of scoring a text file with fastText: label and probability, row by row.

python -m benchmarks.performance.fasttext_score MODEL FILE FIRST-BYTE LAST-BYTE OUT
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

MARKS = (b".", b"!", b"?", b",", b"'", b"/", b"(", b")")
BLOCK_BYTES = 1 << 22


def prepared(block: bytes) -> bytes:
    """Lines in lower case, marks apart: what fastText's own scripts do before its tokenizer."""
    block = block.lower()
    for mark in MARKS:
        block = block.replace(mark, b" " + mark + b" ")
    return block


def blocks_between(file: BinaryIO, first: int, last: int) -> Iterator[list[bytes]]:
    """The lines that begin from ``first`` on and before ``last``, a few megabytes at a time."""
    position = first
    if first:
        # A line that began before is another process's: it is read past, but for its last byte.
        file.seek(first - 1)
        position += len(file.readline()) - 1
    while position < last:
        lines = file.readlines(min(BLOCK_BYTES, last - position))
        if not lines:
            return
        position += sum(map(len, lines))
        yield lines


def main() -> None:
    """Score the lines that begin from FIRST-BYTE on and before LAST-BYTE."""
    import fasttext

    model_path, path, first, last, out = sys.argv[1:]
    model = fasttext.load_model(model_path)
    with Path(path).open("rb") as file, Path(out).open("w") as rows:
        for lines in blocks_between(file, int(first), int(last)):
            texts = prepared(b"".join(lines)).decode().split("\n")[: len(lines)]
            labels, probabilities = model.predict(texts)
            rows.write(
                "".join(
                    f"{label[0][9:]}\t{probability[0]:.6f}\n"
                    for label, probability in zip(labels, probabilities, strict=True)
                )
            )


if __name__ == "__main__":
    main()
