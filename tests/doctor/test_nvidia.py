# ruff: noqa: N802 the names are the driver's
"""Graphics cards as the driver tells of them, with a stand-in for its library: no card is needed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from unstill.core.ports import Accelerator
from unstill.doctor import machine, nvidia

GIB = 1 << 30


class Driver:
    """What NVML has of two cards: an RTX 3060, and an old one that says little."""

    NVML_CLOCK_SM, NVML_CLOCK_MEM = 1, 2

    class NVMLError(Exception):
        pass

    def __init__(self, free: int = 10 * GIB, processes: tuple[tuple[int, int], ...] = ()) -> None:
        self.free, self.processes = free, processes

    def nvmlDeviceGetCount(self) -> int:
        return 3

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        if index == 2:
            raise self.NVMLError("lost")
        return index

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> Any:
        return SimpleNamespace(total=12 * GIB, free=self.free)

    def nvmlDeviceGetUUID(self, handle: int) -> str | bytes:
        return "GPU-aaaa-1" if handle == 0 else b"GPU-bbbb-2"

    def nvmlDeviceGetName(self, handle: int) -> str:
        return "NVIDIA GeForce RTX 3060" if handle == 0 else "Old"

    def nvmlDeviceGetMaxClockInfo(self, handle: int, kind: int) -> int:
        return self._said(handle, 1777 if kind == self.NVML_CLOCK_SM else 7501)

    def nvmlDeviceGetMemoryBusWidth(self, handle: int) -> int:
        return self._said(handle, 192)

    def nvmlDeviceGetCudaComputeCapability(self, handle: int) -> Any:
        return self._said(handle, (8, 6))

    def nvmlDeviceGetNumGpuCores(self, handle: int) -> int:
        return self._said(handle, 3584)

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> Any:
        return [SimpleNamespace(pid=pid, usedGpuMemory=used) for pid, used in self.processes]

    def _said(self, handle: int, value: Any) -> Any:
        if handle == 1:
            raise self.NVMLError("not supported")
        return value


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(nvidia.VISIBLE, raising=False)
    monkeypatch.setattr(nvidia, "_first_free", {})
    return


def test_cards_are_described_as_far_as_they_say() -> None:
    """A card that is lost is left out; what one does not tell is 0."""
    first, second = nvidia.cards(Driver())
    assert first.uuid == "GPU-aaaa-1"
    assert first.about == Accelerator(
        "NVIDIA GeForce RTX 3060", 12 * GIB, 10 * GIB, (8, 6), 3584, 1.777e9, 7501e6 * 2 * 24
    )
    assert second.about == Accelerator("Old", 12 * GIB, 10 * GIB)
    assert second.uuid == "GPU-bbbb-2"


@pytest.mark.parametrize(
    ("wish", "kept"),
    [("1", ["GPU-bbbb-2"]), ("1,0", ["GPU-bbbb-2", "GPU-aaaa-1"]), ("GPU-b", ["GPU-bbbb-2"]), ("", []),
     ("-1", []), ("0,7,1", ["GPU-aaaa-1"]), ("NoDevFiles", [])],
)  # fmt: skip
def test_the_environment_chooses(wish: str, kept: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """As CUDA reads it: up to the first word that names no card."""
    monkeypatch.setenv(nvidia.VISIBLE, wish)
    assert [card.uuid for card in nvidia.cards(Driver())] == kept


def test_what_we_hold_counts_as_free() -> None:
    """A model that is kept warm does not stand in the way of its own next clip; others' memory does."""
    mine, others = (os.getpid(), 5 * GIB), (1, 2 * GIB)
    assert nvidia.cards(Driver(4 * GIB, (mine, others)))[0].about.free_bytes == 9 * GIB
    assert nvidia.cards(Driver(4 * GIB, (others,)))[0].about.free_bytes == 4 * GIB


def test_in_a_container_what_was_free_at_first_counts() -> None:
    """Where the driver's process numbers mean nothing here."""
    strange = (2**22 + 7, 6 * GIB)
    assert nvidia.cards(Driver(10 * GIB))[0].about.free_bytes == 10 * GIB
    assert nvidia.cards(Driver(4 * GIB, (strange,)))[0].about.free_bytes == 10 * GIB
    assert nvidia.cards(Driver(11 * GIB, (strange,)))[0].about.free_bytes == 11 * GIB


