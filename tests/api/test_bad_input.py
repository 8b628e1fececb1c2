"""Whatever is sent, the answer is one error in the one shape, with a hint, in the reader's language."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from api_parts import Station, png
from PIL import Image
from structlog.testing import capture_logs

URL = "data:image/png;base64," + base64.b64encode(png()).decode()
PICTURE = {"input_reference": ("a.png", png())}


def big() -> bytes:
    file = io.BytesIO()
    Image.new("L", (8000, 5100)).save(file, "PNG")
    return file.getvalue()


def form(data: dict[str, Any], files: Any = None) -> dict[str, Any]:
    return {"data": {"prompt": "pan left", **data}, "files": PICTURE if files is None else files}


def body(**fields: Any) -> dict[str, Any]:
    return {"json": {"prompt": "pan left", "input_reference": URL, **fields}}


JSON = {"content-type": "application/json"}
FORM = {"content-type": "multipart/form-data; boundary=x"}
BAD_URL = "https://example.org/a.png"


def pictured(data: bytes) -> dict[str, Any]:
    return form({}, {"input_reference": ("a.png", data)})


CASES: list[tuple[str, dict[str, Any], int, str, str | None]] = [
    ("no picture", {"data": {"prompt": "x"}}, 400, "missing_argument", "input_reference"),
    ("no prompt", {"files": PICTURE}, 400, "missing_argument", "prompt"),
    ("no picture at all, but bytes", pictured(b"hello"), 400, "not_a_picture", None),
    ("empty picture", pictured(b""), 400, "empty_picture", None),
    ("cut picture", pictured(png()[:200]), 400, "damaged_picture", None),
    ("too many pixels", pictured(big()), 413, "too_many_pixels", None),
    ("too many bytes", pictured(bytes(21 << 20)), 413, "body_too_large", "input_reference"),
    ("number out of range", form({"num_frames": "999"}), 400, "out_of_range", "num_frames"),
    ("word for a number", form({"fps": "fast"}), 400, "invalid_field", "fps"),
    ("endless seconds", form({"seconds": "inf"}), 400, "invalid_field", "seconds"),
    ("too many seconds", form({"seconds": "99"}), 400, "out_of_range", "seconds"),
    ("no seconds", form({"seconds": "-1"}), 400, "out_of_range", "seconds"),
    ("size in words", form({"size": "large"}), 400, "invalid_field", "size"),
    ("width alone", form({"width": "64"}), 400, "missing_argument", "height"),
    ("unknown model", form({"model": "sora-2"}), 404, "unknown_model", "model"),
    ("unknown option", form({"options[speed]": "3"}), 400, "unknown_field", "speed"),
    ("option out of range", form({"options[step]": "99"}), 400, "out_of_range", "step"),
    ("option in words", form({"options[step]": "far"}), 400, "invalid_field", "step"),
    ("not offered", form({"model": "dream", "loop": "true"}), 400, "not_offered", "loop"),
    ("interpolated too often", form({"enable_frame_interpolation": "1", "frame_interpolation_exp": "3"}), 400,
     "out_of_range", "frame_interpolation_exp"),
    ("neither true nor false", form({"enable_upscaling": "or"}), 400, "invalid_field", "enable_upscaling"),
    ("extra_params that are no JSON", form({"extra_params": "{"}), 400, "invalid_field", "extra_params"),
    ("extra_params that are a list", form({"extra_params": "[1]"}), 400, "invalid_field", "extra_params"),
    ("long prompt", form({"prompt": "x" * 4001}), 400, "out_of_range", "prompt"),
    ("NUL in a prompt", form({"prompt": "a\0b"}), 400, "invalid_field", "prompt"),
    ("an address to fetch", body(input_reference=BAD_URL), 400, "invalid_field", "input_reference"),
    ("a path on the server", body(input_reference="/etc/passwd"), 400, "invalid_field", "input_reference"),
    ("a file id", body(input_reference={"file_id": "file_1"}), 400, "unsupported", "input_reference"),
    ("broken base64", body(input_reference="data:;base64,a!b"), 400, "invalid_field", "input_reference"),
    ("a list for a prompt", body(prompt=["a"]), 400, "invalid_field", "prompt"),
    ("an object for a model", body(model={"id": 1}), 400, "invalid_field", "model"),
    ("a number for options", body(options=3), 400, "invalid_field", "options"),
    ("half a character", {"content": b'{"prompt": "\\ud800", "input_reference": "x"}',
                          "headers": JSON}, 400, "invalid_field", "prompt"),
    ("a name of half a character", {"content": b'{"prompt": "a", "\\ud800": 1}',
                                    "headers": JSON}, 400, "invalid_field", "body"),
    ("not a number", {"content": b'{"prompt": "a", "guidance_scale": NaN}'}, 400, "bad_body", None),
    ("a huge number", {"content": b'{"prompt": "a", "seed": ' + b"9" * 5000 + b"}"}, 400, "bad_body", None),
    ("a very deep body", {"content": b"[" * 100_000}, 400, "bad_body", None),
    ("a deep body", body(options={"a": json.loads("[" * 30 + "]" * 30)}), 400, "bad_body", None),
    ("a list", {"json": [1]}, 400, "bad_body", None),
    ("no JSON", {"content": b"prompt=x"}, 400, "bad_body", None),
    ("a damaged form", {"content": b"--y\r\n\x01: ?\r\n\r\n", "headers": FORM},
     400, "bad_body", None),
    ("a form without a boundary", {"content": b"x", "headers": {"content-type": "multipart/form-data"}},
     400, "bad_body", None),
    ("a key that is too long", {**body(), "headers": {"idempotency-key": "k" * 256}}, 400, "invalid_field",
     "Idempotency-Key"),
]  # fmt: skip


def check(reply: httpx.Response, status: int, code: str, param: str | None, *, chinese: bool) -> None:
    error = reply.json()["error"]
    assert (reply.status_code, error["code"], error["param"]) == (status, code, param), reply.text
    assert error["type"] == ("invalid_request_error" if status < 500 else "server_error")
    assert any("\u4e00" <= c <= "\u9fff" for c in error["message"]) == chinese
    assert any("\u4e00" <= c <= "\u9fff" for c in error["hint"]) == chinese
    assert reply.headers["x-request-id"]


@pytest.mark.parametrize(
    ("send", "status", "code", "param"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_bad_creates(
    web: httpx.Client, send: dict[str, Any], status: int, code: str, param: str | None
) -> None:
    """The right status, code and field, in both languages, and no job."""
    for language in ("en-GB,en;q=0.9", "zh-CN,zh;q=0.9,en;q=0.8"):
        headers = {**send.get("headers", {}), "accept-language": language}
        reply = web.post("/v1/videos", **{**send, "headers": headers})
        check(reply, status, code, param, chinese=language.startswith("zh"))
    assert web.get("/v1/videos").json()["data"] == []


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "route_not_found"),
        ("PUT", "/v1/videos", 405, "method_not_allowed"),
        ("POST", "/v1/videos/video_x", 405, "method_not_allowed"),
        ("GET", "/v1/videos/video_x", 404, "video_not_found"),
        ("GET", "/v1/videos/%00%2e%2e%2fetc", 404, "route_not_found"),
        ("GET", "/v1/videos/%00%0a%ff", 404, "video_not_found"),
        ("DELETE", "/v1/videos/video_x", 404, "video_not_found"),
        ("POST", "/v1/videos/video_x/cancel", 404, "video_not_found"),
        ("POST", "/v1/videos/video_x/restore", 404, "video_not_found"),
        ("GET", "/v1/videos/video_x/events", 404, "video_not_found"),
        ("GET", "/v1/videos/video_x/input", 404, "video_not_found"),
        ("GET", "/v1/videos/video_x/content", 404, "video_not_found"),
        ("GET", "/v1/videos/video_x/content?variant=gif", 400, "not_a_choice"),
        ("GET", "/v1/videos?limit=0", 400, "out_of_range"),
        ("GET", "/v1/videos?limit=many", 400, "invalid_field"),
        ("GET", "/v1/videos?order=up", 400, "not_a_choice"),
        ("GET", "/v1/videos?after=video_x", 404, "video_not_found"),
        ("GET", "/v1/models/sora-2", 404, "unknown_model"),
        ("POST", "/v1/videos/edits", 400, "unsupported"),
        ("POST", "/v1/videos/characters", 400, "unsupported"),
        ("GET", "/v1/videos/characters/char_1", 400, "unsupported"),
        ("POST", "/v1/videos/inspect", 400, "missing_argument"),
        ("POST", "/v1/videos/extensions", 400, "missing_argument"),
        ("POST", "/v1/plans", 400, "missing_argument"),
        ("POST", "/v1/keys", 400, "missing_argument"),
        ("DELETE", "/v1/keys/key_x", 404, "key_not_found"),
    ],
)
def test_bad_addresses(web: httpx.Client, method: str, path: str, status: int, code: str) -> None:
    """Wrong addresses, methods and ids have the one shape too."""
    for language in ("en", "zh"):
        reply = web.request(method, path, headers={"accept-language": language})
        param = reply.json()["error"]["param"]
        check(reply, status, code, param, chinese=language == "zh")


def test_extend_and_remix_refuse_what_makes_no_sense(
    web: httpx.Client,
    station: Station,
    finished: Callable[..., dict[str, Any]],
    make: Callable[..., dict[str, Any]],
) -> None:
    """A video that is not finished, a loop, a GIF's cousin, no length, an odd id, a remix of an extension."""

    def refused(path: str, fields: dict[str, Any]) -> tuple[int, str]:
        reply = web.post(path, json={"prompt": "x", **fields})
        return reply.status_code, reply.json()["error"]["code"]

    done, loop = finished(), finished(loop="true")
    extensions, video = "/v1/videos/extensions", {"id": done["id"]}
    assert refused(extensions, {"video": {"id": loop["id"]}, "seconds": "4"}) == (400, "unsupported")
    assert refused(extensions, {"video": video}) == (400, "missing_argument")
    assert refused(extensions, {"video": {"id": 3}, "seconds": 4}) == (400, "invalid_field")
    assert refused(extensions, {"seconds": 4}) == (400, "missing_argument")
    assert refused(extensions, {"video": video, "seconds": 500}) == (400, "out_of_range")
    assert refused(extensions, {"video": {"id": "video_x"}, "seconds": 4}) == (404, "video_not_found")
    station.worker.paused = True
    longer = web.post(extensions, json={"prompt": "x", "video": video, "seconds": 1}).json()
    assert refused(f"/v1/videos/{longer['id']}/remix", {}) == (400, "unsupported")
    assert refused(extensions, {"video": {"id": make()["id"]}, "seconds": 4}) == (409, "not_ready")


def test_a_mistake_of_ours_shows_an_incident_and_no_more(web: httpx.Client, station: Station) -> None:
    """The traceback stays in the log; a POST is not to be repeated."""
    whole = station.service.inbox
    station.service.inbox = None  # type: ignore[assignment]
    try:
        with capture_logs() as lines:
            reply = web.post("/v1/videos", data={"prompt": "secret words"}, files=PICTURE)
    finally:
        station.service.inbox = whole
    error = reply.json()["error"]
    assert (reply.status_code, error["code"], reply.headers["x-should-retry"]) == (500, "unexpected", "false")
    assert "NoneType" not in reply.text
    incident = next(line for line in lines if line["event"] == "incident")
    assert error["message"].split("incident ")[1].startswith(incident["incident"])
    assert incident["request_id"] == reply.headers["x-request-id"]
    assert "service.inbox" in incident["traceback"] or "inbox.take" in incident["traceback"]
    assert "secret words" not in str(lines)
