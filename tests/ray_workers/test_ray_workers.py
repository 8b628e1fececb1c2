"""Jobs on their way through workers on a real Ray cluster, whatever happens to its machines."""

from __future__ import annotations

import hashlib
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from ray_rig import CPU, MODELS, Machines, RayRig, alive, processes, skip_without_ray, until
from unstill.adapters.ray_workers import RayWorker, Roots, Slot, derive_pools, nodes, slots_of
from unstill.adapters.ray_workers.worker import WITHDRAW_S
from unstill.core.worker import Hello
from unstill.domain.job import State
from unstill.media.read_video import probe

skip_without_ray()
pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore")]  # Ray warns of its own ways
Rigs = Callable[..., RayRig]


def free() -> dict[str, float]:
    import ray

    return dict(ray.available_resources())


def worker_processes(slot: Slot) -> set[int]:
    """Of a slot's device: the process that makes videos; not its actor, nor its small guard."""
    found = processes(f"-m unstill.worker --device {slot.device} --models {','.join(MODELS)}")
    return {pid for pid in found if os.getpgid(pid) == pid}


def test_a_clip_is_made_on_a_node(ray_rig: Rigs, caplog: pytest.LogCaptureFixture) -> None:
    """Of the motion engine, with its small pictures; progress is told while it is made, and no log has words
    of the prompt. The worker's own log lines are in the server's."""
    caplog.set_level(logging.INFO)
    server = ray_rig()
    job = server.settled(server.add("slowly pan left", model="motion", num_frames=24))
    assert (job.state, job.attempt, job.crashes) == (State.COMPLETED, 1, 0)
    assert job.output is not None
    video = server.data / job.output.file
    assert probe(video).num_frames == 24
    assert job.output.sha256 == hashlib.sha256(video.read_bytes()).hexdigest()
    until(lambda: server.ear.said[-1] == (job.id, State.COMPLETED))
    stages = [said for _, said in server.ear.said]
    assert "frame" in stages[: stages.index(State.COMPLETED)]
    assert {"outputs/" + name for name in server.files()} == set(job.output.files())
    assert "slowly pan" not in caplog.text
    assert "worker ray:cpu:0 started (process" in caplog.text
    again = server.settled(server.add("pan left preview", model="naughty"))
    assert again.state is State.COMPLETED
    assert (again.id, "preview") in server.ear.said


def test_a_cancel_is_heeded(ray_rig: Rigs) -> None:
    """By the worker itself, at its next tick: the process stays for the next job."""
    server = ray_rig()
    video = server.add("wait", model="testcard", num_frames=200)
    server.ticking(video)
    before = worker_processes(CPU)
    assert server.store.cancel(video).state is State.IN_PROGRESS
    assert server.settled(video).state is State.CANCELLED
    assert server.settled(server.add()).state is State.COMPLETED
    assert worker_processes(CPU) == before
    assert all("video_000000000000000000000001" not in name for name in server.files())


