"""`unstill gradio`: the Gradio page, before a running server or one of its own."""

from __future__ import annotations

import threading

from unstill.apps.cli.call import Call
from unstill.apps.cli.remote.place import asked_for, running_on
from unstill.apps.cli.stopping import Stopped
from unstill.apps.gradio_app.own import serve_with_page
from unstill.apps.gradio_app.run import Wanted, check_installed, run
from unstill.apps.gradio_app.telling import tell
from unstill.settings import load_settings


def gradio(call: Call, server: str | None, port: str | None, data_dir: str | None) -> int:
    """The command; its exit code.

    Raises:
        ExtraMissing: Gradio is not installed.
        UnstillError: what finding or starting a server raises.
    """
    check_installed()
    settings, screen = load_settings({"data_dir": data_dir, "port": port}), call.screen
    number = settings.port if port and isinstance(settings.port, int) and settings.port else None
    alone = server is None and not settings.server and running_on(settings.data_dir.absolute()) is None
    if alone:
        flags = {"json": screen.json, "quiet": screen.quiet}
        code = serve_with_page(call.services, settings.data_dir.absolute(), number, flags, screen.language)
        call.answered = True
    else:
        wanted, code = Wanted(asked_for(server, data_dir), settings, screen.language, number), 0
        try:
            run(wanted, lambda *at: tell(screen, *at), threading.Event())
        except Stopped:
            call.stop.number = None  # to be told so is how this ends
        call.answered = True
    if not code:
        screen.talk(screen.say("served"))
    return code
