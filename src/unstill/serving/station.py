"""The parts of one server, built and joined; nothing runs until it is started."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from unstill.adapters.local_workers.process import LocalWorker, command
from unstill.adapters.local_workers.spawner import Spawner
from unstill.adapters.picture_child import ChildSettings, PictureChild
from unstill.adapters.prompt_child import PromptChild
from unstill.adapters.sqlite_jobs import SqlJobs
from unstill.apps.api.app import create_app
from unstill.apps.api.context import ApiSettings
from unstill.apps.api.guard import Guard, GuardSettings, upload_routes
from unstill.apps.studio import serve as studio
from unstill.core.crew import Workforce
from unstill.core.dispatch import Dispatcher, Dispatchers
from unstill.core.events import Events
from unstill.core.jobs import VideoService
from unstill.core.needs import least_bytes
from unstill.core.pulls import Pulls
from unstill.core.queue import Limits, Reach
from unstill.core.room import GIB, Room
from unstill.core.shared_events import SharedEvents
from unstill.core.storage import Storage
from unstill.core.worker import WorkerSettings
from unstill.doctor.machine import work_places
from unstill.serving.access import Access
from unstill.serving.ground import Ground
from unstill.serving.house_keeping import Purger, put_in_order
from unstill.settings import HIDDEN, SECRET, Settings

if TYPE_CHECKING:
    from unstill.adapters.postgres_jobs import News as ServerNews
    from unstill.core.services import Services

LOG = logging.getLogger(__name__)
MEBIBYTE = 2**20
SHARED_REPORT_S = 1.0
"""Between two reports of progress where many workers write to one database: most of its writes are these."""
PUBLIC = ("/docs", "/docs/", "/openapi.json")
"""What says nothing of anybody: open without a key, beside the page and health."""


@dataclass
class Station:
    """One server's parts, in the order in which they are started and, backwards, ended."""

    store: SqlJobs
    inbox: PictureChild
    crew: Workforce
    purger: Purger
    service: VideoService
    guard: Guard
    resumed: int
    interpreter: PromptChild
    news: ServerNews | None = None

    def start(self) -> None:
        if self.news is not None:
            self.news.start()
        self.crew.start()
        self.purger.start()
        threading.Thread(target=self._warm, name="warm", daemon=True).start()

    def _warm(self) -> None:
        """The first picture need not wait until its decoder has started."""
        with contextlib.suppress(Exception):
            self.inbox.pool.warm()

    def drain(self, grace_s: float) -> None:
        """Take nothing new; finish what will finish in time, give the rest back."""
        self.service.drain()
        if not self.crew.drain(grace_s):
            LOG.warning("a worker did not end in time; its job goes on with the next start")

    def close(self) -> None:
        self.purger.stop()
        self.inbox.close()
        self.interpreter.close()
        if self.news is not None:
            self.news.close()


def build(settings: Settings, services: Services, who: Access, ground: Ground, log: Path | None) -> Station:
    """Build everything on what is open. The data folder's lock is held."""
    data, store, storage = settings.data_dir.absolute(), ground.store, ground.storage
    if not ground.alone and not storage.shared:
        LOG.warning("pictures and videos are kept on this computer alone: other servers need UNSTILL_STORAGE")
    resumed = put_in_order(store, storage, data, alone=ground.alone)
    inbox = PictureChild(data, _child(settings), root=storage.root)
    events, news = _events(ground)
    pulls = Pulls(lambda: services.weights)
    services, crew = _crew(settings, services, ground, events, pulls)
    if isinstance(events, SharedEvents):
        events.wake = crew.wake
    service = VideoService(
        store, inbox, services, events, data, storage=storage,
        limits=Limits(settings.queue_limit, settings.queue_limit_per_key),
        room=_room(settings, storage), pulls=pulls, wake=crew.wake,
        needs=(lambda plan: least_bytes(plan, services)) if settings.workers == "ray" else None,
    )  # fmt: skip
    interpreter = PromptChild(services.translator, services.weights)
    app = create_app(
        service, _api(settings, services, log), crew=crew, keys_store=who.keys, interpreter=interpreter
    )
    app.include_router(studio.router)
    guard = Guard(app, guard_settings(settings, services, who), who.keys, ground.sessions)
    purger = Purger(
        store,
        storage,
        settings.keep_deleted_hours * 3600,
        max(0.5, settings.lease_s / 2),
        events.changed,
        leases=not ground.alone,
    )
    return Station(store, inbox, crew, purger, service, guard, resumed, interpreter, news)


