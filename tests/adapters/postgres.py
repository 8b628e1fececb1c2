"""A real PostgreSQL server of the tests' own: Debian's package, on a loopback port, in a folder in memory."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg

VERSIONS = Path("/usr/lib/postgresql")
_names = count(1)


def binaries() -> Path | None:
    """The folder of the newest server that is installed."""
    found = sorted(VERSIONS.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@dataclass
class Server:
    """One running server. Fast and forgetful unless told otherwise: it is there for its rules."""

    folder: Path
    port: int
    binaries: Path
    durable: bool = False
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        settings = {"listen_addresses": "127.0.0.1", "port": str(self.port), "max_connections": "120",
                    "unix_socket_directories": str(self.folder), "shared_buffers": "32MB",
                    "fsync": "on" if self.durable else "off"}  # fmt: skip
        command = [str(self.binaries / "postgres"), "-D", str(self.folder / "data")]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                as_nobody(command), stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text()[-2000:]) from None
                time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT is its fast shutdown; SIGKILL leaves it to recover."""
        if self.process is None:
            return
        os.killpg(self.process.pid, how) if how is signal.SIGKILL else self.process.send_signal(how)
        self.process.wait(30)
        self.process = None

    def url(self, database: str) -> str:
        return f"postgresql://unstill@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """The address of a fresh database."""
        name = f"unstill_{os.getpid()}_{next(_names)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)


def as_nobody(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return command
    name = pwd.getpwnam("nobody").pw_name
    return ["setpriv", "--reuid", name, "--regid", "nogroup", "--clear-groups", "--", *command]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(*, durable: bool = False) -> Iterator[Server]:
    """A server with no database of ours yet."""
    found = binaries()
    assert found is not None
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) and not durable else None
    folder = Path(tempfile.mkdtemp(prefix="unstill-pg-", dir=memory))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody", "nogroup")
        made = [str(found / "initdb"), "-D", str(folder / "data"), "-U", "unstill", "--auth=trust",
                "-E", "UTF8", "--locale=C", "--no-sync"]  # fmt: skip
        subprocess.run(as_nobody(made), check=True, capture_output=True, timeout=120)
        server = Server(folder, free_port(), found, durable)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
