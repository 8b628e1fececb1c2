"""The rules behind every surface: what may be asked of the service, by whom, and in which order it is kept.

All of it blocks (the store, the disk, the decoding child): callers with an event loop use threads.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from unstill.core.asking import Ask, digest_of, request_of
from unstill.core.at_hand import require_after, require_files, with_remarks
from unstill.core.derive import extension_of, remix_ask
from unstill.core.events import Events
from unstill.core.inbox import Inbox, Inspected, Taken, Upload
from unstill.core.making import plan_for
from unstill.core.plan import Plan
from unstill.core.pulls import Pulls
from unstill.core.queue import Idempotency, JobStore, Limits, NewJob, Page
from unstill.core.render import new_video_id
from unstill.core.room import Room
from unstill.core.services import Services
from unstill.domain.errors import DiskFull, FileMissing, MissingArgument, NotAChoice, OutOfRange
from unstill.domain.job import Input, Job, State, state_words
from unstill.domain.notes import Note
from unstill.domain.request import SIDE
from unstill.domain.service_errors import NotReady, ShuttingDown, Unsupported, VideoNotFound

VARIANTS = ("video", "thumbnail", "spritesheet")
USUAL = (1024, 1024)
"""A picture's size for refusing, before it is decoded, what no picture can make right."""
MEAN_FRESH_S = 2.0
TEMPORARY = "tmp"
"""Below the data folder; emptied when a server starts."""


def nobody_listens() -> None:
    """For where nobody waits for new jobs."""


