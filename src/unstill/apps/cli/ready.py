"""What every command does first: it settles on a language, and mentions settings that are none."""

from __future__ import annotations

import os

import typer

from unstill.apps.cli.call import Call
from unstill.apps.cli.commands import LANGUAGE
from unstill.apps.cli.words import language_of
from unstill.domain.errors import EmptyName, NotAChoice

HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
"""Of every group of commands."""


def ready(ctx: typer.Context) -> Call:
    """The call, in the language that was asked for or set."""
    call: Call = ctx.obj
    asked = ctx.params.get("lang") or ctx.meta.get(LANGUAGE)
    if asked not in (None, "en", "zh"):
        raise NotAChoice(param="--lang", value=asked, choices="en, zh")
    _settle_weights(ctx.params.get("weights"))
    call.screen.language = language_of(asked, os.environ, call.services.language)
    from unstill.settings import unknown_variables

    for name, near in unknown_variables(os.environ).items():
        call.screen.warn(call.screen.say("unknown_variable", name=name, near=near))
    return call


def _settle_weights(folders: str | None) -> None:
    """--weights is the setting for this call, and for the worker processes that it starts."""
    if folders is None:
        return
    if not folders:
        raise EmptyName(what="folder", what_zh="文件夹")
    os.environ["UNSTILL_WEIGHTS"] = ",".join(map(_absolute, folders.split(",")))


def _absolute(entry: str) -> str:
    """An entry of the setting `weights`, wherever a process that reads it may stand."""
    name, sign, folder = entry.partition("=")
    if not sign or "/" in name or os.sep in name:
        name, sign, folder = "", "", entry
    return f"{name}{sign}{os.path.abspath(os.path.expanduser(folder))}"
