"""Between rows and jobs. Every row carries a checksum of its values, verified whenever it is read."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import cache
from hashlib import sha256
from typing import Any

from sqlalchemy import Table

from unstill.adapters.sqlite_jobs.tables import videos
from unstill.core.queue import Clock, NewJob
from unstill.domain.job import Failure, Input, Job, Output, Progress, State
from unstill.domain.notes import Note

Row = dict[str, Any]


class RowDamaged(Exception):
    """A row whose values are not those that were written."""


def seal(table: Table, row: Mapping[str, Any]) -> Row:
    """The row with its checksum."""
    return {**row, "checksum": _checksum(table, row)}


def verified(table: Table, row: Mapping[str, Any]) -> Row:
    """The row as it was written.

    Raises:
        RowDamaged: it was changed since.
    """
    if row["checksum"] != _checksum(table, row):
        raise RowDamaged(f"{table.name}: checksum of {row.get('id') or row.get('key')!r}")
    return dict(row)


@cache
def _sealed(table: Table) -> tuple[str, ...]:
    """The database gives a job its number after the checksum is made; the unique index on id guards it."""
    return tuple(c.name for c in table.c if c.name not in ("number", "checksum"))


def _checksum(table: Table, row: Mapping[str, Any]) -> str:
    values = json.dumps([row[name] for name in _sealed(table)], default=repr, separators=(",", ":"))
    return sha256(values.encode("ascii")).hexdigest()[:32]


def packed(value: object) -> str:
    """JSON in ASCII: holds every string Python can, also those that no database column takes."""
    return json.dumps(value, default=str, separators=(",", ":"))


def searchable(text: str) -> str:
    """Text as search compares it: without case, full-width forms and characters no database takes."""
    folded = unicodedata.normalize("NFKC", text.casefold()).replace("\0", " ")
    return folded.encode("utf-8", "replace").decode("utf-8")


def packed_notes(notes: Iterable[Note]) -> str:
    return packed([[note.code, dict(note.facts)] for note in notes])


def packed_failure(failure: Failure) -> str:
    return packed({"code": failure.code, "facts": dict(failure.facts)})


def packed_part(part: Progress | Output) -> str:
    return packed(asdict(part))


def packed_input(picture: Input) -> str:
    """Without a last picture as it was before there were any: rows of either kind stay alike."""
    return packed({name: value for name, value in asdict(picture).items() if name != "last" or value})


def _input(kept: Mapping[str, Any]) -> Input:
    last = kept.get("last")
    return Input(**{**kept, "last": last and _input(last)})


def new_row(new: NewJob, round_: int, clock: Clock) -> Row:
    """A queued job of this round."""
    now = clock.wall()
    deadline: Row = {}
    if new.deadline_s is not None:
        deadline = {
            "deadline_at": float(now + new.deadline_s),
            "deadline_steady": float(clock.steady() + new.deadline_s),
            "deadline_boot": clock.boot(),
        }
    row = dict.fromkeys((c.name for c in videos.c if c.name != "number"), None) | {
        "id": new.id,
        "owner": new.owner,
        "state": State.QUEUED.value,
        "priority": new.priority,
        "round": round_,
        "needs_bytes": new.needs_bytes,
        "kind": new.kind,
        "model": str(new.request["model"]),
        "words": searchable(str(new.request.get("prompt") or "")),
        "request": packed(dict(new.request)),
        "plan": packed(dict(new.plan)),
        "input": packed_input(new.input),
        "source": new.source,
        "created_at": float(now),
        "attempt": 0,
        "crashes": 0,
        "cancel_requested": False,
        "notes": packed_notes(new.notes),
        "revision": 0,
        **deadline,
    }
    return seal(videos, row)


def job_of(row: Mapping[str, Any]) -> Job:
    """The job in a verified row of `videos`."""

    def part(name: str) -> Any:
        return None if row[name] is None else json.loads(row[name])

    progress, output, failure = part("progress"), part("output"), part("failure")
    kept = ("id", "number", "owner", "priority", "kind", "source", "created_at", "started_at",
            "completed_at", "deleted_at", "deadline_at", "attempt", "crashes", "worker",
            "cancel_requested", "revision")  # fmt: skip
    return Job(
        **{name: row[name] for name in kept},
        state=State(row["state"]),
        request=part("request"),
        plan=part("plan"),
        input=_input(part("input")),
        progress=progress and Progress(**progress),
        notes=tuple(Note(code, facts) for code, facts in part("notes")),
        output=output and Output(**output),
        failure=failure and Failure(**failure),
    )
