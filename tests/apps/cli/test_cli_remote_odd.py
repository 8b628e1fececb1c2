"""Servers that are none of ours, or ours on a bad day: one clear error, never a traceback, never a wait for
more than was announced."""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from odd_servers import Answer, odd, raw, reply, says
from unstill.apps.cli.remote import errors as remote_errors
from unstill.apps.cli.remote.errors import said
from unstill.domain.errors import UnstillError, Words

VIDEO = {"id": "video_1", "object": "video", "state": "completed", "status": "completed", "progress": 100}
HTML = b"<!doctype html><title>Router login</title>"


def endless(to: BaseHTTPRequestHandler) -> None:
    """JSON that does not end."""
    to.send_response(200)
    to.end_headers()
    to.wfile.write(b'{"data": ["')
    while True:
        to.wfile.write(b"x" * 2**20)


STRANGERS: dict[str, tuple[Answer, str]] = {
    "a page": (reply(HTML, kind="text/html"), "its answer is no JSON object"),
    "a page, forbidden": (reply(HTML, 403, kind="text/html"), "HTTP 403"),
    "nothing found": (reply(b'{"detail": "Not Found"}', 404), "HTTP 404"),
    "teapot": (reply(b"", 418), "HTTP 418"),
    "no content": (reply(b"", 204), "HTTP 204"),
    "huge": (endless, "its answer is larger than 16 MiB"),
    "huge error": (reply(b"x" * (17 * 2**20), 500), "HTTP 500"),
    "a list": (says([1, 2]), "its answer is no JSON object"),
    "deep": (reply(b"[" * 200_000), "its answer is no JSON object"),
    "no list": (says({"object": "list", "data": 7}), "it answers without a list"),
    "no videos": (says({"object": "list", "data": [7]}), "it answers without a video"),
    "odd ids": (says({"data": [{**VIDEO, "id": "../../x"}]}), "it answers without a video"),
    "odd states": (says({"data": [{**VIDEO, "state": "\x1b[2J"}]}), "it answers without a video"),
    "packed": (reply(b"\x1f\x8b", content_encoding="gzip"), "its answer is packed"),
    "another protocol": (raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "it does not speak HTTP"),
}


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", STRANGERS)
def test_what_is_no_server_of_ours(cli, name: str, lang: str) -> None:
    """Is said to be none, with what it did."""
    answer, what = STRANGERS[name]
    with odd(answer) as server:
        told = cli("jobs", "list", "--server", server.url, "--json", "--lang", lang)
    assert told.code == 1
    assert len(told.err.splitlines()) == 2
    assert "\x1b" not in told.text
    error = json.loads(told.out)["error"]
    assert error["code"] == "not_unstill"
    assert server.url in error["message"]
    assert (what in error["message"]) == (lang == "en" or what.startswith("HTTP"))


def test_a_redirect_is_not_followed(cli) -> None:
    """The key stays with the address that was named."""
    with odd(says({"data": []})) as other, odd(reply(b"", 302, location=other.url)) as server:
        answer = cli("jobs", "list", "--server", server.url)
    assert answer.code == 1
    assert f"{server.url} sends everybody on to {other.url}." in answer.err
    assert other.asked == []


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_proxy_without_a_server_behind_it(cli, status: int) -> None:
    """Is told as what it means."""
    with odd(reply(HTML, status, kind="text/html")) as server:
        answer = cli("jobs", "list", "--server", server.url)
    assert (answer.code, answer.err.splitlines()[0]) == (
        1,
        f"Error: No unstill server answers at {server.url}.",
    )


@pytest.mark.parametrize("cut_off", [raw(b""), reply(b'{"data":', length="100"), raw(b"HTTP/1.1 200 OK\r\n")])
def test_a_connection_that_breaks(cli, cut_off: Answer) -> None:
    """Before the answer, or in it."""
    with odd(cut_off) as server:
        answer = cli("jobs", "list", "--server", server.url, "--lang", "zh")
    assert answer.code == 1
    assert f"与 {server.url} 的连接已中断" in answer.err


