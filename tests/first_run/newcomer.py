"""What the situations are made of: a copy of the repository, its environment, a picture, a look at a video.

What is dear is made once a run and shared: ready-made wheels for each Python, and one installed copy, which
nobody writes to. UNSTILL_FIRST_RUN_KEEP names a folder where they outlive the run.
"""

from __future__ import annotations

import atexit
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
from PIL import Image

from matrix import NotHere

REPOSITORY = Path(__file__).parents[2]
PLAIN_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PATIENCE_S = 900
KEEP = os.environ.get("UNSTILL_FIRST_RUN_KEEP")
"""Read here, before the tests' own environment begins."""


@dataclass(frozen=True)
class Said:
    """How a command ended, and what stood on the screen."""

    code: int
    text: str

    def line(self, *words: str) -> str:
        """The first line with all of these words. Raises AssertionError without one."""
        for line in self.text.splitlines():
            if all(word in line for word in words):
                return line.strip()
        raise AssertionError(f"nothing says {words}; it ended with {self.code}:\n{self.text[-3000:]}")

    def told(self) -> str:
        """The error and what to do about it. Raises AssertionError without them."""
        lines = [line.strip() for line in self.text.splitlines()]
        first = next((n for n, line in enumerate(lines) if line.startswith(("Error:", "错误："))), None)
        assert first is not None, f"no error is told:\n{self.text[-3000:]}"
        following = itertools.takewhile(
            lambda line: not line.startswith(("Error:", "错误：")), lines[first + 1 :]
        )
        advice = " ".join(line for line in itertools.islice(following, 2) if line)
        assert advice, f"nothing says what to do:\n{self.text[-3000:]}"
        return f"{lines[first]} {advice}"

    def well(self) -> Said:
        """Itself. Raises AssertionError where the command failed."""
        assert self.code == 0, f"it ended with {self.code}:\n{self.text[-3000:]}"
        return self

    def badly(self) -> Said:
        """Itself. Raises AssertionError where the command succeeded, or a traceback was said."""
        assert self.code != 0, f"it went well:\n{self.text[-3000:]}"
        assert "Traceback" not in self.text, self.text[-3000:]
        return self


