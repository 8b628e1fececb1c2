"""A server whose thread that renews the lease of a first attempt gets no turn."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from patching import after_import


@after_import("unstill.core.lease")
def _starve(lease: ModuleType) -> None:
    keep = lease.Lease._keep

    def starved(self: Any) -> None:
        if self.claim.attempt == 1:
            self._over.wait()
        else:
            keep(self)

    lease.Lease._keep = starved
