"""The rules behind every surface: what may be asked of the service, by whom, and in which order it is kept.

All of it blocks (the store, the disk, the decoding child): callers with an event loop use threads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from unstill.core.asking import Ask, chosen, digest_of, request_of
from unstill.core.at_hand import require_after, require_files, with_remarks
from unstill.core.derive import extension_of, pictures_kept, remix_ask
from unstill.core.events import Events
from unstill.core.inbox import Inbox, Inspected, Upload
from unstill.core.loras import require_loras
from unstill.core.making import plan_for
from unstill.core.pictures import TEMPORARY, Pictures, Sent, size_of
from unstill.core.plan import Plan
from unstill.core.pulls import Pulls
from unstill.core.queue import Idempotency, JobStore, Limits, NewJob, Page
from unstill.core.render import new_video_id
from unstill.core.room import Room
from unstill.core.services import Services
from unstill.core.storage import Storage
from unstill.domain.errors import FileMissing, MissingArgument, NotAChoice, OutOfRange
from unstill.domain.job import Input, Job, State, state_words
from unstill.domain.notes import Note
from unstill.domain.request import SIDE
from unstill.domain.service_errors import NotReady, ShuttingDown, Unsupported, VideoNotFound

VARIANTS = ("video", "thumbnail", "spritesheet")
MEAN_FRESH_S = 2.0


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
        storage: Storage,
        limits: Limits | None = None,
        room: Room | None = None,
        pulls: Pulls | None = None,
        wake: Callable[[], None] = nobody_listens,
        needs: Callable[[Plan], int | None] | None = None,
    ) -> None:
        self.store, self.inbox, self.services, self.events = store, inbox, services, events
        self.data, self.storage, self.limits = data, storage, limits or Limits()
        self.room = room or Room(data)
        self.pulls = pulls or Pulls(lambda: services.weights)
        self.draining = False
        """Set when the server stops: nothing new is taken."""
        self._wake, self._needs = wake, needs or (lambda _: None)
        self._mean_lock, self._mean = threading.Lock(), (-MEAN_FRESH_S, 0.0)

    @property
    def pictures(self) -> Pictures:
        return Pictures(self.store, self.inbox, self.storage, self.data / TEMPORARY, self.room)

    def drain(self) -> None:
        """Take nothing new, and let go of everybody who watches."""
        self.draining = True
        self.events.close()

    # --- making

    def create(
        self, ask: Ask, upload: Sent | None, owner: str, key: str | None = None, last: Sent | None = None
    ) -> Job:
        """A queued job. The pictures are on disk before the row is, and the row before this returns.

        A picture is sent, or is that of an earlier video, named by its id; ``last`` is that for the last
        frame. A request that is known by its key is answered from the store before anything else is looked
        at.

        Raises `BadRequest`, `BadPicture`, `NoRoom`, `QueueFull`, `IdempotencyMismatch`, `ShuttingDown`,
        `VideoNotFound`, and what `require_files` and `require_loras` raise.
        """
        if upload is None:
            example = "-F input_reference=@photo.jpg"
            raise MissingArgument(param="input_reference", argument="input_reference", example=example)
        named = _named(key, ask, upload, last)
        if known := self._known(owner, named):
            return known
        self._open_for_work()
        first = self.pictures.found(upload, owner)
        end = None if last is None else self.pictures.found(last, owner, last=True)
        ask = chosen(ask, self.services, end, size_of(first))
        request = request_of(ask, self.services, end)
        self._require_files(plan_for(request, size_of(first), self.services))
        video_id = new_video_id()
        with self.pictures.kept(first, end, video_id, request.background) as taken:
            plan = plan_for(request, size_of(taken.input), self.services, ask.language)
            new = self._new(video_id, owner, plan, taken.input, ask, taken.notes)
            job = self._add(replace(new, idempotency=named))
        if job.id != video_id:  # the same request was quicker: its job has its own pictures
            self.pictures.forget(taken.input.files(), video_id)
        return job

    def _require_files(self, plan: Plan) -> None:
        """See `require_files`; a video may wait for files that are being fetched."""
        require_files(plan.card, self.services, self.pulls.coming())
        require_after(plan, self.services)
        require_loras(plan.request, self.services)

    def remix(self, source_id: str, ask: Ask, owner: str, key: str | None = None) -> Job:
        """The same picture and settings under a new prompt, and another seed unless one is given."""
        named = _named(key, ask, remix=source_id)
        if known := self._known(owner, named):
            return known
        self._open_for_work()
        source = self.store.get(source_id, owner)
        ask = remix_ask(source, ask, self.services)
        ask, picture = pictures_kept(source, ask, self.services)
        request = request_of(ask, self.services, picture.last)
        plan = plan_for(request, size_of(picture), self.services, ask.language)
        self._require_files(plan)
        new = self._new(new_video_id(), owner, plan, picture, ask)
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
        new = self._new(new_video_id(), owner, made.plan, replace(found.input, last=None), made.ask)
        new = replace(new, kind="extend", source=found.id, plan={**new.plan, **made.facts})
        return self._add(replace(new, idempotency=named))

    def plan(self, ask: Ask, width: int, height: int, *, last: bool = False) -> Plan:
        """What would be made of a picture of this size, and what for it is not here; ``last``: with one for
        the last frame. Raises `BadRequest`, and as `require_loras`."""
        for name, side in (("width", width), ("height", height)):
            if not SIDE[0] <= side <= SIDE[1]:
                raise OutOfRange(param=name, value=side, low=SIDE[0], high=SIDE[1])
        ask = chosen(ask, self.services, last or None, (width, height))
        request = request_of(ask, self.services, last or None)
        plan = plan_for(request, (width, height), self.services, ask.language)
        require_loras(request, self.services)
        plan = with_remarks(plan, self.services, coming=self.pulls.coming())
        return replace(plan, notes=(*ask.choice, *plan.notes, *ask.notes))

    def inspect(self, upload: Upload) -> Inspected:
        """The settings in a video of ours."""
        with self.pictures.disk_errors(), upload.at_hand(self.data / TEMPORARY) as raw:
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

    def input(self, video_id: str, owner: str, *, last: bool = False) -> Path:
        """The picture of a job, or the one for its last frame. Raises `FileMissing`."""
        job = self.store.get(video_id, owner)
        picture = job.input.last if last else job.input
        return self._inside(picture.file if picture else None, f"{job.id} ({'last ' * last}input)")

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

    def _new(
        self, video_id: str, owner: str, plan: Plan, picture: Input, ask: Ask, notes: tuple[Note, ...] = ()
    ) -> NewJob:
        facts = {name: value for name, value in plan.to_json().items() if name != "notes"}
        said = (*ask.choice, *plan.notes, *notes, *ask.notes)
        request: Mapping[str, Any] = plan.request.settings()
        return NewJob(
            id=video_id,
            owner=owner,
            request=request,
            plan=facts,
            input=picture,
            notes=said,
            deadline_s=ask.deadline_s,
            needs_bytes=self._needs(plan),
        )

    def _add(self, new: NewJob) -> Job:
        job, fresh = self.store.add(new, self.limits)
        if fresh:
            self._changed(job)
            self._wake()
        return job

    def _changed(self, job: Job) -> Job:
        self.events.changed(job)
        return job

    def _inside(self, name: str | None, what: str) -> Path:
        try:
            if not name:
                raise FileMissing(path=what)
            return self.storage.at_hand(name)
        except FileMissing:
            raise FileMissing(path=what) from None

    def _mean_estimate(self) -> float:
        with self._mean_lock:
            if time.monotonic() - self._mean[0] > MEAN_FRESH_S:
                waiting = self.store.page(states={State.QUEUED}, limit=20).jobs
                times = [float(job.plan.get("estimated_seconds") or 0.0) for job in waiting]
                self._mean = (time.monotonic(), sum(times) / len(times) if times else 0.0)
            return self._mean[1]


def _named(
    key: str | None, ask: Ask, sent: Sent | None = None, last: Sent | None = None, **besides: object
) -> Idempotency | None:
    """The request under the client's name for it. Pictures count by their bytes, or by whose they are."""
    if not key:
        return None
    if isinstance(sent, str):
        besides["of"] = sent
    if last is not None:
        besides["last_picture"] = ["of", last] if isinstance(last, str) else last.sha256()
    return Idempotency(key, digest_of(ask, sent if isinstance(sent, Upload) else None, **besides))
