"""The outermost layer of the app: the account of each request, and what nobody foresaw."""

from __future__ import annotations

import secrets
import traceback

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unstill.apps.api.account import LOG, Account
from unstill.apps.api.errors import answer
from unstill.apps.api.head import Headed, as_get
from unstill.domain.errors import Unexpected


class Boundary:
    """Raw ASGI, so that streams pass through it untouched. Behind the guard the account is the guard's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Account.of(scope)
        account = given or Account.open(scope)
        if given is None:
            send = account.counting(send)
        inner = scope
        if scope["method"] == "HEAD":
            headed = Headed(receive, send)
            inner, receive, send = as_get(scope), headed.receive, headed.send
        try:
            await self._answer(inner, receive, send, account)
        finally:
            account.route = str(getattr(inner.get("route"), "path", ""))
            if given is None:
                account.close(scope)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, account: Account) -> None:
        answered = False

        async def noted(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except ClientDisconnect:  # nobody is there to be told
            return
        except Exception as error:
            incident = self._log(error, scope, account)
            if answered:
                raise
            told = Unexpected(incident=incident, log="the server's log", log_zh="服务器日志")
            await answer(told, scope)(scope, receive, noted)

    def _log(self, error: Exception, scope: Scope, account: Account) -> str:
        """The traceback, once; gives the incident's id. Not the error's text: it may hold people's words."""
        incident: str = scope.get("unstill.incident") or secrets.token_hex(4)
        LOG.error(
            "incident", incident=incident, request_id=account.id, error=type(error).__name__,
            traceback="".join(traceback.format_tb(error.__traceback__)),
        )  # fmt: skip
        return incident
