"""What can go wrong between us and whoever has models' files: hubs, mirrors, the network."""

from __future__ import annotations

from unstill.domain.errors import BadRequest, Language, UnstillError, Words


class SourceFailed(UnstillError):
    """Something between us and a hub. Facts of all: ``host`` and ``file``."""

    code, status = "source_failed", 502
    en = Words(
        "{host} did not give {file}: it answered {answer}.", "Try again in a while, or use another source."
    )
    zh = Words("{host} 没有给出 {file}，它的应答是 {answer}。", "请稍后再试，或换一个来源。")

    def _fitting_hint(self, language: Language) -> str | None:
        advice = self.facts.get("advice_zh" if language == "zh" else "advice")
        return str(advice) if advice else None


class SourceUnreachable(SourceFailed):
    code, status = "source_unreachable", 503
    en = Words(
        "{host} cannot be reached, so {file} was not fetched.",
        "Check the network. A mirror is set with UNSTILL_HF_ENDPOINT; a folder you have with `--from`.",
    )
    zh = Words(
        "无法连接 {host}，没有下载 {file}。",
        "请检查网络。可用 UNSTILL_HF_ENDPOINT 设置镜像，或用 `--from` 指定已有的文件夹。",
    )


class SourceNotTrusted(SourceFailed):
    code = "source_not_trusted"
    en = Words(
        "No safe connection to {host} is possible for {file}: {reason}.",
        "Check the clock and the address; an authority of your own is named by SSL_CERT_FILE.",
    )
    zh = Words(
        "无法与 {host} 建立安全连接来下载 {file}：{reason}。",
        "请检查系统时间和地址；自建的证书机构请用 SSL_CERT_FILE 指定。",
    )


class LineBroken(SourceFailed):
    code, status = "line_broken", 503
    en = Words(
        "The connection to {host} broke again and again while {file} was fetched.",
        "Run the same command again: it goes on from what has arrived.",
    )
    zh = Words("下载 {file} 时与 {host} 的连接多次中断。", "请再次运行同一条命令，会从已下载的地方继续。")


class TokenRefused(SourceFailed):
    """401: no token, or a wrong one."""

    code = "token_refused"
    en = Words(
        "{host} wants to know who asks for {file} and refused (401).",
        "Check the name of the model; where it is private, set HF_TOKEN to a token that may read it.",
    )
    zh = Words(
        "{host} 要求登录才能下载 {file}（401）。",
        "请检查模型名称；私有模型请把 HF_TOKEN 设为有读取权限的令牌。",
    )


class AccessRefused(SourceFailed):
    """403: its owners want their terms accepted, or the token may not read it."""

    code = "access_refused"
    en = Words(
        "{host} does not let you have {file} (403).",
        "Accept the terms at {page} in a browser, then set HF_TOKEN to a token of that account.",
    )
    zh = Words(
        "{host} 不允许您下载 {file}（403）。",
        "请在浏览器中打开 {page} 接受条款，再把 HF_TOKEN 设为该账号的令牌。",
    )


class NotAtSource(SourceFailed):
    """404."""

    code = "not_at_source"
    en = Words(
        "{host} does not have {file} (404).", "Try another source: UNSTILL_SOURCE=hub, mirror or modelscope."
    )
    zh = Words("{host} 上没有 {file}（404）。", "请换一个来源：UNSTILL_SOURCE=hub、mirror 或 modelscope。")


class AskedTooOften(SourceFailed):
    """429 with a longer wait than anybody has patience for."""

    code, status = "asked_too_often", 503
    en = Words(
        "{host} was asked too often and gives {file} only in {seconds} s (429).",
        "Run the same command again then; a token in HF_TOKEN is allowed more.",
    )
    zh = Words(
        "对 {host} 的请求过多，{seconds} 秒后才能下载 {file}（429）。",
        "请到时再运行同一条命令；设置 HF_TOKEN 后限额更高。",
    )


class TooSlow(SourceFailed):
    """Only said inwardly: another source takes over."""

    code, status = "source_too_slow", 504
    en = Words("{host} gives {file} too slowly.", "Try again later, or use another source.")
    zh = Words("从 {host} 下载 {file} 太慢。", "请稍后再试，或换一个来源。")


class RedirectRefused(SourceFailed):
    code = "redirect_refused"
    en = Words(
        "{host} sends whoever wants {file} on, and that was not followed: {reason}.",
        "Check the address of the mirror, or use another source.",
    )
    zh = Words("{host} 把 {file} 的请求转走，没有跟随：{reason_zh}。", "请检查镜像地址，或换一个来源。")


class WrongBytes(SourceFailed):
    """What arrived is not what the hub's API promised."""

    code = "wrong_bytes"
    en = Words(
        "{file} came damaged or changed from {host}: {reason}. It was not kept.",
        "Try again; if it stays, use another source and tell the people who run {host}.",
    )
    zh = Words(
        "从 {host} 下载的 {file} 损坏或被改动：{reason_zh}，没有保留。",
        "请再试一次；仍不行请换一个来源，并告知 {host} 的管理者。",
    )


class OddListing(SourceFailed):
    """It answers, and not as a hub does."""

    code = "odd_listing"
    en = Words(
        "{host} does not answer as a model hub does when asked for {file}: {reason}.",
        "Check the address of the mirror (UNSTILL_HF_ENDPOINT, HF_ENDPOINT).",
    )
    zh = Words(
        "向 {host} 查询 {file} 时，它的应答不像模型站：{reason_zh}。",
        "请检查镜像地址（UNSTILL_HF_ENDPOINT、HF_ENDPOINT）。",
    )


class LockMismatch(SourceFailed):
    """A file is not the one that was recorded earlier."""

    code, status = "lock_mismatch", 409
    en = Words(
        "{file} at {host} is not the one recorded in weights.lock: {reason}.",
        "If its owners changed it and you trust that, take it with `unstill models pull {model} --update`.",
    )
    zh = Words(
        "{host} 上的 {file} 与 weights.lock 中的记录不同：{reason_zh}。",
        "如果确认是作者更新且可信，请用 `unstill models pull {model} --update` 采用新版本。",
    )


class NoMirror(BadRequest):
    code = "no_mirror"
    en = Words(
        "The source is to be the mirror, and none is set.",
        "Set UNSTILL_HF_ENDPOINT to its address, for example https://mirror.example.",
    )
    zh = Words(
        "来源设为 mirror，但没有设置镜像。",
        "请把 UNSTILL_HF_ENDPOINT 设为镜像地址，例如 https://mirror.example。",
    )


class PullOffline(BadRequest):
    code, status = "pull_offline", 409
    en = Words(
        "HF_HUB_OFFLINE is set, so nothing is fetched.",
        "Unset it, or take the files from a folder: `unstill models pull {model} --from FOLDER`.",
    )
    zh = Words(
        "已设置 HF_HUB_OFFLINE，不会下载任何文件。",
        "请取消该变量，或从文件夹导入：`unstill models pull {model} --from 文件夹`。",
    )


class LoraOffline(PullOffline):
    code = "lora_offline"
    en = Words(
        "HF_HUB_OFFLINE is set, so no LoRA is fetched.",
        "Unset it, or take a file in with `unstill loras add FILE`.",
    )
    zh = Words("已设置 HF_HUB_OFFLINE，不会下载 LoRA。", "请取消该变量，或用 `unstill loras add 文件` 添加。")