class VideoService:
    """Videos as a resource. ``owner`` is the API key's id everywhere: others' videos do not exist."""

    def __init__(
        self,
        store: JobStore,
        inbox: Inbox,
        services: Services,
        events: Events,
        data: Path,
        *,
        limits: Limits | None = None,
        room: Room | None = None,
        pulls: Pulls | None = None,
        wake: Callable[[], None] = nobody_listens,
    ) -> None:
        self.store, self.inbox, self.services, self.events = store, inbox, services, events
        self.data, self.limits = data, limits or Limits()
        self.room = room or Room(data)
        self.pulls = pulls or Pulls(lambda: services.weights)
        self.draining = False
        """Set when the server stops: nothing new is taken."""
        self._wake = wake
        self._mean_lock, self._mean = threading.Lock(), (-MEAN_FRESH_S, 0.0)

    def drain(self) -> None:
        """Take nothing new, and let go of everybody who watches."""
        self.draining = True
        self.events.close()

    # --- making

    def create(self, ask: Ask, upload: Upload | str | None, owner: str, key: str | None = None) -> Job:
        """A queued job. The picture is on disk before the row is, and the row before this returns.

        The picture is sent, or is that of an earlier video, named by its id. A request that is known by its
        key is answered from the store before anything else is looked at.

        Raises `BadRequest`, `BadPicture`, `NoRoom`, `QueueFull`, `IdempotencyMismatch`, `ShuttingDown`,
        `VideoNotFound`, and what `require_files` raises.
        """
        if isinstance(upload, str):
            return self._create_of(upload, ask, owner, key)
        if upload is None:
            example = "-F input_reference=@photo.jpg"
            raise MissingArgument(param="input_reference", argument="input_reference", example=example)
        named = _named(key, ask, upload)
        if known := self._known(owner, named):
            return known
        self._open_for_work()
        request = request_of(ask, self.services)
        self._require_files(plan_for(request, USUAL, self.services))
        video_id = new_video_id()
        taken = self._take(upload, video_id, request.background)
        try:
            size = (taken.input.width, taken.input.height)
            plan = plan_for(request, size, self.services, ask.language)
            new = self._new(video_id, owner, plan, taken.input, ask, taken.notes)
            job = self._add(replace(new, idempotency=named))
        except Exception:
            self._forget(taken.input, video_id)
            raise
        if job.id != video_id:  # the same request was quicker: its job has its own picture
            self._forget(taken.input, video_id)
        return job

    def _create_of(self, source_id: str, ask: Ask, owner: str, key: str | None) -> Job:
        """A queued job of the picture of an earlier video."""
        named = _named(key, ask, of=source_id)
        if known := self._known(owner, named):
            return known
        self._open_for_work()
        picture = self.store.get(source_id, owner).input
        size = (picture.width, picture.height)
        plan = plan_for(request_of(ask, self.services), size, self.services, ask.language)
        self._require_files(plan)
        new = self._new(new_video_id(), owner, plan, picture, ask)
        return self._add(replace(new, idempotency=named))

    def _require_files(self, plan: Plan) -> None:
        """See `require_files`; a video may wait for files that are being fetched."""
        require_files(plan.card, self.services, self.pulls.coming())
        require_after(plan, self.services)

    def remix(self, source_id: str, ask: Ask, owner: str, key: str | None = None) -> Job:
        """The same picture and settings under a new prompt, and another seed unless one is given."""
        named = _named(key, ask, remix=source_id)
        if known := self._known(owner, named):
            return known
        self._open_for_work()
        source = self.store.get(source_id, owner)
        ask = remix_ask(source, ask, self.services)
        request = request_of(ask, self.services)
        size = (source.input.width, source.input.height)
        plan = plan_for(request, size, self.services, ask.language)
        self._require_files(plan)
        new = self._new(new_video_id(), owner, plan, source.input, ask)
        return self._add(replace(new, source=source.id, idempotency=named))

    def extend(self, source: str | Upload, ask: Ask, owner: str, key: str | None = None) -> Job:
        """A video of ours, by its id or sent back, and ``ask.seconds`` more of it in one file, going on from
        its last frame."""
        if ask.seconds is None:
            raise MissingArgument(param="seconds", argument="seconds", example="seconds=4")
        named = _named(key, ask, extend=source if isinstance(source, str) else source.sha256())
        if known := self._known(owner, named):
            return known
        self._open_for_work()
        found = self.store.get(source, owner) if isinstance(source, str) else self._sent(source, owner)
        made = extension_of(found, ask, self.services)
        self._require_files(made.plan)
        new = self._new(new_video_id(), owner, made.plan, found.input, made.ask)
        new = replace(new, kind="extend", source=found.id, plan={**new.plan, **made.facts})
        return self._add(replace(new, idempotency=named))

    def plan(self, ask: Ask, width: int, height: int) -> Plan:
        """What would be made of a picture of this size, and what for it is not here. Raises `BadRequest`."""
        for name, side in (("width", width), ("height", height)):
            if not SIDE[0] <= side <= SIDE[1]:
                raise OutOfRange(param=name, value=side, low=SIDE[0], high=SIDE[1])
        plan = plan_for(request_of(ask, self.services), (width, height), self.services, ask.language)
        plan = with_remarks(plan, self.services, coming=self.pulls.coming())
        return replace(plan, notes=(*plan.notes, *ask.notes))

    def inspect(self, upload: Upload) -> Inspected:
        """The settings in a video of ours."""
        with self._disk_errors(), upload.at_hand(self.data / TEMPORARY) as raw:
            return self.inbox.inspect(raw, upload.name)

    # --- looking

    def get(self, video_id: str, owner: str) -> Job:
        return self.store.get(video_id, owner)

    def page(
        self,
        owner: str,
        *,
        after: str | None = None,
        limit: int = 20,
        newest_first: bool = True,
        states: Collection[State] = (),
        text: str = "",
        model: str | None = None,
    ) -> Page:
        return self.store.page(
            owner, after=after, limit=limit, newest_first=newest_first, states=states, text=text, model=model
        )

    def content(self, video_id: str, variant: str, owner: str) -> Path:
        """Where the bytes are. Raises `NotAChoice`, `NotReady`, `FileMissing`."""
        if variant not in VARIANTS:
            raise NotAChoice(param="variant", value=repr(variant)[:80], choices=", ".join(VARIANTS))
        job = self.store.get(video_id, owner)
        if job.output is None:
            raise NotReady(id=job.id, **state_words(job.state.value))
        files = {
            "video": job.output.file,
            "thumbnail": job.output.thumbnail,
            "spritesheet": job.output.spritesheet,
        }
        return self._inside(files[variant], f"{job.id} ({variant})")

    def input(self, video_id: str, owner: str) -> Path:
        """The picture of a job."""
        job = self.store.get(video_id, owner)
        return self._inside(job.input.file, f"{job.id} (input)")

    def position(self, job: Job) -> int | None:
        """1 for the job that is next; None for jobs that do not wait."""
        return self.store.waiting_before(job.id) + 1 if job.state is State.QUEUED else None

    def eta_s(self, job: Job, position: int | None) -> float | None:
        """Seconds until it is finished, as far as estimates go."""
        own = float(job.plan.get("estimated_seconds") or 0.0)
        if job.state is State.QUEUED:
            return round(own + (max(1, position or 1) - 1) * self._mean_estimate(), 1)
        if job.state is State.IN_PROGRESS:
            return own if job.progress is None else job.progress.eta_s
        return None

    # --- settling

    def cancel(self, video_id: str, owner: str) -> Job:
        return self._changed(self.store.cancel(video_id, owner))

    def delete(self, video_id: str, owner: str) -> Job:
        return self._changed(self.store.delete(video_id, owner))

    def restore(self, video_id: str, owner: str) -> Job:
        return self._changed(self.store.restore(video_id, owner))

    # --- inside

    def _open_for_work(self) -> None:
        if self.draining:
            raise ShuttingDown
        self.room.check()

    def _known(self, owner: str, named: Idempotency | None) -> Job | None:
        return self.store.find(owner, named) if named else None

    def _take(self, upload: Upload, video_id: str, background: str | None) -> Taken:
        with self._disk_errors(), upload.at_hand(self.data / TEMPORARY) as raw:
            return self.inbox.take(raw, upload.name, video_id=video_id, background=background)

    def _sent(self, upload: Upload, owner: str) -> Job:
        """The video of ours that somebody sends back. Raises `Unsupported` for any other."""
        try:
            job = self.store.get(str(self.inspect(upload).settings.get("id", "")), owner)
        except VideoNotFound:
            job = None
        if job is None or job.output is None or job.output.sha256 != upload.sha256():
            raise Unsupported(
                param="video", what="extend a video that is not kept here; send video[id]",
                what_zh="续写没有保存在这里的视频；请发送 video[id]",
            )  # fmt: skip
        return job

    @contextlib.contextmanager
    def _disk_errors(self) -> Iterator[None]:
        """A full disk in words for who cannot see it."""
        try:
            yield
        except DiskFull as error:
            raise self.room.disk_full() from error

    def _new(
        self, video_id: str, owner: str, plan: Plan, picture: Input, ask: Ask, notes: tuple[Note, ...] = ()
    ) -> NewJob:
        facts = {name: value for name, value in plan.to_json().items() if name != "notes"}
        said = (*plan.notes, *notes, *ask.notes)
        request: Mapping[str, Any] = plan.request.settings()
        return NewJob(id=video_id, owner=owner, request=request, plan=facts, input=picture, notes=said)

    def _add(self, new: NewJob) -> Job:
        job, fresh = self.store.add(new, self.limits)
        if fresh:
            self._changed(job)
            self._wake()
        return job

    def _changed(self, job: Job) -> Job:
        self.events.changed(job)
        return job

    def _forget(self, picture: Input, video_id: str) -> None:
        """Remove the picture of a job that was refused. Where the store cannot say for certain that there is
        no such job (its answer may have been lost after the commit), the sweep at the next start decides."""
        with contextlib.suppress(Exception):
            try:
                self.store.get(video_id, deleted=True)
            except VideoNotFound:
                (self.data / picture.file).unlink(missing_ok=True)

    def _inside(self, name: str | None, what: str) -> Path:
        root = self.data.resolve()
        path = (root / name).resolve() if name else None
        if path is None or not path.is_relative_to(root) or not path.is_file():
            raise FileMissing(path=what)
        return path

    def _mean_estimate(self) -> float:
        with self._mean_lock:
            if time.monotonic() - self._mean[0] > MEAN_FRESH_S:
                waiting = self.store.page(states={State.QUEUED}, limit=20).jobs
                times = [float(job.plan.get("estimated_seconds") or 0.0) for job in waiting]
                self._mean = (time.monotonic(), sum(times) / len(times) if times else 0.0)
            return self._mean[1]


def _named(key: str | None, ask: Ask, upload: Upload | None = None, **besides: object) -> Idempotency | None:
    return Idempotency(key, digest_of(ask, upload, **besides)) if key else None
