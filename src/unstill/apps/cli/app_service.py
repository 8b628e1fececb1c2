"""The commands around a server: `jobs`, `keys`, `config`, `backup`, `gradio`. What they do loads on use."""

# ruff: noqa: ARG001 - parameters are declared for typer; `Screen` and `ready` read them

from __future__ import annotations

from typing import Annotated

import typer

from unstill.apps.cli import options as o
from unstill.apps.cli.commands import Group, Named
from unstill.apps.cli.ready import HELP, ready

JOBS_EXAMPLES = """\b
Examples:
  unstill jobs list --state queued,in_progress
  unstill jobs wait video_0123 && unstill jobs download video_0123
"""
Id = Annotated[str, typer.Argument(metavar="ID", hidden=True)]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]

jobs = typer.Typer(
    cls=Group, rich_markup_mode=None, context_settings=HELP, epilog=JOBS_EXAMPLES,
    help="The videos of a server: one that runs on this computer, or --server.",
)  # fmt: skip
keys = typer.Typer(
    cls=Group, rich_markup_mode=None, context_settings=HELP, help="Who may use the server of this computer."
)


def join(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.add_typer(jobs, name="jobs")
    app.add_typer(keys, name="keys")
    app.command(cls=Named)(config)
    app.command(cls=Named)(doctor)
    app.command(cls=Named)(backup)
    app.command(cls=Named)(migrate)
    app.command(cls=Named)(gradio)


@jobs.callback(invoke_without_command=True)
def _jobs(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())


@keys.callback(invoke_without_command=True)
def _keys(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())


@jobs.command("list", cls=Named)
def list_jobs(
    ctx: typer.Context,
    state: Annotated[
        str | None,
        typer.Option(
            metavar="STATES", help="queued, in_progress, completed, failed, cancelled; with commas."
        ),
    ] = None,
    limit: Annotated[str | None, typer.Option(metavar="N", help="How many (20).")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    server: o.Server = None,
    data_dir: o.DataDir = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """List videos, the newest first."""
    call = ready(ctx)
    from unstill.apps.cli import jobs as commands

    return commands.list_jobs(call, commands.Where(server, data_dir), state, limit, everything)


@jobs.command("show", cls=Named)
def show_job(
    ctx: typer.Context,
    video: Id,
    server: o.Server = None,
    data_dir: o.DataDir = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Print everything about the video ID."""
    call = ready(ctx)
    from unstill.apps.cli import jobs as commands

    return commands.show_job(call, commands.Where(server, data_dir), video)


@jobs.command("cancel", cls=Named)
def cancel_job(
    ctx: typer.Context,
    video: Id,
    server: o.Server = None,
    data_dir: o.DataDir = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Stop the video ID, waiting or in progress."""
    call = ready(ctx)
    from unstill.apps.cli import jobs as commands

    return commands.cancel_job(call, commands.Where(server, data_dir), video)


@jobs.command("wait", cls=Named)
def wait_for_job(
    ctx: typer.Context,
    video: Id,
    timeout: Annotated[
        str | None, typer.Option(metavar="SECONDS", help="Give up waiting after so long.")
    ] = None,
    server: o.Server = None,
    data_dir: o.DataDir = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Wait until the video ID is settled.

    The exit code is 0 for a finished one. Ctrl-C ends the waiting, not the work; a server that is started
    again meanwhile is waited for.
    """
    call = ready(ctx)
    from unstill.apps.cli import jobs as commands

    return commands.wait_for_job(call, commands.Where(server, data_dir), video, timeout)


@jobs.command("download", cls=Named)
def download_job(
    ctx: typer.Context,
    video: Id,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="PATH", help="A file or a folder.")
    ] = None,
    force: Force = False,
    server: o.Server = None,
    data_dir: o.DataDir = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Fetch the finished video ID and print its path."""
    call = ready(ctx)
    from unstill.apps.cli import jobs as commands

    return commands.download_job(call, commands.Where(server, data_dir), video, output, force)


@jobs.command("delete", cls=Named)
def delete_job(
    ctx: typer.Context,
    video: Id,
    server: o.Server = None,
    data_dir: o.DataDir = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Delete the video ID. For a while `restore` brings it back."""
    call = ready(ctx)
    from unstill.apps.cli import jobs as commands

    return commands.delete_job(call, commands.Where(server, data_dir), video)


@jobs.command("restore", cls=Named)
def restore_job(
    ctx: typer.Context,
    video: Id,
    server: o.Server = None,
    data_dir: o.DataDir = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Bring the deleted video ID back."""
    call = ready(ctx)
    from unstill.apps.cli import jobs as commands

    return commands.restore_job(call, commands.Where(server, data_dir), video)


@keys.command("add", cls=Named)
def add_key(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", hidden=True)],
    data_dir: o.DataDir = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Make a key called NAME and print its secret, once."""
    call = ready(ctx)
    from unstill.apps.cli import keys as commands

    return commands.add_key(call, name, data_dir)


@keys.command("list", cls=Named)
def list_keys(
    ctx: typer.Context,
    data_dir: o.DataDir = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """List the keys, revoked ones too, without their secrets."""
    call = ready(ctx)
    from unstill.apps.cli import keys as commands

    return commands.list_keys(call, data_dir)


@keys.command("revoke", cls=Named)
def revoke_key(
    ctx: typer.Context,
    key: Id,
    data_dir: o.DataDir = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """End the key ID for good, at once. Its videos stay."""
    call = ready(ctx)
    from unstill.apps.cli import keys as commands

    return commands.revoke_key(call, key, data_dir)


def config(ctx: typer.Context, json: o.Json = False, quiet: o.Quiet = False, lang: o.Lang = None) -> int:
    """Print every setting in force and where it comes from."""
    call = ready(ctx)
    from unstill.apps.cli.config import config as command

    return command(call, lang)


def doctor(
    ctx: typer.Context,
    online: Annotated[bool, typer.Option("--online", help="Ask the model hub, too.")] = False,
    host: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Where the server will listen.")] = None,
    port: Annotated[str | None, typer.Option(metavar="N", help="The port that it will have.")] = None,
    data_dir: o.DataDir = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Look at this computer: what is well, what is not, and what to do about it."""
    call = ready(ctx)
    from unstill.apps.cli.doctor import doctor as command

    return command(call, {"host": host, "port": port, "data_dir": data_dir}, online=online)


def backup(
    ctx: typer.Context,
    path: Annotated[str | None, typer.Argument(metavar="[PATH]", hidden=True)] = None,
    force: Force = False,
    server: o.Server = None,
    data_dir: o.DataDir = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Copy the job database to PATH, while the server runs or not.

    Without PATH it goes into the current folder, under a name with the time. Pictures and videos are files of
    the data folder and not part of it.
    """
    call = ready(ctx)
    from unstill.apps.cli.backup import backup as command

    return command(call, path, server, data_dir, force)


def migrate(
    ctx: typer.Context,
    to: Annotated[
        str, typer.Option("--to", metavar="URL", help="postgresql://user:password@host/name, empty so far.")
    ],
    storage: o.Storage = None,
    data_dir: o.DataDir = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Move jobs, keys and files to a PostgreSQL database that several servers share.

    Stop the server first; what waits or was being made goes on there. With --storage the pictures and videos
    are copied to a shared folder or S3; the old folder keeps them, too.
    """
    call = ready(ctx)
    from unstill.apps.cli.migrate import migrate as command

    return command(call, to, storage, data_dir)


def gradio(
    ctx: typer.Context,
    server: o.Server = None,
    port: o.Port = None,
    data_dir: o.DataDir = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Serve a Gradio page, for places where people expect one (needs unstill[gradio]).

    It asks the server that is named, else the one that runs on this computer, else starts one of its own.
    """
    call = ready(ctx)
    from unstill.apps.cli.gradio import gradio as command

    return command(call, server, port, data_dir)
