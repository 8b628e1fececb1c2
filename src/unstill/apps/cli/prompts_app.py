"""The commands on prompts: `translate` and `rewrite`. What they do loads when they run."""

# ruff: noqa: ARG001 - parameters are declared for typer; `Screen` and `ready` read them

from __future__ import annotations

from typing import Annotated

import typer

from unstill.apps.cli import options as o
from unstill.apps.cli.commands import Named
from unstill.apps.cli.ready import ready

TRANSLATE_EXAMPLES = """\b
Examples:
  unstill translate "一只猫坐在窗边看雨"
"""
REWRITE_EXAMPLES = """\b
Examples:
  UNSTILL_REWRITE_URL=http://127.0.0.1:11434/v1 UNSTILL_REWRITE_MODEL=NAME unstill rewrite "a cat"
"""
Text = Annotated[str, typer.Argument(metavar="PROMPT", hidden=True)]


def join(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command(cls=Named, epilog=TRANSLATE_EXAMPLES)(translate)
    app.command(cls=Named, epilog=REWRITE_EXAMPLES)(rewrite)


def translate(
    ctx: typer.Context, prompt: Text, json: o.Json = False, quiet: o.Quiet = False, lang: o.Lang = None
) -> int:
    """Print PROMPT, which is Chinese, in English.

    It is translated on this computer, by a model that `unstill models pull opus-mt-zh-en` fetches.
    """
    call = ready(ctx)
    from unstill.apps.cli import prompts as commands

    return commands.translate(call, prompt)


def rewrite(
    ctx: typer.Context,
    prompt: Text,
    model: o.Model = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Print PROMPT written anew for a model, by a language model of yours.

    The prompt is sent to the address that UNSTILL_REWRITE_URL names: any server that speaks OpenAI's chat
    completions. Without it nothing is sent anywhere.
    """
    call = ready(ctx)
    from unstill.apps.cli import prompts as commands

    return commands.rewrite(call, prompt, model)
