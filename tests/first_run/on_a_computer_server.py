"""The server's port, network and computer."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from matrix import Ending, NotHere, situation
from newcomer import Said, check_video, generates, installed, newcomer, photo, run, unstill
from newcomer_roots import needs_root
from newcomer_server import Server, films, serves
from shims import CLOCK, shim

GROUP = "The server"
YEAR_S = 366 * 24 * 3600


@contextlib.contextmanager
def stranger(port: int = 0) -> Iterator[int]:
    """Another program's port. One that is taken already is another program's, too."""
    with socket.socket() as other:
        with contextlib.suppress(OSError):
            other.bind(("127.0.0.1", port))
            other.listen()
            port = other.getsockname()[1]
        yield port


@situation("port-taken", "the port that was chosen is another program's", GROUP)
def port_taken(room: Path) -> Ending:
    with stranger() as port:
        told = unstill(room, f"start --port {port}").badly().told()
        free = told.partition("Use --port ")[2].partition(",")[0]
        serves(room, f"start --port {free}")
    return Ending(works=False, told=told, fix=f"--port {free}, as it says")


@situation("usual-port-taken", "the usual port, 7860, is another program's", GROUP)
def usual_port_taken(room: Path) -> Ending:
    with stranger(7860), Server(room) as server:
        told = server.says("Port 7860 is in use")
        assert not server.url().endswith(":7860")
        films(room, server.url())
    return Ending(works=True, told=told)


@situation("port-ours", "the port that was chosen is another unstill's", GROUP)
def port_ours(room: Path) -> Ending:
    with Server(room, "start --data-dir one", name="one") as one:
        port = one.url().rpartition(":")[2]
        told = unstill(room, f"start --data-dir two --port {port}").badly().told()
        assert "another unstill" in told
        serves(room, "start --data-dir two --port auto")
        films(room, one.url())
    return Ending(works=False, told=told, fix="--port auto")


@situation("two-instances", "two of them side by side, each with its own folder", GROUP)
def two_instances(room: Path) -> Ending:
    with (
        Server(room, "start --data-dir one", name="one") as one,
        Server(room, "start --data-dir two", name="two") as two,
    ):
        assert one.url() != two.url()
        films(room, one.url())
        films(room, two.url())
    return Ending(works=True)


@situation("started-again", "started again while it runs", GROUP)
def started_again(room: Path) -> Ending:
    with Server(room, name="one") as one:
        url = one.url()
        told = unstill(room, "start").well().line("runs already", url)
        films(room, url)
    return Ending(works=True, told=told)


@situation("served-twice", "two servers on one data folder", GROUP)
def served_twice(room: Path) -> Ending:
    with Server(room, name="one") as one:
        one.url()
        told = unstill(room, "serve --port auto").badly().told()
        with Server(room, "serve --port auto --data-dir other", name="two") as two:
            films(room, two.url("listens on"))
    return Ending(works=False, told=told, fix="--data-dir with another folder")


def in_a_network(room: Path, addresses: str, start: str, url: str, env: dict[str, str]) -> Said:
    """In a network of its own: start, make a video through the server, and stop."""
    needs_root("ip")
    photo(room)
    program = installed() / "unstill"
    script = f"""{addresses}
        {program} {start} >server.txt 2>&1 & server=$!
        for n in $(seq 300); do
            grep -q 'page is' server.txt && break; kill -0 $server || break; sleep 0.2; done
        cat server.txt
        {program} generate photo.jpg 'push in' --num-frames 12 -o out.mp4 --force --server {url}; code=$?
        kill $server; wait $server; exit $code"""
    return run(["unshare", "--net", "bash", "-c", script], room, env, timeout=300)


@situation("no-network-after-set-up", "no network once it is set up", GROUP)
def no_network_after_set_up(room: Path) -> Ending:
    in_a_network(room, "ip link set lo up", "start", "http://127.0.0.1:7860", newcomer(room)).well()
    check_video(room / "out.mp4")
    return Ending(works=True)


@situation("ipv6-only", "a computer with IPv6 only", GROUP)
def ipv6_only(room: Path) -> Ending:
    only = "ip link set lo up; ip -4 addr flush dev lo"
    said = in_a_network(room, only, "start", "http://[::1]:7860", newcomer(room))
    if said.code == 0:
        check_video(room / "out.mp4")
        return Ending(works=True)
    told = said.told()
    assert "--host ::1" in told
    in_a_network(room, only, "start --host ::1", "http://[::1]:7860", newcomer(room)).well()
    check_video(room / "out.mp4")
    return Ending(works=False, told=told, fix="--host ::1")


@situation("wrong-proxy-when-running", "a proxy that does not answer is set", GROUP)
def wrong_proxy_when_running(room: Path) -> Ending:
    dead = dict.fromkeys(("http_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    env = newcomer(room, **dead)
    with Server(room, env=env) as server:
        films(room, server.url())
        photo(room)
        unstill(room, "generate photo.jpg 'push in' --num-frames 12 -o out.mp4 --server local", env).well()
        check_video(room / "out.mp4")
    return Ending(works=True)


@situation("wrong-clock-when-running", "a clock that is decades off, and is then put right", GROUP)
def wrong_clock_when_running(room: Path) -> Ending:
    library = str(shim(CLOCK))
    for years in (-20, 20):
        serves(room, env=newcomer(room, LD_PRELOAD=library, CLOCK_SHIFT_S=str(years * YEAR_S)))
    serves(room)
    return Ending(works=True)


@contextlib.contextmanager
def memory_group(mebibytes: int) -> Iterator[Path]:
    """A control group with that much memory and no swap. Raises NotHere."""
    needs_root()
    base, limit = Path("/sys/fs/cgroup"), str(mebibytes << 20)
    group = (base / "memory" if (base / "memory").is_dir() else base) / f"first-run-{os.getpid()}"
    try:
        group.mkdir()
        name = "memory.max" if (group / "memory.max").exists() else "memory.limit_in_bytes"
        (group / name).write_text(limit)
    except OSError as error:
        raise NotHere(f"no control group for memory: {error}") from error
    try:
        yield group
    finally:
        with contextlib.suppress(OSError):
            time.sleep(0.5)
            group.rmdir()


@situation("memory-512", "512 MiB of memory", GROUP)
def memory_512(room: Path) -> Ending:
    with memory_group(512) as group:
        inside = f"bash -c 'echo $$ > {group}/cgroup.procs; exec \"$@\"' --"
        generates(room, prefix=inside)
        with Server(room, prefix=inside) as server:
            films(room, server.url())
            server.stop().well()
    return Ending(works=True)


@situation("one-cpu", "one processor core", GROUP)
def one_cpu(room: Path) -> Ending:
    generates(room, prefix="taskset -c 0")
    serves(room, prefix="taskset -c 0")
    return Ending(works=True)


@situation("few-handles", "few open files allowed: ulimit -n 128", GROUP)
def few_handles(room: Path) -> Ending:
    serves(room, prefix="prlimit --nofile=128:128")
    return Ending(works=True)


@situation("misspelt-setting", "a setting that cannot be", GROUP)
def misspelt_setting(room: Path) -> Ending:
    told = unstill(room, "start", newcomer(room, UNSTILL_PORT="web")).badly().told()
    serves(room, env=newcomer(room, UNSTILL_PORT="auto"))
    return Ending(works=False, told=told, fix="UNSTILL_PORT=auto")


@situation("let-others-in", "opened to other computers, and asked without a key", GROUP)
def let_others_in(room: Path) -> Ending:
    with Server(room, "serve --host 0.0.0.0 --port auto") as server:
        url = server.url("listens on")
        asked = httpx.get(f"{url}/v1/videos", trust_env=False)
        assert asked.status_code == 401, asked.text
        error = asked.json()["error"]
        found = re.search(r"shown only now:\s+(\S+)", server.text)
        assert found, server.text
        key = found[1]
        again = httpx.get(f"{url}/v1/videos", headers={"Authorization": f"Bearer {key}"}, trust_env=False)
        assert again.status_code == 200, again.text
    return Ending(
        works=False, told=f"{error['message']} {error['hint']}", fix="sent the key that the start shows"
    )
