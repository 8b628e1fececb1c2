"""The support bundle: what helps to find a fault, and nothing private."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unstill.apps.api import facts
from unstill.apps.api.context import Context

LAST_BYTES, LAST_LINES = 512 * 1024, 1000
HIDDEN = "[hidden]"
_SECRET_NAME = re.compile(
    r"(^|_)(key|token|secret|password|passwd|credentials?|cookie|database_url|dsn)$|^auth_", re.I
)
_SCRUB = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+"), rf"\1 {HIDDEN}"),
    (re.compile(r"\b(?:uns|sk|hf)[_-][A-Za-z0-9_-]{8,}"), HIDDEN),
    (re.compile(r"://[^\s/@]+@"), f"://{HIDDEN}@"),
    (re.compile(r"data:[a-z]+/[^\s\"']{20,}"), HIDDEN),
    (
        re.compile(
            r"""(["']?(?:negative_)?prompt["']?\s*[:=]\s*)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,}]+)"""
        ),
        rf"\1{HIDDEN}",
    ),
)


def packed(context: Context) -> bytes:
    """The zip."""
    files = {
        "versions.json": facts.versions(),
        "settings.json": redacted(context.settings.shown),
        "doctor.json": facts.doctor(context),
        "system.json": facts.system(context),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, json.dumps(_clean(content), indent=1, default=str, ensure_ascii=False))
        archive.writestr("log.txt", scrubbed(last_lines(context.settings.log_file)))
    return buffer.getvalue()


def redacted(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with everything that may be a secret hidden."""
    return {
        name: redacted(value)
        if isinstance(value, Mapping)
        else HIDDEN
        if _SECRET_NAME.search(name) and not isinstance(value, (bool, int, float, type(None)))
        else value
        for name, value in settings.items()
    }


def _clean(value: object) -> object:
    """The texts among JSON values scrubbed; names and the rest as they are."""
    if isinstance(value, Mapping):
        return {str(name): _clean(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(inner) for inner in value]
    return value if value is None or isinstance(value, (bool, int, float)) else scrubbed(str(value))


def scrubbed(text: str) -> str:
    """Without keys, prompts, pictures and the name of the person's own folder."""
    for pattern, instead in _SCRUB:
        text = pattern.sub(instead, text)
    return text.replace(str(Path.home()), "~")


def last_lines(path: Path | None) -> str:
    """The end of a log; nothing where there is none."""
    if path is None:
        return ""
    try:
        with path.open("rb") as file:
            file.seek(0, io.SEEK_END)
            file.seek(max(0, file.tell() - LAST_BYTES))
            text = file.read(LAST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-LAST_LINES:])
