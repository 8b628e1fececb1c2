"""Addresses out of settings and variables: whether one can be used, and how one is shown that cannot."""

from __future__ import annotations

import ipaddress
import os
import re
from urllib.parse import urlsplit
from urllib.request import getproxies

from unstill.domain.errors import BadSetting

HIDDEN = "********"
PROXIES = ("http", "https", "socks5", "socks5h")
"""Schemes of proxies that requests can go through."""
MOST_SHOWN = 80
_PLAIN = re.compile(r"https?://[^\s/@?#]+(/[^\s@?#]*)?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def is_address(text: str) -> bool:
    """Whether it is an HTTP address with neither a user nor a query, to which one can connect."""
    return bool(_PLAIN.fullmatch(text)) and _leads_somewhere(text)


def _leads_somewhere(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not close, a port beyond 65535
        return False


def shown(text: str) -> str:
    """An address that is refused, without what may be secret: whoever is named in it, and its query."""
    if not re.search(r"[@?#]", text):
        return text[:MOST_SHOWN]
    scheme = _SCHEME.match(text)
    return f"{scheme[0] if scheme else ''}{HIDDEN}"


def check_proxies() -> None:
    """Whether the proxies of the environment can be used, before an HTTP client reads them itself. Raises
    `BadSetting`, which names the variable."""
    told = getproxies()
    for kind in ("http", "https", "all"):
        proxy = told.get(kind) or ""
        whole = proxy if "://" in proxy else f"http://{proxy}"
        usable = _scheme(whole) in PROXIES and _leads_somewhere(whole)
        if proxy and not (usable and proxy.isprintable()):
            raise BadSetting(
                name=_variable(kind), value=shown(proxy),
                expected="the address of a proxy, such as http://proxy.example:3128",
                expected_zh="代理的地址，例如 http://proxy.example:3128",
                source="the environment", source_zh="环境变量",
            )  # fmt: skip
    for host in (told.get("no") or "").split(","):
        if not _is_exception(host.strip()):
            raise BadSetting(
                name=_variable("no"), value=shown(host.strip()),
                expected="a list of names such as localhost,.example.org,::1",
                expected_zh="名称的列表，例如 localhost,.example.org,::1",
                source="the environment", source_zh="环境变量",
            )  # fmt: skip


def _scheme(text: str) -> str:
    return text.partition("://")[0].lower()


def _is_exception(host: str) -> bool:
    """Whether an entry of NO_PROXY is one that clients can read."""
    if "://" in host:
        return host.isascii() and host.isprintable() and _leads_somewhere(host)
    try:
        ipaddress.ip_address(host.partition("/")[0])
    except ValueError:
        return host.isascii() and host.isprintable() and bool(re.fullmatch(r"[^\[\]:]*(:[0-9]+)?", host))
    return True


def _variable(kind: str) -> str:
    """The variable as it is written; small letters go first."""
    name = f"{kind}_proxy"
    return name if os.environ.get(name) else name.upper()
