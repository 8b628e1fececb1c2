"""Servers that are wrong on purpose, one way for each name in the orders' "broken": the tests must notice."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from patching import after_import
from points import orders

BROKEN = orders().get("broken", "")


def way(name: str, module: str) -> Callable[[Callable[[ModuleType], None]], object]:
    """Breaks a module, if that is the way that was ordered."""
    return after_import(module) if name == BROKEN else lambda change: change


@way("no fence", "unstill.adapters.sqlite_jobs.store")
def _no_fence(store: ModuleType) -> None:
    """Any claim of a running job will do."""
    column = store.videos.c

    def fence(self: object, claim: Any) -> list[object]:
        return [column.id == claim.job_id, column.state == store.IN_PROGRESS]

    store.SqlJobs._fence = fence


@way("no idempotency", "unstill.adapters.sqlite_jobs.store")
def _no_idempotency(store: ModuleType) -> None:
    """Keys are not looked at."""
    add = store.SqlJobs.add
    store.SqlJobs.add = lambda self, new, limits: add(self, replace(new, idempotency=None), limits)
    store.SqlJobs.find = lambda self, owner, idempotency: None


@way("no rename", "unstill.core.durable")
def _no_rename(durable: ModuleType) -> None:
    """The file grows under its final name."""

    def settle(partial: Path, target: Path, **_: bool) -> Path:
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        shutil.copyfile(partial, target)
        partial.unlink()
        durable._sync_folder(target.parent)
        return target

    durable.settle = settle


@way("no fsync", "unstill.core.durable")
def _no_fsync(durable: ModuleType) -> None:
    """It is left to the system when a file reaches the disk."""

    def settle(partial: Path, target: Path, **_: bool) -> Path:
        partial.replace(target)
        return target

    durable.settle = settle


@way("early completed", "unstill.core.reporting")
def _early_completed(reporting: ModuleType) -> None:
    """The row says completed when the worker first tells of its work, long before the video has its name."""
    from unstill.domain.job import Output

    pass_on, done = reporting.Reporter._pass_on, []

    def early(self: Any, progress: Any) -> None:
        pass_on(self, progress)
        claim = self._lease.claim
        if not done:
            done.append(claim.job_id)
            name = f"outputs/{claim.job_id}.{claim.attempt}"
            made = Output(f"{name}.mp4", 1, "0" * 64, 0.0, 0, f"{name}.jpg", f"{name}.sheet.jpg")
            self._store.complete(claim, made, ())

    reporting.Reporter._pass_on = early
