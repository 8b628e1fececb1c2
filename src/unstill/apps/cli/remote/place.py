"""Where the server is, and what it asks for."""

from __future__ import annotations

import ipaddress
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from unstill.apps.cli.remote.errors import BadAddress, NoServerHere
from unstill.domain.errors import BadSetting
from unstill.settings import HIDDEN, Settings

ABOUT = "server.json"
"""A running server's word in its data folder."""
MOST_BYTES = 65536
AUTO, LOCAL = "auto", "local"


@dataclass(frozen=True)
class Place:
    """A server's address without a final slash, and the bearer secret to send there."""

    url: str
    secret: str | None = field(default=None, repr=False)
    folder: Path | None = None
    """The data folder that told of it; None where it was named."""
    open: str | None = field(default=None, repr=False, compare=False)
    """Where a browser begins, with the link that lets it in; None where that is the address itself."""

    @property
    def local(self) -> bool:
        """Whether it is this computer: no proxy lies between."""
        return is_loopback(urlsplit(self.url).hostname or "")


def asked_for(server: str | None, data_dir: str | None) -> str | None:
    """What two options ask for: a folder that is named goes before a server that is only set."""
    return LOCAL if server is None and data_dir is not None else server


def find(asked: str | None, settings: Settings, *, operator: bool = False) -> Place:
    """The server that is meant: ``asked`` ("local" is the data folder's own, "auto" as if nothing was asked),
    else the setting `server`, else the one that runs on the data folder.

    A key of the settings goes before the running server's own secret, unless ``operator`` is wanted.

    Raises:
        BadAddress: what was asked for, or set, is no address.
        NoServerHere: none is named and none runs on the data folder.
    """
    named = asked if asked not in (None, AUTO) else settings.server or None
    here = running_on(settings.data_dir)
    if named in (None, AUTO, LOCAL):
        if here is None:
            raise NoServerHere(path=settings.data_dir)
        place = here
    else:
        assert named is not None
        url = address(named)
        place = here if here and here.url == url else Place(url)
    key = _key(settings.api_key)
    chosen = (place.secret or key) if operator else (key or place.secret)
    return Place(place.url, chosen, place.folder)


def address(text: str) -> str:
    """An address as a person or another program writes it, the one way. Raises `BadAddress`."""
    value = text.strip()
    if "://" not in value:
        value = f"http://{value}"
    try:
        parts = urlsplit(value)
        usable = (
            parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
        )
    except ValueError:
        usable = False
    odd = not value.isprintable() or " " in value or "@" in value or "?" in value or "#" in value
    if odd or not usable:
        raise BadAddress(param="--server", value=repr(text)[:80])
    path = parts.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def running_on(folder: Path) -> Place | None:
    """The server that runs on a data folder, by what the folder says of it; None where none does.

    The file outlives a server that is killed, and another one may be at its address by now: a process that is
    gone counts as no server.
    """
    try:
        with (folder / ABOUT).open("rb") as file:
            about = json.loads(file.read(MOST_BYTES))
        url, secret, process = address(about["url"]), about.get("secret"), int(about["pid"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, BadAddress):
        return None
    if not _lives(process):
        return None
    plain = isinstance(secret, str) and secret.isascii() and secret.isprintable()
    page = about.get("open")
    known = isinstance(page, str) and page.isascii() and page.isprintable() and page.startswith(f"{url}/?")
    return Place(url, secret if plain else None, folder, page if known else None)


def _lives(process: int) -> bool:
    """Whether a process of this computer has the number; where that cannot be asked, yes."""
    if os.name == "nt":  # signal 0 is not a question there: it ends the process
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it is somebody else's
        pass
    return process > 0


def _key(key: str | None) -> str | None:
    """The key as a header can carry it. Raises `BadSetting`."""
    if key is not None and not (key.isascii() and key.isprintable() and " " not in key):
        raise BadSetting(
            name="api_key", value=HIDDEN, expected="a key of letters, digits and signs",
            expected_zh="由字母、数字和符号组成的 key", source="the settings", source_zh="设置",
        )  # fmt: skip
    return key
