"""What a cluster says to somebody who asks, as a program: `python -m unstill.adapters.ray_workers.asking
ADDRESS`. Ray keeps what it knows of tokens for as long as a process lives, and may wait very long for an
answer; so the question is asked by a process that can be ended.

Prints one line of JSON: ``{"ray": ..., "python": ...}``, ``{"refused": true}``, or ``{"error": ...}``.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from importlib import import_module

CONNECT_S = 5.0


def ask(address: str) -> dict[str, object]:
    """Raises whatever Ray raises."""
    from ray._private.services import canonicalize_bootstrap_address
    from ray.exceptions import AuthenticationError

    raylet = import_module("ray._raylet")
    found = canonicalize_bootstrap_address(address)
    if found is None:
        return {"error": "no cluster runs on this computer"}
    host, _, port = found.rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()
    try:
        with_token = os.environ.get("RAY_AUTH_MODE") == "token"
        if with_token and not raylet.AuthenticationTokenLoader.instance().has_token():
            return {"refused": True, "address": found}  # going on, Ray would end this process
        said = raylet.GcsClient(address=found).internal_kv_get(
            b"CLUSTER_METADATA", b"cluster", timeout=CONNECT_S
        )
    except AuthenticationError:
        return {"refused": True, "address": found}
    known = json.loads(said) if said else {}
    return {"ray": known.get("ray_version", ""), "python": known.get("python_version", ""), "address": found}


def main() -> None:
    """The program."""
    try:
        answer = ask(sys.argv[1])
    except OSError as error:
        answer = {"error": error.strerror or type(error).__name__}
    except Exception as error:
        answer = {"error": type(error).__name__}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
