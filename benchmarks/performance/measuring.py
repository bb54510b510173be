"""Contenders timed side by side: all are set up, then they take turns, round after round."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from benchmarks.performance.environment import ROOT

# Each tool's own setting; those that have a call for it are told by their contender.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "RAYON_NUM_THREADS",
)


@dataclass(frozen=True)
class Contender:
    """What is timed: ``setup``, "module:function" under ``parts``, gets threads and arguments.

    ``items`` is how many reviews a pass handles.
    """

    name: str
    setup: str
    items: int
    arguments: dict[str, Any] = field(default_factory=dict)
    threads: int = 1
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rounds:
    """How often: ``processes`` times all contenders start anew and take ``passes`` turns.

    The first pass of a process is cold. A contender that has spent ``budget`` seconds on passes
    in a process sits out the rest of its rounds, but for one warm pass; one that takes longer
    than ``limit`` for a pass or to set up is given up.
    """

    processes: int = 3
    passes: int = 6
    budget: float = 15.0
    limit: float = 240.0


def compare(contenders: Sequence[Contender], rounds: Rounds) -> list[dict[str, Any]]:
    """A row for each contender: reviews a second, cold and warm, with their spread."""
    told: list[list[dict[str, Any]]] = [[] for _ in contenders]
    for _ in range(rounds.processes):
        workers = [_Worker(contender, rounds.limit) for contender in contenders]
        try:
            _take_turns(workers, rounds)
        finally:
            for worker in workers:
                worker.stop()
        for answers, worker in zip(told, workers, strict=True):
            answers.append({"setup": worker.setup, "passes": worker.passes, "error": worker.error})
    return [_row(contender, t) for contender, t in zip(contenders, told, strict=True)]


def ask(contender: Contender, limit: float = 300.0) -> dict[str, Any]:
    """What one pass in a process of its own tells, or ``error``."""
    (row,) = compare([contender], Rounds(processes=1, passes=1, limit=limit))
    return row


def spread(values: Sequence[float]) -> dict[str, float | int]:
    """Median, least, most and quartiles of some figures."""
    ordered = sorted(values)
    first, _, third = (
        statistics.quantiles(ordered, n=4, method="inclusive") if len(ordered) > 1 else ordered * 3
    )
    return {
        "median": statistics.median(ordered),
        "min": ordered[0],
        "quartile_1": first,
        "quartile_3": third,
        "max": ordered[-1],
        "runs": len(ordered),
    }


class _Worker:
    """A contender's process; it is killed where it takes too long."""

    def __init__(self, contender: Contender, limit: float) -> None:
        self.contender, self._limit = contender, limit
        self.passes: list[dict[str, Any]] = []
        self.setup: dict[str, Any] = {}
        self.error: str | None = None
        threads = {name: str(contender.threads) for name in THREAD_VARIABLES}
        parallel = {"TOKENIZERS_PARALLELISM": "true" if contender.threads > 1 else "false"}
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [
                sys.executable, "-m", "benchmarks.performance.worker",
                f"benchmarks.performance.parts.{contender.setup}", str(contender.threads),
                json.dumps(contender.arguments),
            ],
            cwd=ROOT, env=os.environ | threads | parallel | contender.environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True,
        )  # fmt: skip
        # One after the other, so that no setup is timed while another one runs.
        self.setup = self._listen() or {}

    def spent(self) -> float:
        return sum(each["seconds"] for each in self.passes)

    def run(self) -> None:
        if self.error is None and self._process.stdin is not None:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
            answer = self._listen()
            if answer is not None:
                self.passes.append(answer)

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def _listen(self) -> dict[str, Any] | None:
        timer = threading.Timer(self._limit, self._process.kill)
        # First, or a process killed in time might seem to have ended before it.
        start = time.monotonic()
        timer.start()
        line = self._process.stdout.readline() if self._process.stdout else ""
        timer.cancel()
        if not line:
            late = time.monotonic() - start >= self._limit
            self.error = f"given up after {self._limit:.0f} s" if late else self._last_words()
        else:
            answer: dict[str, Any] = json.loads(line)
            if "error" not in answer:
                return answer
            self.error = answer["error"]
        click.echo(f"    {self.contender.name}: {self.error}", err=True)
        return None

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        return "ended early: " + " ".join(line for line in lines[-3:] if line)


def _take_turns(workers: Sequence[_Worker], rounds: Rounds) -> None:
    for number in range(rounds.passes):
        for worker in workers:
            if number < 2 or worker.spent() < rounds.budget:
                worker.run()


def _row(contender: Contender, processes: list[dict[str, Any]]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": contender.name,
        "threads": contender.threads,
        "reviews": contender.items,
    }
    errors = [each["error"] for each in processes if each["error"]]
    passes = [each["passes"] for each in processes if each["passes"]]
    if errors or not passes:
        return row | {"error": (errors or ["no pass was made"])[0]}
    cold = [each[0] for each in passes]
    warm = [one for each in passes for one in (each[1:] or each)]
    extra = {
        key: value
        for key, value in warm[-1].items()
        if key not in ("seconds", "cpu_seconds", "peak_megabytes")
    }
    return row | {
        "setup_seconds": spread([each["setup"]["setup_seconds"] for each in processes]),
        "cold_seconds": spread([each["seconds"] for each in cold]),
        "seconds": spread([each["seconds"] for each in warm]),
        "cpu_seconds": spread([each["cpu_seconds"] for each in warm]),
        "reviews_a_second": spread([contender.items / each["seconds"] for each in warm]),
        "peak_megabytes": max(each["peak_megabytes"] for each in warm),
        **extra,
    }
