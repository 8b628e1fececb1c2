"""Every failure in the one shape: ``{"error": {message, type, param, code, hint}}``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import Scope

from unstill.apps.api.account import Account
from unstill.apps.api.language import language_of
from unstill.domain.errors import (
    BadRequest,
    InvalidField,
    Language,
    MissingArgument,
    NotAChoice,
    OutOfRange,
    UnstillError,
    Words,
    tree,
)
from unstill.domain.job import Failure

LEAST, MOST = 1, 100
"""Videos in one page of a list, the only number in a query."""
SHOWN = 80
"""Characters of a wrong value that a message repeats."""
RETRY_AFTER_S = {"queue_full": 10, "owner_queue_full": 10, "store_busy": 2}
RETRY_SOON_S = 5
"""Where trying again helps (429 and 503), and when. Nothing was stored when one of these was said."""


class NoSuchRoute(BadRequest):
    code, status = "route_not_found", 404
    en = Words("There is nothing at {path}.", "See /docs for every address.")
    zh = Words("没有 {path} 这个地址。", "所有地址请看 /docs。")


class WrongMethod(BadRequest):
    code, status = "method_not_allowed", 405
    en = Words("{path} does not take {method}.", "See /docs for what it takes.")
    zh = Words("{path} 不支持 {method}。", "支持的方法请看 /docs。")


class NoSuchRange(BadRequest):
    code, status = "no_such_range", 416
    en = Words("The file has {size} bytes; the range lies behind them.", "Ask for a range within the file.")
    zh = Words("文件只有 {size} 字节，请求的范围超出了文件。", "请改用文件范围内的区间。")


class BadBody(BadRequest):
    code = "bad_body"
    en = Words(
        "The body of the request cannot be read: {reason}.", "Send multipart/form-data or a JSON object."
    )
    zh = Words("无法读取请求内容：{reason_zh}。", "请发送 multipart/form-data 或 JSON 对象。")


class NotAllowed(BadRequest):
    """Keys and backups are the operator's."""

    code, status = "not_allowed", 403
    en = Words("{path} is for the operator of this server.", "Use `unstill` on the server itself.")
    zh = Words("{path} 只有这个服务的管理者可以使用。", "请在服务器上使用 `unstill` 命令。")


class NotReadyYet(UnstillError):
    """The server lives and cannot work now."""

    code, status = "not_ready_yet", 503
    en = Words("The server is not ready: {what}.", "Try again in a moment; `unstill doctor` says more.")
    zh = Words("服务尚未就绪：{what}。", "请稍后再试；`unstill doctor` 有更多信息。")


def printable(text: str, most: int = 200) -> str:
    """A client's text as it may stand in a message or a log line."""
    return "".join(c if c.isprintable() else "?" for c in text[:most])


def tongue(scope: Scope) -> Language:
    """The language of one request."""
    default: Language = scope["app"].state.context.settings.language if "app" in scope else "en"
    return language_of(scope["headers"], default)


def answer(error: UnstillError, scope: Scope, more: Mapping[str, Any] | None = None) -> JSONResponse:
    """The reply that says it."""
    if account := Account.of(scope):
        account.code = error.code
    body = {**(more or {}), "error": error.to_json(tongue(scope))}
    return JSONResponse(body, error.status, headers=_headers(error, scope))


def _headers(error: UnstillError, scope: Scope) -> dict[str, str]:
    """Whether to send it again: the openai client repeats 408, 409, 429 and 5xx by itself, POST included."""
    if error.status in (429, 503):
        seconds = error.facts.get("seconds") or RETRY_AFTER_S.get(error.code, RETRY_SOON_S)
        return {"Retry-After": str(seconds), "x-should-retry": "true"}
    keyed = any(name == b"idempotency-key" for name, _ in scope["headers"])
    harmless = keyed or scope["method"] in ("GET", "HEAD")
    unforeseen = error.code == "unexpected"
    return {} if unforeseen and harmless else {"x-should-retry": "false"}


async def on_ours(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, UnstillError)
    return answer(error, request.scope)


async def on_http(request: Request, error: Exception) -> JSONResponse:
    """What the framework itself refuses."""
    assert isinstance(error, HTTPException)
    path = printable(request.scope["path"])
    if error.status_code == 405:
        reply = answer(WrongMethod(path=path, method=printable(request.method, 20)), request.scope)
        reply.headers["Allow"] = ", ".join(_methods(request))
        return reply
    if error.status_code == 404:
        return answer(NoSuchRoute(path=path), request.scope)
    return answer(BadBody(reason="it is damaged", reason_zh="内容已损坏"), request.scope)


def _methods(request: Request) -> list[str]:
    """Every method of an address; its routes know but their own."""
    route = request.scope["route"]
    described: Mapping[str, object] = request.app.openapi()["paths"].get(route.path, {})
    found = {name.upper() for name in described} or set(route.methods or ())
    return sorted(found | ({"HEAD"} if "GET" in found else set()))


async def on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return answer(_ours(error.errors()[0]), request.scope)


def _ours(problem: Mapping[str, Any]) -> BadRequest:
    """pydantic's complaint about a query parameter, as one of ours."""
    names = [part for part in problem["loc"] if isinstance(part, str)]
    param, kind, context = names[-1], str(problem["type"]), problem.get("ctx", {})
    shown = _shown(problem.get("input"))
    if kind == "missing":
        return MissingArgument(param=param, argument=param, example=f"{param}=...")
    if kind in ("literal_error", "enum"):
        return NotAChoice(param=param, value=shown, choices=str(context.get("expected", "")).replace("'", ""))
    if kind in ("greater_than_equal", "less_than_equal", "string_too_long"):
        if kind == "string_too_long":
            most = context["max_length"]
            expected, expected_zh = f"at most {most} characters", f"最多 {most} 个字符"
            return InvalidField(param=param, value=shown, expected=expected, expected_zh=expected_zh)
        return OutOfRange(param=param, value=shown, low=LEAST, high=MOST)
    expected = "a value of the right kind"
    return InvalidField(param=param, value=shown, expected=expected, expected_zh="正确的值")


def _shown(value: object) -> str:
    """What was given, cut where it is long."""
    text = str(value)
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}...")


@cache
def _kinds() -> dict[str, type[UnstillError]]:
    return {kind.code: kind for kind in tree()}


def error_of(failure: Failure) -> UnstillError:
    """A job's failure as the error it was; one of another version is said in general words."""
    try:
        facts = {str(name): value for name, value in failure.facts.items()}
        error = _kinds()[failure.code](**facts)
        error.message("zh"), error.hint("en"), error.hint("zh")
    except (KeyError, TypeError):
        error = UnstillError()
    return error
