"""Makes the environment and installs unstill in it, for `make`: once, by one at a time, or says what to do.

Usage: python set_up.py VENV, in the folder of the repository. VENV/core.stamp, written last, names it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from set_up_words import TROUBLES

LANGUAGE = next(
    (os.environ[n] for n in ("UNSTILL_LANG", "LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(n)), ""
)
ZH = LANGUAGE.lower().startswith("zh")
ENOUGH = "import sys, pip; sys.exit(0 if sys.version_info >= (3, 11) and sys.prefix == sys.argv[1] else 3)"
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "PIP_PROXY")


def say(en: str, zh: str) -> None:
    print(zh if ZH else en, flush=True)


class Stopped(Exception):
    """A step did not succeed; its words are what the programs printed."""


def main(venv: Path) -> int:
    """The exit code. Every failure has ended with what to do."""
    try:
        with one_at_a_time():
            if made(venv):
                return 0
            environment(venv)
            say("Installing unstill (once, about a minute) ...", "正在安装 unstill（只需一次，约一分钟）…")
            install(venv)
            (venv / "core.stamp").write_text(str(Path.cwd()), encoding="utf-8")
    except Stopped as stopped:
        explain(str(stopped))
        return 1
    except OSError as error:
        explain(str(error))
        return 1
    except KeyboardInterrupt:
        say("\nStopped. Run it again to go on.", "\n已停止，重新运行即可继续。")
        return 130
    return 0


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two at once would install into one folder: the second waits, and finds it done."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(".", os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES):
                say(
                    "Another `make` is installing unstill here; waiting for it ...",
                    "另一个 make 正在安装，等待中…",
                )
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def made(venv: Path) -> bool:
    """Whether somebody else has just finished."""
    stamp = venv / "core.stamp"
    try:
        fresh = stamp.stat().st_mtime >= Path("pyproject.toml").stat().st_mtime
        here = stamp.read_text(encoding="utf-8") == str(Path.cwd())
        return fresh and here and (venv / "bin" / "python").exists()
    except OSError:
        return False


def environment(venv: Path) -> None:
    """A virtual environment that works. One that was half made, moved or is another Python's is made anew."""
    python, prefix = venv / "bin" / "python", str(venv.absolute())
    if venv.exists() and (moved(venv) or not works([str(python), "-c", ENOUGH, prefix])):
        say(f"{venv} cannot be used as it is; making it anew.", f"现有的 {venv} 不能使用，正在重新创建。")
        shutil.rmtree(venv)
    if venv.exists():
        return
    try:
        run([sys.executable, "-m", "venv", "--without-pip", str(venv)])
        run([str(python), "-m", "ensurepip", "--upgrade", "--default-pip"])
    except BaseException as stopped:
        shutil.rmtree(venv, ignore_errors=True)
        if any(f"No module named {name}" in str(stopped) for name in ("ensurepip", "venv")):
            package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
            raise Stopped(f"ensurepip {package}") from None
        raise


def moved(venv: Path) -> bool:
    """Whether it was made in another folder: its programs name that one."""
    try:
        return (venv / "core.stamp").read_text(encoding="utf-8") not in ("", str(Path.cwd()))
    except OSError:
        return False


def install(venv: Path) -> None:
    pip = [str(venv / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    run([*pip, "--upgrade", "pip>=25.1"])
    run([*pip, "--editable", ".[heif]"])
    run([str(venv / "bin" / "python"), "-c", "import av, cv2, numpy"])
    run([str(venv / "bin" / "python"), "-P", "-m", "unstill", "--version"])


def works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 ours
    except OSError:
        return False


def run(command: list[str]) -> None:
    """What it says is shown at its end where it fails, and is in the exception."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)  # noqa: S603 ours
    if done.returncode:
        raise Stopped(done.stdout.decode("utf-8", "replace"))


def explain(said: str) -> None:
    """The last lines of what the programs said, then in our words what to do."""
    low = said.lower()
    if low.startswith("ensurepip "):
        package = said.split()[1]
        say(
            f"Could not make a virtual environment. On Debian or Ubuntu: sudo apt install {package}",
            f"无法创建虚拟环境。Debian 或 Ubuntu 请运行：sudo apt install {package}",
        )
        return
    print("\n".join(said.strip().splitlines()[-6:]), file=sys.stderr, flush=True)
    for words, en, zh in TROUBLES:
        if any(word in low for word in words):
            say(en.format(**facts()), zh.format(**facts()))
            return
    say(
        "unstill could not be installed; the lines above say why. Run it again once that is put right.",
        "未能安装 unstill，原因见上。解决后请重新运行。",
    )


def facts() -> dict[str, str]:
    """What the words above name."""
    import time

    named = {name: os.environ[name] for name in PROXIES if os.environ.get(name)}
    return {
        "tmp": os.environ.get("TMPDIR") or "/tmp",  # noqa: S108 named, not used
        "proxies": ", ".join(f"{name}={value.rpartition('@')[2]}" for name, value in named.items()) or "?",
        "names": " ".join(named),
        "now": time.strftime("%Y-%m-%d %H:%M"),
    }


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
