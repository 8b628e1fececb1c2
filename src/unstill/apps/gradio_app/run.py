"""Gradio's process: its surroundings settled before it is read, then its page until somebody stops it."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from unstill.apps.cli.remote.client import Remote
from unstill.domain.errors import FAILURE, ExtraMissing, Language, UnstillError, Words
from unstill.settings import Settings

LOOPBACK = "127.0.0.1"
KEPT = ("GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT", "GRADIO_ROOT_PATH", "GRADIO_NUM_PORTS")
"""Gradio's variables that say where it listens. All others are taken away: among them are paths to give out,
tunnels and debugging."""
FONT = ("system-ui", "PingFang SC", "HarmonyOS Sans SC", "Noto Sans SC", "Microsoft YaHei", "sans-serif")


class NoRoomForPage(UnstillError):
    code, exit_code = "no_room_for_page", FAILURE
    en = Words(
        "Gradio's page cannot be served on port {port}.",
        "Choose another port with --port, or leave it out to take the first free one.",
    )
    zh = Words("无法在端口 {port} 上打开 Gradio 页面。", "请用 --port 换一个端口，不写则自动选择空闲端口。")


@dataclass(frozen=True)
class Wanted:
    """What was asked for: a server as `--server` names it, and where the page is to be (None: the first port
    from 7860 on that is free)."""

    server: str | None
    settings: Settings
    language: Language
    port: int | None = None


def check_installed() -> None:
    """Raises `ExtraMissing`."""
    if find_spec("gradio") is None:
        raise ExtraMissing(name="gradio")


def run(wanted: Wanted, ready: Callable[[str, str], None], stop: threading.Event) -> None:
    """Serve the page until ``stop``; ``ready`` is told its address and the server's.

    Raises:
        ExtraMissing: Gradio is not installed.
        UnstillError: the server cannot be found or does not answer.
    """
    check_installed()

    def connect(language: Language) -> Remote:
        return Remote(wanted.server, wanted.settings, language)

    with connect(wanted.language) as remote:
        models, server = _models(remote.get("/v1/models").body), remote.place.url
    with _surroundings() as folder:
        from unstill.apps.gradio_app.page import I18N, Maker, build

        most = wanted.settings.max_picture_mebibytes
        page = build(Maker(connect, folder, most, wanted.language), models)
        try:
            _, local, _ = page.launch(**_launched(wanted.port, most), theme=_theme(), i18n=I18N)
        except OSError as error:
            raise NoRoomForPage(port=wanted.port or "7860") from error
        try:
            ready(local.rstrip("/"), server)
            stop.wait()
        finally:
            page.close(verbose=False)


def _models(body: Mapping[str, Any]) -> list[str]:
    data = body.get("data")
    return [str(card["id"]) for card in data if "id" in card] if isinstance(data, list) else []


def _launched(port: int | None, most_mebibytes: float) -> dict[str, Any]:
    """How it is started: nothing beyond this page, and only this computer unless the place says otherwise."""
    host = os.environ.get("GRADIO_SERVER_NAME") or ("0.0.0.0" if _hosted() else LOOPBACK)  # noqa: S104 a Space is its own world
    return {
        "server_name": host, "server_port": port, "quiet": True, "prevent_thread_lock": True,
        "inbrowser": False, "share": False, "show_error": False, "ssr_mode": False, "pwa": False,
        "mcp_server": False, "enable_monitoring": False, "run_history": False, "debug": False,
        "allowed_paths": [], "max_file_size": int(most_mebibytes * 2**20), "footer_links": [],
        "strict_cors": True, "app_kwargs": {"docs_url": None, "redoc_url": None, "openapi_url": None},
    }  # fmt: skip


def _hosted() -> bool:
    """Whether this is a Space of Hugging Face, which publishes the port itself."""
    return bool(os.environ.get("SPACE_ID"))


def _theme() -> Any:
    """Gradio's plainest, in the system's letters: its own theme fetches them from elsewhere."""
    import gradio as gr

    return gr.themes.Base(font=list(FONT), font_mono=["ui-monospace", "monospace"])


@contextlib.contextmanager
def _surroundings() -> Iterator[Path]:
    """A private upload folder, no telemetry, no proxy before this computer. The folder goes afterwards."""
    for name in [n for n in os.environ if n.startswith("GRADIO_") and n not in KEPT]:
        del os.environ[name]
    folder = Path(tempfile.mkdtemp(prefix="unstill-gradio-")).resolve()
    os.environ.update(
        {"GRADIO_TEMP_DIR": str(folder), "GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_DISABLE_TELEMETRY": "1"}
    )
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), LOOPBACK, "localhost")))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
