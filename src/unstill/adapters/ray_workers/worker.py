"""A worker on a machine of a Ray cluster. Fits `unstill.core.worker.WorkerProcess`.

One actor is one life of the worker process: what ends the one ends the other. Ray starts nothing again by
itself; whether a job is tried again is the store's to say.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from unstill.adapters.local_workers.backoff import BackOff
from unstill.adapters.ray_workers.faults import how
from unstill.adapters.ray_workers.files import Roots
from unstill.adapters.ray_workers.pools import Slot
from unstill.core.worker import (
    FromWorker,
    ProtocolError,
    ToWorker,
    WorkerGone,
    WorkerSettings,
    from_worker,
    to_line,
)
from unstill.version import __version__

LOG = logging.getLogger(__name__)
UNREAD = 64
"""Batches of lines that may wait in Ray for the server before the node holds back."""
FETCH_S = 10.0
"""For a batch that stands ready on its node to get here."""
END_S = 15.0
"""For the node to end the process, beside the time it is given to end by itself."""
PENDING_S = 0.2
"""Between looks for an actor that was asked for."""
WITHDRAW_S = 30.0
"""A place that was asked for and is not there is given up after so long without a job for it."""
LEVELS = {"INFO": logging.INFO, "WARNING": logging.WARNING, "ERROR": logging.ERROR, "CRITICAL": logging.ERROR}
GROUPS = {"say": 1, "hear": 1, "end": 1}


class _Life:
    """One actor, from the moment it was asked for."""

    def __init__(self, actor: Any, up: Any, stream: Any, now: float) -> None:
        self.actor, self.up, self.stream = actor, up, stream
        self.is_up, self.node, self.asked_at, self.wanted_at = False, "", now, now
        self.lines: deque[bytes] = deque()


class RayWorker:
    """One slot's worker, placed by Ray when there is something to do.

    The driver asks `ready` before it claims a job, in every turn and before `wait_s`; it claims only after
    True. Nothing here waits for a machine to be had.
    """

    def __init__(
        self,
        slot: Slot,
        models: Sequence[str],
        roots: Roots,
        settings: WorkerSettings | None = None,
        environ: Mapping[str, str] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name, self.slot = slot.name, slot
        self._models, self._roots, self._environ = list(models), roots, dict(environ or {})
        self._settings, self._monotonic = settings or WorkerSettings(), monotonic
        self._backoff = BackOff(self._settings, monotonic)
        self._life: _Life | None = None
        self._started_at = 0.0

    @property
    def running(self) -> bool:
        """Whether there is an actor, or one was asked for."""
        return self._life is not None

    @property
    def node(self) -> str:
        """The id of the node that it is on; empty while it is on none."""
        return self._life.node if self._life else ""

    @property
    def quarantined(self) -> bool:
        return self._backoff.quarantined

    # --- having a place

    def ready(self, demand: bool) -> bool:
        """Whether a job can be taken at once.

        With ``demand``, a job that this slot is to do, a place is asked for where there is none; without it
        a place that has not come yet is given up after a while.
        """
        if self._life is None:
            if (demand or self.slot.always) and self._backoff.wait_s() == 0:
                self.start()
            return False
        if not self._is_up():
            self._heed_demand(demand)
            return False
        return True

    def _heed_demand(self, demand: bool) -> None:
        now = self._monotonic()
        if self._life is None:
            return
        if demand or self.slot.always:
            self._life.wanted_at = now
        elif now - self._life.wanted_at > WITHDRAW_S:
            LOG.info("worker %s: no machine came for it, and no job wants it any more", self.name)
            self._drop()

    def _is_up(self) -> bool:
        """Whether the actor is there; one that will never be is let go, and blamed."""
        if self._life is not None:
            try:
                self._look(self._life)
            except WorkerGone as gone:
                LOG.warning("worker %s cannot be had (%s); it is tried again", self.name, gone.how)
                self.failed()
        return self._life is not None and self._life.is_up

    def _look(self, life: _Life) -> None:
        """See whether it came up. Raises `WorkerGone` where it never will."""
        if life.is_up or not self._await(life.up, 0.0):
            return
        try:
            version, node, address = self._get(life.up)
        except WorkerGone as gone:
            raise self._gone(gone.how) from gone
        if version != __version__:
            raise self._gone(f"its node has unstill {version}, this server {__version__}")
        life.is_up, life.node, self._started_at = True, node, self._monotonic()
        LOG.info(
            "worker %s has a place at %s after %.1f s", self.name, address, self._started_at - life.asked_at
        )

    def start(self) -> None:
        """Ask for an actor, if there is none; do not wait for it. What is sent meanwhile it finds there."""
        if self._life is not None:
            return
        try:
            self._life = self._asked()
        except Exception as error:  # Ray's own errors have no root in common with those of its transport
            raise WorkerGone(f"cannot be asked for: {how(error)}") from error
        self._started_at = self._monotonic()

    def _asked(self) -> _Life:
        pairs = [f"{name}={value}" for name, value in self._environ.items()]
        actor = self._place(
            self.name, self.slot.device, self._models, self._roots.spelled(), pairs, self._settings.term_s
        )
        up = self._call(actor, "up")
        stream = self._call(
            actor, "lines", num_returns="streaming", concurrency_group="say",
            _generator_backpressure_num_objects=UNREAD,
        )  # fmt: skip
        return _Life(actor, up, stream, self._monotonic())

    # --- talking

    def send(self, message: ToWorker) -> None:
        line, life = to_line(message), self._alive()
        try:
            self._call(life.actor, "send", line, concurrency_group="hear")
        except Exception as error:
            raise self._gone(how(error)) from error

    def receive(self, timeout_s: float) -> FromWorker | None:
        life = self._alive()
        until = self._monotonic() + timeout_s
        self._look(life)
        while not life.lines:
            if not self._await(life.stream, max(0.0, until - self._monotonic())):
                return None
            self._take(life)
        return from_worker(life.lines.popleft())

    def _take(self, life: _Life) -> None:
        """One item of the stream. Raises `WorkerGone` and `ProtocolError`."""
        try:
            item = self._get(next(life.stream))
        except StopIteration:
            raise self._gone("its actor ended") from None
        except WorkerGone as gone:
            raise self._gone(gone.how) from gone
        if isinstance(item, bytes):
            life.lines.extend(line + b"\n" for line in item.splitlines())
            return
        kind, _, rest = str(item).partition(" ")
        first, _, words = rest.partition(" ")
        if kind == "log":
            LOG.log(LEVELS.get(first, logging.DEBUG), "%s", words)
        elif kind == "gone":
            raise self._gone(words, int(first) or None)
        else:
            raise ProtocolError(rest)

    def _gone(self, words: str, signal: int | None = None) -> WorkerGone:
        """Nothing of it is to go on; and the error that says so."""
        self._drop()
        return WorkerGone(words, signal)

    def _alive(self) -> _Life:
        if self._life is None:
            raise WorkerGone("not started")
        return self._life

    # --- its end

    def quit(self) -> None:
        """End process and actor, so that Ray may use the place otherwise, or give the machine back."""
        self._end(gently=True)

    def kill(self) -> None:
        self._end(gently=False)

    def _end(self, gently: bool) -> None:
        life = self._life
        if life is None:
            return
        if life.is_up:
            try:
                ended = self._call(life.actor, "end", gently, concurrency_group="end")
                self._await(ended, 2 * self._settings.term_s + END_S)
            except Exception as error:
                LOG.warning("worker %s could not be asked to end (%s)", self.name, how(error))
        self._drop()
        LOG.info("worker %s %s; its place is free", self.name, "ended" if gently else "was ended")

    def _drop(self) -> None:
        """Let Ray end the actor, or forget that it was asked for."""
        life, self._life = self._life, None
        if life is None:
            return
        try:
            import ray

            ray.kill(life.actor, no_restart=True)
        except Exception as error:  # it is gone already, or Ray is
            LOG.debug("worker %s: its actor cannot be ended (%s)", self.name, how(error))

    def wait_s(self) -> float:
        wait = self._backoff.wait_s()
        if wait > 0 or self._life is None:
            return wait
        return 0.0 if self._is_up() else max(PENDING_S, self._backoff.wait_s())

    def failed(self) -> None:
        self._backoff.failed(self._monotonic() - self._started_at)

    def healthy(self) -> None:
        self._backoff.healthy()

    # --- Ray

    def _place(self, *plain: str | float | list[str]) -> Any:
        """A new actor. Ray imports its class on the node by name."""
        import ray

        from unstill.adapters.ray_workers.actor import WorkerActor

        remote = ray.remote(max_restarts=0, max_task_retries=0, concurrency_groups=GROUPS)(WorkerActor)
        return remote.options(**self.slot.options()).remote(*plain)

    def _call(self, actor: Any, method: str, *plain: bytes | bool, **options: object) -> Any:
        return getattr(actor, method).options(**options).remote(*plain)

    def _await(self, ref: Any, timeout_s: float) -> bool:
        import ray

        try:
            ready, _ = ray.wait([ref], timeout=timeout_s, fetch_local=False)
        except Exception as error:
            raise self._gone(how(error)) from error
        return bool(ready)

    def _get(self, ref: Any) -> Any:
        """Raises `WorkerGone`, and StopIteration from a stream."""
        import ray

        try:
            return ray.get(ref, timeout=FETCH_S)
        except Exception as error:
            raise WorkerGone(how(error)) from error