def _events(ground: Ground) -> tuple[Events, ServerNews | None]:
    """News of jobs: this server's own, or those of all that share the database."""
    if ground.server is None:
        return Events(), None
    from unstill.adapters.postgres_jobs import News

    events = SharedEvents(ground.store)
    return events, News(ground.server, events.heard, events.missed)


def _room(settings: Settings, storage: Storage) -> Room:
    """An object store has room of its own; the disk here is to keep some all the same."""
    bounded = not str(settings.storage or "").startswith("s3://")
    quota = int(settings.outputs_gibibytes * GIB) if bounded else sys.maxsize
    return Room(storage.root, quota, int(settings.free_gibibytes * GIB))


def _crew(
    settings: Settings, services: Services, ground: Ground, events: Events, pulls: Pulls
) -> tuple[Services, Workforce]:
    """One dispatcher and one worker process for each device; and what videos are planned with."""
    models = [card.id for family in services.families for card in family.cards]
    driven = WorkerSettings(
        lease_s=settings.lease_s,
        idle_s=settings.idle_s,
        stage_s=settings.stage_s,
        report_s=WorkerSettings.report_s if ground.alone else SHARED_REPORT_S,
    )
    spawner, reach = Spawner(), Reach(running_per_owner=settings.running_per_key)
    if settings.workers == "ray":
        return _on_ray(settings, services, ground, events, driven)
    made: list[Dispatcher] = []
    for place in work_places(settings.workers) if settings.workers else ():
        kind = place.device.split(":")[0]
        worker = LocalWorker(place.device, command(kind, models), spawner, driven, place.environ)
        made.append(
            Dispatcher(
                ground.store,
                worker,
                models,
                ground.storage,
                driven,
                news=events,
                coming=pulls.coming,
                reach=reach,
            )
        )
    return services, Dispatchers(made)


def _on_ray(
    settings: Settings, services: Services, ground: Ground, events: Events, driven: WorkerSettings
) -> tuple[Services, Workforce]:
    """Raises what is wrong with the cluster."""
    from unstill.serving.ray_crew import Cluster, Elsewhere, ray_crew

    cluster = Cluster(settings)
    crew = ray_crew(settings, services, ground, events, driven, cluster)
    return cast("Services", Elsewhere(services, cluster)), crew


def _child(settings: Settings) -> ChildSettings:
    return ChildSettings(
        max_bytes=int(settings.max_picture_mebibytes * MEBIBYTE),
        max_pixels=int(settings.max_picture_megapixels * 1e6),
        max_side=settings.max_picture_side,
        video_bytes=int(settings.max_video_mebibytes * MEBIBYTE),
    )


def _api(settings: Settings, services: Services, log: Path | None) -> ApiSettings:
    shown = {
        name: HIDDEN if name in SECRET and value else value
        for name, value in settings.model_dump(mode="json").items()
    }
    return ApiSettings(
        language=services.language or "en",
        max_picture_bytes=int(settings.max_picture_mebibytes * MEBIBYTE),
        max_picture_pixels=int(settings.max_picture_megapixels * 1e6),
        max_video_bytes=int(settings.max_video_mebibytes * MEBIBYTE),
        log_file=log,
        shown=shown,
    )


def guard_settings(settings: Settings, services: Services, who: Access) -> GuardSettings:
    usual = GuardSettings()
    return GuardSettings(
        bind=settings.host,
        hosts=settings.hosts,
        origins=settings.origins,
        auth="keys" if who.asks else "none",
        claimable=settings.claim,
        link_token=who.link,
        operator=who.operator,
        language=services.language or "en",
        public=(*usual.public, *PUBLIC),
        uploads=upload_routes(
            int(settings.max_picture_mebibytes * MEBIBYTE), int(settings.max_video_mebibytes * MEBIBYTE)
        ),
        rate_per_s=settings.rate_per_s,
        burst=settings.burst,
    )