def test_a_killed_actor_loses_no_job(ray_rig: Rigs, caplog: pytest.LogCaptureFixture) -> None:
    """Its worker process ends with it, the job goes back, and another actor makes it."""
    server = ray_rig()
    video = server.add("wait", model="testcard", num_frames=40)
    server.ticking(video)
    (worker,) = worker_processes(CPU)
    actor = int(Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(actor, signal.SIGKILL)
    job = server.settled(video)
    assert (job.state, job.attempt, job.crashes) == (State.COMPLETED, 2, 1)
    assert not alive(worker)
    assert "worker ray:cpu:0 died (its " in caplog.text


def test_a_lost_node_loses_no_job(ray_rig: Rigs, machines: Machines) -> None:
    """The job is made on the next machine of its kind, once there is one."""
    slot = Slot("ray:spot:0", "cpu", num_cpus=0, labels={"kind": "spot"})
    node = machines.add(num_cpus=0, labels={"kind": "spot"})
    server = ray_rig(slot=slot)
    video = server.add("wait", model="testcard", num_frames=60)
    server.ticking(video)
    (worker,) = worker_processes(slot)
    machines.kill(node)
    until(lambda: server.get(video).attempt > 1 or server.get(video).state is State.QUEUED)
    until(lambda: not alive(worker))
    machines.add(num_cpus=0, labels={"kind": "spot"})
    job = server.settled(video)
    assert (job.state, job.crashes) == (State.COMPLETED, 1)


def test_a_worker_that_stands_still_is_ended(ray_rig: Rigs) -> None:
    """Even one that heeds no signal; the next attempt has another."""
    server = ray_rig(stage_s=2.0)
    video = server.add("stopped once")
    server.ticking(video)
    (worker,) = worker_processes(CPU)
    job = server.settled(video)
    assert (job.state, job.attempt, job.crashes) == (State.COMPLETED, 2, 1)
    assert not alive(worker)


def test_what_a_process_dies_of_is_told(ray_rig: Rigs, caplog: pytest.LogCaptureFixture) -> None:
    """As for a process of this computer."""
    server = ray_rig()
    job = server.settled(server.add("segfault once"))
    assert (job.state, job.attempt) == (State.COMPLETED, 2)
    assert "worker ray:cpu:0 died (signal 11)" in caplog.text


def test_an_idle_worker_gives_its_place_back(ray_rig: Rigs) -> None:
    """Process and actor are gone and the cores are free, so that Ray may take the machine away."""
    server = ray_rig(idle_s=0.2)
    until(lambda: free().get("CPU") == 4.0)
    server.settled(server.add())
    until(lambda: not server.worker.running, "its end")
    until(lambda: free().get("CPU") == 4.0, "free cores")
    assert not worker_processes(CPU)


def test_each_slot_is_on_a_node_with_its_gpu(ray_rig: Rigs, machines: Machines) -> None:
    """Slots are read off the cluster; each worker lands where a GPU of its memory is, and is shown that."""
    server = ray_rig()
    slots = {slot.name: slot for slot in slots_of(derive_pools(nodes()))}
    assert {name: slot.memory_bytes for name, slot in slots.items() if slot.num_gpus} == {
        "ray:gpu24:0": 24 * 2**30, "ray:gpu80:0": 80 * 2**30,
    }  # fmt: skip
    for name, node in (("ray:gpu24:0", machines.small), ("ray:gpu80:0", machines.large)):
        worker = server.a_worker(slots[name], Roots(server.data))
        until(lambda worker=worker: worker.ready(demand=True))
        assert worker.node == node.node_id
        hello = until(lambda worker=worker: worker.receive(0.5))
        assert isinstance(hello, Hello)
        assert hello.device == "cuda:0"
        shown = Path(f"/proc/{hello.pid}/environ").read_text()
        assert "CUDA_VISIBLE_DEVICES=0\0" in shown
        assert "RAY_AUTH_TOKEN=\0" in shown
        worker.quit()
        assert not alive(hello.pid)


def test_a_place_that_never_comes_holds_nothing_up(ray_rig: Rigs) -> None:
    """It is asked for once there is a job, waited for without a claim, and given up when nobody wants it."""
    now = 0.0
    server = ray_rig()
    slot = Slot("ray:gpu999:0", "cuda:0", num_gpus=1, labels={"unstill.gpu-memory-gib": "999"})
    worker = RayWorker(slot, MODELS, Roots(server.data), monotonic=lambda: now)
    assert not worker.ready(demand=False)
    assert not worker.running
    assert not worker.ready(demand=True)
    assert worker.running
    assert worker.wait_s() > 0
    now = WITHDRAW_S / 2
    assert not worker.ready(demand=True)
    now += WITHDRAW_S - 1
    assert not worker.ready(demand=False)
    assert worker.running
    now += 2
    assert not worker.ready(demand=False)
    assert not worker.running
    assert worker.wait_s() == 0


class Written(RayWorker):
    """Notes what goes to Ray."""

    sent: list[object]

    def _place(self, *plain: object) -> object:
        self.sent = list(plain)
        return super()._place(*plain)

    def _call(self, actor: object, method: str, *plain: object, **options: object) -> object:
        self.sent += plain
        return super()._call(actor, method, *plain, **options)


def test_only_plain_values_travel(ray_rig: Rigs) -> None:
    """Text, bytes, numbers and lists of text: nothing that would be pickled. The class goes by its name."""
    from ray.experimental.internal_kv import _internal_kv_list

    server = ray_rig()
    worker = Written(CPU, MODELS, Roots(server.data), server.settings, {"NAUGHTY": str(server.data)})
    server.drive(worker)
    assert server.settled(server.add("pan left")).state is State.COMPLETED
    assert any(b'"run"' in value for value in worker.sent if type(value) is bytes)
    for value in worker.sent:
        parts = value if type(value) is list else [value]
        assert {type(part) for part in parts} <= {str, bytes, int, float, bool}
    assert not _internal_kv_list(b"ActorClass", namespace=b"fun")
    assert not _internal_kv_list(b"RemoteFunction", namespace=b"fun")


def test_files_may_travel(ray_rig: Rigs) -> None:
    """A node with another root fetches what a job starts from and keeps what was made before it is told."""
    server = ray_rig()
    roots = Roots(server.data, f"far://{server.data}", {"region": "here"}, "far_storage:open_far")
    server.drive(server.a_worker(CPU, roots))
    job = server.settled(server.add("pan left"))
    assert job.state is State.COMPLETED
    assert job.output is not None
    assert {"outputs/" + name for name in server.files()} == set(job.output.files())
    (server.data / "inputs" / "a.png").unlink()
    failed = server.settled(server.add("pan left"))
    assert failed.failure is not None
    assert failed.failure.code == "file_missing"
