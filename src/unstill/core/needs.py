"""The least memory that a device must have for a video: what decides where a job can go."""

from __future__ import annotations

from unstill.core.plan import Plan, find_card
from unstill.core.ports import Accelerator, Machine
from unstill.core.services import Services

GIB = 2**30
TINY = Machine(
    cores=8.0,
    memory_bytes=64 * GIB,
    device="cuda:0",
    accelerator=Accelerator("", total_bytes=1, free_bytes=1, capability=(8, 0)),
)
"""A graphics card that nothing fits on: what is planned for it is what takes the least of a card's memory."""


def least_bytes(plan: Plan, services: Services) -> int | None:
    """Of a graphics card, with everything that can be moved out of the way; None for what needs no card."""
    if not plan.card.generative:
        return None
    family, _ = find_card(plan.card.id, services.families)
    return family.estimate(plan.drawn, TINY).peak_bytes
