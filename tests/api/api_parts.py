"""A whole service, all parts real but the worker, which is a thread of this process."""

from __future__ import annotations

import contextlib
import hashlib
import io
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
import uvicorn
from PIL import Image
from starlette.types import ASGIApp, Receive, Scope, Send

from testcard import draw
from unstill import wiring
from unstill.adapters.key_store import KeyFile, SessionFile
from unstill.adapters.picture_child import PictureChild
from unstill.adapters.sqlite_jobs import open_jobs
from unstill.adapters.storage import FolderStorage
from unstill.apps.api.app import create_app
from unstill.apps.api.context import ApiSettings
from unstill.apps.api.guard import Guard, GuardSettings, guarded_protocol
from unstill.core.clock import SystemClock
from unstill.core.crew import WorkerView
from unstill.core.events import Events
from unstill.core.jobs import VideoService
from unstill.core.keys import Key
from unstill.core.queue import Claim, JobStore, LeaseLost, Limits
from unstill.core.room import Room
from unstill.domain.job import Failure, Job, Output, Progress
from unstill.domain.service_errors import KeyNotFound
from unstill.settings import Settings

FORMATS = {"mp4": "libx264", "webm": "libvpx-vp9"}


def png(width: int = 64, height: int = 48, seed: int = 0) -> bytes:
    """A small picture."""
    file = io.BytesIO()
    Image.fromarray(draw(width, height, seed)).save(file, "PNG")
    return file.getvalue()


