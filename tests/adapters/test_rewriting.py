"""Prompts rewritten by a language model of the person's own: a real server on a loopback port."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from chat_model import Answer, ChatModel, sends, writes
from testcard import CARD, DREAM
from unstill.adapters.rewriting import Endpoint
from unstill.core.rewriting import task_for
from unstill.domain.errors import BadSetting
from unstill.domain.prompt_errors import RewriteFailed
from unstill.settings import HIDDEN, Settings, load_settings
from unstill.wiring import House

KEY = "sk-a-key-that-nobody-may-see"


@pytest.fixture
def model() -> Iterator[ChatModel]:
    made = ChatModel()
    yield made
    made.close()


def test_the_prompt_goes_out_and_another_comes_back(model: ChatModel) -> None:
    """To the address that was named, with the key, the task and the prompt, and nothing else."""
    endpoint = Endpoint(model.url, "qwen", KEY)
    made = endpoint.rewrite("the task", "一只猫")
    assert made == "A cat turns its head. The camera pushes in slowly."
    ((path, headers, body),) = model.asked
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert body["messages"] == [
        {"role": "system", "content": "the task"},
        {"role": "user", "content": "一只猫"},
    ]
    assert set(body) == {"model", "messages", "max_tokens", "stream"}
    assert (body["model"], body["stream"], endpoint.host) == ("qwen", False, model.host)


@pytest.mark.parametrize("ending", ["", "/", "/chat/completions", "/chat/completions/"])
def test_the_address_may_be_written_in_full(model: ChatModel, ending: str) -> None:
    """And without a key none is sent."""
    Endpoint(model.url + ending, "m").rewrite("t", "p")
    ((path, headers, _),) = model.asked
    assert (path, "authorization" in headers) == ("/v1/chat/completions", False)


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("<think>Hm, a cat.\nIt could turn.</think>\n\nA cat turns.", "A cat turns."),
        ('"A cat turns."', "A cat turns."),
        ("“A cat turns.”\n", "A cat turns."),
        ("no opening</think><think>a</think>A cat turns.", "A cat turns."),
        ("```\nA cat turns.\n```", "A cat turns."),
        ('A dog that is called "Cat"', 'A dog that is called "Cat"'),
        ('"Cat" is a dog called "Tom"', '"Cat" is a dog called "Tom"'),
        ("A cat\x1b[31m turns.\nSlowly.", "A cat [31m turns.\nSlowly."),
    ],
)
def test_thoughts_and_marks_are_left_out(model: ChatModel, text: str, prompt: str) -> None:
    """And whatever a terminal would obey."""
    model.answer = writes(text)
    assert Endpoint(model.url, "m").rewrite("t", "p") == prompt


def hangs(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(1.5)


def drips(handler: BaseHTTPRequestHandler) -> None:
    """Never ends, and never stands still."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def drips_headers(handler: BaseHTTPRequestHandler) -> None:
    """Each of them well within the patience for one."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    with contextlib.suppress(OSError):
        for number in range(60):
            handler.wfile.write(b"X-%d: y\r\n" % number)
            time.sleep(0.05)
    handler.wfile.write(b"\r\n")


def drips_status(handler: BaseHTTPRequestHandler) -> None:
    """A stream of interim answers."""
    with contextlib.suppress(OSError):
        for _ in range(60):
            handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            time.sleep(0.05)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            sends(401, b'{"error": {"message": "no such key: ' + KEY.encode() + b'"}}'),
            "HTTP 401 (no such key: ***)",
        ),
        (sends(500, b"<html>"), "HTTP 500"),
        (sends(404, b'{"error": "model m not found"}'), "model m not found"),
        (sends(307, b"", Location="http://other.example/v1/chat/completions"), "other.example"),
        (sends(301, b"", Location="/elsewhere"), "itself"),
        (sends(200, b"not json"), "no chat completion"),
        (sends(200, b'{"choices": []}'), "no chat completion"),
        (sends(200, b"[" * 100_000), "no chat completion"),
        (writes(None), "empty"),
        (writes("<think>only thoughts</think>"), "empty"),
        (writes("<think>thoughts without an end"), "empty"),
        (writes("<think>" * 30_000), "empty"),
        (writes("a" * 4001), "longer than 4000"),
        (sends(200, b" " * 300_000), "far too long"),
        (hangs, "within 0.5 s"),
        (drips, "within 0.5 s"),
        (drips_headers, "within 0.5 s"),
        (drips_status, "within 0.5 s"),
    ],
)
def test_what_else_may_come_back(model: ChatModel, answer: Answer, reason: str) -> None:
    """Every failure names the host and what it was; the key is in none of them. Nobody else is asked."""
    model.answer = answer
    with pytest.raises(RewriteFailed) as caught:
        Endpoint(model.url, "m", KEY, patience_s=0.5).rewrite("t", "p")
    assert reason in caught.value.message()
    assert model.host in caught.value.message("zh")
    assert KEY not in caught.value.message() + caught.value.hint() + str(caught.value.facts)
    assert len(model.asked) == 1


def test_nobody_there(model: ChatModel) -> None:
    """A port that nobody listens on."""
    model.close()
    with pytest.raises(RewriteFailed, match="cannot be reached"):
        Endpoint(model.url, "m").rewrite("t", "p")


def test_no_proxy_hears_of_a_model_on_this_computer(
    model: ChatModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the environment says of others."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "ftp://no.proxy")
    assert Endpoint(model.url, "m").rewrite("t", "p")


@pytest.mark.parametrize("variable", ["ALL_PROXY", "https_proxy", "HTTP_PROXY"])
def test_an_odd_proxy_is_named(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """By its variable, without its password."""
    monkeypatch.setenv(variable, "ftp://ann:hunter2@proxy.example")
    with pytest.raises(BadSetting, match=f"{variable} is ftp://") as caught:
        Endpoint("http://model.example/v1", "m").rewrite("t", "p")
    assert "hunter2" not in caught.value.message() + str(caught.value.facts)


def test_a_socks_proxy_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked, and is not there."""
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(RewriteFailed, match="cannot be reached"):
        Endpoint("http://model.example/v1", "m").rewrite("t", "p")


