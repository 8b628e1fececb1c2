"""What can go wrong between the command line and a server, and what the server itself said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from unstill.domain import errors, service_errors
from unstill.domain.errors import USAGE, BadRequest, Cancelled, Language, UnstillError, Words

MOST_CHARACTERS = 2000
"""Of a server's message or hint."""


class NoServer(UnstillError):
    """Nobody answers there. The fact ``local`` says whether it would be this computer."""

    code, status = "no_server", 503
    en = Words("No unstill server answers at {url}.", "Start one with `unstill serve`.")
    zh = Words("{url} 上没有 unstill 服务。", "请用 `unstill serve` 启动服务。")

    def _fitting_hint(self, language: Language) -> str | None:
        if self.facts.get("local", True):
            return None
        if language == "zh":
            return "请检查地址，并确认那台电脑上的服务已启动。"
        return "Check the address, and that the server runs there."


class NoServerHere(NoServer):
    """No server was named, and none runs on the data folder."""

    code = "no_server_here"
    en = Words(
        "No unstill server runs on the data folder {path}.",
        "Start one with `unstill serve`, or name one with --server.",
    )
    zh = Words(
        "数据文件夹 {path} 上没有运行 unstill 服务。",
        "请用 `unstill serve` 启动服务，或用 --server 指定服务地址。",
    )


class BadAddress(BadRequest):
    code = "bad_address"
    en = Words("{value} is not the address of a server.", "Write it like http://127.0.0.1:7860.")
    zh = Words("{value} 不是服务地址。", "写法示例：http://127.0.0.1:7860。")


class NotUnstill(UnstillError):
    """Something answers, and it does not speak as a server of ours does."""

    code, status = "not_unstill", 502
    en = Words("What answers at {url} is not an unstill server: {what}.", "Check the address and the port.")
    zh = Words("{url} 上的不是 unstill 服务：{what_zh}。", "请检查地址和端口。")


class ServerMoved(UnstillError):
    """Redirects are not followed: the key would go to an address that nobody named."""

    code, status = "server_moved", 502
    en = Words("{url} sends everybody on to {location}.", "If you trust that address, give it to --server.")
    zh = Words("{url} 要求改用 {location}。", "如果信任该地址，请把它填到 --server。")


class NotTrusted(UnstillError):
    code, status = "not_trusted", 502
    en = Words(
        "No safe connection to {url} is possible: {reason}.",
        "Check the address; a certificate authority of your own is named by SSL_CERT_FILE.",
    )
    zh = Words("无法与 {url} 建立安全连接：{reason}。", "请检查地址；自建的证书机构请用 SSL_CERT_FILE 指定。")


class ConnectionLost(UnstillError):
    code, status = "connection_lost", 503
    en = Words("The connection to {url} was lost.", "Try again; `unstill jobs list` shows what is there.")
    zh = Words("与 {url} 的连接已中断。", "请再试一次；用 `unstill jobs list` 可查看已有的任务。")


class DownloadDamaged(UnstillError):
    code, status = "download_damaged", 502
    en = Words(
        "{id} did not arrive whole: {reason}. It was not kept.", "Try `unstill jobs download {id}` again."
    )
    zh = Words("{id} 没有完整下载：{reason_zh}，没有保留。", "请再试一次 `unstill jobs download {id}`。")


class BackupDamaged(UnstillError):
    code, status = "backup_damaged", 502
    en = Words("The backup did not arrive whole. It was not kept.", "Try again.")
    zh = Words("备份没有完整下载，没有保留。", "请再试一次。")


class WaitStopped(Cancelled):
    """Ctrl-C while waiting for a video: it goes on."""

    code = "wait_stopped"
    en = Words("Stopped waiting. {id} goes on.", "`unstill jobs wait {id}` waits again.")
    zh = Words("已停止等待，{id} 仍在进行。", "用 `unstill jobs wait {id}` 可以继续等待。")