@pytest.mark.skipif(sys.platform != "linux", reason="names are read as Linux tells them")
def test_other_programs_are_named() -> None:
    """Once each, with the most that a card says of them; this program and its workers are none of them."""
    mine, first, strange = (os.getpid(), 5 * GIB), (1, 2 * GIB), (2**22 + 7, 6 * GIB)
    found = nvidia.holders(Driver(processes=(mine, first, strange)))
    assert [(one.pid, one.held_bytes) for one in found] == [strange, first]
    assert found[0].name == "?"
    assert found[1].name == Path("/proc/1/comm").read_text().strip()
    assert nvidia.holders(Driver()) == []


def test_each_card_gets_a_worker_that_sees_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the first is the one that plans are made for."""
    monkeypatch.setattr(nvidia, "torch_speaks_cuda", lambda: True)
    monkeypatch.setattr(nvidia, "_library", Driver)
    places = machine.work_places(3)
    assert [place.device for place in places] == ["cuda:0", "cuda:1"]
    assert [place.environ[nvidia.VISIBLE] for place in places] == ["GPU-aaaa-1", "GPU-bbbb-2"]
    found = machine.this_machine()
    assert (found.device, found.accelerator and found.accelerator.name) == (
        "cuda:0",
        "NVIDIA GeForce RTX 3060",
    )


class Divided(Driver):
    """The first card is divided into two instances of a quarter; there is room for a third."""

    def nvmlDeviceGetMigMode(self, handle: int) -> list[int]:
        return [int(handle == 0), 0]

    def nvmlDeviceGetMaxMigDeviceCount(self, handle: int) -> int:
        return 3

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle: int, number: int) -> int:
        if number == 2:
            raise self.NVMLError("not found")
        return 100 + number

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> Any:
        return (
            SimpleNamespace(total=3 * GIB, free=2 * GIB)
            if handle >= 100
            else super().nvmlDeviceGetMemoryInfo(handle)
        )

    def nvmlDeviceGetUUID(self, handle: int) -> str | bytes:
        return f"MIG-{handle}" if handle >= 100 else super().nvmlDeviceGetUUID(handle)


def test_a_divided_card_is_its_instances(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with its own memory, its share of the cores, and the name that CUDA knows it by."""
    one, two, old = nvidia.cards(Divided())
    assert (one.uuid, two.uuid, old.uuid) == ("MIG-100", "MIG-101", "GPU-bbbb-2")
    assert (one.about.total_bytes, one.about.free_bytes) == (3 * GIB, 2 * GIB)
    assert (one.about.cores, one.about.capability) == (3584 // 4, (8, 6))
    monkeypatch.setenv(nvidia.VISIBLE, "MIG-101")
    assert [card.uuid for card in nvidia.cards(Divided())] == ["MIG-101"]


class Unified(Driver):
    def nvmlDeviceGetMemoryInfo(self, handle: int) -> Any:
        raise self.NVMLError("not supported")


@pytest.mark.skipif(sys.platform != "linux", reason="such computers run Linux")
def test_a_card_without_memory_of_its_own_has_the_computers() -> None:
    """Its driver says that it has none to tell of."""
    first = nvidia.cards(Unified())[0].about
    assert first.total_bytes == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 0 < first.free_bytes <= first.total_bytes


def test_without_a_card_that_torch_can_use_the_processor_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many workers as were asked for."""
    monkeypatch.setattr(nvidia, "torch_speaks_cuda", lambda: False)
    monkeypatch.setattr(nvidia, "_library", Driver)
    assert machine.this_machine().accelerator is None
    assert [place.device for place in machine.work_places(2)] == ["cpu:0", "cpu:1"]


def test_the_real_library_is_asked_for_what_it_has() -> None:
    """Every name that is used exists in it."""
    pynvml = pytest.importorskip("pynvml")
    names = [name for name in (*vars(Driver), *vars(Divided)) if name.startswith(("nvml", "NVML"))]
    assert len(names) >= 12
    assert [name for name in names if not hasattr(pynvml, name)] == []


def test_a_driver_older_than_the_binding_is_no_trouble() -> None:
    """The binding then raises what is none of NVML's errors."""

    class Older(Driver):
        class NVMLLibraryMismatchError(Exception):
            pass

        def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> Any:
            raise self.NVMLLibraryMismatchError("unversioned function called")

    assert len(nvidia.cards(Older())) == 2
    assert nvidia.holders(Older()) == []
