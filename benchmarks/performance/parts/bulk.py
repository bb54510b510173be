"""``imdb-score`` from a text file to a file of scores, beside fastText from the same file."""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from benchmarks.performance.environment import ROOT
from benchmarks.performance.measuring import spread
from benchmarks.performance.models import FASTTEXT
from benchmarks.performance.settings import Settings

SCORE = Path(sys.executable).parent / "imdb-score"
CPUS = 2
LARGE_FILE_BYTES = 2_000_000_000


def measure(settings: Settings) -> dict[str, Any]:
    """Rows of start-to-finish times, and the peak memory of scoring a file of 2 GB."""
    test = (settings.work / "test.txt").read_bytes()
    count = test.count(b"\n")
    rows = []
    with tempfile.TemporaryDirectory(dir=settings.work) as name:
        folder = Path(name)
        for copies, rounds in ((1, 7), (40, 3)) if not settings.quick else ((1, 1), (2, 1)):
            file = _repeated(test, copies, folder)
            rows += _compare(settings, file, copies * count, rounds)
        large = -(-LARGE_FILE_BYTES // len(test)) if not settings.quick else 2
        file = _repeated(test, large, folder)
        one = _timed(_score(file, folder / "scores.tsv"))
        peak = {"bytes": file.stat().st_size, "reviews": large * count, **one}
    return {"rows": rows, "peak": peak}


def _repeated(test: bytes, copies: int, folder: Path) -> Path:
    path = folder / "reviews.txt"
    with path.open("wb") as file:
        for _ in range(copies):
            file.write(test)
    return path


def _compare(settings: Settings, file: Path, count: int, rounds: int) -> list[dict[str, Any]]:
    """Both in turns; what fastText takes must not be waited for more often than twice."""
    out = file.with_name("scores.tsv")
    commands: dict[str, list[Sequence[str | Path]]] = {
        "imdb-score": _score(file, out),
        "fastText, two processes": _fasttext(settings, file),
    }
    times: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    for number in range(rounds):
        for name, processes in commands.items():
            if number < 2 or name == "imdb-score":
                times[name].append(_timed(processes))
        if number == 0 and out.read_bytes().count(b"\n") != count:
            raise click.ClickException(f"imdb-score did not write {count:,} rows")
    size = file.stat().st_size
    return [
        {
            "name": name,
            "reviews": count,
            "bytes": size,
            "seconds": spread([each["seconds"] for each in measured]),
            "cpu_seconds": spread([each["cpu_seconds"] for each in measured]),
            "peak_megabytes": max(each["peak_megabytes"] for each in measured),
            "reviews_a_second": spread([count / each["seconds"] for each in measured]),
        }
        for name, measured in times.items()
    ]


def _score(file: Path, out: Path) -> list[Sequence[str | Path]]:
    return [[SCORE, "--threads", str(CPUS), "--output", out, file]]


def _fasttext(settings: Settings, file: Path) -> list[Sequence[str | Path]]:
    size = file.stat().st_size
    return [
        [
            sys.executable, "-m", "benchmarks.performance.fasttext_score",
            settings.work / FASTTEXT, file,
            str(size * part // CPUS), str(size * (part + 1) // CPUS),
            file.with_name(f"fasttext-{part}.tsv"),
        ]
        for part in range(CPUS)
    ]  # fmt: skip


def _timed(commands: list[Sequence[str | Path]]) -> dict[str, float]:
    """From the first start to the last end of processes that run at once; their memory added."""
    start = time.perf_counter()
    # Not subprocess.run, which does not tell a child's processor time: wait4 does.
    processes = [
        subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, preexec_fn=_on_two_cpus)
        for command in commands
    ]
    watches = [_PeakMemory(process.pid) for process in processes]
    ended = [os.wait4(process.pid, 0) for process in processes]
    seconds = time.perf_counter() - start
    for process, (_, status, _) in zip(processes, ended, strict=True):
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise click.ClickException(f"{process.args!r} ended with {process.returncode}")
    return {
        "seconds": seconds,
        "cpu_seconds": sum(usage.ru_utime + usage.ru_stime for _, _, usage in ended),
        "peak_megabytes": round(sum(watch.megabytes() for watch in watches), 1),
    }


class _PeakMemory(threading.Thread):
    """Watches a process's largest memory; wait4's figure would include this process's, forked."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self._status = Path(f"/proc/{process}/status")
        self._kilobytes = 0
        self.start()

    def run(self) -> None:
        # A process that has ended has no such line, then no such file.
        with contextlib.suppress(OSError):
            while found := re.search(r"VmHWM:\s+(\d+) kB", self._status.read_text()):
                # The last one counts: that of the command, not of the fork before it.
                self._kilobytes = int(found[1])
                time.sleep(0.01)

    def megabytes(self) -> float:
        self.join()
        return self._kilobytes / 2**10


def _on_two_cpus() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-CPUS:])