class WaitedTooLong(UnstillError):
    code, status = "waited_too_long", 504
    en = Words(
        "{id} is not finished after {seconds} s of waiting.",
        "It goes on; `unstill jobs wait {id}` waits again.",
    )
    zh = Words(
        "等待了 {seconds} 秒，{id} 仍未完成。", "它仍在进行；用 `unstill jobs wait {id}` 可以继续等待。"
    )


class NotWithServer(BadRequest):
    """An option whose work would be the server's, which does not offer it."""

    code = "not_with_server"
    en = Words(
        "{option} has no effect on a server.",
        "Leave it out, or set keep_prompt = false where the server runs.",
    )
    zh = Words("{option} 对服务不起作用。", "请去掉它，或在服务所在的电脑上设置 keep_prompt = false。")


class NotDetached(BadRequest):
    """What needs the finished video, of a call that does not wait for it."""

    code = "not_detached"
    en = Words(
        "{option} has no effect with --detach.", "Leave it out; `unstill jobs download ID` fetches the video."
    )
    zh = Words(
        "{option} 与 --detach 同时使用没有作用。", "请去掉它；可用 `unstill jobs download 编号` 下载视频。"
    )


class _Said(UnstillError):
    """A server's own words: facts ``said_code``, ``said_status``, ``said_type``, ``text``, ``advice`` and,
    where trying again helps, ``after_s``."""

    def message(self, language: Language = "en") -> str:  # noqa: ARG002 it is in the language we asked for
        return self._named(str(self.facts["text"]))

    def hint(self, language: Language = "en") -> str:
        own = _OWN_HINTS.get(self.said_code)
        return own[language == "zh"] if own else self._named(str(self.facts["advice"]))

    def to_json(self, language: Language = "en") -> dict[str, object]:
        told = super().to_json(language)
        return {**told, "code": self.said_code, "type": self.facts["said_type"] or told["type"]}

    @property
    def said_code(self) -> str:
        return str(self.facts["said_code"])

    def _named(self, text: str) -> str:
        """The option as it is typed, where the error was made to name it so."""
        if not self.param or not self.param.startswith("--"):
            return text
        field = self.param.removeprefix("--").replace("-", "_")
        return re.sub(rf"(^|`){field}\b", rf"\1{self.param}", text)


class ServerRefused(_Said, BadRequest):
    """The request cannot be carried out as written."""


class ServerFailed(_Said):
    """The request was right."""


_OWN_HINTS: Mapping[str, tuple[str, str]] = {
    "invalid_api_key": (
        "Set UNSTILL_API_KEY to a key of this server; `unstill keys add NAME` makes one there.",
        "请把 UNSTILL_API_KEY 设为该服务的 key；可在那台电脑上用 `unstill keys add 名称` 创建。",
    ),
}
"""Where the server's hint is for programs."""


def said(told: Mapping[str, Any], status: int, after_s: float | None = None) -> ServerRefused | ServerFailed:
    """The error that a server told of in JSON: its ``{message, type, param, code, hint}``.

    The exit code is that of the same error here; of an unknown one by the HTTP status.
    """
    code, param, kind = (told.get(name) for name in ("code", "param", "type"))
    text, advice = (str(told.get(name) or "")[:MOST_CHARACTERS] for name in ("message", "hint"))
    facts = {
        "said_code": str(code or "error")[:100],
        "said_status": status,
        "said_type": str(kind)[:100] if kind else None,
        "text": text,
        "advice": advice,
        "after_s": after_s,
    }
    wrong_call = _exit_codes().get(str(code), USAGE if status in (400, 404) else 1) == USAGE
    made = ServerRefused if wrong_call else ServerFailed
    return made(param=param if isinstance(param, str) else None, **facts)


@cache
def _exit_codes() -> Mapping[str, int]:
    known = [thing for module in (errors, service_errors) for thing in vars(module).values()]
    return {k.code: k.exit_code for k in known if isinstance(k, type) and issubclass(k, UnstillError)}
