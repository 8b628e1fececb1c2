"""What the dialect and HTTP ask for in passing: HEAD, waiting, full disks, notes of what was not heeded."""

from __future__ import annotations

import errno
import io
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_parts import Station, png
from PIL import Image

from unstill.core.inbox import Upload
from unstill.domain.errors import DiskFull
from unstill.domain.service_errors import StillWorking

PICTURE = {"input_reference": ("a.png", png())}
Make = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/v1/models", "/v1/videos",
             "/v1/system", "/v1/videos/{id}", "/v1/videos/{id}/content", "/v1/videos/{id}/input"],
)  # fmt: skip
def test_head_is_a_get_without_its_body(web: httpx.Client, finished: Make, path: str) -> None:
    """The same status and the same headers, a file's length and tag among them; ranges are for GET."""
    path = path.replace("{id}", str(finished()["id"]))
    get = web.get(path)
    head = web.head(path, headers={"Range": "bytes=0-3"})
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "etag", "accept-ranges"):
        assert head.headers.get(name) == get.headers.get(name), name
    if path.endswith(("/content", "/input")):
        assert int(head.headers["content-length"]) == len(get.content)


def test_head_of_what_is_not_there(web: httpx.Client, make: Make) -> None:
    """404 and 405 as for GET, and a stream that never starts."""
    assert web.head("/v1/videos/video_0").status_code == 404
    assert web.head("/v1/plans").status_code == 405
    events = web.head(f"/v1/videos/{make('wait')['id']}/events")
    assert (events.status_code, events.content) == (200, b"")
    assert events.headers["content-type"].startswith("text/event-stream")


def test_the_clients_accept_header_is_no_wish(web: httpx.Client, finished: Make) -> None:
    """openai's client asks for application/binary and means the video."""
    reply = web.get(f"/v1/videos/{finished()['id']}/content", headers={"Accept": "application/binary"})
    assert (reply.status_code, reply.headers["content-type"]) == (200, "video/mp4")


def test_sync_has_an_end(web: httpx.Client, station: Station) -> None:
    """After so many seconds the client is told to come back; the video goes on."""
    state = station.app._app.state  # type: ignore[attr-defined]
    whole = state.context
    state.context = replace(whole, settings=replace(whole.settings, sync_s=0.3))
    try:
        reply = web.post("/v1/videos/sync", data={"prompt": "wait"}, files=PICTURE)
    finally:
        state.context = whole
    assert (reply.status_code, reply.json()["error"]["code"]) == (504, StillWorking.code)
    assert reply.headers["x-should-retry"] == "false"
    job = web.get(f"/v1/videos/{reply.headers['x-video-id']}").json()
    assert job["state"] in ("queued", "in_progress")


def test_a_failed_sync_names_its_video(web: httpx.Client) -> None:
    reply = web.post("/v1/videos/sync", data={"prompt": "crash"}, files=PICTURE)
    assert (reply.status_code, reply.json()["error"]["code"]) == (500, "worker_crashed")
    assert web.get(f"/v1/videos/{reply.headers['x-video-id']}").json()["state"] == "failed"


@pytest.mark.parametrize(
    ("sent", "near"),
    [("num_frame", "num_frames"), ("FPS", "fps"), ("negative-prompt", "negative_prompt"), ("sted", "step"),
     ("input_refrence", "input_reference"), ("second", "seconds"), ("wild", None), ("flow_shift", None)],
)  # fmt: skip
def test_an_unknown_field_is_told_of_and_the_nearest_named(
    web: httpx.Client, sent: str, near: str | None
) -> None:
    """A typing mistake must not pass in silence."""
    asked = {"prompt": "pan left", "width": 64, "height": 48, sent: "5"}
    told = [n for n in web.post("/v1/plans", json=asked).json()["notes"] if sent in n]
    expected = f"; {near} may be what was meant." if near and near != "input_reference" else "."
    assert told == [f"The field {sent} is not known here and was ignored{expected}"]
    asked = {"prompt": "pan left", sent: "5"}
    made = web.post("/v1/videos", data=asked, files=PICTURE, headers={"accept-language": "zh"}).json()
    expected = f"；你要的可能是 {near}。" if near else "。"
    assert f"这里不认识字段 {sent}，已忽略{expected}" in made["notes"]


def test_json_under_the_name_that_curl_gives_it(web: httpx.Client) -> None:
    """curl -d calls everything a form; a form that is none is read as what it is."""
    form = {"content-type": "application/x-www-form-urlencoded"}
    body = '{"prompt": "pan left", "width": 64, "height": 48, "fps": 4}'
    assert web.post("/v1/plans", content=body, headers=form).json()["fps"] == 4
    assert web.post("/v1/plans", content="prompt=x&width=64&height=48&fps=4", headers=form).json()["fps"] == 4
    assert web.post("/v1/plans", content="{x", headers=form).json()["error"]["code"] == "bad_body"


def test_an_unknown_file_is_told_of(web: httpx.Client) -> None:
    """And a name is shown as it may be shown."""
    files = {**PICTURE, "second\nimage": ("b.png", png())}
    made = web.post("/v1/videos", data={"prompt": "x"}, files=files).json()
    assert [note for note in made["notes"] if "not known here" in note]
    assert "\n" not in "".join(made["notes"])


# --- a full disk --------------------------------------------------------------------------------------------


class FullDisk(io.BytesIO):
    """An upload that finds no room when it is copied."""

    def read(self, *_: Any) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_an_upload_that_finds_no_room_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(DiskFull), Upload(FullDisk(), "a.png").at_hand(tmp_path / "tmp"):
        pass
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB in memory, where we may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_no_room_for_an_upload_is_507(
    web: httpx.Client, station: Station, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's temporary folder is full: said in the one shape, and without a path of the server."""
    noisy = io.BytesIO()
    Image.effect_noise((1400, 1000), 90).save(noisy, "PNG")
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    reply = web.post(
        "/v1/videos", data={"prompt": "x"}, files={"input_reference": ("a.png", noisy.getvalue())}
    )
    assert (reply.status_code, reply.json()["error"]["code"]) == (507, "no_room")
    assert str(small_disk) not in reply.text
