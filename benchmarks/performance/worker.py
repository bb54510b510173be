"""A contender in a process of its own: it sets up, and makes a pass at every line on its stdin.

    python -m benchmarks.performance.worker MODULE:FUNCTION THREADS ARGUMENTS-AS-JSON

Each answer is a line of JSON on the stdout it was started with.
"""

import importlib
import json
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple, TextIO


class Work(NamedTuple):
    """What a contender's function returns: a pass, and what to say of its result.

    Only ``run`` is timed; what it returns is freed after the clock has stopped.
    """

    run: Callable[[], Any]
    describe: Callable[[Any], dict[str, Any]] = lambda result: {}


def pin(threads: int) -> None:
    """Keep this process on so many of the processors it may use."""
    if hasattr(os, "sched_setaffinity"):
        # The last ones: the first often serves the interrupts.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


def peak_megabytes(usage: resource.struct_rusage) -> float:
    """The peak of the resident memory that ``usage`` tells of."""
    return round(usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10), 1)


def main() -> None:
    """Set up, then pass after pass."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not be taken for an answer
    place, threads, arguments = sys.argv[1:4]
    pin(int(threads))
    try:
        module, function = place.split(":")
        start = time.perf_counter()
        set_up = getattr(importlib.import_module(module), function)
        work: Work = set_up(int(threads), **json.loads(arguments))
        _answer(answers, {"setup_seconds": time.perf_counter() - start})
        for _ in sys.stdin:
            _answer(answers, _timed(work))
    except Exception as error:
        traceback.print_exc()
        _answer(answers, {"error": f"{type(error).__name__}: {error}"})


def _timed(work: Work) -> dict[str, Any]:
    start, start_cpu = time.perf_counter(), time.process_time()
    result = work.run()
    seconds, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    return {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "peak_megabytes": peak_megabytes(resource.getrusage(resource.RUSAGE_SELF)),
        **work.describe(result),
    }


def _answer(answers: TextIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
