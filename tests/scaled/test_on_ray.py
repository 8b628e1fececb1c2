"""A server whose videos are made on a real Ray cluster of several node processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engines_installed import install
from live import PATIENCE_S, decoded, sha256
from on_ray import WEIGHTY, Make, cluster, servers
from postgres import Server
from ray_rig import Machines, processes, skip_without_ray

skip_without_ray()
pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> str:
    return install(tmp_path_factory.mktemp("engines"), WEIGHTY)


@pytest.fixture(scope="module")
def machines(engines: str) -> Iterator[Machines]:
    with cluster(engines) as made:
        yield made


@pytest.fixture
def on_ray(tmp_path: Path, engines: str, machines: Machines, postgres: Server) -> Iterator[Make]:
    with servers(tmp_path, engines, machines, postgres.new_database()) as made:
        yield made


def until(found: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + PATIENCE_S
    while not (got := found()):
        assert time.monotonic() < end, what
        time.sleep(0.05)
    return got


def test_a_video_is_made_on_the_cluster(on_ray: Make) -> None:
    """Camera motion on a processor's slot; the studio's and the API's words are those of any video."""
    server = on_ray("only").start()
    made = server.create("push in", model="motion", num_frames=24, fps=24).raise_for_status().json()
    job = server.settled(made["id"])
    assert (job["state"], job["error"]) == ("completed", None)
    with server.client() as client:
        video = client.get(f"/v1/videos/{made['id']}/content").content
        workers = client.get("/v1/system").json()["workers"]
    assert (decoded(video), sha256(video)) == (24, job["output"]["sha256"])
    assert {worker["name"] for worker in workers} == {
        "ray:cpu:0", "ray:cpu:1", "ray:gpu24:0", "ray:gpu80:0"
    }  # fmt: skip
    assert not server.workers(), "it made it itself"
    assert server.stop() == 0


def test_each_job_lands_where_it_fits(on_ray: Make) -> None:
    """16 GiB goes to either machine, 40 to the large one alone; 100 fits nowhere, and fails at once."""
    server = on_ray("only").start()
    ids = {gib: server.create(model="weighty", num_frames=gib).raise_for_status().json()["id"]
           for gib in (100, 40, 16)}  # fmt: skip
    unfit = server.settled(ids[100])
    assert unfit["state"] == "failed"
    assert unfit["error"]["code"] == "fits_no_device"
    assert "100.0 GiB" in unfit["error"]["message"]
    assert "80.0 GiB" in unfit["error"]["message"]
    assert unfit["plan"]["num_frames"] == 100
    for gib in (40, 16):
        assert server.settled(ids[gib])["state"] == "completed"
    log = server.said()
    assert f"job {ids[40]}: attempt 1 on worker ray:gpu80:0" in log
    assert f"job {ids[16]}: attempt 1 on worker ray:gpu" in log
    assert f"job {ids[100]}: attempt" not in log


def test_a_warm_model_is_gone_back_to(on_ray: Make) -> None:
    """The second job of a model goes to the machine that has it at hand, though another is idle, too."""
    server = on_ray("only", UNSTILL_RAY_POOLS="gpu24=1,gpu80=1").start()
    first = server.create(model="weighty", num_frames=40).raise_for_status().json()["id"]
    assert server.settled(first)["state"] == "completed"
    for _ in range(4):
        video = server.create(model="weighty", num_frames=4).raise_for_status().json()["id"]
        assert server.settled(video)["state"] == "completed"
        assert f"job {video}: attempt 1 on worker ray:gpu80:0" in server.said()


def test_another_server_takes_the_cluster_over(on_ray: Make) -> None:
    """One leads; when it is killed its workers end, and the next one drives the cluster."""
    first = on_ray("first").start()
    until(lambda: "this server drives the cluster" in first.said(), "nobody leads")
    second = on_ray("second").start()
    made = second.create("slow", model="naughty").raise_for_status().json()["id"]
    until(lambda: second.get(made)["state"] == "in_progress", "it never began")
    assert "this server drives the cluster" not in second.said()
    first.kill()
    assert second.settled(made)["state"] == "completed"
    assert "this server drives the cluster" in second.said()
    assert second.create().status_code == 200


def test_a_cancel_reaches_the_node(on_ray: Make) -> None:
    server = on_ray("only").start()
    made = server.create("doze", num_frames=200).raise_for_status().json()["id"]
    until(lambda: server.get(made)["stage"] == "frame", "it never began")
    with server.client() as client:
        client.post(f"/v1/videos/{made}/cancel").raise_for_status()
    assert server.settled(made)["state"] == "cancelled"


def test_nothing_is_left_on_the_nodes(on_ray: Make) -> None:
    server = on_ray("only").start()
    assert server.settled(server.create().raise_for_status().json()["id"])["state"] == "completed"
    assert server.stop() == 0
    until(lambda: not processes("unstill.worker"), "workers stay on the nodes")


def test_a_cluster_that_is_not_there_is_said_at_the_start(on_ray: Make) -> None:
    server = on_ray("only", UNSTILL_RAY_ADDRESS="127.0.0.1:9").start(wait=False)
    assert server.process is not None
    assert server.process.wait(PATIENCE_S) not in (0, None)
    assert "127.0.0.1:9" in server.said()
    assert "Traceback" not in server.said()
