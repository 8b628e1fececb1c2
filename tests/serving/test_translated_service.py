"""A Chinese prompt for a model that reads English, from the fetch of the translator to finished videos."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path.extend(  # their servers, hub and model serve here, too
    str(Path(__file__).parents[1] / folder) for folder in ("reliability", "weights", "engines/translate")
)

from test_generative_service import content, watched

import hub_imitation
from live import PATIENCE_S, PHOTO, Live
from tiny_checkpoint import SMALL
from unstill.domain.prompt_language import has_han
from unstill.engines.translate.cards import ZH_EN
from unstill.media.read_video import read_metadata

CAT, BLURRY = "一只猫坐在窗边看雨。", "模糊，低质量，变形。"
FIELDS = {**SMALL, "prompt": CAT, "fps": 8, "num_inference_steps": 4}


@dataclass(frozen=True)
class Program:
    """`unstill` as another process, with settings of its own."""

    folder: Path
    environ: dict[str, str]

    def __call__(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "unstill", *map(str, arguments)], cwd=self.folder, env=self.environ,
            capture_output=True, text=True, encoding="utf-8", timeout=5 * PATIENCE_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> Iterator[Program]:
    """With the video model's folder, and a hub that has the translator."""
    from tiny_marian import write

    home = tmp_path_factory.mktemp("translated")
    files = {file.name: file.read_bytes() for file in write(home / "hub").iterdir()}
    extra = {"pytorch_model.bin": b"a pickle", "tf_model.h5": b"-", "README.md": b"words"}
    before, hub_imitation.REPO = hub_imitation.REPO, str(ZH_EN.repo)
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("UNSTILL_", "HF_", "XDG_", "LC_"))}
    with hub_imitation.imitation({**files, **extra}, str(ZH_EN.revision)) as hub:
        yield Program(home, {
            **kept, "HOME": str(home), "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "UNSTILL_SOURCE": "mirror",
            "HF_ENDPOINT": hub.url, "UNSTILL_MODELS_DIR": str(home / "models"),
            "UNSTILL_WEIGHTS": f"i2vgen-xl={checkpoint}", "UNSTILL_FREE_GIBIBYTES": "0",
        })  # fmt: skip
    hub_imitation.REPO = before


@pytest.fixture(scope="module")
def english(program: Program) -> dict[str, str]:
    """The translator's files, fetched, and what the command line makes of two sentences with them."""
    pulled = program("models", "pull", ZH_EN.id, "--accept-licence", "--json")
    told = json.loads(pulled.stdout)
    assert (told["state"], told["commit"]) == ("ready", ZH_EN.revision)
    assert "CC-BY-4.0" in pulled.stderr
    found = {file.name for file in (program.folder / "models" / ZH_EN.id).iterdir()}
    assert found == set(ZH_EN.files)
    said = json.loads(program("translate", CAT, "--json").stdout)
    assert (said["before"], said["model"]) == (CAT, ZH_EN.id)
    from unstill.engines.translate.marian import Marian

    folder = program.folder / "models" / ZH_EN.id
    texts = Marian(folder, ZH_EN.id).translate([CAT, BLURRY], lambda _done, _of: None)
    made = dict(zip((CAT, BLURRY), texts, strict=True))
    assert said["prompt"] == made[CAT]
    assert made[CAT] != made[BLURRY]
    assert not has_han("".join(made.values()))
    return made


@pytest.fixture(scope="module")
def server(program: Program, english: dict[str, str]) -> Iterator[Live]:
    """`unstill serve` on the same files, one worker."""
    names = ("UNSTILL_MODELS_DIR", "UNSTILL_WEIGHTS", "OMP_NUM_THREADS")
    settings = {name: program.environ[name] for name in names}
    with Live(program.folder / "data", "", UNSTILL_STAGE_S="120", **settings) as made:
        yield made.start("--workers", "1")


