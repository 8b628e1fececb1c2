"""Command classes: usage lines as a person would write them, and help that loads nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand, TyperGroup

from unstill.domain.errors import MissingValue

if TYPE_CHECKING:

    class _Command:
        def get_help_option(self, ctx: Any) -> Any: ...
else:
    _Command = object


class _LightHelp(_Command):
    """typer 0.29 reads an absent --help, whose default is None, through pydantic; a default of False it
    takes as it is."""

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)
        if option is not None and option.default is None:
            option.default = False
        return option


LANGUAGE = "unstill.lang"
"""Where a context keeps the language that was asked for before the command."""


class Group(_LightHelp, TyperGroup):
    """Commands under one name. --lang may stand before them.

    It is taken out by hand: typer reads every option of a group but flags through pydantic, given or not.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        while args and (args[0] == "--lang" or args[0].startswith("--lang=")):
            _, sign, value = args.pop(0).partition("=")
            if not sign and not args:
                raise MissingValue(option="--lang", command=ctx.command_path)
            ctx.meta[LANGUAGE] = value if sign else args.pop(0)
        rest: list[str] = super().parse_args(ctx, args)
        return rest


class Named(_LightHelp, TyperCommand):
    """A command on one thing, named as in its help, or on nothing."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        arguments = [p for p in self.get_params(ctx) if p.param_type_name == "argument"]
        return [*(str(p.metavar) for p in arguments), "[OPTIONS]"]


class Pictured(_LightHelp, TyperCommand):
    """A command on pictures, whose usage line shows where the prompt stands."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ARG002 the parent's signature
        return ["PICTURE...", "[PROMPT]", "[OPTIONS]"]
