"""What this computer has, container limits counted."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from unstill.doctor.machine import peak_bytes, this_machine

linux = pytest.importorskip("unstill.doctor.linux") if sys.platform == "linux" else None
pytestmark = pytest.mark.skipif(linux is None, reason="control groups are Linux's")

MIB = 1 << 20


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A made-up system: 8 GiB available."""
    put(tmp_path, "proc/meminfo", f"MemTotal: {16 << 20} kB\nMemAvailable: {8 << 20} kB\n")
    return tmp_path


def put(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_this_computer_has_something() -> None:
    """Plausible numbers from the real system."""
    machine = this_machine()
    assert 0 < machine.cores <= (os.cpu_count() or 1)
    assert machine.memory_bytes > 16 * MIB
    assert 4 * MIB < peak_bytes() < 64 << 30


def test_without_control_groups_the_system_counts(root: Path) -> None:
    """Affinity and MemAvailable."""
    assert linux.cores(root) == len(os.sched_getaffinity(0))
    assert linux.free_bytes(root) == 8 << 30


def test_version_2_limits_count_wherever_they_stand(root: Path) -> None:
    """The tightest on the way up; cache the kernel can drop is free."""
    put(root, "proc/self/cgroup", "0::/box/job\n")
    put(root, "sys/fs/cgroup/box/job/cpu.max", "max 100000\n")
    put(root, "sys/fs/cgroup/box/cpu.max", "50000 100000\n")
    put(root, "sys/fs/cgroup/box/job/memory.max", "max\n")
    put(root, "sys/fs/cgroup/box/memory.max", str(1000 * MIB))
    put(root, "sys/fs/cgroup/box/memory.current", str(700 * MIB))
    put(root, "sys/fs/cgroup/box/memory.stat", f"anon 5\ninactive_file {100 * MIB}\n")
    assert linux.cores(root) == 0.5
    assert linux.free_bytes(root) == 400 * MIB


def test_version_1_limits_count_too(root: Path) -> None:
    """Each controller in its own tree; -1 is no quota."""
    put(root, "proc/self/cgroup", "5:memory:/box\n3:cpu,cpuacct:/box\n")
    put(root, "sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "75000\n")
    put(root, "sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n")
    put(root, "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n")
    put(root, "sys/fs/cgroup/memory/box/memory.limit_in_bytes", str(512 * MIB))
    put(root, "sys/fs/cgroup/memory/box/memory.usage_in_bytes", str(500 * MIB))
    put(root, "sys/fs/cgroup/memory/box/memory.stat", f"total_inactive_file {88 * MIB}\n")
    assert linux.cores(root) == 0.75
    assert linux.free_bytes(root) == 100 * MIB


def test_in_a_container_the_mounts_top_is_ours(root: Path) -> None:
    """The path in /proc/self/cgroup is the host's and is not there."""
    put(root, "proc/self/cgroup", "0::/docker/abc\n")
    put(root, "sys/fs/cgroup/cpu.max", "25000 100000\n")
    assert linux.cores(root) == 0.25


def test_a_peak_is_this_programs_own(root: Path) -> None:
    """VmHWM of /proc; the system call where that is missing."""
    put(root, "proc/self/status", "VmPeak: 99 kB\nVmHWM:\t 2048 kB\n")
    assert linux.peak_bytes(root) == 2 * MIB
    (root / "proc/self/status").unlink()
    assert linux.peak_bytes(root) > MIB


@pytest.mark.parametrize("name", ["unix", "windows"])
def test_other_systems_modules_load_here(name: str) -> None:
    """They are not run on their systems yet; at least they are Python."""
    module = pytest.importorskip(f"unstill.doctor.{name}")
    assert module.cores() >= 1
    assert module.free_bytes() >= 0
    assert module.peak_bytes() >= 0
