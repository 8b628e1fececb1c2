"""The rules behind the routes: what is kept first, and what a remix and an extension become."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from api_parts import Station, png

from unstill.core.queue import Limits, NewJob
from unstill.domain.job import Job
from unstill.domain.service_errors import StoreBusy, VideoNotFound

PICTURE = {"input_reference": ("a.png", png())}
Make = Callable[..., dict[str, Any]]


class Spy:
    """The real store, looked at when a row is about to be written."""

    def __init__(self, station: Station, after: Exception | None = None) -> None:
        self._station, self._store, self._after = station, station.service.store, after
        self.seen: list[bool] = []

    def add(self, new: NewJob, limits: Limits) -> tuple[Job, bool]:
        self.seen.append((self._station.data / new.input.file).is_file())
        with pytest.raises(VideoNotFound):
            self._store.get(new.id)
        added = self._store.add(new, limits)
        if self._after:
            raise self._after
        return added

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_the_picture_is_there_before_the_row(
    web: httpx.Client, station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Picture on disk, then the row, then the answer."""
    spy = Spy(station)
    monkeypatch.setattr(station.service, "store", spy)
    reply = web.post("/v1/videos", data={"prompt": "x"}, files=PICTURE)
    assert (reply.status_code, spy.seen) == (200, [True])


def test_an_answer_lost_after_the_commit_keeps_the_picture(
    web: httpx.Client, station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store was busy saying yes: the client may try again, and the job that exists has its picture."""
    station.worker.paused = True
    monkeypatch.setattr(station.service, "store", Spy(station, StoreBusy()))
    reply = web.post("/v1/videos", data={"prompt": "x"}, files=PICTURE)
    monkeypatch.undo()
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "2")
    job = station.service.store.page().jobs[0]
    assert (station.data / job.input.file).is_file()


def test_an_extension_fits_the_frames_a_model_can_make(web: httpx.Client, finished: Make) -> None:
    """8n + 1 frames: the repeated first one makes the rest come out even."""
    source = finished(model="dream", size="64x64")
    asked = {
        "prompt": "on",
        "video": {"id": source["id"]},
        "seconds": 2,
        "seed": 7,
        "size": "128x128",
        "wild": 1,
    }
    made = web.post("/v1/videos/extensions", json=asked).json()
    assert (source["num_frames"], made["request"]["num_frames"], made["num_frames"]) == (9, 17, 25)
    assert (made["size"], made["seed"], made["model"]) == ("64x64", 7, "dream")
    assert "size was not used: an extension keeps that of the video it goes on from." in made["notes"]
    assert "The field wild is not known here and was ignored." in made["notes"]


def test_an_extensions_length_is_that_of_the_new_part(web: httpx.Client, finished: Make) -> None:
    """In the request; in the answer it is the whole, as openai's documents say of both. Frames win."""
    source = finished(seconds="2")
    asked = {"prompt": "on", "video": {"id": source["id"]}, "seconds": "1"}
    made = web.post("/v1/videos/extensions", json=asked).json()
    assert (source["num_frames"], made["seconds"], made["num_frames"]) == (16, "3", 24)
    made = web.post("/v1/videos/extensions", json={**asked, "num_frames": "4", "fps": 8}).json()
    assert (made["seconds"], made["num_frames"]) == ("2.5", 20)
    assert [note for note in made["notes"] if "keeps that" in note] == [
        "fps was not used: an extension keeps that of the video it goes on from."
    ]
    wrong = web.post("/v1/videos/extensions", json={**asked, "num_frames": "many"})
    assert wrong.json()["error"]["param"] == "num_frames"


def test_a_remix_may_change_settings_too(web: httpx.Client, finished: Make) -> None:
    """What is given wins; what is not stays, unless another model would not know it."""
    path = f"/v1/videos/{finished(fps='4', **{'options[step]': '3'})['id']}/remix"
    slower = web.post(path, json={"prompt": "x", "seconds": "4", "options": {"step": 1}}).json()
    assert (slower["fps"], slower["num_frames"], slower["request"]["options"]) == (4, 16, {"step": 1})
    other = web.post(path, json={"prompt": "x", "model": "dream", "size": "64x64"}).json()
    assert (other["model"], other["num_frames"], other["generative"]) == ("dream", 9, True)
    assert other["kind"] == "generated video"


def test_a_generative_model_says_so(web: httpx.Client, finished: Make) -> None:
    """Only camera motion is called camera motion."""
    made = finished(model="dream", size="64x64")
    assert (made["generative"], made["kind"]) == (True, "generated video")


def test_a_job_whose_picture_is_gone(web: httpx.Client, station: Station, finished: Make) -> None:
    """A file that somebody removed by hand is a 404 that names no path of the server."""
    job = finished()
    next(station.data.glob(f"inputs/{job['id']}*")).unlink()
    reply = web.get(f"/v1/videos/{job['id']}/input")
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "file_missing")
    assert str(station.data) not in reply.text


def test_a_client_that_hangs_up_on_sync_loses_nothing(
    web: httpx.Client, station: Station, make: Make
) -> None:
    """The video is made all the same."""
    with pytest.raises(httpx.ReadTimeout):
        web.post("/v1/videos/sync", data={"prompt": "wait"}, files=PICTURE, timeout=1)
    listed = web.get("/v1/videos", params={"q": "wait"}).json()["data"]
    assert len(listed) == 1
    station.worker.go.set()
    assert web.get("/v1/videos", params={"q": "wait"}).json()["data"][0]["state"] != "cancelled"
