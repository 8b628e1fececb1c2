"""Where log lines go: a time-stamped file in the data folder, and stderr, plain or as JSON."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import sys
import time
from collections.abc import Iterator, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from structlog.types import Processor

MOST_BYTES, PARTS, KEEP = 10 * 2**20, 3, 20
"""Size of a file, older parts of it that are kept, and files of earlier starts that are kept."""
NOISE = ("Invalid HTTP request received.",)
"""What the server says of every port scanner."""
_WIDTH = 7
ADDED = ("_ray_timestamp_ns",)
"""What Ray adds to every record of a process that has read it."""


def _without_added(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for name in ADDED:
        event.pop(name, None)
    return event


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    _without_added,
]


@contextlib.contextmanager
def logging_to(folder: Path, level: str, form: str) -> Iterator[Path | None]:
    """Log to both places until left; the file, or None where none can be written."""
    handlers: list[logging.Handler] = [_to_stderr(form)]
    path = _new_file(folder)
    if path is not None:
        handlers.append(_to_file(path))
    root = logging.getLogger()
    before, raised = (root.level, list(root.handlers)), logging.raiseExceptions
    logging.raiseExceptions = False  # a full disk must not fill stderr with tracebacks
    root.handlers = handlers
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "asyncio", "sqlalchemy", "httpx", "httpx2", "huggingface_hub"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.WARNING)
        logger.handlers, logger.propagate = [], True
    _configure_structlog()
    try:
        yield path
    finally:
        root.setLevel(before[0])
        root.handlers = before[1]
        logging.raiseExceptions = raised
        structlog.reset_defaults()
        for handler in handlers:
            handler.close()


def _configure_structlog() -> None:
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _to_stderr(form: str) -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(structlog.processors.JSONRenderer(ensure_ascii=False)
                                    if form == "json" else plain_line))  # fmt: skip
    handler.addFilter(_is_no_noise)
    return handler


def _to_file(path: Path) -> logging.Handler:
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=MOST_BYTES, backupCount=PARTS, encoding="utf-8"
    )
    handler.setFormatter(_formatter(plain_line))
    handler.addFilter(_is_no_noise)
    return handler


def _formatter(last: Processor) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            _stamped,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            last,
        ],
    )


def _stamped(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The time of the record, so that both places say the same."""
    when = datetime.fromtimestamp(event["_record"].created, UTC)
    event["timestamp"] = when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return event


def plain_line(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    """time, level, what happened, then the rest as name=value; a traceback on lines of its own."""
    when, level = event.pop("timestamp", ""), str(event.pop("level", "info"))
    said, trace = str(event.pop("event", "")), event.pop("exception", "")
    name = str(event.pop("logger", ""))
    short = name.removeprefix("unstill.")
    rest = " ".join(f"{key}={_value(value)}" for key, value in event.items() if value not in ("", None))
    line = " ".join(part for part in (when, f"{level.upper():{_WIDTH}}", said, rest, f"[{short}]") if part)
    return f"{line}\n{trace}" if trace else line.replace("\n", " ")


def _value(value: object) -> str:
    text = str(value)
    return repr(text) if not text or " " in text or "\n" in text else text


def _is_no_noise(record: logging.LogRecord) -> bool:
    return record.msg not in NOISE


def _new_file(folder: Path) -> Path | None:
    """A file named by the time of this start; the oldest of earlier starts go."""
    path = folder / time.strftime("unstill-%Y%m%d-%H%M%S.log")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
    except OSError:
        return None
    with contextlib.suppress(OSError):
        for old in sorted(folder.glob("unstill-*.log*"))[: -KEEP - 1]:
            old.unlink()
    return path
