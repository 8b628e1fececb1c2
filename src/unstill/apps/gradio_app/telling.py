"""Where the page is, said to the person and to programs."""

from __future__ import annotations

from unstill.apps.cli.screen import Screen
from unstill.apps.gradio_app.words import say


def tell(screen: Screen, page: str, server: str) -> None:
    if screen.json:
        screen.out_json({"url": page, "server": server})
    screen.talk(say("served_by", screen.language, url=server))
    screen.talk(say("page", screen.language, url=page))
    screen.talk(screen.say("serving_stop"))
