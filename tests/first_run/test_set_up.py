"""What `make` says when unstill cannot be installed, and when an environment is made anew."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
SAID = {
    "OSError: [Errno 28] No space left on device": "The disk is full.",
    "FileNotFoundError: No usable temporary directory found in ['/tmp']": "TMPDIR=$HOME make start",
    "ProxyError('Cannot connect to proxy.', NewConnectionError('Connection refused'))": "unset HTTPS_PROXY",
    "certificate verify failed: certificate is not yet valid (_ssl.c:992)": "Set the clock",
    "certificate verify failed: unable to get local issuer certificate": "PIP_CERT=",
    "NewConnectionError: [Errno -3] Temporary failure in name resolution": "needs a network",
    "ImportError: cv2.abi3.so: failed to map segment from shared object": "noexec",
    "[Errno 13] Permission denied: '.venv'": "cannot be written to by you",
    "ERROR: No matching distribution found for av>=14.4": "Try another Python",
    "ensurepip python3.12-venv": "sudo apt install python3.12-venv",
    "something nobody has thought of": "could not be installed",
}


def python(code: str, cwd: Path, **more: str) -> str:
    """What this code says with set_up imported as ``s``; it must end well."""
    env = {**os.environ, "PYTHONPATH": str(TOOLS), "HTTPS_PROXY": "http://me:secret@127.0.0.1:9", **more}
    command = [sys.executable, "-c", f"import set_up as s\nfrom pathlib import Path\n{code}"]
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("said", SAID)
def test_each_trouble_names_what_to_do(said: str, tmp_path: Path) -> None:
    """In the newcomer's language, and without the secrets of a proxy's address."""
    english = python(f"s.explain({said!r})", tmp_path)
    assert SAID[said] in english
    assert "secret" not in english
    chinese = python(f"s.explain({said!r})", tmp_path, LANG="zh_CN.UTF-8")
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)


def test_an_environment_that_works_is_kept(tmp_path: Path) -> None:
    """One that was made elsewhere, or that nothing runs in, is not."""
    venv.create(tmp_path / ".venv", with_pip=False)
    asked = "[str(v / 'bin/python'), '-c', s.ENOUGH, str(v.absolute())]"
    code = f"v = Path('.venv')\nprint(s.moved(v), s.works({asked}))"
    assert python(code, tmp_path).split() == ["False", "False"]  # no pip in it
    (tmp_path / ".venv" / "core.stamp").write_text("/somewhere/else")
    assert python(code, tmp_path).split()[0] == "True"
    (tmp_path / ".venv" / "core.stamp").write_text(str(tmp_path))
    assert python(code, tmp_path).split()[0] == "False"


def test_only_a_stamp_of_this_folder_is_fresh(tmp_path: Path) -> None:
    """And only where the Python that it was made with is still there."""
    (tmp_path / "pyproject.toml").touch()
    code = "print(s.made(Path('.venv')))"
    assert python(code, tmp_path) == "False\n"
    venv.create(tmp_path / ".venv", with_pip=False)
    (tmp_path / ".venv" / "core.stamp").write_text(str(tmp_path))
    assert python(code, tmp_path) == "True\n"
    (tmp_path / ".venv" / "bin" / "python").unlink()
    assert python(code, tmp_path) == "False\n"