def test_a_servers_words_are_shown_and_not_obeyed(cli) -> None:
    """Its message and hint, without what a terminal would obey, and not without end."""
    error = {
        "message": "No\x1b]0;owned\x07\nError: " + "x" * 9000,
        "hint": 7,
        "code": ["odd"],
        "type": 1,
        "param": {},
    }
    with odd(says({"error": error}, 400)) as server:
        answer = cli("jobs", "list", "--server", server.url)
        told = json.loads(cli("jobs", "list", "--server", server.url, "--json").out)["error"]
    assert answer.code == 2
    assert not set(answer.err) & set("\x1b\x07")
    assert len(answer.err.splitlines()) == 2
    assert len(answer.err) < 3000
    assert set(told) == {"message", "type", "param", "code", "hint"}


@pytest.mark.parametrize(
    ("code", "status", "exit_code"),
    [("out_of_range", 400, 2), ("damaged_picture", 400, 1), ("video_not_found", 404, 2),
     ("queue_full", 429, 1), ("no_room", 507, 1), ("not_ready", 409, 1), ("invalid_api_key", 401, 1),
     ("of_a_later_version", 400, 2), ("of_a_later_version", 500, 1)],
)  # fmt: skip
def test_the_exit_code_is_that_of_the_same_error_here(code: str, status: int, exit_code: int) -> None:
    """Whatever the server's words are."""
    error = said({"message": "m", "hint": "h", "code": code, "type": "t", "param": None}, status)
    assert (error.exit_code, error.message("zh"), error.to_json()["code"]) == (exit_code, "m", code)
    assert (error.hint() == "h") == (code != "invalid_api_key")


def test_an_option_is_named_as_it_is_typed() -> None:
    """As where the work is done here."""
    from unstill.apps.cli.screen import in_flags

    words = "num_frames is 0; it must be from 1 to 240."
    error = said({"message": words, "hint": "For example `num_frames=96`.", "param": "num_frames"}, 400)
    assert in_flags(error).message() == f"--num-frames{words.removeprefix('num_frames')}"
    assert in_flags(error).hint() == "For example `--num-frames=96`."
    assert error.message() == words


FILE = b"no video " * 1000
DIGEST = hashlib.sha256(FILE).hexdigest()


def serves(content: Answer, **output: object) -> Answer:
    """A finished video and its file."""

    def answer(to: BaseHTTPRequestHandler) -> None:
        if to.path.endswith("/content"):
            content(to)
        else:
            says({**VIDEO, "input": {"name": "a.png"}, "output": {"format": "mp4", **output}})(to)

    return answer


@pytest.mark.parametrize(
    ("content", "output", "says_"),
    [
        (reply(FILE), {}, "it is no video"),
        (reply(FILE), {"sha256": "0" * 64}, "its checksum is wrong"),
        (reply(FILE), {"size_bytes": len(FILE) + 1}, "9000 of 9001 bytes came"),
        (reply(FILE), {"size_bytes": len(FILE) - 1}, "it sends more than it announced"),
        (endless, {"size_bytes": 2**20}, "it sends more than it announced"),
        (reply(HTML, 404, "text/html"), {}, "HTTP 404"),
        (reply(FILE), {"size_bytes": "many", "sha256": [], "format": "exe"}, "it is no video"),
    ],
)
def test_a_download_that_is_not_the_video(cli, here: Path, content: Answer, output: dict, says_: str) -> None:
    """Nothing is left of it."""
    with odd(serves(content, **output)) as server:
        answer = cli("jobs", "download", "video_1", "--server", server.url)
    assert (answer.code, answer.out) == (1, "")
    assert says_ in answer.err
    assert list(here.iterdir()) == []


