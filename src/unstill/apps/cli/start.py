"""`unstill start`: the server and its page, for somebody who wants to begin."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from unstill.apps.cli.browser import Absent, absent, open_page
from unstill.apps.cli.call import Call
from unstill.apps.cli.serve import tell
from unstill.domain.service_errors import DataFolderTaken, PortTaken

if TYPE_CHECKING:
    from unstill.apps.cli.remote.place import Place
    from unstill.core.serving import Listening

READY_S = 10.0
"""How long a server may take until it can make videos before the person hears what keeps it."""
ASK_S = 5.0
AGAIN_S = 0.1


def start(call: Call, flags: Mapping[str, Any], browser: bool | None) -> int:
    """The command; its exit code. ``browser``: open one or not, None where that is ours to find out."""
    try:
        _serve(call, flags, browser)
    except DataFolderTaken as taken:
        _join(call, flags, browser, taken)
        return 0
    call.screen.talk(call.screen.say("served"))
    return 0


def _serve(call: Call, flags: Mapping[str, Any], browser: bool | None) -> None:
    ended = threading.Event()

    def answers(said: Listening) -> None:
        tell(call, said, already_running=False)
        # The server's own loop is what calls here: it must not wait for its answers to itself.
        threading.Thread(
            target=_welcome, args=(call, said, browser, ended), name="welcome", daemon=True
        ).start()

    try:
        call.services.serve(flags, answers)
    except PortTaken as taken:
        if _is_named(flags):
            raise
        holder = taken.facts["holder_zh" if call.screen.language == "zh" else "holder"]
        call.screen.warn(call.screen.say("start_other_port", port=taken.facts["port"], holder=holder))
        call.services.serve({**flags, "port": "auto"}, answers)
    finally:
        ended.set()


def _is_named(flags: Mapping[str, Any]) -> bool:
    """Whether the person chose the port; another one would not be found."""
    from unstill.settings import load_settings

    return "port" in load_settings(flags).model_fields_set


def _welcome(call: Call, said: Listening, browser: bool | None, ended: threading.Event) -> None:
    """Say where the page is as soon as videos can be made, and open it."""
    why = _what_keeps(said.url, ended, call.screen.language)
    if ended.is_set():
        return
    if why:
        call.screen.warn(call.screen.say("start_not_ready", address=said.open, why=why))
    else:
        call.screen.talk(call.screen.say("start_page", address=said.open))
    _show(call, said.open, browser, near=not said.exposed)
    call.screen.talk(call.screen.say("start_keep_open"))


def _what_keeps(url: str, ended: threading.Event, language: str) -> str:
    """Wait until the server is ready; empty then, else what it says is in the way."""
    import httpx

    end, why = time.monotonic() + READY_S, "..."
    with httpx.Client(trust_env=False, timeout=ASK_S, headers={"Accept-Language": language}) as web:
        while not ended.is_set() and time.monotonic() < end:
            with contextlib.suppress(httpx.HTTPError, ValueError, KeyError, TypeError):
                answer = web.get(f"{url}/readyz")
                if answer.status_code == 200:
                    return ""
                why = str(answer.json()["error"]["message"])
            ended.wait(AGAIN_S)
    return why


def _show(call: Call, address: str, browser: bool | None, *, near: bool) -> None:
    """Open the page where the person would see it; else say how to come to it."""
    screen, reason = call.screen, absent(os.environ)
    if browser or (browser is None and reason is None):
        screen.talk(screen.say("start_opened" if open_page(address) else "start_by_hand"))
    elif reason is Absent.AFAR and near:
        from urllib.parse import urlsplit

        screen.talk(screen.say("start_from_afar", port=urlsplit(address).port))
    else:
        screen.talk(screen.say("start_by_hand"))


def _join(call: Call, flags: Mapping[str, Any], browser: bool | None, taken: DataFolderTaken) -> None:
    """Open the page of the server that has the folder. Raises ``taken`` where it does not answer."""
    place = _running(flags)
    if place is None:
        raise taken
    address = place.open or place.url
    if call.screen.json:
        told = {"url": place.url, "open": address, "data_dir": str(place.folder), "key": None}
        call.screen.out_json({**told, "already_running": True})
        call.answered = True
    call.screen.talk(call.screen.say("start_runs_already", address=address))
    _show(call, address, browser, near=place.local)


def _running(flags: Mapping[str, Any]) -> Place | None:
    """The server of the folder, once it answers; it may just be starting."""
    from unstill.apps.cli.remote.place import running_on
    from unstill.settings import load_settings

    folder, end = load_settings(flags).data_dir.absolute(), time.monotonic() + READY_S
    while time.monotonic() < end:
        place = running_on(folder)
        if place is not None and _answers(place.url):
            return place
        time.sleep(AGAIN_S)
    return None


def _answers(url: str) -> bool:
    """Whether an unstill is there: the address may have become another program's."""
    import httpx

    with contextlib.suppress(httpx.HTTPError, httpx.InvalidURL, ValueError, AttributeError):
        return bool(
            httpx.get(f"{url}/healthz", timeout=ASK_S, trust_env=False).json()["service"] == "unstill"
        )
    return False