def settings_of(video: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(read_metadata(video)["unstill"])
    return found


def test_the_command_line(program: Program, english: dict[str, str]) -> None:
    """Both prompts are said in English when the work begins; the file has them as written and as used, and
    --no-translate makes another video of the words as they are."""
    (program.folder / "a.png").write_bytes(PHOTO)
    asked = ["a.png", CAT, "--negative-prompt", BLURRY, "--model", "i2vgen-xl", "--size", "64x64",
             "--num-frames", 2, "--num-inference-steps", 4, "--seed", 3]  # fmt: skip
    done = program("generate", *asked, "-o", "a.mp4", "--json")
    assert f"prompt in English: {english[CAT]} (by {ZH_EN.id})" in done.stderr
    assert f"negative prompt in English: {english[BLURRY]}" in done.stderr
    told = json.loads(done.stdout)
    told = told[0] if isinstance(told, list) else told
    assert told["prompt_used"] == english[CAT]
    found = settings_of(program.folder / "a.mp4")
    assert (found["request"]["prompt"], found["request"]["negative_prompt"]) == (CAT, BLURRY)
    used = found["details"]["prompt_used"], found["details"]["negative_prompt_used"]
    assert used == (english[CAT], english[BLURRY])
    other = program("generate", *asked, "--no-translate", "-o", "b.mp4")
    assert "prompt in English" not in other.stderr
    assert "was taught in English" in other.stderr
    found = settings_of(program.folder / "b.mp4")
    assert "prompt_used" not in found["details"]
    assert found["details"]["negative_prompt_used"] == BLURRY


def test_the_service(server: Live, english: dict[str, str], tmp_path: Path) -> None:
    """The plan says that it will be done, the worker does it as a stage of its own, and job and file say what
    came of it; the job keeps the person's words."""
    with server.client() as client:
        plan = client.post("/v1/plans", json={**FIELDS, "width": 64, "height": 64}).raise_for_status().json()
    assert any("before the work opus-mt-zh-en" in text for text in plan["notes"])
    assert not any("was taught in English" in text for text in plan["notes"])
    reply = server.create(**FIELDS, negative_prompt=BLURRY)
    assert reply.status_code == 200, reply.text
    job = reply.json()
    stages = [data["stage"] for name, data in watched(server, job["id"]) if name == "progress"]
    order = list(dict.fromkeys(stages))
    assert order.index("translate") < order.index("step")
    done = server.get(job["id"])
    assert (done["state"], done["prompt"]) == ("completed", CAT), done["error"]
    assert (job["prompt_used"], done["prompt_used"]) == (None, english[CAT])
    assert any(english[CAT] in text and CAT in text for text in done["notes"])
    assert not any("before the work" in text for text in done["notes"])
    video = tmp_path / "a.mp4"
    video.write_bytes(content(server, job["id"]))
    assert settings_of(video)["request"]["prompt"] == CAT
    assert settings_of(video)["details"]["prompt_used"] == english[CAT]


def test_a_preview_of_the_translation(server: Live, english: dict[str, str]) -> None:
    """The same English as the command line's, by a child of the server, which itself has no torch; with the
    server the child ends."""
    with server.client(timeout=PATIENCE_S) as client:
        known = client.get("/v1/system").raise_for_status().json()["prompts"]
        assert known == {"translator": {"model": ZH_EN.id, "state": "ready"}, "rewriter": None}
        asked = {"prompt": CAT, "negative_prompt": BLURRY, "model": "i2vgen-xl"}
        told = client.post("/v1/prompts/translate", json=asked).raise_for_status().json()
        assert (told["prompt"], told["negative_prompt"]) == (english[CAT], english[BLURRY])
        assert (told["model"], told["before"]["prompt"], told["notes"]) == (ZH_EN.id, CAT, [])
        kept = client.post("/v1/prompts/translate", data={"prompt": "a cat"}).raise_for_status().json()
        assert (kept["prompt"], len(kept["notes"])) == ("a cat", 1)
        for body, code in (
            ({}, "missing_argument"), ({"prompt": 3}, "invalid_field"),
            ({"prompt": "猫" * 4001}, "out_of_range"), ({"prompt": CAT, "model": "x"}, "unknown_model"),
        ):  # fmt: skip
            assert client.post("/v1/prompts/translate", json=body).json()["error"]["code"] == code
        refused = client.post("/v1/prompts/rewrite", json={"prompt": CAT})
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "no_rewriter")
    if sys.platform != "linux":
        return
    assert "libtorch" not in Path(f"/proc/{server.pid}/maps").read_text()
    children = _children(server.pid)
    assert len(children) == 1
    server.kill()
    assert _gone(children[0])


def _children(pid: int) -> list[int]:
    """The translating children of a process."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command, parent = (
                (entry / "cmdline").read_bytes(),
                (entry / "stat").read_text().rpartition(")")[2],
            )
        except OSError:
            continue
        if b"unstill.translating" in command and int(parent.split()[1]) == pid:
            found.append(int(entry.name))
    return found


def _gone(pid: int) -> bool:
    import time

    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False
