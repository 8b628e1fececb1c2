"""The port: bound before anything else is built, or said to be somebody's."""

from __future__ import annotations

import contextlib
import errno
import json
import socket
import sys
from http.client import HTTPConnection, HTTPException

from unstill.core.durable import why
from unstill.doctor.machine import holder_of_port
from unstill.domain.service_errors import AddressNotOurs, PortTaken
from unstill.settings.fields import PORT

LAST = 65535
BACKLOG = 1024
ASK_S = 0.5


def bound(host: str, port: int | str) -> socket.socket:
    """A socket that listens on this address; "auto" takes the next free port from 7860 on.

    Raises:
        PortTaken: and by whom, with the next free one.
        AddressNotOurs: no address of this computer, or a port that needs more rights.
    """
    if port == "auto":
        return _next_free(host, PORT)
    try:
        return _bound(host, int(port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise AddressNotOurs(host=host, port=port, **why(error)) from error
    with contextlib.closing(_next_free(host, int(port) + 1)) as free:
        number = free.getsockname()[1]
    raise PortTaken(port=port, free=number, **_holder(host, int(port)))


def _next_free(host: str, first: int) -> socket.socket:
    for number in range(first, LAST + 1):
        try:
            return _bound(host, number)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise AddressNotOurs(host=host, port=number, **why(error)) from error
    return _bound(host, 0)


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    made = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":  # there it would share the port with a stranger
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(BACKLOG)  # two that only bind with SO_REUSEADDR get the same port, and one fails later
    except BaseException:
        made.close()
        raise
    return made


def url_of(host: str, made: socket.socket) -> str:
    """How a browser on this computer opens it."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, host)  # noqa: S104 compared
    if ":" in name and not name.startswith("["):
        name = f"[{name}]"
    return f"http://{name}:{made.getsockname()[1]}"


def _holder(host: str, port: int) -> dict[str, str]:
    """Who has the port, as far as one can tell, in both languages."""
    who = holder_of_port(port)
    if _is_ours(host, port):
        return {
            "holder": f"another unstill ({who})" if who else "another unstill",
            "holder_zh": f"另一个 unstill（{who}）" if who else "另一个 unstill",
        }
    return {"holder": who or "another program", "holder_zh": who or "另一个程序"}


def _is_ours(host: str, port: int) -> bool:
    name = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 compared
    connection = HTTPConnection(name, port, timeout=ASK_S)
    with contextlib.closing(connection), contextlib.suppress(OSError, HTTPException, ValueError):
        connection.request("GET", "/healthz", headers={"Host": f"localhost:{port}"})
        said = json.loads(connection.getresponse().read(4096))
        return isinstance(said, dict) and said.get("service") == "unstill"
    return False
