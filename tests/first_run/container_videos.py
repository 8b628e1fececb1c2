"""Pictures in and decoded videos out, from outside a container by its published port, or from inside."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import httpx

from containers import PATIENCE_S, Box

PHOTO = Path(__file__).parents[2] / "src/unstill/assets/examples/rocket.jpg"


def make_video(server: Box, key: str | None = None, **fields: str) -> str:
    """A picture over HTTP through the published port, a decoded video back; its id."""
    made = ask_for_video(server, key, **fields)
    wait_for(server, made, key)
    return made


def ask_for_video(server: Box, key: str | None = None, **fields: str) -> str:
    """The id of a job that waits, or begins."""
    form = {"prompt": "push in, 1 second", "size": "256x192", **fields}
    with PHOTO.open("rb") as photo, client(server, key) as http:
        answer = http.post("/v1/videos", data=form, files={"input_reference": photo})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


@contextmanager
def client(server: Box, key: str | None = None) -> Iterator[httpx.Client]:
    """From outside the container, by its published port: with this key, the one in the log, or none for "".

    The log shows a key only once in the life of a volume, and a link always.
    """
    given = server.first_key if key is None else key
    headers = {"Authorization": f"Bearer {given}"} if given else {"Origin": server.url}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=PATIENCE_S) as http:
        if given is None:
            http.get("/", params={"link": server.link}, headers={"Accept": "text/html"})
        yield http


def wait_for(server: Box, video_id: str, key: str | None = None) -> None:
    """Until the video is made and has been decoded."""
    until = time.monotonic() + PATIENCE_S
    with client(server, key) as http:
        while (seen := http.get(f"/v1/videos/{video_id}").json())["status"] != "completed":
            assert seen["status"] != "failed", seen
            assert time.monotonic() < until, seen
            time.sleep(0.2)
        video = http.get(f"/v1/videos/{video_id}/content").content
    assert frames_of(video) > 1


def frames_of(video: bytes) -> int:
    """How many frames can be decoded."""
    with av.open(io.BytesIO(video), "r") as opened:
        return len(list(opened.decode(video=0)))


INSIDE = """
import io, json, sys, urllib.request
import av, unstill
from pathlib import Path
picture = (Path(unstill.__file__).parent / "assets/examples/rocket.jpg").read_bytes()
mark = b"first-run-boundary"
def part(name, value, more=b""):
    head = b'--%s\\r\\nContent-Disposition: form-data; name="%s"%s' % (mark, name, more)
    return head + b"\\r\\n\\r\\n" + value + b"\\r\\n"
body = (part(b"prompt", b"push in, 1 second") + part(b"size", b"256x192")
        + part(b"input_reference", picture, b'; filename="a.jpg"\\r\\nContent-Type: image/jpeg')
        + b"--" + mark + b"--\\r\\n")
kind = "multipart/form-data; boundary=" + mark.decode()
head = {"Authorization": "Bearer " + sys.argv[1], "Content-Type": kind}
ask = urllib.request.Request("http://127.0.0.1:7860/v1/videos/sync", data=body, headers=head)
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
video = direct.open(ask, timeout=290).read()
with av.open(io.BytesIO(video)) as opened:
    print("frames", sum(1 for _ in opened.decode(video=0)))
"""
"""A picture over HTTP and a decoded MP4 back, where only the container itself reaches its server."""


def make_video_inside(server: Box) -> int:
    """`INSIDE`, by exec; the number of frames that were decoded."""
    said = server.exec("python3", "-", server.key, stdin=INSIDE)
    assert said.code == 0, said.text + server.logs()
    frames = int(said.out.split()[-1])
    assert frames > 1
    return frames
