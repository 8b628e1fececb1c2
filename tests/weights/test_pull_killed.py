"""A fetch that is killed goes on where it was, in another process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from dreams import CARD, Shelves, files_in
from hub_imitation import NEEDED, UNET, Imitation

HERE = Path(__file__).parent
FETCH = """
    import sys
    sys.path[:0] = [{here!r}, {tests!r}]
    from pathlib import Path
    from dreams import CARD, HASTY
    from unstill.adapters.weights import WeightShelf
    from unstill.adapters.weights.locations import Bases
    from unstill.settings import Settings

    settings = Settings(models_dir=Path({models!r}), source="hub")
    WeightShelf(settings, bases=Bases({hub!r}), patience=HASTY).pull(CARD, accept_licence=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
@pytest.mark.parametrize("at", [40_000, 299_000])
def test_killed_in_mid_download(shelf_at: Shelves, hub: Imitation, tmp_path: Path, at: int) -> None:
    """kill -9: every byte that came is kept, and only the others are sent again."""
    shelf = shelf_at(hub.url, source="hub")
    hub.fault(UNET, times=1, hang_at=at)
    code = textwrap.dedent(FETCH).format(
        here=str(HERE), tests=str(HERE.parent), models=str(shelf.models), hub=hub.url
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "HF_HUB_CACHE": str(tmp_path)}
    )
    part = shelf.models / ".pulls" / "dreams"
    assert hub.hung.wait(60)
    while sum(p.stat().st_size for p in part.glob("unet__diff*.part")) < at:
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert shelf.facts(CARD).state == "missing"
    before = hub.sent()
    had = shelf.facts(CARD).waiting_bytes
    done = shelf.pull(CARD, accept_licence=True)
    assert files_in(shelf.folder(CARD)) == {name: hub.files[name] for name in NEEDED}
    assert hub.bodies(UNET)[-1].headers["range"] == f"bytes={at}-"
    total = sum(len(hub.files[name]) for name in NEEDED)
    assert hub.sent() - before == done.fetched_bytes == total - had
