import os
from pathlib import Path

import pytest

from imdb_runtime.engines.cpus import available_cpus


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of 16 CPUs, without control groups so far."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(16)), raising=False)
    return tmp_path


def write(root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def test_without_a_quota_it_is_the_affinity(machine: Path):
    assert available_cpus(machine) == 16


@pytest.mark.parametrize(
    ("quota", "cpus"),
    [("max 100000", 16), ("200000 100000", 2), ("150000 100000", 2), ("5000 100000", 1),
     ("6400000 100000", 16), ("", 16), ("nonsense", 16), ("1 0", 16)],
)  # fmt: skip
def test_the_quota_of_cgroup_version_2(machine: Path, quota: str, cpus: int):
    write(machine, {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": quota + "\n"})
    assert available_cpus(machine) == cpus


def test_the_smallest_quota_of_a_group_and_those_around_it(machine: Path):
    write(
        machine,
        {
            "proc/self/cgroup": "0::/pod/container\n",
            "sys/fs/cgroup/pod/cpu.max": "300000 100000\n",
            "sys/fs/cgroup/pod/container/cpu.max": "max 100000\n",
        },
    )
    assert available_cpus(machine) == 3


@pytest.mark.parametrize(("quota", "cpus"), [("-1", 16), ("400000", 4)])
def test_the_quota_of_cgroup_version_1(machine: Path, quota: str, cpus: int):
    write(
        machine,
        {
            # Seen from inside a container: the group's path is the host's.
            "proc/self/cgroup": "5:cpu,cpuacct:/docker/1234\n4:memory:/docker/1234\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": quota + "\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        },
    )
    assert available_cpus(machine) == cpus


def test_this_machine_has_at_least_one():
    assert 1 <= available_cpus() <= (os.cpu_count() or 1)
