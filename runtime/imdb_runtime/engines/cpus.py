"""How many CPUs this process may really use."""

import math
import os
from collections.abc import Iterator
from pathlib import Path


def available_cpus(root: Path = Path("/")) -> int:
    """The CPUs that affinity and the container's CPU quota leave to this process, at least 1.

    ``root`` is where ``proc`` and ``sys`` are mounted.
    """
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    return max(1, min([count, *(math.ceil(quota) for quota in _cgroup_quotas(root))]))


def _cgroup_quotas(root: Path) -> Iterator[float]:
    """The CPU quotas, in CPUs, of this process's control groups and the groups around them."""
    try:
        memberships = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for membership in memberships:
        _, controllers, group = membership.split(":", 2)
        inside = Path(group.lstrip("/"))
        for folder in (inside, *inside.parents):
            if controllers == "":
                yield from _quota(_read(root / "sys/fs/cgroup" / folder / "cpu.max"))
            elif "cpu" in controllers.split(","):
                cpu = root / "sys/fs/cgroup/cpu" / folder
                quota, period = _read(cpu / "cpu.cfs_quota_us"), _read(cpu / "cpu.cfs_period_us")
                yield from _quota(f"{quota} {period}")


def _quota(quota_and_period: str) -> Iterator[float]:
    match quota_and_period.split():
        case [quota, period] if quota.isdigit() and period.isdigit() and int(period) > 0:
            yield int(quota) / int(period)
        case _:  # "max", -1 or no such file: no limit here
            return


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
