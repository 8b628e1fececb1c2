"""A worker's log lines on their way through its stderr.

Only lines that our own code logged go into the server's log at their level. Whatever else a library or an
engine prints may hold a person's words and is passed on at DEBUG, but for the interpreter's last words in a
crash, which name files and functions only.
"""

from __future__ import annotations

import logging
import re

LOG = logging.getLogger(__name__)
MOST = 4000
"""Bytes of one line."""
_LEVELS = {"INFO": logging.INFO, "WARNING": logging.WARNING, "ERROR": logging.ERROR}
_OURS = re.compile(r"unstill\|(INFO|WARNING|ERROR)\|(.*)", re.DOTALL)
_LAST_WORDS = re.compile(r'Fatal Python error: |Current thread 0x|Thread 0x|  File "[^"]*", line \d+ in \S+$')


class Marked(logging.Formatter):
    """Inside the worker: each line of a record carries its level."""

    def format(self, record: logging.LogRecord) -> str:
        level = record.levelname if record.levelname in _LEVELS else "ERROR"
        return "\n".join(f"unstill|{level}|{line}" for line in super().format(record).splitlines())


def speak_marked() -> None:
    """Inside the worker: log to stderr so that the server knows our lines from others'."""
    handler = logging.StreamHandler()
    handler.setFormatter(Marked("%(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def relay(worker: str, line: bytes) -> None:
    """In the server: pass one line on."""
    text = line.decode("utf-8", "replace").rstrip()
    if match := _OURS.match(text):
        LOG.log(_LEVELS[match[1]], "worker %s: %s", worker, match[2])
    elif _LAST_WORDS.match(text):
        LOG.warning("worker %s: %s", worker, text)
    elif text:
        LOG.debug("worker %s: %s", worker, text)
