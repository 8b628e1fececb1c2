"""Ports, addresses and variables that are not as they should be."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx

from container_videos import client, make_video
from containers import ask, box, fresh_name, image, network, told
from matrix import Ending, NotHere, situation

GROUP = "A container: its settings"
WORKS = Ending(works=True)


@situation("container-port-taken", "The port is taken on the computer", GROUP)
def port_taken(room: Path) -> Ending:
    """The engine itself says so."""
    name = fresh_name()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said = ask("run", "-d", "--name", name, "-p", f"127.0.0.1:{port}:7860", image())
    ask("rm", "-f", "-v", name)
    assert said.code != 0
    line = told(said.err, "already in use" if "already in use" in said.err else "already allocated")
    with box("IMAGE", publish=True) as server:
        make_video(server.healthy())
    return Ending(works=False, told=line, fix="published another port: `-p 127.0.0.1:7861:7860`")


@situation("container-port-word", "UNSTILL_PORT=abc", GROUP)
def port_word(room: Path) -> Ending:
    with box("-e", "UNSTILL_PORT=abc", "IMAGE") as refused:
        assert refused.ended() == 78
        line = refused.told("Change or remove UNSTILL_PORT")
    return _works_without(line, "removed UNSTILL_PORT")


@situation("container-port-80", "UNSTILL_PORT=80", GROUP)
def port_80(room: Path) -> Ending:
    """Some engines let everybody have it, some do not."""
    with box("-e", "UNSTILL_PORT=80", "IMAGE", publish=80) as server:
        try:
            make_video(server.healthy())
            return WORKS
        except AssertionError:
            assert server.ended() == 78
        line = server.told("Nothing can listen on 0.0.0.0:80")
    assert "-p 127.0.0.1:80:7860" in line
    return _works_without(line, "left UNSTILL_PORT out")


def _works_without(line: str, fix: str) -> Ending:
    with box("IMAGE", publish=True) as server:
        make_video(server.healthy())
    return Ending(works=False, told=line, fix=fix)


@situation("container-port-chosen", "UNSTILL_PORT=9000, or --port 9000 after the image", GROUP)
def port_chosen(room: Path) -> Ending:
    """The health check asks where the server is."""
    with box("-e", "UNSTILL_PORT=9000", "IMAGE", publish=9000) as server:
        make_video(server.healthy())
    with box("IMAGE", "--port", "9000", publish=9000) as server:
        make_video(server.healthy())
        assert "127.0.0.1:7860:9000" in server.logs()
    return WORKS


@situation("container-port-auto", "UNSTILL_PORT=auto", GROUP)
def port_auto(room: Path) -> Ending:
    with box("-e", "UNSTILL_PORT=auto", "IMAGE", publish=True) as server:
        make_video(server.healthy())
    return WORKS


@situation("container-loopback", "UNSTILL_HOST=127.0.0.1, to keep others out", GROUP)
def loopback(room: Path) -> Ending:
    """It keeps everybody out."""
    with box("-e", "UNSTILL_HOST=127.0.0.1", "IMAGE", publish=True) as server:
        line = server.healthy().told("nobody outside this container reaches it")
        try:
            with client(server, "") as http:
                assert http.get("/healthz").status_code != 200
        except httpx.HTTPError:
            pass
    return _works_without(line, "left UNSTILL_HOST out")


@situation("container-misspelt", "A setting that is misspelt: UNSTILL_PROT", GROUP)
def misspelt(room: Path) -> Ending:
    with box("-e", "UNSTILL_PROT=9000", "IMAGE") as server:
        line = server.healthy().told("Did you mean UNSTILL_PORT?")
    with box("-e", "UNSTILL_PORT=9000", "IMAGE", publish=9000) as server:
        make_video(server.healthy())
    return Ending(works=False, told=line, fix="wrote UNSTILL_PORT")


@situation("container-proxy-gone", "A proxy that is not there", GROUP)
def proxy_gone(room: Path) -> Ending:
    """Neither making videos nor the health check asks one."""
    words = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY")
    named = [part for word in words for part in ("-e", f"{word}=http://proxy.invalid:3128")]
    with box(*named, "IMAGE", publish=True) as server:
        make_video(server.healthy())
    return WORKS


@situation("container-proxy-wrong", "A proxy that is no address", GROUP)
def proxy_wrong(room: Path) -> Ending:
    with box("-e", "HTTPS_PROXY=proxy:port", "IMAGE", publish=True) as server:
        line = server.healthy().told("HTTPS_PROXY is no address of a proxy")
        make_video(server)
    with box("-e", "HTTPS_PROXY=http://proxy.example:3128", "IMAGE") as server:
        assert "is no address" not in server.healthy().logs()
    return Ending(works=False, told=line, fix="HTTPS_PROXY=http://proxy.example:3128")


@situation("container-ipv6-only", "A network of IPv6 alone", GROUP)
def ipv6_only(room: Path) -> Ending:
    """Its neighbours reach it."""
    only = () if "podman" in ask("--version").out else ("--ipv6", "--ipv4=false")
    with network(*only, "--subnet", "fd00:f125:7::/64") as net, box("--network", net, "IMAGE") as server:
        if "fd00f125" not in server.exec("cat", "/proc/net/if_inet6").out:
            raise NotHere("this engine's containers get no address of IPv6")
        server.healthy()
        form = "{{range .NetworkSettings.Networks}}{{.GlobalIPv6Address}}{{end}}"
        url = f"http://[{server.inspect(form)}]:7860/healthz"
        look = f"import urllib.request as r; print(r.urlopen('{url}', timeout=20).status)"
        said = ask("run", "--rm", "--network", net, image(), "python3", "-c", look)
        assert said.out.strip() == "200", said.text + server.logs()
    return WORKS
