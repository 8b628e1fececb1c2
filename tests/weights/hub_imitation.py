"""A model hub on loopback ports: its API, the addresses of files, a "CDN" of its own, and every fault.

Large files (safetensors) are redirected to the CDN, another port, as the hub does it; small ones go round by
a relative redirect. Every request is written down, and every byte of a body counted.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "5e1f" * 10
REPO = "acme/dream"


def git_name(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def safetensors(seed: int, count: int, tensor: str = "w") -> bytes:
    """A whole safetensors file of one tensor of ``count`` bytes."""
    header = json.dumps({tensor: {"dtype": "U8", "shape": [count], "data_offsets": [0, count]}}).encode()
    header += b" " * (-len(header) % 8)
    body = hashlib.shake_256(b"%d" % seed).digest(count)
    return len(header).to_bytes(8, "little") + header + body


def model(large: int = 300_000) -> dict[str, bytes]:
    """A small model in the hub's layout, with things beside it that nobody needs."""
    index = {
        "_class_name": "DreamPipeline",
        "_diffusers_version": "0.1",
        "unet": ["diffusers", "UNetDream"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "scheduler": ["diffusers", "DDIMScheduler"],
        "safety_checker": [None, None],
    }
    return {
        "model_index.json": json.dumps(index).encode(),
        "unet/config.json": b'{"_class_name": "UNetDream"}',
        "unet/diffusion_pytorch_model.safetensors": safetensors(1, 2 * large),
        "unet/diffusion_pytorch_model.fp16.safetensors": safetensors(2, large),
        "unet/diffusion_pytorch_model.bin": b"a pickle",
        "text_encoder/config.json": b'{"architectures": ["CLIPTextModel"]}',
        "text_encoder/model.fp16.safetensors": safetensors(3, 20_000),
        "text_encoder/pytorch_model.fp16.bin": b"another",
        "tokenizer/vocab.json": b'{"a": 0}',
        "tokenizer/merges.txt": b"a b\n",
        "tokenizer/tokenizer_config.json": b"{}",
        "scheduler/scheduler_config.json": b'{"_class_name": "DDIMScheduler"}',
        "README.md": b"words",
        "run_me.py": b"raise SystemExit",
        "source/picture.png": b"\x89PNG",
        "old/weights.ckpt": b"pickle",
    }


NEEDED = {
    "model_index.json", "unet/config.json", "unet/diffusion_pytorch_model.fp16.safetensors",
    "text_encoder/config.json", "text_encoder/model.fp16.safetensors", "tokenizer/vocab.json",
    "tokenizer/merges.txt", "tokenizer/tokenizer_config.json", "scheduler/scheduler_config.json",
}  # fmt: skip
UNET = "unet/diffusion_pytorch_model.fp16.safetensors"


@dataclass
class Fault:
    """What goes wrong with a path, and how often. Of every path that ends so.

    "resolve:" before a file's path means the hub's address of it, which redirects; without it the bytes.
    """

    path: str
    times: int = 10**9
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    break_at: int | None = None
    """The connection is cut after so many bytes of the body."""
    hang_at: int | None = None
    """No further byte is sent after so many, until the server ends."""
    shorter: int = 0
    """The file is told, and sent, so many bytes shorter."""
    longer: int = 0
    spoiled: bool = False
    """One bit is wrong."""
    bytes_s: float | None = None
    no_ranges: bool = False
    redirect: str | None = None


@dataclass
class Asked:
    """One request."""

    server: str
    path: str
    headers: dict[str, str]
    sent: int = 0
    """Bytes of the body."""


class Imitation:
    """The hub and its CDN. Also speaks ModelScope's API on the same port."""

    def __init__(
        self,
        files: dict[str, bytes] | None = None,
        commit: str = COMMIT,
        others: Mapping[str, dict[str, bytes]] | None = None,
    ) -> None:
        self.files = model() if files is None else files
        self.commit = commit
        self.others = dict(others or {})
        """Further repositories, by "owner/name"; faults know their files by that before the path."""
        self.faults: list[Fault] = []
        self.asked: list[Asked] = []
        self.gated = False
        self.listing: Any = None
        """Answered in place of the real listing."""
        self.hung, self.over = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._servers = [_Quiet(("127.0.0.1", 0), _handler(self, n)) for n in ("hub", "cdn")]
        for server in self._servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._servers[0].server_port}"

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    @property
    def cdn(self) -> str:
        return f"http://127.0.0.1:{self._servers[1].server_port}"

    def repo(self, name: str) -> dict[str, bytes] | None:
        """The files of a repository, if there is such a one."""
        return self.files if name == REPO else self.others.get(name)

    def content(self, name: str) -> bytes | None:
        """Of a file, as `named` calls it."""
        for repo, files in self.others.items():
            if name.startswith(f"{repo}/"):
                return files.get(name.removeprefix(f"{repo}/"))
        return self.files.get(name)

    def close(self) -> None:
        self.over.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def fault(self, path: str, **what: Any) -> Fault:
        made = Fault(path, **what)
        self.faults.append(made)
        return made

    def take(self, path: str) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                at_hub = path.startswith("resolve:") == fault.path.startswith("resolve:")
                if at_hub and path.endswith(fault.path) and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def bodies(self, path: str) -> list[Asked]:
        """The requests that were answered with a part of this file."""
        return [asked for asked in self.asked if asked.sent and asked.path.endswith(path)]

    def sent(self, path: str = "") -> int:
        return sum(asked.sent for asked in self.bodies(path))


