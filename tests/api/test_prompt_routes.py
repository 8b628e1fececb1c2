"""Prompts in other words over HTTP and on the command line: by whom the settings name, and never unasked."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog
from api_parts import Station, build, png

sys.path.append(str(Path(__file__).parents[1] / "adapters"))  # its language model serves here, too

from chat_model import ChatModel, sends
from testcard import TESTCARD

KEY = "sk-a-key-that-nobody-may-see"


@pytest.fixture
def chat() -> Iterator[ChatModel]:
    made = ChatModel()
    yield made
    made.close()


@pytest.fixture
def web(
    chat: ChatModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_folders: Path
) -> Iterator[httpx.Client]:
    """A server whose settings name the language model."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    monkeypatch.setenv("UNSTILL_REWRITE_URL", chat.url)
    monkeypatch.setenv("UNSTILL_REWRITE_MODEL", "qwen")
    monkeypatch.setenv("UNSTILL_REWRITE_KEY", KEY)
    station: Station = build(tmp_path / "data", [TESTCARD])
    station.start()
    with httpx.Client(base_url=station.url, timeout=60, trust_env=False) as client:
        yield client
    station.stop()
    structlog.reset_defaults()


def test_a_prompt_is_rewritten_when_asked(web: httpx.Client, chat: ChatModel) -> None:
    """Before and after, for which model, by what and where; the instruction is the model's own."""
    assert web.get("/v1/system").json()["prompts"]["rewriter"] == {"host": chat.host, "model": "qwen"}
    told = (
        web.post("/v1/prompts/rewrite", json={"prompt": "一只猫", "model": "dream"}).raise_for_status().json()
    )
    assert told == {
        "object": "prompt.rewriting", "prompt": "A cat turns its head. The camera pushes in slowly.",
        "before": {"prompt": "一只猫"}, "model": "dream", "by": "qwen", "host": chat.host,
    }  # fmt: skip
    ((_, headers, body),) = chat.asked
    assert headers["authorization"] == f"Bearer {KEY}"
    assert body["messages"][1] == {"role": "user", "content": "一只猫"}
    assert "image-to-video" in body["messages"][0]["content"]


def test_making_a_video_asks_nobody(web: httpx.Client, chat: ChatModel) -> None:
    """Nor does planning one, or looking at the server."""
    fields = {"prompt": "一只猫", "model": "dream"}
    web.post("/v1/plans", json={**fields, "width": 64, "height": 64}).raise_for_status()
    web.post("/v1/videos", data=fields, files={"input_reference": ("a.png", png())}).raise_for_status()
    web.get("/v1/system").raise_for_status()
    assert chat.asked == []


def test_a_refusal_is_passed_on(web: httpx.Client, chat: ChatModel) -> None:
    """With the host, and without the key."""
    chat.answer = sends(401, b'{"error": {"message": "wrong key ' + KEY.encode() + b'"}}')
    reply = web.post("/v1/prompts/rewrite", json={"prompt": "a cat"}, headers={"Accept-Language": "zh"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (502, "rewrite_failed")
    assert chat.host in reply.json()["error"]["message"]
    assert KEY not in reply.text


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "missing_argument"),
        ({"prompt": ["a"]}, "invalid_field"),
        ({"prompt": "a", "model": "x"}, "unknown_model"),
    ],
)
def test_what_cannot_be_rewritten(web: httpx.Client, chat: ChatModel, body: dict, code: str) -> None:
    """Nothing is sent."""
    assert web.post("/v1/prompts/rewrite", json=body).json()["error"]["code"] == code
    assert chat.asked == []


def test_the_key_is_in_no_report(web: httpx.Client) -> None:
    """Neither the doctor's nor the support bundle."""
    said = web.get("/v1/doctor").text + web.get("/v1/system").text
    packed = web.post("/v1/support-bundle").raise_for_status().content
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        said += "".join(archive.read(name).decode() for name in archive.namelist())
    assert KEY not in said


def test_a_server_without_a_translating_child_says_so(web: httpx.Client) -> None:
    """One that others built of our parts."""
    reply = web.post("/v1/prompts/translate", json={"prompt": "一只猫"})
    assert reply.json()["error"]["code"] == "unsupported"


def test_on_the_command_line(chat: ChatModel, tmp_path: Path) -> None:
    """It says where the prompt goes; without the setting it goes nowhere."""

    def rewrite(*more: str, **environ: str) -> subprocess.CompletedProcess[str]:
        kept = {n: v for n, v in os.environ.items() if not n.startswith("UNSTILL_")}
        return subprocess.run(
            [sys.executable, "-P", "-m", "unstill", "rewrite", "一只猫", *more], cwd=tmp_path,
            env={**kept, "HOME": str(tmp_path), "LANG": "C.UTF-8", **environ}, capture_output=True, text=True,
            encoding="utf-8", timeout=60, check=False,
        )  # fmt: skip

    refused = rewrite()
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "UNSTILL_REWRITE_URL" in refused.stderr
    named = {"UNSTILL_REWRITE_URL": chat.url, "UNSTILL_REWRITE_KEY": KEY}
    done = rewrite(**named)
    assert done.stdout == "A cat turns its head. The camera pushes in slowly.\n"
    assert f"The prompt goes to {chat.host}" in done.stderr
    assert "Before: 一只猫" in done.stderr
    assert KEY not in done.stdout + done.stderr
    told = json.loads(rewrite("--json", "--model", "motion", **named).stdout)
    assert (told["before"], told["model"], told["by"]) == ("一只猫", "motion", "default")
    assert "push in" in chat.asked[-1][2]["messages"][0]["content"]
