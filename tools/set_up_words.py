"""What may keep `make` from installing unstill: words in the output of pip or venv, and what to do, in both languages.

The first whose words are there is said, so what is more particular stands above.
"""

from __future__ import annotations

TROUBLES: list[tuple[tuple[str, ...], str, str]] = [
    (
        ("no space left on device", "disk quota exceeded"),
        "The disk is full. unstill takes about 600 MB in this folder, and as much for a moment in {tmp}: free some "
        "room, or name another folder for that: TMPDIR=/a/folder make start",
        "磁盘已满。unstill 在此文件夹中约需 600 MB，安装时在 {tmp} 中暂时还需要同样多。请清理磁盘，或另选临时文件夹："
        "TMPDIR=/某个/文件夹 make start",
    ),
    (
        ("no usable temporary directory",),
        "There is no folder for temporary files that can be written to ({tmp}). Name one: TMPDIR=$HOME make start",
        "没有可以写入的临时文件夹（{tmp}）。请指定一个：TMPDIR=$HOME make start",
    ),
    (
        ("proxyerror", "cannot connect to proxy", "proxy url", "tunnel connection failed"),
        "The proxy does not answer: {proxies}. Correct it, or do without: unset {names}, then run this again.",
        "代理没有响应：{proxies}。请改正，或取消代理：unset {names}，然后重新运行。",
    ),
    (
        ("not yet valid", "certificate has expired"),
        "The package index's certificate is not valid at this computer's time, {now}. Set the clock, then run this again.",
        "按本机时间 {now}，软件包索引的证书无效。请校准时钟后重新运行。",
    ),
    (
        ("certificate_verify_failed", "certificate verify failed"),
        "The package index's certificate is not trusted here. Behind a company's proxy name its certificate: "
        "PIP_CERT=/its/file.pem make start",
        "本机不信任软件包索引的证书。如果在公司代理之后，请指定它的证书：PIP_CERT=/证书/文件.pem make start",
    ),
    (
        ("name resolution", "newconnectionerror", "network is unreachable", "timed out", "connection refused",
         "nodename nor servname", "failed to establish", "connection broken", "connection aborted"),
        "The package index cannot be reached: this needs a network, once. Check the connection and run this again. "
        "A mirror can be named: PIP_INDEX_URL=https://... make start",
        "无法连接软件包索引：首次安装需要网络。请检查网络后重新运行；也可以指定镜像："
        "PIP_INDEX_URL=https://… make start",
    ),
    (
        ("failed to map segment", "operation not permitted"),
        "Programs in this folder may not be run: it is on a disk that is mounted noexec. Move the folder to another "
        "disk and run this there.",
        "此文件夹所在的磁盘以 noexec 方式挂载，不能运行程序。请把文件夹移到别的磁盘，再重新运行。",
    ),
    (
        ("permission denied", "read-only file system"),
        "This folder cannot be written to by you. Make it yours, or copy it to a folder of your own, and run this there.",
        "你没有权限写入这个文件夹。请更改它的权限，或把它复制到自己的文件夹中再运行。",
    ),
    (
        ("gcc", "no matching distribution", "failed to build"),
        "A part of unstill has no ready-made package for this Python and system. Try another Python, 3.11 to 3.13: "
        "make PYTHON=python3.12 start",
        "unstill 的某个组成部分没有适合此 Python 和系统的现成软件包。请换用 Python 3.11 到 3.13："
        "make PYTHON=python3.12 start",
    ),
]  # fmt: skip
