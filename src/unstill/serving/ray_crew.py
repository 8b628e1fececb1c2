"""Workers on a Ray cluster, driven by one of the servers at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from unstill.adapters.ray_workers import (
    RayWorker,
    Roots,
    Slot,
    connect,
    derive_pools,
    disconnect,
    nodes,
    parse_pools,
    slots_of,
)
from unstill.core.crew import WorkerView
from unstill.core.dispatch import Dispatcher, Dispatchers
from unstill.core.placing import Placing
from unstill.core.plan import MEMORY_MARGIN
from unstill.core.ports import Accelerator, Machine
from unstill.core.queue import PASSING, Reach
from unstill.core.services import Services
from unstill.core.settling import News
from unstill.core.worker import WorkerSettings
from unstill.serving.ground import Ground, s3_options
from unstill.settings import Settings

LOG = logging.getLogger(__name__)
GIB = 2**30
LOOK_S = 1.0
"""Between looks at who leads, and at jobs that fit nowhere."""
AMPERE = (8, 0)
"""The least that is assumed of a cluster's cards: compute capability 8.0, with bfloat16."""


class Cluster:
    """A cluster that this process has joined, and what of it workers may have."""

    def __init__(self, settings: Settings) -> None:
        """Raises as `connect` and `parse_pools`."""
        found = connect(settings.ray_address)
        LOG.info("joined the Ray cluster at %s (Ray %s)", found.address, found.ray)
        pools = parse_pools(settings.ray_pools) if settings.ray_pools else derive_pools(nodes())
        self.slots: Sequence[Slot] = slots_of(pools)

    @property
    def largest_bytes(self) -> int | None:
        """Memory of the largest device; None without any of their own."""
        return max((slot.memory_bytes for slot in self.slots if slot.memory_bytes), default=None)

    def machine(self, here: Machine) -> Machine:
        """What videos are planned for: the largest device there is, or may be."""
        if self.largest_bytes is None:
            return here
        card = Accelerator(
            f"graphics card with {self.largest_bytes / GIB:.0f} GiB",
            self.largest_bytes,
            self.largest_bytes,
            AMPERE,
        )
        return replace(here, device="cuda:0", accelerator=card)


class Elsewhere:
    """The services of a server whose videos are made on other machines. Fits `Services`."""

    def __init__(self, services: Services, cluster: Cluster) -> None:
        self._services, self._cluster = services, cluster

    def machine(self) -> Machine:
        return self._cluster.machine(self._services.machine())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._services, name)


class RayCrew:
    """One dispatcher a slot, while this server leads. Fits `unstill.core.crew.Workforce`."""

    def __init__(
        self,
        make: Callable[[], Sequence[Dispatcher]],
        leads: Callable[[], bool | None],
        refuse: Callable[[], None],
    ) -> None:
        self._make, self._leads, self._refuse = make, leads, refuse
        self._crew: Dispatchers | None = None
        self._stopping, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._loop, name="cluster", daemon=True)

    def workers(self) -> Sequence[WorkerView]:
        crew = self._crew
        return crew.workers() if crew else []

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._wake.set()
        if (crew := self._crew) is not None:
            crew.wake()

    def drain(self, grace_s: float) -> bool:
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(LOOK_S * 10)
        ended = self._crew is None or self._crew.drain(grace_s)
        disconnect()
        return ended

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                self._look()
            except PASSING as error:
                LOG.warning("the cluster's jobs cannot be looked at (%s); trying on", error.code)
            except Exception:
                LOG.exception("a mistake in driving the cluster; going on")
            self._wake.wait(LOOK_S)
            self._wake.clear()

    def _look(self) -> None:
        leads = self._leads()
        if leads is None:  # what runs goes on: its claims are fenced
            return
        if not leads:
            if self._crew is not None:
                LOG.warning("another server drives the cluster now")
                self._crew.drain(0.0)
                self._crew = None
            return
        if self._crew is None:
            crew = Dispatchers(self._make())
            crew.start()
            self._crew = crew
            LOG.info("this server drives the cluster's workers: %d", len(crew.workers()))
        self._refuse()


def models_of(slot: Slot, slots: Sequence[Slot], services: Services) -> list[str]:
    """What moves a camera runs on processors, what generates on graphics cards, where there are both."""
    on_card = slot.memory_bytes is not None
    both = len({other.memory_bytes is not None for other in slots}) == 2
    cards = [card for family in services.families for card in family.cards]
    return [card.id for card in cards if not both or card.generative == on_card]


def ray_crew(
    settings: Settings,
    services: Services,
    ground: Ground,
    news: News,
    driven: WorkerSettings,
    cluster: Cluster,
) -> RayCrew:
    """The crew of a server with ``workers=ray``; nothing is asked of the cluster until it is started."""
    store, slots, storage = ground.store, cluster.slots, ground.storage
    far = str(settings.storage or "").startswith("s3://")
    options = {name: value for name, value in s3_options(settings).items() if name in ("endpoint", "region")}
    roots = Roots(storage.root, settings.storage or "", options if far else None)

    def made(slot: Slot, placing: Placing) -> Dispatcher:
        usable = None if slot.memory_bytes is None else int(slot.memory_bytes * MEMORY_MARGIN)
        reach = Reach(usable, settings.running_per_key)
        models = models_of(slot, slots, services)
        worker = RayWorker(slot, models, roots, driven)
        place = placing.place(slot.name, models, reach, worker.ready)
        return Dispatcher(
            store, worker, models, storage, replace(driven, prestart=False),
            news=news, reach=reach, fetches=True, place=place,
        )  # fmt: skip

    def make() -> Sequence[Dispatcher]:
        placing = Placing(store)
        return [made(slot, placing) for slot in slots]

    def refuse() -> None:
        if cluster.largest_bytes is None:
            return
        models = [card.id for family in services.families for card in family.cards]
        largest = {"largest": f"{cluster.largest_bytes / GIB:.1f} GiB"}
        for job in store.refuse(models, int(cluster.largest_bytes * MEMORY_MARGIN), largest):
            LOG.warning("job %s fits no device of the cluster", job.id)
            news.changed(job)

    return RayCrew(make, _leads(ground), refuse)


def _leads(ground: Ground) -> Callable[[], bool | None]:
    if ground.server is None:
        return lambda: True
    from unstill.adapters.postgres_jobs import Leadership

    return Leadership(ground.server).held
