"""Whether the server answers: exit code 0 or 1, for HEALTHCHECK."""

import json
import os
import sys
import urllib.request

direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    with direct.open(
        f"http://127.0.0.1:{os.environ.get('UNSTILL_PORT', '7860')}/healthz", timeout=3
    ) as answer:
        sys.exit(0 if json.load(answer).get("service") == "unstill" else 1)
except Exception as error:
    print(error, file=sys.stderr)
    sys.exit(1)
