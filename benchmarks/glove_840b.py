"""Time and peak memory of reading GloVe vectors from a zip of the size and shape of 840B.300d.

    python benchmarks/glove_840b.py --folder /tmp

needs about 2.5 GB of disk for the zip it makes there (and removes), and some minutes.
"""

import json
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import click

from imdb_runtime.files import write_atomically
from imdb_train.glove import load_glove

LINES = 2_196_017  # of the published file
DIMENSION = 300
VOCABULARY_SIZE = 60_000
ROWS_A_WRITE = 1_000
# Lines draw their numbers from this many rows, 12 MB of text: too far apart for deflate, which
# sees 32 kB back, so that the zip unpacks as slowly as one of 2.2 million different rows.
DIFFERENT_ROWS = 5_000
RESULT = Path(__file__).parent / "results" / "glove_840b.json"


def word(number: int) -> str:
    # Some words of 840B hold spaces; a few of them are in the vocabulary's way here.
    return f". . {number}@domain.com" if number % 50_000 == 0 else f"word{number}"


def make_zip(path: Path, lines: int) -> int:
    """Write the vectors and return the bytes of text."""
    generator = random.Random(0)
    rows = [
        "".join(f" {generator.gauss(0, 0.4):.5f}" for _ in range(DIMENSION)) + "\n"
        for _ in range(DIFFERENT_ROWS)
    ]

    def blocks() -> Iterator[bytes]:
        for start in range(0, lines, ROWS_A_WRITE):
            numbers = range(start, min(start + ROWS_A_WRITE, lines))
            yield "".join(word(number) + generator.choice(rows) for number in numbers).encode()

    size = 0
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("glove.840B.300d.txt", "w", force_zip64=True) as file,
    ):
        for block in blocks():
            size += file.write(block)
    return size


def read_zip(path: Path, lines: int) -> dict[str, float]:
    """Read a vocabulary's vectors; run in a process of its own for the sake of the peak."""
    step = max(1, lines // VOCABULARY_SIZE)
    words = ["<pad>", "<unk>", ".", *(word(number) for number in range(0, lines, step))]
    megabyte = 2**20 if sys.platform == "darwin" else 2**10
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / megabyte
    start = time.perf_counter()
    glove = load_glove(path, words)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / megabyte
    return {
        "lines_read": glove.lines_read,
        "dimension": glove.dimension,
        "vocabulary_words": len(words),
        "words_found": int(glove.found.sum()),
        "vectors_megabytes": round(glove.vectors.nbytes / 2**20, 1),
        "seconds": round(seconds, 1),
        "peak_memory_megabytes": round(peak, 1),
        "peak_memory_before_megabytes": round(before, 1),
    }


@click.command()
@click.option("--folder", type=click.Path(path_type=Path, exists=True), help="Where the zip goes.")
@click.option("--lines", default=LINES, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), default=RESULT, show_default=True)
@click.option("--read", type=click.Path(path_type=Path), hidden=True)
def main(folder: Path | None, lines: int, output: Path, read: Path | None) -> None:
    """Make the zip, read it in a fresh process, write the figures."""
    if read is not None:
        click.echo(json.dumps(read_zip(read, lines)))
        return
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        path = Path(temporary) / "glove.840B.300d.zip"
        click.echo("making the zip", err=True)
        text_bytes = make_zip(path, lines)
        zip_bytes = path.stat().st_size
        click.echo("reading it", err=True)
        command = [sys.executable, __file__, "--read", str(path), "--lines", str(lines)]
        figures = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    figures |= {
        "text_bytes": text_bytes,
        "zip_bytes": zip_bytes,
        "megabytes_of_text_a_second": round(text_bytes / 1e6 / figures["seconds"]),
        "python": platform.python_version(),
        "machine": platform.platform(),
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    with write_atomically(output) as file:
        file.write((json.dumps(figures, indent=2) + "\n").encode())
    click.echo(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