def test_an_address_that_only_a_client_refuses() -> None:
    with pytest.raises(RewriteFailed, match="cannot be reached"):
        Endpoint("http://*.é/v1", "m").rewrite("t", "p")


def test_by_default_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the settings name one; its key is shown nowhere, and an odd address is refused."""
    assert House(Settings()).rewriter is None
    monkeypatch.setenv("UNSTILL_REWRITE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("UNSTILL_REWRITE_MODEL", "qwen")
    monkeypatch.setenv("UNSTILL_REWRITE_KEY", KEY)
    found = House(load_settings()).rewriter
    assert found is not None
    assert (found.host, found.model) == ("127.0.0.1:1", "qwen")
    from unstill.apps.cli.config import _shown
    from unstill.settings import described

    shown = {one.name: _shown(one) for one in described(load_settings(), "en")}
    assert shown["rewrite_key"] == HIDDEN
    monkeypatch.setenv("UNSTILL_REWRITE_URL", "file:///etc/passwd")
    with pytest.raises(BadSetting, match="REWRITE_URL"):
        load_settings()


def test_the_task_fits_the_model() -> None:
    """Short for I2VGen-XL, whose text encoder has little room; camera moves for what only moves a camera."""
    assert "camera" in task_for(CARD)
    assert "orbit" in task_for(CARD)
    from dataclasses import replace

    short = task_for(replace(DREAM, id="i2vgen-xl"))
    assert "at most 50 words" in short
    assert "at most 50 words" not in task_for(DREAM)
    for card in (CARD, DREAM):
        assert "English" in task_for(card)
        assert "{" not in task_for(card)
