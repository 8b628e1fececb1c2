"""What every command does first: it settles on a language, and mentions settings that are none."""

from __future__ import annotations

import os

import typer

from unstill.apps.cli.call import Call
from unstill.apps.cli.commands import LANGUAGE
from unstill.apps.cli.words import language_of
from unstill.domain.errors import NotAChoice

HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
"""Of every group of commands."""


def ready(ctx: typer.Context) -> Call:
    """The call, in the language that was asked for or set."""
    call: Call = ctx.obj
    asked = ctx.params.get("lang") or ctx.meta.get(LANGUAGE)
    if asked not in (None, "en", "zh"):
        raise NotAChoice(param="--lang", value=asked, choices="en, zh")
    call.screen.language = language_of(asked, os.environ, call.services.language)
    from unstill.settings import unknown_variables

    for name, near in unknown_variables(os.environ).items():
        call.screen.warn(call.screen.say("unknown_variable", name=name, near=near))
    return call
