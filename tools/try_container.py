"""A picture over HTTP, a decoded MP4 back: run inside a container of unstill, by its own Python.

    docker exec -i CONTAINER python3 - [FIELD=VALUE ...] < tools/try_container.py

FIELD=VALUE are fields of the request, such as model=i2vgen-xl. Prints what came out as JSON; exit code 1
where that is not a video. Needs nothing but what the image has, and no network.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from importlib import resources
from pathlib import Path

import av
import httpx

PATIENCE_S = 600


def main(fields: dict[str, str]) -> int:
    """The exit code."""
    data = Path(os.environ.get("UNSTILL_DATA_DIR", "/data"))
    server = json.loads((data / "server.json").read_text())
    picture = (resources.files("unstill") / "assets/examples/rocket.jpg").read_bytes()
    headers = {"Authorization": f"Bearer {server['secret']}"}
    began = time.monotonic()
    with httpx.Client(base_url=server["url"], headers=headers, trust_env=False, timeout=60) as web:
        answer = web.post(
            "/v1/videos", data={"prompt": "push in", **fields}, files={"input_reference": ("a.jpg", picture)}
        )
        job = answer.raise_for_status().json()
        while job["status"] in ("queued", "in_progress") and time.monotonic() - began < PATIENCE_S:
            time.sleep(0.2)
            job = web.get(f"/v1/videos/{job['id']}").json()
        if job["status"] != "completed":
            print(json.dumps(job, ensure_ascii=False))
            return 1
        video = web.get(f"/v1/videos/{job['id']}/content").raise_for_status().content
    with av.open(io.BytesIO(video)) as film:
        stream = film.streams.video[0]
        sizes = [(frame.width, frame.height) for frame in film.decode(stream)]
    told = {"model": job["model"], "codec": stream.codec_context.name, "frames": len(sizes), "size": sizes[0]}
    print(json.dumps({**told, "bytes": len(video), "seconds": round(time.monotonic() - began, 1)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(dict(word.split("=", 1) for word in sys.argv[1:])))
