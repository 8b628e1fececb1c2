"""Python imports this first of all in every process of a server under test: its folder is on PYTHONPATH.

`orders.json` in the server's home names the modules of this folder that the process is to load: so a test
does to real processes what no production code has a switch for. See `orders.Orders` for the other end.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys

PROGRAMS = {"unstill": "server", "unstill.worker": "worker", "unstill.decode": "decode"}


def program() -> str | None:
    """Which of the service's processes this one is; None for any other."""
    words = sys.orig_argv
    return PROGRAMS.get(words[words.index("-m") + 1]) if "-m" in words[:-1] else None


def _load() -> None:
    home = os.environ.get("HOME", "")
    if program() is None or not home.endswith("-home"):
        return
    with contextlib.suppress(FileNotFoundError), open(os.path.join(home, "orders.json")) as file:
        for name in json.load(file)["modules"]:
            importlib.import_module(name)


_load()
