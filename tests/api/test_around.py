"""Everything around the videos: health, metrics, plans, facts, keys, docs, the bundle."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from typing import Any

import httpx
import jsonschema_rs
import pytest
from api_parts import Station, build, png

from testcard import TESTCARD
from unstill.apps.api.guard import GuardSettings

PICTURE = {"input_reference": ("a.png", png())}


def test_plans_cost_nothing_and_say_everything(web: httpx.Client) -> None:
    """The picture's size in place of the picture; the words in the reader's language."""
    asked = {"prompt": "pan left", "width": 640, "height": 480, "seconds": "2", "size": "64x48", "seed": 3}
    plan = web.post("/v1/plans", json=asked, headers={"accept-language": "zh"}).json()
    assert (plan["width"], plan["height"], plan["num_frames"], plan["seed"]) == (64, 48, 16, 3)
    assert plan["fits"] is True
    assert plan["estimated_seconds"] > 0
    assert "镜头运动" in plan["notes"][0]
    assert web.post("/v1/plans", data={**asked, "width": "9"}).json()["error"]["param"] == "width"
    assert web.get("/v1/videos").json()["data"] == []


def test_frames_and_rate_win_over_seconds(web: httpx.Client, make: Callable[..., dict[str, Any]]) -> None:
    """The reply's seconds say what will be made; seconds alone count at the rate that holds."""
    assert make(seconds="4", num_frames="6", fps="4")["seconds"] == "1.5"
    assert make(seconds="4", fps="4")["num_frames"] == 16
    assert make(seconds="1.5")["num_frames"] == 12


def test_a_refused_request_leaves_no_picture(web: httpx.Client, station: Station) -> None:
    """The queue is full: 429 with Retry-After, and the folder as it was."""
    station.worker.paused = True
    statuses = []
    for _ in range(8):
        reply = web.post("/v1/videos", data={"prompt": "x"}, files=PICTURE)
        statuses.append(reply.status_code)
    assert statuses[-1] == 429
    assert (reply.headers["retry-after"], reply.headers["x-should-retry"]) == ("10", "true")
    kept = station.service.store.files()
    assert {f"inputs/{path.name}" for path in station.data.glob("inputs/*")} <= kept


