"""What people say and send stays out of every log, whatever becomes of it."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from guard_server import everything, head

from live import PATIENCE_S, PHOTO, Live
from unstill.adapters.key_store import KeyFile

PROMPT = "wisteria over my-late-grandmother"
NEGATIVE = "quagmire"
PICTURE = "my-diagnosis.png"
SECRET_KEY = "sk-nasturtium-abcdefghijkl"
IDEMPOTENCY = "order-of-mrs-periwinkle"
SEARCH = "zinnia"
KEY_NAME = "hellebore clinic"
OPTION = "hyssop"
WORDS = ("wisteria", "grandmother", "quagmire", "diagnosis", "nasturtium", "periwinkle", "zinnia",
         "hellebore", "hyssop")  # fmt: skip
"""Whatever of them is found was told."""


def post(client: httpx.Client, prompt: str, raw: bytes = PHOTO, **fields: str) -> httpx.Response:
    data = {"prompt": prompt, "negative_prompt": NEGATIVE, "model": "testcard", OPTION: OPTION, **fields}
    headers = {"Idempotency-Key": f"{IDEMPOTENCY}-{prompt}-{len(raw)}"}
    return client.post("/v1/videos", data=data, files={"input_reference": (PICTURE, raw)}, headers=headers)


def a_session(server: Live, secret: str) -> None:
    """Everything that a person may do, right and wrong, with words that can be told again."""
    with server.client(headers={"Authorization": f"Bearer {secret}"}) as client:
        fields = {"model": "testcard", "negative_prompt": ""}
        good = post(client, f"pan left {PROMPT}", **fields).raise_for_status().json()["id"]
        for prompt, model in ((f"break {PROMPT}", "testcard"), (f"secret {PROMPT}", "naughty"),
                              (f"black {PROMPT}", "testcard"), (f"prints {PROMPT}", "naughty"),
                              (f"segfault once {PROMPT}", "naughty")):  # fmt: skip
            post(client, prompt, model=model, negative_prompt="")
        for raw in (PHOTO[:200], b"GIF89a" + PROMPT.encode(), PROMPT.encode(), b""):
            assert post(client, PROMPT, raw, negative_prompt="").status_code in (400, 413)
        assert post(client, PROMPT, model=OPTION).status_code in (400, 404)
        assert post(client, PROMPT, num_frames=PROMPT).status_code == 400
        assert client.post("/v1/videos", json={"prompt": [PROMPT]}).status_code == 400
        assert client.post("/v1/videos", content=f'{{"prompt": "{PROMPT}"'.encode()).status_code == 400
        assert client.post("/v1/plans", json={"prompt": PROMPT, "width": 64, "height": 48}).status_code < 500
        client.get("/v1/videos", params={"q": SEARCH, "model": OPTION})
        client.get(f"/v1/videos/{SEARCH}")
        client.get(f"/{SEARCH}?x={SEARCH}")
        client.post(f"/v1/videos/{good}/remix", json={"prompt": PROMPT})
        client.post("/v1/videos/inspect", files={"video": (PICTURE, PROMPT.encode())})
        for job in server_jobs(client):
            client.get(f"/v1/videos/{job}/content")
        client.delete(f"/v1/videos/{good}")
    for headers in ({"Authorization": f"Bearer {SECRET_KEY}"}, {"X-Api-Key": SECRET_KEY},
                    {"Cookie": f"unstill_session={SECRET_KEY}"}, {"Host": f"{SEARCH}.example"},
                    {"Origin": f"http://{SEARCH}.example"}, {"X-Request-Id": f"{PROMPT} !"}):  # fmt: skip
        with server.client(headers=headers) as client:
            client.get("/v1/videos")
            client.get(f"/?link={SECRET_KEY}")
    rough(server)


def server_jobs(client: httpx.Client) -> list[str]:
    """The ids of all jobs, once every one of them is at its end."""
    end = time.monotonic() + PATIENCE_S
    while True:
        jobs = client.get("/v1/videos", params={"limit": 100}).json()["data"]
        if not {job["state"] for job in jobs} & {"queued", "in_progress"}:
            return [job["id"] for job in jobs]
        assert time.monotonic() < end
        time.sleep(0.05)


def rough(server: Live) -> None:
    """Requests that never become one, with the words in them."""
    for raw in (f"GET /{SEARCH}\r\n\r\n".encode(), f"{SEARCH} / HTTP/1.1\r\nHost: {SEARCH}\r\n\r\n".encode(),
                head("GET", f"/v1/../{SEARCH}", "Connection: close"),
                head("POST", "/v1/videos", "Content-Length: 9") + PROMPT.encode()):  # fmt: skip
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
            client.sendall(raw)
            everything(client)


def told(text: str, *more: str) -> list[str]:
    """The words that stand in it."""
    return [word for word in (*WORDS, *more) if word in text]


def logs(server: Live) -> Iterator[Path]:
    yield from sorted((server.data / "logs").iterdir())
    yield from sorted(Path(server.environ["HOME"]).rglob("incidents.log*"))


def bundle(server: Live) -> dict[str, str]:
    """The files of the support bundle."""
    with server.client(headers={"Authorization": f"Bearer {server.about()['secret']}"}) as client:
        packed = client.post("/v1/support-bundle").raise_for_status().content
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.mark.parametrize("form", ["plain", "json"])
def test_nothing_private_is_told(live: Callable[..., Live], form: str) -> None:
    """After a session with prompts, pictures' names, keys and mistakes: no log file, no line on stderr, no
    incident and nothing in the support bundle has a word of it. The lines themselves are there."""
    server = live(UNSTILL_LOG_FORMAT=form)
    secret = KeyFile(server.data).add(KEY_NAME)[1]
    server.start()
    a_session(server, secret)
    files = bundle(server)
    assert {"log.txt", "settings.json", "versions.json", "doctor.json", "system.json"} <= set(files)
    for name, text in files.items():
        assert told(text, secret, server.about()["secret"], server.environ["HOME"]) == [], name
    operator = server.about()["secret"]
    assert server.stop() == 0
    for path in logs(server):
        assert told(path.read_text(), secret, operator) == [], path
    assert told(server.said(), secret, operator) == []
    assert server.said().count("/v1/videos/{video_id}") >= 5
    assert "died (signal 11)" in server.said()
    if form == "json":
        lines = [line for line in server.said().splitlines() if line.startswith("{")]
        assert all(json.loads(line)["level"] for line in lines)
        assert len(lines) > 30


def test_other_readers_of_this_computer_learn_nothing(live: Callable[..., Live]) -> None:
    """No command line of a process names a prompt, a picture or a key; folders are the owner's alone where
    they hold secrets."""
    server = live(UNSTILL_STAGE_S="3600")
    secret = KeyFile(server.data).add(KEY_NAME)[1]
    server.start()
    with server.client(headers={"Authorization": f"Bearer {secret}"}) as client:
        video = post(client, f"asleep {PROMPT}", model="naughty", negative_prompt="").json()["id"]
        while client.get(f"/v1/videos/{video}").json()["state"] != "in_progress":
            pass
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert "unstill.worker" in listed
    assert "unstill.decode" in listed
    assert told(listed, secret) == []
    assert sys.executable in listed
