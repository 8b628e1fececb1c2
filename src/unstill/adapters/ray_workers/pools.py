"""Slots: what of a cluster a worker gets. Declared by a setting, or read off the cluster as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import floor

from unstill.domain.errors import InvalidField

LABEL = "unstill.gpu-memory-gib"
"""The node label that says how much memory each GPU of a node has: `ray start --labels ...=24`."""
SETTING = "ray_pools"
MOST = 10_000
"""Slots of one pool: each is a thread of the server that drives them."""
GIB = 2**30
CPU = "cpu"
_POOL = re.compile(
    r"(?P<kind>cpu|gpu(?P<gib>[1-9]\d{0,4}(?:\.\d{1,3})?))(?:/(?P<part>0?\.\d{1,4}))?"
    r"=(?P<low>\d{1,5})(?:-(?P<high>\d{1,5}))?"
)


@dataclass(frozen=True)
class Pool:
    """Slots of one kind: at least ``low`` are kept up, at most ``high`` are asked for.

    ``gib`` is the memory of each GPU as the node's label says it, None for slots on the processor; ``part``
    is the part of one GPU that a slot gets, or of one processor core.
    """

    gib: str | None
    low: int
    high: int
    part: float = 1.0

    @property
    def name(self) -> str:
        kind = CPU if self.gib is None else f"gpu{self.gib}"
        return kind if self.part == 1 else f"{kind}/{self.part:g}"

    @property
    def memory_bytes(self) -> int | None:
        """Memory of the GPU that one slot may use; None on the processor."""
        return None if self.gib is None else floor(float(self.gib) * GIB * self.part)


@dataclass(frozen=True)
class Slot:
    """A place for one worker. ``device`` is as the worker process is told it: Ray shows it one GPU alone."""

    name: str
    """As in log lines and leases: "ray:gpu24:0"."""
    device: str
    memory_bytes: int | None = None
    num_cpus: float = 1.0
    num_gpus: float = 0.0
    labels: Mapping[str, str] = field(default_factory=dict)
    always: bool = False
    """Whether it is kept up without a job in sight."""

    def options(self) -> dict[str, object]:
        """What Ray is asked for, as the keywords of an actor's ``options``."""
        asked: dict[str, object] = {"num_cpus": self.num_cpus, "num_gpus": self.num_gpus}
        return {**asked, "label_selector": dict(self.labels)} if self.labels else asked


@dataclass(frozen=True)
class Node:
    """A living machine of the cluster, as Ray tells of it."""

    node_id: str
    address: str
    resources: Mapping[str, float] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


def parse_pools(text: str) -> list[Pool]:
    """Pools from a setting such as ``cpu=2,gpu24=0-8,gpu80=0-4,gpu24/0.5=2``.

    A name, the share of one GPU or core after a slash, and how many: a number, or least and most.

    Raises:
        InvalidField: it is no such list, or a pool stands in it twice.
    """
    pools = [_pool(part.strip()) for part in text.split(",") if part.strip()]
    names = [pool.name for pool in pools]
    if not pools:
        raise _wrong(text, "at least one pool, such as cpu=2", "至少一个池，例如 cpu=2")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise _wrong(text, f"a list that has {twice} once", f"只含一个 {twice} 的列表")
    return pools


def _pool(part: str) -> Pool:
    found = _POOL.fullmatch(part)
    if found is None:
        raise _wrong(
            part, "a pool such as cpu=2, gpu24=0-8 or gpu24/0.5=2", "cpu=2、gpu24=0-8 或 gpu24/0.5=2 这样的池"
        )
    low = int(found["low"])
    high = low if found["high"] is None else int(found["high"])
    share = 1.0 if found["part"] is None else float(found["part"])
    if not 1 <= high <= MOST or low > high:
        raise _wrong(
            part, f"least and most of up to {MOST}, the least first", f"从少到多、至多 {MOST} 的数量"
        )
    if share <= 0:
        raise _wrong(part, "a share above 0", "大于 0 的份额")
    return Pool(found["gib"], low, high, share)


def _wrong(value: str, expected: str, expected_zh: str) -> InvalidField:
    return InvalidField(param=SETTING, value=value, expected=expected, expected_zh=expected_zh)


def derive_pools(nodes: Iterable[Node]) -> list[Pool]:
    """Pools for a cluster as it is: a slot for each GPU whose memory a node's `LABEL` declares, and on nodes
    without a GPU one for each core. A GPU whose memory nobody declared gets none: nobody could say which
    models it can run.

    Raises:
        InvalidField: nothing of the cluster can be used, or a label is no number.
    """
    found: dict[str | None, int] = {}
    for node in nodes:
        gpus, gib = floor(node.resources.get("GPU", 0)), node.labels.get(LABEL)
        if gib is not None and not re.fullmatch(r"[1-9]\d{0,4}(\.\d{1,3})?", gib):
            raise InvalidField(
                param=LABEL,
                value=gib,
                expected="GPU memory in GiB, such as 24",
                expected_zh="显存的 GiB 数，例如 24",
            )
        if gpus and gib is not None:
            found[gib] = found.get(gib, 0) + gpus
        elif not gpus and (cores := floor(node.resources.get("CPU", 0))):
            found[None] = found.get(None, 0) + cores
    if not found:
        raise InvalidField(
            param=SETTING, value="unset", expected=f"set: no node has a core to spare or the label {LABEL}",
            expected_zh=f"明确的设置：没有节点有空闲核心或标签 {LABEL}",
        )  # fmt: skip
    ordered = sorted(found, key=lambda gib: 0.0 if gib is None else float(gib))
    return [Pool(gib, 0, min(found[gib], MOST)) for gib in ordered]


def slots_of(pools: Sequence[Pool]) -> list[Slot]:
    """Every slot of the pools, those that are kept up first in each."""
    return [_slot(pool, number) for pool in pools for number in range(pool.high)]


def _slot(pool: Pool, number: int) -> Slot:
    name, always = f"ray:{pool.name}:{number}", number < pool.low
    if pool.gib is None:
        return Slot(name, CPU, num_cpus=pool.part, always=always)
    return Slot(
        name, "cuda:0", pool.memory_bytes, num_cpus=0.0, num_gpus=pool.part,
        labels={LABEL: pool.gib}, always=always,
    )  # fmt: skip
