"""What is in the data folder already: of an older unstill, damaged, half there, or another container's."""

from __future__ import annotations

import importlib.util
import os
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from container_videos import client, make_video, wait_for
from containers import PATIENCE_S, ask, box, fresh_name, image, once, volume
from matrix import Ending, NotHere, situation

GROUP = "A container: what the volume holds"
OLD = Path(__file__).parent / "data_format_1.tar.gz"
"""A data folder of format 1, the first: with one finished video, and OLD_KEY as a key of its own."""
OLD_KEY_FILE = "key.txt"


@situation("container-upgrade", "A volume of an older unstill (format 1)", GROUP)
def upgrade(room: Path) -> Ending:
    """Its video is there, its key is known, and another one is made."""
    with tarfile.open(OLD) as packed:
        packed.extractall(room, filter="data")
    folder = room / "data"
    key = (room / OLD_KEY_FILE).read_text().strip()
    _own(folder)
    with box("-v", f"{folder}:/data", "IMAGE", publish=True) as server:
        server.healthy()
        with client(server, key) as http:
            (old,) = http.get("/v1/videos").json()["data"]
        wait_for(server, old["id"], key)
        make_video(server, key)
    return Ending(works=True)


def _own(folder: Path) -> None:
    if os.getuid() != 0:
        raise NotHere("only root can give a folder to the container's user")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, 1000, 1000)


@situation("container-database-damaged", "The job database is damaged", GROUP)
def database_damaged(room: Path) -> Ending:
    """The way back is the last backup, and the videos are still there."""
    with volume() as data:
        with box("-v", f"{data}:/data", "IMAGE", publish=True) as server:
            made, key = make_video(server.healthy()), server.key
            said = server.exec("unstill", "backup", "/data/backup.db")
            assert said.code == 0, said.text
            server.stop()
        spoil = "import os; os.truncate('/data/unstill.db', 5000)"
        assert once("-v", f"{data}:/data", "IMAGE", "python3", "-c", spoil).code == 0
        with box("-v", f"{data}:/data", "IMAGE") as refused:
            assert refused.ended() != 0
            line = " ".join(refused.told(part) for part in ("is damaged", "unstill backup"))
        mend = "mkdir /data/old && mv /data/unstill.db* /data/old && cp /data/backup.db /data/unstill.db"
        said = once("-v", f"{data}:/data", "IMAGE", "sh", "-c", mend)
        assert said.code == 0, said.text
        with box("-v", f"{data}:/data", "IMAGE", publish=True) as server:
            wait_for(server.healthy(), made, key)
    return Ending(works=False, told=line, fix="moved it away and put the backup in its place")


@situation("container-volume-shared", "Two containers on one volume", GROUP)
def volume_shared(room: Path) -> Ending:
    """The second one says so and leaves the first alone."""
    with volume() as data, box("-v", f"{data}:/data", "IMAGE", publish=True) as first:
        first.healthy()
        with box("-v", f"{data}:/data", "IMAGE") as second:
            assert second.ended() == 78
            line = second.told("/data is in use by another unstill")
        with volume() as other, box("-v", f"{other}:/data", "IMAGE", publish=True) as second:
            make_video(second.healthy())
        make_video(first)
    return Ending(works=False, told=line, fix="gave the second a volume of its own")


@situation("container-weights-half", "The container is killed while a model is fetched", GROUP)
def weights_half(room: Path) -> Ending:
    """It starts, says what is missing and how to go on; going on fetches only the rest."""
    with _hub() as hub, volume() as data:
        unet = next(name for name in hub.files if name.endswith("fp16.safetensors") and "unet" in name)
        hub.fault(unet, times=1, hang_at=150_000)
        options = ("--network", "host", "-v", f"{data}:/data", "-e", f"HF_ENDPOINT={hub.url}",
                   "-e", "UNSTILL_SOURCE=mirror")  # fmt: skip
        pull = ("models", "pull", "i2vgen-xl", "--accept-licence")
        name = fresh_name()
        try:
            assert ask("run", "-d", "--name", name, *options, image(), *pull).code == 0
            assert hub.hung.wait(PATIENCE_S), ask("logs", name).text
            assert ask("kill", "-s", "KILL", name).code == 0
        finally:
            ask("rm", "-f", name)
        with box("-v", f"{data}:/data", "IMAGE", publish=True) as server:
            make_video(server.healthy())
            line = server.exec("unstill", "doctor").out
            line = next(one for one in line.splitlines() if "I2VGen-XL" in one)
            assert "unstill models pull i2vgen-xl" in line
        before = hub.sent()
        said = once(*options, "IMAGE", *pull)
        assert said.code == 0, said.text
        assert hub.sent() - before < sum(map(len, hub.files.values())) - 100_000, "it began anew"
        with box("-v", f"{data}:/data", "IMAGE") as server:
            assert "its files are here" in server.healthy().exec("unstill", "doctor").out
    return Ending(works=False, told=line, fix="docker run ... models pull i2vgen-xl")


@contextmanager
def _hub() -> Iterator[Any]:
    """The model hub's imitation of the weights' tests, with a small model under the real one's name."""
    module = _hub_imitation()
    module.REPO = "ali-vilab/i2vgen-xl"
    with module.imitation() as made:
        yield made


def _hub_imitation() -> Any:
    place = Path(__file__).parents[1] / "weights" / "hub_imitation.py"
    spec = importlib.util.spec_from_file_location("hub_of_the_first_run", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
