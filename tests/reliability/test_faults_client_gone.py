"""Clients whose connection breaks in the middle of what they send."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Callable

import pytest

from live import PATIENCE_S, PHOTO, Live
from unstill.media.picture import Limits  # noqa: F401 the part under test is the server, not this

BOUNDARY = b"line"
TENTHS = 10


def body() -> bytes:
    fields = {"prompt": "pan left", "model": "testcard", "num_frames": "8", "fps": "8", "seed": "1"}
    parts = [
        b"--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n" % (BOUNDARY, n.encode(), v.encode())
        for n, v in fields.items()
    ]
    head = b'--%s\r\nContent-Disposition: form-data; name="input_reference"; filename="a.png"\r\n' % BOUNDARY
    return b"".join(parts) + head + b"Content-Type: image/png\r\n\r\n" + PHOTO + b"\r\n--%s--\r\n" % BOUNDARY
