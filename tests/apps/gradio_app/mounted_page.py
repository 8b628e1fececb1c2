"""The page mounted inside FastAPI, as one must not: Gradio checks no paths there. What is left is ours.

Usage: mounted_page.py SERVER UPLOADS
"""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path

uploads = Path(sys.argv[2])
os.environ.update(GRADIO_TEMP_DIR=str(uploads), GRADIO_ANALYTICS_ENABLED="False")

import gradio as gr  # noqa: E402
import uvicorn  # noqa: E402
from fastapi import FastAPI  # noqa: E402

from unstill.apps.cli.remote.client import Remote  # noqa: E402
from unstill.apps.gradio_app.page import Maker, build  # noqa: E402
from unstill.settings import load_settings  # noqa: E402

settings = load_settings()
maker = Maker(lambda language: Remote(sys.argv[1], settings, language), uploads, 20.0, "en")
app = gr.mount_gradio_app(FastAPI(), build(maker, ["motion"]), path="/")
with socket.socket() as port:
    port.bind(("127.0.0.1", 0))
    print(json.dumps({"url": f"http://127.0.0.1:{port.getsockname()[1]}"}, indent=2), flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[port])