def test_a_download_that_breaks_off_is_tried_again(cli, here: Path, monkeypatch) -> None:
    """So many times, then the error is said."""
    monkeypatch.setattr("unstill.apps.cli.remote.patience.FIRST_S", 0.001)
    monkeypatch.setattr("unstill.apps.cli.remote.patience.LONGEST_S", 0.001)
    with odd(serves(reply(FILE[:500], length="9000"))) as server:
        answer = cli("jobs", "download", "video_1", "--server", server.url)
    assert answer.code == 1
    assert answer.err.splitlines()[-2] == f"Error: The connection to {server.url} was lost."
    assert sum("/content" in line for line, _ in server.asked) == 8
    assert list(here.iterdir()) == []


def test_a_full_disk(cli, small_disk) -> None:
    """Nothing is left on it."""
    disk = small_disk("64k")
    with odd(serves(reply(b"x" * 10**6), size_bytes=10**6)) as server:
        answer = cli("jobs", "download", "video_1", "-o", disk / "a.mp4", "--server", server.url, "--json")
    assert json.loads(answer.out)["error"]["code"] == "disk_full"
    assert list(disk.iterdir()) == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    from datetime import UTC, datetime, timedelta
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "unstill test")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(7).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("tls")
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, *plain))
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def secure(certificate: tuple[Path, Path]) -> Iterator[str]:
    """An HTTPS server without videos."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            says({"object": "list", "data": []})(self)

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"https://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_https(cli, secure: str, certificate: tuple[Path, Path], monkeypatch) -> None:
    """An unknown authority is refused; one's own is named by SSL_CERT_FILE."""
    strange = cli("jobs", "list", "--server", secure)
    assert strange.code == 1
    assert f"No safe connection to {secure} is possible: self-signed certificate" in strange.err
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    assert cli("jobs", "list", "--server", secure).err == "There are no videos.\n"
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    assert json.loads(cli("jobs", "list", "--server", secure, "--json").out)["error"]["code"] == "not_trusted"


def test_an_odd_proxy_is_named(cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its variable, without its password; a server on this computer is reached without one."""
    monkeypatch.setenv("http_proxy", "ftp://ann:hunter2@proxy.example")
    far = cli("jobs", "list", "--server", "http://unstill.example")
    assert far.code == 2
    assert "http_proxy" in far.err
    assert "hunter2" not in far.err
    with odd(says({"object": "list", "data": []})) as server:
        assert cli("jobs", "list", "--server", server.url).code == 0


def test_https_where_there_is_only_http(cli) -> None:
    """And the other way round."""
    with odd(says({"data": []})) as server:
        answer = cli("jobs", "list", "--server", server.url.replace("http:", "https:"))
    assert answer.code == 1
    assert "No safe connection to" in answer.err


OURS = [
    kind for kind in vars(remote_errors).values()
    if isinstance(kind, type) and issubclass(kind, UnstillError) and kind.__module__ == remote_errors.__name__
    and "en" in vars(kind)
]  # fmt: skip


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.code)
def test_every_error_has_both_languages(kind: type[UnstillError]) -> None:
    """From the same facts, as whole sentences."""
    import string

    def braces(words: Words) -> set[str]:
        return {n for text in words for _, n, _, _ in string.Formatter().parse(text) if n}

    assert {n.removesuffix("_zh") for n in braces(kind.zh)} == braces(kind.en)
    for words, end in ((kind.en, "."), (kind.zh, "。")):
        assert all(text.endswith(end) for text in words)
    assert kind.exit_code in (1, 2)
    assert (kind.exit_code == 2) == (kind.status == 400)


def test_codes_are_nobody_elses() -> None:
    """A program can tell every error by its code."""
    from unstill.apps.cli.remote.errors import _exit_codes

    codes = [kind.code for kind in OURS]
    assert len(codes) == len(set(codes))
    assert not set(codes) & set(_exit_codes())
