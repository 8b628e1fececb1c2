"""What `unstill start` says, in both languages. `words` reads them with the rest."""

from __future__ import annotations

from collections.abc import Mapping

START_TEXTS: Mapping[str, tuple[str, str]] = {
    "start_page": ("Ready. Your page is {address}", "已就绪。你的页面：{address}"),
    "start_runs_already": (
        "unstill runs already. Your page is {address}",
        "unstill 已在运行。你的页面：{address}",
    ),
    "start_not_ready": (
        "The page is {address}. It answers, but no video can be made yet: {why}",
        "页面在 {address}，已经可以打开，但暂时还不能生成视频：{why}",
    ),
    "start_opened": ("It opens in your browser.", "正在用浏览器打开。"),
    "start_by_hand": ("Open that address in a browser.", "请用浏览器打开这个地址。"),
    "start_from_afar": (
        "This is a remote session. On the computer in front of you run\n"
        "  ssh -L {port}:127.0.0.1:{port} YOU@THIS-COMPUTER\n"
        "and open that address in its browser.",
        "这是远程会话。请在你面前的电脑上运行\n"
        "  ssh -L {port}:127.0.0.1:{port} 用户名@这台电脑\n"
        "然后在那台电脑的浏览器中打开上面的地址。",
    ),
    "start_keep_open": (
        "Leave this window open while you work; Ctrl-C stops unstill. Nothing is lost by that.",
        "使用期间请保持此窗口打开；按 Ctrl-C 停止 unstill，不会丢失任何东西。",
    ),
    "start_other_port": (
        "Port {port} is in use by {holder}; taking the next free one.",
        "端口 {port} 已被{holder}占用，改用下一个空闲端口。",
    ),
}
