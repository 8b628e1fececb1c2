"""`unstill translate` and `unstill rewrite`: a prompt before and after."""

from __future__ import annotations

from unstill.apps.cli.call import Call
from unstill.apps.cli.progress import shown
from unstill.core.prompts import english, prompt_of
from unstill.core.rewriting import require_rewriter, rewritten


def translate(call: Call, prompt: str) -> int:
    """The command; its exit code."""
    text = prompt_of(prompt)
    services, screen = call.services, call.screen
    with call.stop.at_next_tick(), shown(screen, "") as show:

        def tick(stage: str, done: int, total: int, preview: object = None) -> None:  # noqa: ARG001
            call.stop.check()
            show(stage, done, total)

        done = english({"prompt": text}, services.translator, tick)
    for note in done.notes:
        screen.talk(note.text(screen.language))
    if screen.json:
        notes = [note.text(screen.language) for note in done.notes]
        screen.out_json({"before": text, "prompt": done.texts["prompt"],
                         "model": services.translator.card.id, "notes": notes})  # fmt: skip
        call.answered = True
    else:
        screen.talk(screen.say("before_line", text=text))
        screen.out(done.texts["prompt"])
    return 0


def rewrite(call: Call, prompt: str, model: str | None) -> int:
    """The command; its exit code."""
    text = prompt_of(prompt)
    services, screen = call.services, call.screen
    rewriter = require_rewriter(services)
    screen.talk(screen.say("sending_to", host=rewriter.host))
    made = rewritten(text, model, services)
    if screen.json:
        screen.out_json({"before": text, "prompt": made.prompt, "model": made.model,
                         "by": rewriter.model, "host": rewriter.host})  # fmt: skip
        call.answered = True
    else:
        screen.talk(screen.say("before_line", text=text))
        screen.out(made.prompt)
    return 0
