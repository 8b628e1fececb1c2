"""Request bodies: forms with files, forms without, and JSON, all as one shape."""

from __future__ import annotations

import contextlib
import errno
import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from fastapi import Request
from starlette.datastructures import FormData, UploadFile

from unstill.apps.api.context import context_of
from unstill.apps.api.errors import BadBody
from unstill.core.inbox import Upload
from unstill.domain.errors import InvalidField
from unstill.domain.service_errors import BodyTooLarge

IN_MEMORY = 2**20
"""Uploads up to this many bytes are handed on as bytes, larger ones as files. The parser's own limit."""
MOST_FIELDS, MOST_FILES, DEEPEST = 256, 8, 20
TEXT_SLACK = 2**20
FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
"""curl calls the second whatever it sends with -d, JSON too."""
REPEATED = ("loras",)
"""Fields that are lists under their plain name, too: as often as a form has them."""
_NAME = re.compile(r"([^\[\]]{1,100})((?:\[[^\[\]]{0,100}\]){0,3})")
_ODD = re.compile(r"[\x00-\x1f\x7f]")


@dataclass
class Body:
    """Fields by name (``a[b]`` is nested, ``a[]`` a list) and the files. Empty text counts as not sent."""

    values: dict[str, Any] = field(default_factory=dict)
    files: dict[str, UploadFile] = field(default_factory=dict)

    async def upload(self, name: str, most_bytes: int) -> Upload | None:
        """A file that was sent, good until `body_of` ends; an empty one without a name, as openai's client
        sends, was not."""
        sent = self.files.get(name)
        if sent is None:
            return None
        size = sent.size or 0
        if size > most_bytes:
            raise BodyTooLarge(param=name, limit=most_bytes // 2**20)
        return Upload(await sent.read() if size <= IN_MEMORY else sent.file, file_name(sent.filename))


@contextlib.asynccontextmanager
async def body_of(request: Request) -> AsyncIterator[Body]:
    """The body, and its temporary files until the block ends. Raises `BadBody`, `NoRoom`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    async with contextlib.AsyncExitStack() as stack:
        if kind in FORMS and not (kind == FORMS[1] and (await request.body()).lstrip()[:1] == b"{"):
            body = from_form(await stack.enter_async_context(_form(request)))
        else:
            body = Body(from_json(await request.body()))
        check_text(body.values)
        yield body


@contextlib.asynccontextmanager
async def _form(request: Request) -> AsyncIterator[FormData]:
    context = context_of(request)
    most = context.settings.max_picture_bytes * 4 // 3 + TEXT_SLACK  # a data URL
    form = request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=most)
    try:
        parsed = await form
    except OSError as error:  # large files wait in the system's temporary folder
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise context.service.room.disk_full() from error
        raise
    try:
        yield parsed
    finally:
        await parsed.close()


def from_form(form: FormData) -> Body:
    body = Body()
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            if (value.size or value.filename not in (None, "", "upload")) and name not in body.files:
                body.files[name] = value
        elif value != "" and name in REPEATED:
            _place(body.values, f"{name}[]", value)
        elif value != "" or name == "prompt":
            _place(body.values, name, value)
    return body


def _place(values: dict[str, Any], name: str, value: str) -> None:
    match = _NAME.fullmatch(name)
    if match is None:
        values[name[:100]] = value
        return
    keys = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
    for key in keys[:-1]:
        if keys[-1] == "" and key == keys[-2]:
            break
        values = _inner(values, key)
    if keys[-1]:
        values[keys[-1]] = value
    else:
        found = values.setdefault(keys[-2], [])
        values[keys[-2]] = [*(found if isinstance(found, list) else [found]), value]


def _inner(values: dict[str, Any], key: str) -> dict[str, Any]:
    if not isinstance(values.get(key), dict):
        values[key] = {}
    inner: dict[str, Any] = values[key]
    return inner


def from_json(raw: bytes) -> dict[str, Any]:
    """The members of a JSON object; an empty body has none. Nulls and empty texts were not sent."""
    if not raw.strip():
        return {}
    try:
        values = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadBody(reason="it is neither a form nor JSON", reason_zh="既不是表单也不是 JSON") from None
    if not isinstance(values, dict):
        raise BadBody(reason="it is not a JSON object", reason_zh="不是 JSON 对象")
    return {n: v for n, v in values.items() if v is not None and (v != "" or n == "prompt")}


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def check_text(value: object, param: str = "body", depth: int = 0) -> None:
    """Refuse what no store can hold: half characters, NUL, and nesting without end."""
    if depth > DEEPEST:
        raise BadBody(reason="it is nested too deeply", reason_zh="嵌套太深")
    if isinstance(value, str):
        if "\x00" in value or _halved(value):
            shown = repr(value)[:80]
            raise InvalidField(param=param[:100].encode("ascii", "backslashreplace").decode(), value=shown,
                               expected="text", expected_zh="文字")  # fmt: skip
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            check_text(name, param, depth + 1)
            check_text(inner, str(name) if depth == 0 else param, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            check_text(inner, param, depth + 1)


def _halved(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def file_name(sent: str | None) -> str:
    """What a client calls its file, as it can be shown: no path, no control characters, not long."""
    last = re.split(r"[/\\]", sent or "")[-1].encode("utf-8", "replace").decode()
    return _ODD.sub("", last).strip()[:100] or "picture"
