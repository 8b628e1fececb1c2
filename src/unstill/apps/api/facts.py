"""What this server is, has and is doing: for people, for the studio, for the support bundle."""

from __future__ import annotations

import platform
import sys
import time
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from unstill.apps.api.context import Context
from unstill.core.crew import WorkerView
from unstill.domain.errors import Language
from unstill.domain.job import NOBODY, State
from unstill.domain.request import SIDE
from unstill.domain.service_errors import StoreBusy, VideoNotFound
from unstill.version import __version__

PARTS = (
    "av", "fastapi", "numpy", "opencv-python-headless", "pillow", "pydantic", "sqlalchemy",
    "sse-starlette", "starlette", "uvicorn",
)  # fmt: skip


def system(context: Context, owner: str = NOBODY) -> dict[str, Any]:
    """This server in numbers: bytes and seconds. Whose job a worker is at is its owner's business."""
    machine, counts = context.service.services.machine(), context.service.store.counts()
    space, limits = context.service.room.space(), context.service.limits
    return {
        "object": "system",
        "version": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(terse=True),
        "uptime_s": round(time.monotonic() - context.started, 1),
        "machine": asdict(machine),
        "space": asdict(space),
        "queue": {
            **{state.value: counts.by_state.get(state, 0) for state in State},
            "oldest_wait_s": round(counts.oldest_wait_s, 1),
        },
        "limits": {
            "queued": limits.queued,
            "queued_per_owner": limits.queued_per_owner,
            "picture_bytes": context.settings.max_picture_bytes,
            "picture_pixels": context.settings.max_picture_pixels,
            "picture_sides": list(SIDE),
            "video_bytes": context.settings.max_video_bytes,
        },
        "workers": [_worker(context, worker, owner) for worker in workers(context)],
        "prompts": _prompts(context),
    }


def _prompts(context: Context) -> dict[str, Any]:
    """What can be done to a prompt here; ``rewriter`` is None where the settings name no language model."""
    services = context.service.services
    card, rewriter = services.translator.card, services.rewriter
    return {
        "translator": {"model": card.id, "state": services.weights.facts(card).state},
        "rewriter": {"host": rewriter.host, "model": rewriter.model} if rewriter else None,
    }


def _worker(context: Context, worker: WorkerView, owner: str) -> dict[str, Any]:
    job_id = worker.job_id
    if job_id is not None and owner != NOBODY:
        try:
            context.service.get(job_id, owner)
        except VideoNotFound:
            job_id = None
    return {**asdict(worker), "job_id": job_id}


def workers(context: Context) -> list[WorkerView]:
    return list(context.crew.workers()) if context.crew else []


def checks(context: Context) -> dict[str, dict[str, Any]]:
    """What must be right for a video to be made: each with ``ok`` and why."""
    stopping = context.service.draining
    return {
        "store": _store(context),
        "disk": _disk(context),
        "workers": _workers(context),
        "server": {"ok": not stopping, "detail": "stopping" if stopping else "serving"},
    }


def doctor(context: Context, language: Language = "en", owner: str = NOBODY) -> dict[str, Any]:
    """Facts about the machine, the parts, what must be right for a video to be made, and what the doctor
    sees: that names folders and programs, and is for operators alone."""
    machine, services = context.service.services.machine(), context.service.services
    found = checks(context)
    return {
        "object": "doctor",
        "ok": all(check["ok"] for check in found.values()),
        "readiness": found,
        "checks": seen(context, language) if owner == NOBODY else [],
        "machine": {**asdict(machine), "platform": platform.platform(), "python": sys.version.split()[0]},
        "versions": versions(),
        "models": [card.id for family in services.families for card in family.cards],
        "broken_engines": list(services.broken),
    }


def seen(context: Context, language: Language) -> list[dict[str, str | None]]:
    """What the doctor sees. Of the port there is nothing to see: this server has it."""
    checks = context.service.services.examine({"data_dir": str(context.service.data)})
    return [check.to_json(language) for check in checks if check.id != "port"]


def versions() -> dict[str, str]:
    return {"unstill": __version__, **{name: _version(name) for name in PARTS}}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _store(context: Context) -> dict[str, Any]:
    try:
        context.service.store.check()
    except StoreBusy:
        return {"ok": False, "detail": "busy"}
    except Exception as error:  # whatever it is, it is the answer to the question
        return {"ok": False, "detail": type(error).__name__}
    return {"ok": True, "detail": "writable"}


def _disk(context: Context) -> dict[str, Any]:
    space = context.service.room.space()
    return {"ok": space.free >= space.floor, "detail": f"{space.free >> 20} MiB free"}


def _workers(context: Context) -> dict[str, Any]:
    known = workers(context)
    fresh = [w for w in known if w.usable and w.tick_age_s <= context.settings.tick_limit_s]
    if not known:
        return {"ok": True, "detail": "none of this server's own"}
    return {"ok": bool(fresh), "detail": f"{len(fresh)} of {len(known)} ready"}