def test_no_room(web: httpx.Client, station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outputs over the quota: 507, not to be repeated."""
    from unstill.core.room import Room

    monkeypatch.setattr(station.service, "room", Room(station.data, quota_bytes=0, floor_bytes=0))
    reply = web.post("/v1/videos", data={"prompt": "x"}, files=PICTURE)
    assert (reply.status_code, reply.headers["x-should-retry"]) == (507, "false")
    assert reply.json()["error"]["code"] == "no_room"


def test_large_uploads_go_by_file_and_leave_none(web: httpx.Client, station: Station) -> None:
    """A picture over a MiB passes through tmp/, which is empty afterwards; its name loses its path."""
    from PIL import Image

    noisy = io.BytesIO()
    Image.effect_noise((1400, 1000), 90).save(noisy, "PNG")
    assert len(noisy.getvalue()) > 1 << 20
    sent = {"input_reference": ("C:\\photos\\..\\my photo.png", noisy.getvalue())}
    reply = web.post("/v1/videos", data={"prompt": "x", "size": "64x48"}, files=sent)
    assert reply.json()["input"] == {"name": "my photo.png", "width": 1400, "height": 1000}
    assert not list(station.data.glob("tmp/upload-*"))


def test_queue_position_and_eta(
    web: httpx.Client, station: Station, make: Callable[..., dict[str, Any]]
) -> None:
    """1 is next; whoever waits behind others waits longer; the poll header follows."""
    station.worker.paused = True
    first, second = make(), make()
    looks = [web.get(f"/v1/videos/{job['id']}") for job in (first, second)]
    assert [look.json()["queue_position"] for look in looks] == [1, 2]
    assert looks[0].json()["eta_s"] <= looks[1].json()["eta_s"]
    assert 250 <= int(looks[0].headers["openai-poll-after-ms"]) <= 2000


def test_lists_can_be_narrowed(web: httpx.Client, finished: Callable[..., dict[str, Any]]) -> None:
    """By state, model and words of the prompt."""
    lake = finished("a quiet lake")["id"]
    assert [v["id"] for v in web.get("/v1/videos", params={"q": "lake"}).json()["data"]] == [lake]
    assert web.get("/v1/videos", params={"state": "queued"}).json()["data"] == []
    assert web.get("/v1/videos", params={"model": "dream"}).json()["data"] == []
    assert web.get("/v1/videos", params={"state": "nowhere"}).status_code == 400


def test_delete_and_restore(web: httpx.Client, finished: Callable[..., dict[str, Any]]) -> None:
    """Undo brings it back, file and all."""
    path = f"/v1/videos/{finished()['id']}"
    assert web.delete(path).json()["deleted"] is True
    assert web.get(path).status_code == web.delete(path).status_code == 404
    assert web.post(f"{path}/restore").json()["state"] == "completed"
    assert web.get(f"{path}/content").status_code == 200


def test_files_have_ranges_and_tags(web: httpx.Client, finished: Callable[..., dict[str, Any]]) -> None:
    """Content by range, HEAD, and the picture it was made from."""
    path = f"/v1/videos/{finished()['id']}"
    part = web.get(f"{path}/content", headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")
    picture = web.get(f"{path}/input")
    assert (picture.headers["content-type"], picture.content[:4]) == ("image/png", b"\x89PNG")


def test_inspect_reads_our_own_files(web: httpx.Client, finished: Callable[..., dict[str, Any]]) -> None:
    """The settings in an MP4; anything else is refused."""
    job = finished()
    data = web.get(f"/v1/videos/{job['id']}/content").content
    found = web.post("/v1/videos/inspect", files={"video": ("a.mp4", data)}).json()
    assert found["settings"]["id"] == job["id"]
    assert (
        web.post("/v1/videos/inspect", files={"video": ("a.mp4", b"x")}).json()["error"]["code"]
        == "not_a_video"
    )


def test_health_and_readiness(web: httpx.Client, station: Station) -> None:
    """Ready while a worker was heard of lately, and says what is wrong when not."""
    assert web.get("/healthz").json() == {"status": "ok", "service": "unstill"}
    ready = web.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    station.worker.tick_age_s = 1000
    try:
        reply = web.get("/readyz")
    finally:
        station.worker.tick_age_s = 0
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "5")
    assert reply.json()["checks"]["workers"]["ok"] is False
    assert reply.json()["error"]["code"] == "not_ready_yet"


def test_facts(web: httpx.Client, station: Station) -> None:
    """What the studio and operators see."""
    system = web.get("/v1/system").json()
    assert system["machine"]["cores"] > 0
    assert system["workers"][0]["name"] == "cpu:0"
    assert system["limits"]["queued"] == 6
    doctor = web.get("/v1/doctor").json()
    assert doctor["ok"] is True
    assert doctor["readiness"].keys() == {"store", "disk", "workers", "server"}
    seen = {check["id"]: check for check in doctor["checks"]}
    assert {"python", "disk", "gpu", "encoder"} <= seen.keys()
    assert "port" not in seen
    assert seen["data_folder"]["seen"] == str(station.data)
    stranger = web.get("/v1/doctor", headers={"Authorization": "Bearer alice"}).json()
    assert (stranger["checks"], stranger["readiness"].keys()) == ([], doctor["readiness"].keys())
    assert str(station.data) not in str(stranger)
    chinese = web.get("/v1/doctor", headers={"Accept-Language": "zh"}).json()
    assert {"磁盘", "显卡"} <= {check["title"] for check in chinese["checks"]}
    assert doctor["models"] == ["testcard", "dream"]


def test_readiness_tells_operators_more(web: httpx.Client) -> None:
    """What the doctor sees, in their language; not to a key of one's own, and only where it is asked for."""
    told = web.get("/readyz?detail=true", headers={"Accept-Language": "zh-CN"}).json()
    assert {"python", "disk", "encoder"} <= {check["id"] for check in told["doctor"]}
    assert next(check for check in told["doctor"] if check["id"] == "disk")["title"] == "磁盘"
    assert "doctor" not in web.get("/readyz").json()
    stranger = web.get("/readyz?detail=true", headers={"Authorization": "Bearer alice"})
    assert (stranger.status_code, "doctor" in stranger.json()) == (200, False)


def test_keys(web: httpx.Client) -> None:
    """The operator makes, lists and revokes; a key's holder may not."""
    made = web.post("/v1/keys", json={"name": "laptop"}).json()
    assert made["secret"] == "uns_laptop"
    listed = web.get("/v1/keys").json()["data"]
    assert [key["name"] for key in listed] == ["laptop"]
    assert "secret" not in listed[0]
    refused = web.get("/v1/keys", headers={"authorization": "Bearer key_0"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not_allowed")
    assert web.delete(f"/v1/keys/{made['id']}").json()["id"] == made["id"]


def test_owners_do_not_see_each_other(web: httpx.Client, finished: Callable[..., dict[str, Any]]) -> None:
    """Another owner's video is 404 on every route."""
    path, other = f"/v1/videos/{finished()['id']}", {"authorization": "Bearer key_b"}
    looks, acts = ("", "/content", "/input", "/events"), ("/cancel", "/restore")
    calls = [("DELETE", ""), *(("GET", tail) for tail in looks), *(("POST", tail) for tail in acts)]
    for method, tail in calls:
        assert web.request(method, path + tail, headers=other).status_code == 404
    assert web.post(f"{path}/remix", json={"prompt": "x"}, headers=other).status_code == 404
    assert web.get("/v1/videos", headers=other).json()["data"] == []


def test_the_bundle_tells_no_secrets(web: httpx.Client, station: Station, tmp_path: Any) -> None:
    """Versions, settings, facts and log; no key, no prompt, no home."""
    from dataclasses import replace
    from pathlib import Path

    log = tmp_path / "server.log"
    log.write_text(
        f'GET {Path.home()}/x Authorization: Bearer uns_abcdefghijkl prompt="a lake" prompt=lake\n'
        '{"prompt": "my \\"lake\\"", "ok": 1}\npostgresql://me:word@host/db\n'
    )
    state = station.app._app.state  # type: ignore[attr-defined]
    whole = state.context
    shown = {
        "port": 7860,
        "api_key": "hunter2",
        "store": {"password": "hunter2", "url": "postgresql://a:hunter2@b/c"},
    }
    state.context = replace(whole, settings=replace(whole.settings, log_file=log, shown=shown))
    try:
        reply = web.post("/v1/support-bundle")
    finally:
        state.context = whole
    assert reply.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert texts.keys() == {"versions.json", "settings.json", "doctor.json", "system.json", "log.txt"}
    everything = "".join(texts.values())
    for secret in ("hunter2", "uns_abc", "lake", "word@", str(Path.home())):
        assert secret not in everything, secret
    assert json.loads(texts["settings.json"])["port"] == 7860
    assert '"ok": 1' in texts["log.txt"]


def test_openapi_is_valid_and_says_which_errors(web: httpx.Client) -> None:
    """OpenAPI 3.1; every route has a summary, its errors in the one shape, and never a 422."""
    document = web.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
    for path, calls in document["paths"].items():
        for call in calls.values():
            assert call["summary"]
            assert "422" not in call["responses"]
            if path in ("/metrics",):
                continue
            for status in ("401", "403", "429", "500", "503"):
                told = call["responses"][status]["content"]["application/json"]["schema"]
                assert told == {"$ref": "#/components/schemas/ErrorReply"}, (path, status)
            if "{video_id}" in path:
                assert "404" in call["responses"]
    assert {"message", "type", "param", "code", "hint"} == set(schemas["ErrorFacts"]["properties"])


def test_replies_are_as_documented(web: httpx.Client, finished: Callable[..., dict[str, Any]]) -> None:
    """A finished, a failed and a listed video fit their schemas."""
    document = web.get("/openapi.json").json()
    finished()
    finished("crash")
    lines = {"/v1/videos": "VideoList", "/v1/models": "ModelList", "/v1/keys": "KeyList"}
    for path, name in lines.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        jsonschema_rs.Draft202012Validator(schema).validate(web.get(path).json())


def test_docs_load_nothing_from_elsewhere(tmp_path: Any) -> None:
    """The page and its parts are served here, and the policy that the guard sends with it allows them."""
    from urllib.parse import urljoin

    guarded = build(tmp_path / "data", [TESTCARD], guard=GuardSettings())
    guarded.start()
    try:
        with httpx.Client(base_url=guarded.url) as web:
            page = web.get("/docs")
            parts = re.findall(r'(?:src|href)="([^"]+)"', page.text)
            script = web.get("/docs/docs.js").text
            fetched = re.findall(r'fetch\("([^"]+)"\)', script)
            answers = {part: web.get(urljoin("/docs", part)) for part in {*parts, *fetched}}
    finally:
        guarded.stop()
    assert page.headers["content-type"].startswith("text/html")
    policy = dict(rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; "))
    for source in ("script-src", "style-src", "connect-src"):
        assert policy[source] == "'self'"
    kinds = {part: reply.headers["content-type"].partition(";")[0] for part, reply in answers.items()}
    assert kinds == {
        "docs/docs.css": "text/css", "docs/docs.js": "text/javascript", "openapi.json": "application/json"
    }  # fmt: skip
    assert all(reply.status_code == 200 for reply in answers.values())
    # nothing inline, which the policy would refuse, and nothing that names another host
    assert not re.search(r"<style|<script[^>]*>[^<]|\bstyle=|\bon\w+=|javascript:", page.text)
    assert "innerHTML" not in script
    assert ".style" not in script
    for text in (page.text, script, answers["docs/docs.css"].text):
        assert "//" not in re.sub(r"^\s*//.*|/\*.*?\*/", "", text, flags=re.MULTILINE | re.DOTALL)


def test_the_server_never_loads_pixels(tmp_path: Any) -> None:
    """A plan, the app and its document, with the real engines: no numpy, OpenCV, PyAV, Pillow or torch."""
    code = f"""
import sys
from pathlib import Path
from unstill.wiring import House
from unstill.adapters.sqlite_jobs import open_jobs
from unstill.apps.api.app import create_app
from unstill.core.asking import Ask
from unstill.core.clock import SystemClock
from unstill.core.events import Events
from unstill.core.jobs import VideoService
from unstill.adapters.storage import FolderStorage
data = Path({str(tmp_path)!r})
store = open_jobs(data / "unstill.db", SystemClock())
service = VideoService(store, None, House(), Events(), data, storage=FolderStorage(data))
app = create_app(service)
app.openapi()
service.plan(Ask({{"prompt": "push in, snow"}}, 4.0), 640, 480)
print(sorted({{"numpy", "cv2", "av", "PIL", "torch"}} & set(sys.modules)))
store.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr
