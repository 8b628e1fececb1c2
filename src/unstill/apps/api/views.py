"""Jobs as the videos dialect shows them."""

from __future__ import annotations

from typing import Any

from unstill.apps.api.errors import error_of
from unstill.core.jobs import VideoService
from unstill.domain.errors import Cancelled, Language, UnstillError
from unstill.domain.job import Input, Job, Progress, State
from unstill.domain.notes import Note

STATUS = {
    State.QUEUED: "queued",
    State.IN_PROGRESS: "in_progress",
    State.COMPLETED: "completed",
    State.FAILED: "failed",
    State.CANCELLED: "failed",
}
"""The dialect has no word for cancelled; ours is in `state`, and in the error's code."""
SOONEST_MS, LATEST_MS = 250, 2000


def video(service: VideoService, job: Job, language: Language) -> dict[str, Any]:
    """A Video. Blocks: the place in the queue is asked of the store."""
    position = service.position(job)
    return {**row(job, language), "queue_position": position, "eta_s": service.eta_s(job, position)}


def row(job: Job, language: Language) -> dict[str, Any]:
    """What the row alone says."""
    plan, extended = job.plan, job.kind == "extend"
    return {
        **_dialect(job, language),
        "extended_from_video_id": job.source if extended else None,
        "state": job.state.value,
        "deadline_at": None if job.deadline_at is None else int(job.deadline_at),
        "cancelling": job.cancel_requested and not job.state.is_final,
        "task": job.kind,
        "generative": plan.get("generative"),
        "kind": "generated video" if plan.get("generative") else "camera motion",
        "num_frames": plan["num_frames"],
        "fps": plan["fps"],
        "seed": plan["seed"],
        "sound": job.output is not None and job.output.sound,
        "stage": job.progress.stage if job.progress and job.state is State.IN_PROGRESS else None,
        "prompt_used": _used(job),
        "notes": [said(note, language) for note in job.notes],
        "plan": dict(plan),
        "request": dict(job.request),
        "input": _picture(job.input),
        "last_input": _picture(job.input.last) if job.input.last else None,
        "output": _output(job),
    }


def _used(job: Job) -> str | None:
    """What the model read in place of the prompt; None where that was the prompt itself."""
    facts = [note.facts for note in job.notes if note.code == "prompt_translated"]
    return next((str(f["after"]) for f in facts if f.get("field") == "prompt" and "after" in f), None)


def _picture(kept: Input) -> dict[str, Any]:
    return {"name": kept.name, "width": kept.width, "height": kept.height}


def _dialect(job: Job, language: Language) -> dict[str, Any]:
    """The fields that every server of this dialect has."""
    return {
        "id": job.id,
        "object": "video",
        "status": STATUS[job.state],
        "progress": _percent(job),
        "created_at": int(job.created_at),
        "completed_at": None if job.completed_at is None else int(job.completed_at),
        "expires_at": None,
        "model": job.model,
        "prompt": job.request.get("prompt", ""),
        "seconds": _short(float(job.plan["seconds"])),
        "size": f"{job.plan['width']}x{job.plan['height']}",
        "remixed_from_video_id": None if job.kind == "extend" else job.source,
        "error": _error(job, language),
    }


def _short(seconds: float) -> str:
    """To the millisecond, without empty digits."""
    return f"{seconds:.3f}".rstrip("0").rstrip(".")


def said(note: Note, language: Language) -> str:
    """A note in words; one of another version, whose facts differ, as its code."""
    try:
        return note.text(language)
    except KeyError:
        return note.code


def failure(job: Job) -> UnstillError | None:
    """Why there is no video, or None."""
    if job.state is State.CANCELLED:
        return Cancelled()
    return error_of(job.failure) if job.failure else None


def progress(told: Progress) -> dict[str, Any]:
    """How far a running job is, as events say it."""
    return {
        "stage": told.stage,
        "step": told.done,
        "total": told.total,
        "progress": told.percent,
        "eta_s": told.eta_s,
    }


def poll_after_ms(shown: dict[str, Any]) -> int:
    """When to ask again: a twentieth of what is left. openai's client keeps the first value it sees."""
    return min(LATEST_MS, max(SOONEST_MS, int((shown["eta_s"] or 0) * 50)))


def _percent(job: Job) -> int:
    if job.state is State.COMPLETED:
        return 100
    return job.progress.percent if job.progress else 0


def _error(job: Job, language: Language) -> dict[str, Any] | None:
    error = failure(job)
    if error is None:
        return None
    code = job.failure.code if job.failure else error.code
    return {"code": code, "message": error.message(language), "hint": error.hint(language)}


def _output(job: Job) -> dict[str, Any] | None:
    """The finished file in numbers."""
    made = job.output
    if made is None:
        return None
    return {
        "size_bytes": made.size_bytes,
        "sha256": made.sha256,
        "elapsed_s": made.elapsed_s,
        "peak_bytes": made.peak_bytes,
        "format": made.file.rpartition(".")[2],
        "thumbnail": made.thumbnail is not None,
        "spritesheet": made.spritesheet is not None,
    }
