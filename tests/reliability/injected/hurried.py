"""A server that looks for deleted videos to forget several times a second."""

from __future__ import annotations

from types import ModuleType

from patching import after_import


@after_import("unstill.serving.house_keeping")
def _hurry(house_keeping: ModuleType) -> None:
    house_keeping.PURGE_EVERY_S = 0.2
