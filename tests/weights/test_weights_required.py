"""A job whose model's files are not here is refused when it is created, and a plan says so."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog

from dreams import DREAMS, Family
from hub_imitation import NEEDED, UNET, model

sys.path.append(str(Path(__file__).parents[1] / "api"))  # its helpers serve here, too

from api_parts import Station, build, png

from testcard import TESTCARD

ASKED = {"prompt": "x", "model": "dreams", "size": "64x64", "num_frames": "4"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the settings look for the model's files: there is nothing."""
    monkeypatch.setenv("UNSTILL_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return tmp_path / "models" / "dreams"


@pytest.fixture
def station(folder: Path, tmp_path: Path) -> Iterator[Station]:
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    made = build(tmp_path / "data", [TESTCARD, DREAMS])
    made.start()
    yield made
    made.stop()
    structlog.reset_defaults()


@pytest.fixture
def web(station: Station) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=station.url, timeout=60, trust_env=False) as client:
        yield client


def put(folder: Path) -> None:
    for name in NEEDED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(model()[name])


def create(web: httpx.Client, key: str = "", language: str = "en") -> httpx.Response:
    headers = {"Accept-Language": language, **({"Idempotency-Key": key} if key else {})}
    picture = {"input_reference": ("a.png", png())}
    return web.post("/v1/videos", data=ASKED, files=picture, headers=headers)


def refused(reply: httpx.Response, code: str = "weights_missing") -> dict[str, str]:
    assert (reply.status_code, reply.headers["x-should-retry"]) == (409, "false"), reply.text
    error: dict[str, str] = reply.json()["error"]
    assert (error["code"], error["param"]) == (code, "model")
    return error


def test_a_create_is_refused_and_leaves_nothing(web: httpx.Client, station: Station) -> None:
    """In both languages, with the command that fetches the files and their terms; no job, no picture."""
    said, chinese = refused(create(web)), refused(create(web, language="zh"))
    assert "are not on this computer" in said["message"]
    for error in (said, chinese):
        for words in ("unstill models pull dreams", "Odd-1.0"):
            assert words in error["hint"]
    assert "本机没有" in chinese["message"]
    assert web.get("/v1/videos").json()["data"] == []
    assert not list(station.data.glob("inputs/*"))
    assert not list(station.data.glob("tmp/*"))


def test_a_plan_says_so_and_does_not_refuse(web: httpx.Client, folder: Path) -> None:
    """Until the files are here."""
    asked = {**ASKED, "width": 64, "height": 48}
    told = web.post("/v1/plans", json=asked).raise_for_status().json()
    assert any("unstill models pull dreams" in text and "Odd-1.0" in text for text in told["notes"])
    chinese = web.post("/v1/plans", json=asked, headers={"Accept-Language": "zh"}).json()
    assert any("本机还没有 dreams 的文件" in text for text in chinese["notes"])
    put(folder)
    told = web.post("/v1/plans", json=asked).raise_for_status().json()
    assert not any("unstill models pull" in text for text in told["notes"])


def test_the_same_request_is_taken_once_the_files_are_here(web: httpx.Client, folder: Path) -> None:
    """A refusal uses no key up; and what was taken is answered even when the files are gone again."""
    refused(create(web, key="k"))
    put(folder)
    job = create(web, key="k").raise_for_status().json()
    assert job["model"] == "dreams"
    assert not any("unstill models pull" in text for text in job["notes"])
    shutil.rmtree(folder)
    assert create(web, key="k").json()["id"] == job["id"]
    refused(create(web, key="other"))


def test_remix_and_extension_are_refused_too(web: httpx.Client, station: Station, folder: Path) -> None:
    """The source stays as it is."""
    put(folder)
    job = create(web).raise_for_status().json()
    found = station.service.store.claim("cpu:0", ["dreams"])
    assert found is not None
    station.worker._work(*found)
    shutil.rmtree(folder)
    refused(web.post(f"/v1/videos/{job['id']}/remix", data={"prompt": "y"}))
    added = {"video[id]": job["id"], "prompt": "y", "seconds": "1"}
    refused(web.post("/v1/videos/extensions", data=added))
    assert [video["id"] for video in web.get("/v1/videos").json()["data"]] == [job["id"]]
    assert web.get(f"/v1/videos/{job['id']}").json()["state"] == "completed"
    other = web.post(f"/v1/videos/{job['id']}/remix", data={"prompt": "y", "model": "testcard"})
    assert other.status_code == 200, other.text  # that one needs no files


def test_files_that_cannot_be_used(web: httpx.Client, folder: Path) -> None:
    """The reason is told, and not where on this computer they lie."""
    put(folder)
    (folder / UNET).unlink()
    error = refused(create(web), "weights_incomplete")
    assert UNET.partition("/")[0] in error["message"]
    told = web.post("/v1/plans", json={**ASKED, "width": 64, "height": 48}).json()
    said = next(text for text in told["notes"] if "cannot be used" in text)
    for text in (error["message"], error["hint"], said):
        assert str(folder.parent) not in text


def test_libraries_that_are_missing_are_said_before_anything_else(
    web: httpx.Client, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A create is refused, a plan says so; with all files here."""
    put(folder)
    monkeypatch.setattr(Family, "lacks", lambda _: "diffusion", raising=False)
    reply = create(web)
    assert (reply.status_code, reply.json()["error"]["code"]) == (501, "extra_missing")
    told = web.post("/v1/plans", json={**ASKED, "width": 64, "height": 48}).raise_for_status().json()
    assert any("pip install 'unstill[diffusion]'" in text for text in told["notes"])
    monkeypatch.undo()
    assert "pip install" not in web.post("/v1/plans", json={**ASKED, "width": 64, "height": 48}).text