def run(command: str | Sequence[str], cwd: Path, env: Mapping[str, str], timeout: float = PATIENCE_S) -> Said:
    """A command as a person would type it: a string goes to bash. No terminal; both outputs together."""
    words = ["bash", "-c", command] if isinstance(command, str) else list(command)
    process = subprocess.Popen(
        words,
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        out, _ = process.communicate(timeout=timeout)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return Said(process.returncode, out.decode("utf-8", "replace"))


def can_be_interrupted() -> None:
    """Ctrl-C reaches a program that was started, even where these tests run in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@cache
def shared() -> Path:
    """A folder that any user may read, for what is made once."""
    if KEEP:
        Path(KEEP).mkdir(parents=True, exist_ok=True)
        return Path(KEEP).absolute()
    folder = Path(tempfile.mkdtemp(prefix="first-run-shared-"))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def home_of_this_user() -> Path:
    """Not HOME, which the tests set to an empty folder."""
    return Path(pwd.getpwuid(os.getuid()).pw_dir)


def copy_of_repository(folder: Path) -> Path:
    """The files that a clone or an unpacked archive of this tree has, without .git."""
    folder.mkdir(parents=True)
    asked = ["git", "-C", str(REPOSITORY), "ls-files", "-co", "--exclude-standard", "-z"]
    try:
        names = subprocess.run(asked, capture_output=True, check=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        names = [str(p.relative_to(REPOSITORY)) for p in REPOSITORY.rglob("*") if ".venv" not in p.parts]
    for name in names:
        source = REPOSITORY / name
        if name and source.is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name)
    return folder


def newcomer(room: Path, **more: str) -> dict[str, str]:
    """An environment with an empty home in the room; of the machine's own only what finds packages."""
    home = room / "home"
    home.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_CERT"))}
    return {
        **kept,
        "PATH": PLAIN_PATH,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PIP_CACHE_DIR": str(shared() / "pip-cache"),
        **more,
    }


def without(env: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in env.items() if name not in names}


@cache
def python(version: str) -> str:
    """Where that Python is. Raises NotHere."""
    roots = [Path(os.environ.get("PYENV_ROOT") or home_of_this_user() / ".pyenv") / "versions"]
    roots.append(home_of_this_user() / ".local" / "share" / "uv" / "python")
    found = [shutil.which(f"python{version}", path=PLAIN_PATH)]
    for root in roots:
        found += [str(p) for p in sorted(root.glob(f"*{version}.*/bin/python{version}"))]
    for path in found:
        if (
            path
            and subprocess.run([path, "-c", "import ensurepip, venv"], capture_output=True).returncode == 0
        ):
            return path
    raise NotHere(f"there is no Python {version} on this machine")


@cache
def wheels(program: str) -> dict[str, str]:
    """What makes pip install from a folder of ready-made wheels for this Python, without asking an index."""
    tag = subprocess.run(
        [program, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True
    ).stdout.strip()
    folder = shared() / f"wheels-{tag}"
    if not (folder / "done").exists():
        tree = copy_of_repository(Path(tempfile.mkdtemp()) / "unstill")
        env = {**newcomer(tree.parent), "PATH": os.environ["PATH"]}
        maker = tree.parent / "maker"
        run([program, "-m", "venv", str(maker)], tree, env).well()
        wanted = [".[heif]", "pip>=25.1", "hatchling>=1.27", "editables"]
        run(
            [str(maker / "bin" / "python"), "-m", "pip", "wheel", "-q", "-w", str(folder), *wanted], tree, env
        ).well()
        for path in folder.glob("unstill-*.whl"):
            path.unlink()
        (folder / "done").touch()
        shutil.rmtree(tree.parent)
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_NO_COMPILE": "1"}


def wheels_of_system() -> dict[str, str]:
    return wheels(shutil.which("python3", path=PLAIN_PATH) or sys.executable)


def make(tree: Path, env: Mapping[str, str], what: str = "demo", timeout: float = PATIENCE_S) -> Said:
    """`make WHAT` in a repository."""
    return run(f"make {what}", tree, env, timeout)


def demo_made(tree: Path, env: Mapping[str, str], what: str = "demo") -> Said:
    """`make demo`, and its video is one. Raises AssertionError."""
    said = make(tree, env, what).well()
    check_video(tree / "demo.mp4")
    return said


@cache
def installed() -> Path:
    """The programs' folder of a repository that `make` has set up: read it only."""
    tree = shared() / "installed"
    stamp = tree / ".venv" / "core.stamp"
    if not stamp.exists():
        if not tree.exists():
            copy_of_repository(tree)
        make(tree, {**newcomer(shared()), **wheels_of_system()}, ".venv/core.stamp").well()
    elif KEEP:
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / "src", tree / "src", ignore=unwanted, dirs_exist_ok=True)
    return tree / ".venv" / "bin"


def unstill(room: Path, arguments: str, env: Mapping[str, str] | None = None, prefix: str = "") -> Said:
    """`unstill ARGUMENTS` of the installed copy, in the room, with ``prefix`` before it: taskset, unshare."""
    program = installed() / "unstill"
    return run(f"{prefix} {program} {arguments}", room, env or newcomer(room))


def photo(folder: Path, name: str = "photo.jpg") -> Path:
    """A small picture to make small videos of."""
    path = folder / name
    rocket = REPOSITORY / "src" / "unstill" / "assets" / "examples" / "rocket.jpg"
    Image.open(rocket).resize((320, 212)).save(path, "JPEG")
    return path


QUICK = "--num-frames 12"


def generates(room: Path, env: Mapping[str, str] | None = None, prefix: str = "") -> Said:
    """The command line makes a video of a picture. Raises AssertionError."""
    photo(room)
    said = unstill(room, f'generate photo.jpg "push in" {QUICK} -o out.mp4 --force', env, prefix).well()
    check_video(room / "out.mp4")
    return said


def check_video(path: Path, frames: int = 8) -> None:
    """It can be decoded to its end and does not stand still. Raises AssertionError."""
    assert path.is_file(), f"there is no {path}"
    with av.open(str(path)) as film:
        pictures = [frame.to_ndarray(format="gray").copy() for frame in film.decode(video=0)]
    assert len(pictures) >= frames, len(pictures)
    assert (pictures[0] != pictures[-1]).mean() > 0.01, "it stands still"