def write_video(path: Path, frames: int, fps: int, width: int, height: int, video_id: str) -> None:
    """A real, tiny video that carries its id, if its format has a place for that."""
    if path.suffix[1:] not in FORMATS:
        first, *rest = (Image.new("L", (width, height), number * 7 % 256) for number in range(frames))
        first.save(path, save_all=True, append_images=rest, duration=max(1, 1000 // fps))
        return
    options = {"movflags": "+faststart+use_metadata_tags"} if path.suffix == ".mp4" else {}
    with av.open(str(path), "w", options=options) as box:
        box.metadata["unstill"] = f'{{"id":"{video_id}","request":{{"prompt":"p"}}}}'
        stream = box.add_stream(FORMATS[path.suffix[1:]], rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            pixels = np.full((height, width, 3), number * 7 % 256, np.uint8)
            box.mux(stream.encode(av.VideoFrame.from_ndarray(pixels)))
        box.mux(stream.encode())


@dataclass
class ThreadWorker:
    """Claims and settles as a worker would. Prompts: "wait" holds until `go`, "crash" fails."""

    store: JobStore
    events: Events
    data: Path
    go: threading.Event = field(default_factory=threading.Event)
    paused: bool = False
    tick_age_s: float = 0.0
    _stop: bool = False

    def start(self) -> None:
        self._thread = threading.Thread(target=self._loop)
        self._thread.start()

    def stop(self) -> None:
        self._stop = True
        self._thread.join(10)

    def workers(self) -> Sequence[WorkerView]:
        return [WorkerView("cpu:0", "cpu", "idle", self.tick_age_s, restarts=2)]

    def _loop(self) -> None:
        while not self._stop:
            found = (
                None
                if self.paused
                else self.store.claim("cpu:0", ["testcard", "dream", "motion", "ends", "between"])
            )
            if found is None:
                time.sleep(0.01)
                continue
            with contextlib.suppress(LeaseLost):
                self._work(*found)

    def _work(self, job: Job, claim: Claim) -> None:
        self.events.changed(job)
        for done in range(3):
            told = Progress("frame", done, 3, 10 + 30 * done, 1.0)
            cancelled = self.store.report(claim, told)
            self.events.progressed(job.id, told)
            self.events.previewed(job.id, b"\xff\xd8small\xff\xd9")
            while done == 1 and "wait" in str(job.request.get("prompt")) and not self.go.is_set():
                time.sleep(0.01)
                if self._stop or (cancelled := self.store.renew(claim)):
                    break
            if cancelled:
                self.events.changed(self.store.stopped(claim))
                return
        if "crash" in str(job.request.get("prompt")):
            self.events.changed(self.store.fail(claim, Failure("worker_crashed", {"times": 3})))
        else:
            self.events.changed(self.store.complete(claim, self._made(job), job.notes))

    def _made(self, job: Job) -> Output:
        plan, folder = job.plan, self.data / "outputs"
        folder.mkdir(exist_ok=True)
        path = folder / f"{job.id}.{job.attempt}.{plan['format']}"
        write_video(path, plan["num_frames"], plan["fps"], plan["width"], plan["height"], job.id)
        small, sheet = path.with_suffix(".jpg"), path.with_suffix(".sheet.jpg")
        for picture in (small, sheet):
            Image.new("RGB", (16, 16), "red").save(picture)
        named = [str(p.relative_to(self.data)) for p in (path, small, sheet)]
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return Output(named[0], path.stat().st_size, digest, 0.1, 1000, named[1], named[2])


class MemoryKeys:
    """Fits `KeyStore`."""

    def __init__(self) -> None:
        self._keys: dict[str, tuple[Key, str]] = {}

    def add(self, name: str) -> tuple[Key, str]:
        key = Key(f"key_{len(self._keys)}", name, 1.0)
        self._keys[key.id] = key, f"uns_{name}"
        return key, f"uns_{name}"

    def list(self) -> Sequence[Key]:
        return [key for key, _ in self._keys.values()]

    def revoke(self, key_id: str) -> Key:
        if key_id not in self._keys:
            raise KeyNotFound(id=key_id)
        return self._keys.pop(key_id)[0]

    def find(self, key_id: str) -> Key | None:
        return self._keys[key_id][0] if key_id in self._keys else None

    def check(self, secret: str) -> Key | None:
        return next((key for key, known in self._keys.values() if known == secret), None)


class OwnerByKey:
    """Stands where the guard will: the bearer's word is the owner; "wrong" is no key."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from unstill.apps.api.errors import answer
        from unstill.domain.service_errors import WrongKey

        if scope["type"] == "http":
            word = dict(scope["headers"]).get(b"authorization", b"").decode().removeprefix("Bearer ")
            if word == "wrong":
                await answer(WrongKey(), scope)(scope, receive, send)
                return
            scope = {**scope, "unstill.owner": "" if word in ("", "any") else word}
        await self._app(scope, receive, send)


@dataclass
class Station:
    """A running server and the parts behind it."""

    service: VideoService
    worker: ThreadWorker
    app: ASGIApp
    server: uvicorn.Server
    inbox: PictureChild
    url: str = ""

    @property
    def data(self) -> Path:
        return self.service.data

    def start(self) -> None:
        self.worker.start()
        self._thread = threading.Thread(target=self.server.run)
        self._thread.start()
        while not self.server.started:
            time.sleep(0.005)
        self.url = f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}"

    def stop(self) -> None:
        self.service.drain()
        self.server.should_exit = True
        self._thread.join(15)
        self.worker.stop()
        self.service.store.close()
        self.inbox.close()


def build(data: Path, entries: list[object], guard: GuardSettings | None = None, **more: object) -> Station:
    """A station over a new data folder; ``more`` are its ApiSettings. With ``guard`` its keys are files."""
    data.mkdir(parents=True, exist_ok=True)
    house = wiring.House(Settings(), entries=entries)  # type: ignore[arg-type]
    store, events = open_jobs(data / "unstill.db", SystemClock()), Events()
    worker = ThreadWorker(store, events, data)
    inbox = PictureChild(data)
    service = VideoService(
        store, inbox, house, events, data, storage=FolderStorage(data),
        limits=Limits(queued=6, queued_per_owner=4), room=Room(data, floor_bytes=0),
    )  # fmt: skip
    settings = ApiSettings(**{"look_s": 0.2, "heartbeat_s": 0.2, **more})  # type: ignore[arg-type]
    keys = KeyFile(data) if guard else MemoryKeys()
    app: ASGIApp = create_app(service, settings, crew=worker, keys_store=keys)
    app = Guard(app, guard, keys, SessionFile(data)) if guard else OwnerByKey(app)
    http = guarded_protocol(guard.connection) if guard else "auto"
    config = uvicorn.Config(
        app, port=0, log_level="warning", ws="none", http=http, timeout_graceful_shutdown=3
    )
    return Station(service, worker, app, uvicorn.Server(config), inbox)
