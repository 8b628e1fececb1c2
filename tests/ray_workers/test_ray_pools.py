"""What a cluster is cut into, from a setting or from what its nodes say."""

from __future__ import annotations

import pytest

from unstill.adapters.ray_workers import Node, Pool, derive_pools, parse_pools, slots_of
from unstill.adapters.ray_workers.pools import LABEL
from unstill.domain.errors import InvalidField

GIB = 2**30


def node(labels: dict[str, str] | None = None, **resources: float) -> Node:
    return Node("1", "127.0.0.1", resources, labels or {})


def test_pools_are_read_from_a_setting() -> None:
    """A number is least and most at once; a share stands after a slash."""
    assert parse_pools("cpu=2, gpu24=0-8,gpu80=0-4,gpu24/0.5=2") == [
        Pool(None, 2, 2), Pool("24", 0, 8), Pool("80", 0, 4), Pool("24", 2, 2, 0.5),
    ]  # fmt: skip


def test_slots_ask_ray_for_what_they_need() -> None:
    """A GPU of the declared memory, or a part of one, which has so much of its memory; a core."""
    slots = slots_of(parse_pools("cpu=1,gpu24=1-2,gpu80/0.25=0-1"))
    assert [(slot.name, slot.device, slot.always) for slot in slots] == [
        ("ray:cpu:0", "cpu", True), ("ray:gpu24:0", "cuda:0", True), ("ray:gpu24:1", "cuda:0", False),
        ("ray:gpu80/0.25:0", "cuda:0", False),
    ]  # fmt: skip
    assert [slot.memory_bytes for slot in slots] == [None, 24 * GIB, 24 * GIB, 20 * GIB]
    assert slots[0].options() == {"num_cpus": 1.0, "num_gpus": 0.0}
    assert slots[3].options() == {"num_cpus": 0.0, "num_gpus": 0.25, "label_selector": {LABEL: "80"}}


@pytest.mark.parametrize(
    "wrong",
    ["", "gpu", "gpu24", "gpu=1", "gpu24=2-1", "gpu24=0", "cpu=-1", "gpu24/0=1", "gpu24/2=1", "cpu=1,cpu=2",
     "cpu=99999", "gpu24=1;gpu80=1", "gpu024=1"],
)  # fmt: skip
def test_what_is_no_list_of_pools_is_refused(wrong: str) -> None:
    """With the setting's name and an example, in both languages."""
    with pytest.raises(InvalidField) as caught:
        parse_pools(wrong)
    assert caught.value.param == "ray_pools"
    assert caught.value.message("en") != caught.value.message("zh")


def test_pools_are_read_off_a_cluster() -> None:
    """One slot for each declared GPU, and for each core of nodes without one; an undeclared GPU gets none."""
    pools = derive_pools(
        [
            node(CPU=0), node(CPU=4), node(CPU=2), node({LABEL: "80"}, CPU=64, GPU=8),
            node({LABEL: "24"}, CPU=8, GPU=1), node({LABEL: "24"}, CPU=8, GPU=2), node(CPU=16, GPU=4),
        ]
    )  # fmt: skip
    assert pools == [Pool(None, 0, 6), Pool("24", 0, 3), Pool("80", 0, 8)]


def test_a_cluster_that_nothing_can_be_read_off_is_refused() -> None:
    """No core, no declared GPU; or a declaration that is no number of GiB."""
    with pytest.raises(InvalidField, match="ray_pools"):
        derive_pools([node(CPU=0), node(CPU=8, GPU=1)])
    with pytest.raises(InvalidField, match="24GB"):
        derive_pools([node({LABEL: "24GB"}, GPU=1)])
