"""`unstill serve`: what a person is told while the server runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unstill.apps.cli.call import Call
from unstill.core.serving import Listening

GIB = 2**30


def serve(call: Call, flags: Mapping[str, Any]) -> int:
    """The command; its exit code. Returns when the server was told to stop and has."""
    call.services.serve(flags, lambda said: tell(call, said))
    call.screen.talk(call.screen.say("served"))
    return 0


def tell(call: Call, said: Listening, **more: object) -> None:
    """Where it listens and what it has, for the person; on stdout for programs, with what else there is."""
    screen = call.screen
    if screen.json:
        told = {"url": said.url, "open": said.open, "data_dir": str(said.data), "key": said.new_key}
        screen.out_json({**told, **more})
        call.answered = True
    screen.talk(screen.say("serving", url=said.url))
    if said.open != said.url:
        screen.talk(screen.say("serving_open", address=said.open))
    memory = f"{said.memory_bytes / GIB:.1f}"
    screen.talk(screen.say("serving_device", device=said.device, cores=f"{said.cores:g}", memory=memory))
    screen.talk(screen.say("serving_models", models=", ".join(said.models)))
    screen.talk(screen.say("serving_data", data=said.data))
    if said.log is None:
        screen.warn(screen.say("serving_no_log"))
    else:
        screen.talk(screen.say("serving_log", log=said.log))
    if said.resumed:
        screen.talk(screen.say("serving_resumed", count=said.resumed))
    if said.new_key and not screen.json:
        screen.warn(screen.say("serving_key", secret=said.new_key))
    if said.exposed:
        screen.talk(screen.say("serving_exposed", port=said.url.rpartition(":")[2]))
    if said.claimable:
        screen.warn(screen.say("serving_claimable"))
    if said.exposed and not said.asks_for_key:
        screen.warn(screen.say("serving_open_to_all"))
    screen.talk(screen.say("serving_stop"))
