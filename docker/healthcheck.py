"""Whether the server answers: exit code 0 or 1, for HEALTHCHECK."""

import json
import os
import sys
import urllib.request


def address() -> str:
    """Where the server says that it listens, which its command line may have chosen; else the usual."""
    try:
        with open(os.path.join(os.environ.get("UNSTILL_DATA_DIR", "/data"), "server.json")) as about:
            return str(json.load(about)["url"])
    except (OSError, ValueError, KeyError, TypeError):
        port = os.environ.get("UNSTILL_PORT", "")
        return f"http://127.0.0.1:{port if port.isdecimal() else 7860}"


direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    with direct.open(f"{address()}/healthz", timeout=3) as answer:
        sys.exit(0 if json.load(answer).get("service") == "unstill" else 1)
except Exception as error:
    print(error, file=sys.stderr)
    sys.exit(1)
