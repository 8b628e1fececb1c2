"""Gradio's process beside a server of its own: what it is to do comes as JSON, and it ends with its stdin."""

from __future__ import annotations

import json
import signal
import sys
import threading

from unstill.apps.cli.remote.place import LOCAL
from unstill.apps.cli.screen import Screen
from unstill.apps.gradio_app.run import Wanted, run
from unstill.apps.gradio_app.telling import tell
from unstill.domain.errors import UnstillError
from unstill.settings import load_settings


def main(told: str) -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which lets this one go
    asked, stop = json.loads(told), threading.Event()
    screen = Screen(asked["language"], asked["json"], asked["quiet"])
    threading.Thread(target=_follow, args=(stop,), name="lifeline", daemon=True).start()
    settings = load_settings({"data_dir": asked["data_dir"]})
    try:
        run(Wanted(LOCAL, settings, screen.language, asked["port"]), lambda *at: tell(screen, *at), stop)
    except UnstillError as error:
        screen.complain(error)
        return error.exit_code
    return 0


def _follow(stop: threading.Event) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    stop.set()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
