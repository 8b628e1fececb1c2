"""The port: taken, said to be somebody's, or the next free one."""

from __future__ import annotations

import contextlib
import errno
import socket
import sys
from collections.abc import Iterator

import pytest

from unstill.domain.service_errors import AddressNotOurs, PortTaken
from unstill.serving.sockets import bound, url_of

HOST = "127.0.0.1"


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server((HOST, 0)) as listening:
        yield listening.getsockname()[1]


def test_a_taken_port_is_said_to_be_somebodys(taken: int) -> None:
    """By name where that can be seen, and with a port that is free."""
    with pytest.raises(PortTaken) as caught:
        bound(HOST, taken)
    error = caught.value
    if sys.platform == "linux":
        assert "process" in str(error.facts["holder"])
        assert "python" in error.message() or "pytest" in error.message()
    assert f"--port {error.facts['free']}" in error.hint()
    with contextlib.closing(bound(HOST, int(str(error.facts["free"])))) as free:
        assert free.getsockname()[1] == error.facts["free"]
    assert "占用" in error.message("zh")


def test_auto_takes_a_port_that_is_free() -> None:
    """One after the other, never the same."""
    with contextlib.closing(bound(HOST, "auto")) as one:
        one.listen()
        with contextlib.closing(bound(HOST, "auto")) as two:
            assert two.getsockname()[1] > one.getsockname()[1] >= 7860


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host.invalid"])
def test_an_address_that_is_not_ours(host: str) -> None:
    """Said so, with what to use."""
    with pytest.raises(AddressNotOurs) as caught:
        bound(host, 0)
    assert host in caught.value.message()
    assert "127.0.0.1" in caught.value.hint()


def test_a_port_that_needs_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's reason in words."""

    def refuse(self: socket.socket, address: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(AddressNotOurs, match="permission denied"):
        bound(HOST, 80)


@pytest.mark.parametrize(
    ("host", "name"), [(HOST, HOST), ("0.0.0.0", HOST), ("::", "[::1]"), ("::1", "[::1]")]
)
def test_an_address_as_a_browser_opens_it(host: str, name: str) -> None:
    """Every address is this computer's own from here."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as made:
        try:
            made.bind((host, 0))
        except OSError:
            pytest.skip("there is no IPv6 here")
        assert url_of(host, made) == f"http://{name}:{made.getsockname()[1]}"


def test_two_that_begin_at_once_get_two_ports() -> None:
    """Neither of them serves yet when the other looks for a port."""
    with contextlib.closing(bound(HOST, "auto")) as one, contextlib.closing(bound(HOST, "auto")) as two:
        assert one.getsockname()[1] != two.getsockname()[1]
