"""The READMEs tell the truth: every command and every Python line in them runs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
READMES = ["README.md", "README.zh-CN.md"]


def blocks(name: str, language: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """A folder with the pictures that the READMEs speak of, small ones."""
    examples = resources.files("unstill") / "assets" / "examples"
    with resources.as_file(examples / "rocket.jpg") as path:
        picture = Image.open(path).resize((96, 64))
    for name in ("photo.jpg", "a.jpg", "b.png", "other.jpg"):
        picture.save(tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("name", READMES)
def test_every_command_runs(name: str, album: Path) -> None:
    """In the order in which they stand, as a person would type them."""
    bin_folder = album / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    program = Path(sys.executable).with_name("unstill")
    os.symlink(program, bin_folder / "unstill")
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    commands = [line for block in blocks(name, "sh") for line in block.splitlines() if line.strip()]
    assert len(commands) >= 8
    for command in commands:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=album,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        assert done.stdout.strip(), command


@pytest.mark.parametrize("name", READMES)
def test_every_python_line_runs(name: str, album: Path) -> None:
    """And leaves the file that it promises."""
    (program,) = blocks(name, "python")
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=album, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (album / "out.mp4").stat().st_size > 1000


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where `unstill serve`, as the READMEs start it, listens in this test."""
    server = subprocess.Popen(
        [sys.executable, "-m", "unstill", "serve", "--port", "0", "--json", "--quiet"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    text = ""
    while not text.endswith("}\n"):
        line = server.stdout.readline()
        assert line, text
        text += line
    yield json.loads(text)["url"]
    server.terminate()
    server.communicate(timeout=60)
    assert server.returncode == 0


@pytest.mark.parametrize("name", READMES)
def test_every_command_of_the_server_runs(name: str, album: Path, address: str) -> None:
    """In one shell, in the order in which they stand; the videos they name are there afterwards."""
    serve, others = blocks(name, "bash")
    assert serve == "unstill serve\n"
    program = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euc", others.replace("http://127.0.0.1:7860", address)],
        cwd=album, env={**os.environ, "PATH": program}, capture_output=True, text=True,
        timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    for video in ("pushed.mp4", "orbit.mp4", "panned.mp4"):
        assert (album / video).read_bytes()[4:8] == b"ftyp"
    assert done.stdout.count("completed") >= 2


@pytest.mark.parametrize("name", READMES)
def test_the_stock_client_runs(name: str, album: Path, address: str) -> None:
    """openai's, as it is."""
    (program,) = blocks(name, "py")
    program = program.replace("http://127.0.0.1:7860", address)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=album, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (album / "pushed.mp4").read_bytes()[4:8] == b"ftyp"


@pytest.mark.parametrize("name", READMES)
def test_every_link_leads_somewhere(name: str) -> None:
    """Relative links of the READMEs are files of the repository."""
    links = re.findall(r"\]\((?!https?://)([^)#]+)\)", (ROOT / name).read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("name", READMES)
def test_the_first_command_starts_everything(name: str) -> None:
    """`make start`, and what it does for a clone that has nothing yet ends in `unstill start`."""
    text = (ROOT / name).read_text(encoding="utf-8")
    assert re.findall(r"^    (make \w+)$", text, re.MULTILINE)[0] == "make start"
    planned = subprocess.run(
        ["make", "--dry-run", "start", f"VENV={ROOT / 'no-such-folder'}"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip
    made = planned.index("tools/set_up.sh 'python3'")
    started = planned.index("no-such-folder/bin/python -P -m unstill start")
    assert made < planned.index("tools/extra.sh") < started


@pytest.mark.parametrize(
    ("system", "card", "extra"),
    [
        ("Linux x86_64", "GPU 0: NVIDIA H100 (UUID: GPU-1)", "diffusion"),
        ("Linux x86_64", "No devices were found", ""),
        ("Darwin arm64", "", "diffusion"),
        ("Darwin x86_64", "", ""),
    ],
)
def test_the_extra_follows_the_card(tmp_path: Path, system: str, card: str, extra: str) -> None:
    """What generative models need is installed where the driver sees a card, and only there."""
    for name, says in (("nvidia-smi", card), ("uname", system)):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{says}'\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        ["sh", "tools/extra.sh"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
    )  # fmt: skip
    assert done.stdout.strip() == extra


def test_demo_is_what_the_readme_says() -> None:
    """`make demo` is a target, and its photo is shipped with its licence."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "\ndemo:" in makefile
    folder = ROOT / "src/unstill/assets/examples"
    noted = (folder / "LICENSES.md").read_text(encoding="utf-8")
    assert all(picture.name in noted for picture in folder.glob("*.jpg"))
    assert shutil.which("make")
