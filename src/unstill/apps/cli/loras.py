"""`unstill loras list|add|pull|remove`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from unstill.apps.cli.call import Call
from unstill.apps.cli.columns import lines
from unstill.apps.cli.weights import asked, watching
from unstill.core.loras import Lora
from unstill.domain.errors import EmptyName
from unstill.domain.sizes import size_text
from unstill.domain.weight_errors import LoraNotConfirmed


@dataclass(frozen=True)
class Wanted:
    """How a file is to be fetched."""

    file: str | None = None
    name: str | None = None
    yes: bool = False


def list_loras(call: Call) -> int:
    """`unstill loras list`; its exit code."""
    screen, found = call.screen, call.services.weights.loras.list()
    if screen.json:
        screen.out_json([asdict(one) for one in found])
        call.answered = True
    elif not found:
        screen.talk(screen.say("no_loras"))
    else:
        heads = [screen.say(head) for head in ("name", "lora_size", "lora_source")]
        for line in lines([heads, *([one.name, size_text(one.size_bytes), one.source] for one in found)]):
            screen.out(line)
    return 0


def add(call: Call, file: str, name: str | None) -> int:
    """`unstill loras add FILE`; its exit code."""
    if not file:
        raise EmptyName(what="file", what_zh="文件")
    return _tell(call, call.services.weights.loras.add(Path(file), name))


def pull(call: Call, repo: str, wanted: Wanted) -> int:
    """`unstill loras pull OWNER/NAME`; its exit code. Without consent nobody is asked for anything."""
    screen = call.screen
    screen.talk(screen.say("lora_terms", repo=repo))
    if not wanted.yes and not asked(screen, screen.say("ask_lora")):
        raise LoraNotConfirmed(param="yes", repo=repo)
    with watching(call, screen.say("pull_lora", repo=repo)) as watch:
        made = call.services.weights.loras.pull(repo, wanted.file, wanted.name, watch)
    return _tell(call, made)


def remove(call: Call, name: str) -> int:
    """`unstill loras remove NAME`; its exit code."""
    screen, freed = call.screen, call.services.weights.loras.remove(name)
    if screen.json:
        screen.out_json({"name": name, "freed_bytes": freed})
        call.answered = True
    else:
        screen.talk(screen.say("lora_removed", name=name, size=size_text(freed)))
    return 0


def _tell(call: Call, made: Lora) -> int:
    screen = call.screen
    if screen.json:
        screen.out_json(asdict(made))
        call.answered = True
    else:
        screen.talk(screen.say("lora_added", name=made.name, size=size_text(made.size_bytes)))
        screen.out(made.name)
    return 0