@contextmanager
def imitation(
    files: dict[str, bytes] | None = None,
    commit: str = COMMIT,
    others: Mapping[str, dict[str, bytes]] | None = None,
) -> Iterator[Imitation]:
    made = Imitation(files, commit, others)
    try:
        yield made
    finally:
        made.close()


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are what these tests are about."""


def named(repo: str, file: str) -> str:
    """A file's name among all: the first repository's have none before theirs."""
    return file if repo == REPO else f"{repo}/{file}"


def _handler(hub: Imitation, name: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            path, query = unquote(parts.path), parse_qs(parts.query)
            file = query["FilePath"][0] if "FilePath" in query else path
            self.record = Asked(name, file, {k.lower(): v for k, v in self.headers.items()})
            hub.asked.append(self.record)
            if name == "cdn":
                self._file(path.removeprefix("/cdn/"))
            elif path.startswith("/api/v1/models/"):
                self._modelscope(path, query)
            elif path.startswith("/api/models/"):
                self._listing(path)
            elif path.startswith("/api/resolve-cache/"):
                repo, file = path.removeprefix("/api/resolve-cache/models/").split(f"/{hub.commit}/", 1)
                self._file(named(repo, file))
            else:
                self._resolve(path)

        def _modelscope(self, path: str, query: dict[str, list[str]]) -> None:
            if path == f"/api/v1/models/{REPO}/repo":
                self._file(query["FilePath"][0])
            elif path == f"/api/v1/models/{REPO}/repo/files" and query["Recursive"] == ["true"]:
                if self._faulty(hub.take("/repo/files")):
                    return
                files = [
                    {
                        "Path": p,
                        "Name": p.rpartition("/")[2],
                        "Type": "blob",
                        "Size": len(c),
                        "Sha256": sha256(c),
                    }
                    for p, c in hub.files.items()
                ]
                folder = {"Path": "unet", "Name": "unet", "Type": "tree", "Size": 0, "Sha256": ""}
                self._json({"Code": 200, "Data": {"Files": [folder, *files]}, "Success": True})
            else:
                self._answer(404)

        def _listing(self, path: str) -> None:
            if self._faulty(hub.take(path)):
                return
            if hub.gated and "authorization" not in self.record.headers:
                self._answer(401, {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted."})
                return
            match = re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", path)
            files = hub.repo(match[1]) if match else None
            if match is None or files is None or match[2] not in (None, "main", hub.commit):
                known = "RepoNotFound" if files is None else "RevisionNotFound"
                self._answer(404, {"X-Error-Code": known})
            elif hub.listing is not None:
                self._json(hub.listing)
            else:
                self._json(
                    {"id": match[1], "sha": hub.commit, "siblings": [_sibling(*f) for f in files.items()]}
                )

        def _resolve(self, path: str) -> None:
            match = re.fullmatch(rf"/([^/]+/[^/]+)/resolve/{hub.commit}/(.+)", path)
            repo, plain = (match[1], match[2]) if match else (REPO, path)
            file = named(repo, plain)
            fault = hub.take(f"resolve:{file}")
            if self._faulty(fault):
                return
            content = hub.content(file)
            if content is None:
                self._answer(404, {"X-Error-Code": "EntryNotFound"})
            elif file.endswith(".safetensors"):
                self._answer(302, {
                    "Location": f"{hub.cdn}/cdn/{file}?signature=secret", "X-Repo-Commit": hub.commit,
                    "X-Linked-Size": str(len(content)), "X-Linked-ETag": f'"{sha256(content)}"',
                })  # fmt: skip
            else:
                self._answer(307, {"Location": f"/api/resolve-cache/models/{repo}/{hub.commit}/{plain}"})

        def _file(self, file: str) -> None:
            fault = hub.take(file)
            if self._faulty(fault):
                return
            content = hub.content(file)
            if content is None:
                self._answer(404)
                return
            fault = fault or Fault("")
            if fault.spoiled:
                content = content[:-1] + bytes([content[-1] ^ 1])
            content = content[: len(content) - fault.shorter] + b"x" * fault.longer
            self._send(content, fault)

        def _send(self, content: bytes, fault: Fault) -> None:
            asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            start, end, status = 0, len(content), 200
            headers = {"Accept-Ranges": "bytes"}
            if asked and not fault.no_ranges:
                start, end = int(asked[1]), int(asked[2] or len(content) - 1) + 1
                if start >= len(content):
                    self._answer(416)
                    return
                status, headers["Content-Range"] = 206, f"bytes {start}-{end - 1}/{len(content)}"
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(end - start)}.items():
                self.send_header(key, value)
            self.end_headers()
            self._body(content[start:end], fault)

        def _body(self, content: bytes, fault: Fault) -> None:
            piece = 8192 if fault.bytes_s is None else max(1, int(fault.bytes_s / 20))
            stops = [n for n in (fault.break_at, fault.hang_at) if n is not None]
            at = 0
            try:
                while at < len(content):
                    count = min(piece, len(content) - at, *(stop - at for stop in stops))
                    if count <= 0:
                        break
                    self.wfile.write(content[at : at + count])
                    at += count
                    self.record.sent += count
                    if fault.bytes_s is not None:
                        time.sleep(count / fault.bytes_s)
                self.wfile.flush()
            except OSError:  # the other side has had enough
                self.close_connection = True
                return
            if fault.hang_at is not None:
                hub.hung.set()
                hub.over.wait(60)
            if stops:
                self.close_connection = True

        def _faulty(self, fault: Fault | None) -> bool:
            """Whether the fault has answered already."""
            if fault is None:
                return False
            if fault.redirect is not None:
                self._answer(302, {"Location": fault.redirect})
            elif fault.status is not None:
                self._answer(fault.status, fault.headers)
            else:
                return False
            return True

        def _json(self, value: object) -> None:
            body = json.dumps(value).encode() if not isinstance(value, bytes) else value
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _answer(self, status: int, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for key, value in {**(headers or {}), "Content-Length": "0"}.items():
                self.send_header(key, value)
            self.end_headers()

    return Handler


def _sibling(path: str, content: bytes) -> dict[str, Any]:
    told: dict[str, Any] = {"rfilename": path, "size": len(content)}
    if path.endswith((".safetensors", ".bin", ".ckpt")):
        lfs = {"sha256": sha256(content), "size": len(content), "pointerSize": 134}
        return {**told, "blobId": git_name(b"version https://git-lfs.github.com/spec/v1\n"), "lfs": lfs}
    return {**told, "blobId": git_name(content)}
