"""Help of the commands around a server, and what starting costs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {
    "numpy",
    "pydantic",
    "pydantic_settings",
    "rich",
    "cv2",
    "av",
    "PIL",
    "httpx",
    "platformdirs",
    "uvicorn",
}
HELP = [
    "--help", "start --help", "jobs", "jobs --help", "jobs list --help", "jobs wait --help",
    "jobs download --help", "keys", "keys add --help", "config --help", "backup --help", "gradio --help",
    "generate --help", "jobs lst", "generate a.jpg --sever x",
]  # fmt: skip


@pytest.mark.parametrize("arguments", HELP)
def test_help_loads_no_heavy_library(arguments: str) -> None:
    """Nor a mistyped call."""
    program = (
        f"import json, sys; from unstill import wiring; sys.argv[1:] = {arguments.split()!r}\n"
        "try:\n    wiring.main()\nexcept SystemExit:\n    pass\nprint(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    loaded = {name.split(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}
    assert loaded & HEAVY == set()


def test_work_done_here_needs_no_http(shell, photo) -> None:
    """A video is made without any part that speaks to servers."""
    program = (
        "import sys; from unstill.wiring import house; from unstill.apps.cli.run import run\n"
        "code = run(house(), ['generate', 'photo.jpg', '--model', 'testcard'])\n"
        "sys.exit(code or any(name.startswith('unstill.apps.cli.remote') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=shell.folder, env=shell.environ, timeout=60)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("jobs --help", ["list", "show", "cancel", "wait", "download", "delete", "restore"]),
        ("keys --help", ["add", "list", "revoke"]),
        ("--help", ["start", "generate", "jobs", "keys", "config", "backup"]),
        ("generate --help", ["--server URL", "--detach"]),
        ("jobs list --help", ["--state", "--limit", "--all", "--server URL", "--data-dir FOLDER", "--json"]),
    ],
)
def test_help_names_what_there_is(cli, command: str, names: list[str]) -> None:
    """Usage lines as a person would write them."""
    out = cli(*command.split()).out
    assert [name for name in names if name not in out] == []
    assert cli("jobs", "show", "--help").out.startswith("Usage: unstill jobs show ID [OPTIONS]")
    assert cli("backup", "--help").out.startswith("Usage: unstill backup [PATH] [OPTIONS]")
