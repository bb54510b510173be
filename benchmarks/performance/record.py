"""What a result is written with: the machine, the versions, the state of the code."""

import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import imdb_runtime
from benchmarks.performance.environment import ROOT, SOURCES
from imdb_runtime.engines.cpus import available_cpus

PACKAGES = (
    "numpy", "onnxruntime", "torch", "gigatoken", "nanotoken", "blingfire", "tokenizers",
    "fasttext-wheel", "scikit-learn", "transformers",
)  # fmt: skip
SIMD = ("sse4_2", "avx2", "avx512f", "avx512bw", "avx512_vnni", "avx_vnni", "asimd")


def write(
    folder: Path, part: str, found: dict[str, Any], before: dict[str, Any], *, quick: bool
) -> None:
    """Write ``part``'s result into ``folder``; ``before`` is the ``state`` it was begun in."""
    folder.mkdir(parents=True, exist_ok=True)
    result = {
        "part": part,
        "quick": quick,
        **before,
        "took_seconds": round(time.time() - before["started"], 1),
        **found,
    }
    text = json.dumps(result, indent=1, ensure_ascii=False)
    (folder / f"{part}.json").write_text(text + "\n", encoding="utf-8")


def state() -> dict[str, Any]:
    """The time, the commit, the machine and its load, and all versions."""
    return {
        "started": round(time.time()),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "seed": 0,
        "commit": _git("rev-parse", "--short", "HEAD"),
        # The benchmark's own results and pages change while it runs.
        "uncommitted": bool(_git("status", "--porcelain", "--", *SOURCES)),
        "machine": _machine(),
        "versions": _versions(),
    }


def read(folder: Path, part: str) -> dict[str, Any] | None:
    """The result of ``part`` in ``folder``, if there is one."""
    path = folder / f"{part}.json"
    if not path.exists():
        return None
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return result


def _machine() -> dict[str, Any]:
    """The processor as it names itself, what of it we may use, memory and load."""
    cpu = _cpuinfo()
    flags = cpu.get("flags", cpu.get("Features", "")).split()
    load = [round(each, 2) for each in os.getloadavg()] if hasattr(os, "getloadavg") else None
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": cpu.get("model name", platform.processor()),
        "family": " ".join(cpu.get(key, "?") for key in ("cpu family", "model", "stepping")),
        "cpus": available_cpus(),
        "simd": [name for name in SIMD if name in flags],
        "cache": cpu.get("cache size"),
        "memory_gigabytes": _memory(),
        "load_average": load,
        "python": platform.python_version(),
    }  # fmt: skip


def _cpuinfo() -> dict[str, str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        return {}
    return {
        name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }


def _memory() -> float | None:
    if not hasattr(os, "sysconf"):
        return None
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {"imdb-edge": imdb_runtime.__version__, "python": sys.version}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip()
