"""A generative model on the command line and in Python, and everything that can be missing for it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest

import unstill
from tiny_checkpoint import SMALL
from unstill import wiring
from unstill.core.ports import Accelerator, Machine
from unstill.domain.errors import OutOfMemory
from unstill.domain.weight_errors import WeightsMissing

FLAGS = [text for name, value in SMALL.items() for text in (f"--{name.replace('_', '-')}", value)]
LANGUAGES = ("en", "zh")
Run = Callable[..., object]


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> wiring.House:
    """The house as it is installed, on a computer without a graphics card."""
    monkeypatch.setenv("UNSTILL_WEIGHTS", "")  # so that it is put back, whatever a call sets it to
    made = wiring.House()
    monkeypatch.setattr(made, "machine", lambda: Machine(2, 32 << 30))
    return made


def rows(text: str) -> dict[str, str]:
    """A table's rows by label; a label that stands twice has both values."""
    found: dict[str, str] = {}
    label = ""
    for line in text.splitlines():
        parts = re.split(r"\s{2,}", line.strip(), maxsplit=1) if line[0] != " " else [label, line.strip()]
        label = parts[0]
        found[label] = f"{found[label]} {parts[1]}" if label in found else parts[1]
    return found


def frames(path: Path) -> np.ndarray:
    """Decoded, uint8 [f h w 3]."""
    with av.open(str(path)) as box:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in box.decode(video=0)])


# --- it works


def test_from_a_picture_to_a_file_that_says_how(
    shell, cli, photo: Path, here: Path, checkpoint: Path
) -> None:
    """A real process makes the MP4; the file itself tells model, seed, steps, scheduler and licence."""
    made = shell("generate", "photo.jpg", "the cat", *FLAGS, "--weights", checkpoint, OMP_NUM_THREADS="1")
    assert made.code == 0, made.err
    assert made.out == "photo.mp4\n"
    assert "AI-generated video, made by i2vgen-xl." in made.err
    assert "outside what the model was trained for" in made.err
    assert "Traceback" not in made.err
    assert frames(here / "photo.mp4").shape == (2, 64, 64, 3)
    told = rows(cli("show", "photo.mp4").out)
    assert told["Kind"] == "AI-generated video"
    assert (told["Model"], told["Seed"], told["Prompt"]) == ("i2vgen-xl", "3", "the cat")
    assert told["Settings"] == "8 steps, guidance 9, scheduler ddim"
    assert told["Licence"].startswith("MIT says the hub; research and non-commercial")
    assert told["Label"].startswith("AIGC: unstill")
    assert rows(cli("show", "photo.mp4", "--lang", "zh").out)["设置"] == "8 步，引导 9，scheduler ddim"
    raw = json.loads(cli("show", "photo.mp4", "--json").out)
    assert (raw["generative"], raw["details"]["scheduler"]) == (True, "ddim")


@pytest.fixture
def own_settings(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings that name the folder, for `import unstill`."""
    monkeypatch.setenv("UNSTILL_WEIGHTS", f"i2vgen-xl={checkpoint}")
    wiring.house.cache_clear()
    yield
    wiring.house.cache_clear()


@pytest.mark.usefixtures("own_settings")
def test_in_python(photo: Path, tmp_path: Path) -> None:
    """`unstill.generate` with the folder in the settings: progress, the same frames for a seed, a file."""
    seen: list[tuple[str, int, int]] = []
    clip = unstill.generate(photo, "the cat", progress=lambda *told: seen.append(told), **SMALL)
    assert (clip.model, clip.generative, clip.num_frames, clip.seed) == ("i2vgen-xl", True, 2, 3)
    stages = list(dict.fromkeys(stage for stage, _, _ in seen))
    assert [stage for stage in stages if stage in ("look", "step", "decode")] == ["look", "step", "decode"]
    assert [done for stage, done, _ in seen if stage == "step"] == list(range(9))
    again = clip.frames()
    assert np.array_equal(again, clip.frames())
    kept = clip.save(tmp_path / "clip.mp4")
    near = np.abs(frames(kept).astype(int) - again).mean()
    assert near < 25  # noise is dear to an encoder
    assert np.array_equal(frames(kept), frames(clip.path))


@pytest.mark.usefixtures("own_folders")
def test_in_python_without_the_files(photo: Path) -> None:
    """An error of the tree; the plan only says so."""
    wiring.house.cache_clear()
    with pytest.raises(WeightsMissing, match="not on this computer"):
        unstill.generate(photo, "the cat", model="i2vgen-xl", size="64x64", num_frames=1)
    noted = [note.code for note in unstill.plan(photo, "the cat", model="i2vgen-xl").notes]
    assert "files_missing" in noted
    wiring.house.cache_clear()


# --- what a newcomer is told before anything is here


def test_the_card_of_the_model(cli: Run) -> None:
    """Whether it can be used here, its terms, its limits and what each option may be."""
    told = rows(cli("models", "show", "i2vgen-xl").out)
    assert told["Files"] == "not here; `unstill models pull i2vgen-xl` fetches them (4.64 GiB)"
    assert "MIT licence" in told["Terms"]
    assert "research and non-commercial use only" in told["Terms"]
    assert "loop no" in told["Defaults"]
    for limit in ("short sides of 512 to 1024", "1 to 200 steps", "guidance 1 to 30"):
        assert limit in told["Limits"]
    assert "scheduler = ddim [ddim|dpm++|unipc]" in told["Options"]
    chinese = cli("models", "show", "i2vgen-xl", "--lang", "zh").out
    assert "True" not in chinese
    assert "False" not in chinese
    assert rows(chinese)["文件"].startswith("本机没有")


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", ["no graphics card", "hours here", "not on this computer yet", "4.64 GiB", "the processor"]),
        ("zh", ["没有 I2VGen-XL 可用的显卡", "小时", "本机还没有 i2vgen-xl 的文件", "4.64 GiB", "处理器"]),
    ],
)
def test_a_plan_without_a_graphics_card_and_without_the_files(
    cli: Run, photo: Path, language: str, says: list[str]
) -> None:
    """It tells the truth and refuses nothing: the device, how many hours, what is to be fetched."""
    answer = cli("plan", photo, "the cat", "--model", "i2vgen-xl", "--lang", language)
    assert answer.code == 0
    for words in (*says, "unstill models pull i2vgen-xl", "scheduler ddim"):
        assert words in answer.out
    assert re.search(r"about \d+ minutes|大约需要 \d+ 分钟", answer.out) is None


def test_a_plan_where_it_does_not_fit(cli: Run, house: wiring.House, photo: Path, monkeypatch) -> None:
    """Said in the row of the memory, and before it as a warning."""
    monkeypatch.setattr(house, "machine", lambda: Machine(1, 2 << 30))
    told = rows(cli("plan", photo, "the cat", "--model", "i2vgen-xl").out)
    assert "does not fit" in told["Memory"]
    assert "2048 MiB are free" in told["Warning"]
    assert json.loads(cli("plan", photo, "--model", "i2vgen-xl", "--json").out)["fits"] is False


def test_a_plan_with_a_graphics_card(cli: Run, house: wiring.House, photo: Path, monkeypatch) -> None:
    """It is named, and its memory is what counts; nobody says that there is none."""
    card = Accelerator("NVIDIA Test 24", 24 << 30, 23 << 30, (8, 9), 128, 2.5e9, 1.0e12)
    monkeypatch.setattr(house, "machine", lambda: Machine(8, 32 << 30, "cuda:0", card))
    out = cli("plan", photo, "the cat", "--model", "i2vgen-xl").out
    told = rows(out)
    assert told["Device"] == "NVIDIA Test 24"
    assert told["Video memory"].endswith("fits")
    assert "no graphics card" not in out


def test_a_plan_with_the_files(cli: Run, photo: Path, checkpoint: Path) -> None:
    """Nothing is missing, and nothing is said to be."""
    there = cli("plan", photo, "the cat", "--model", "i2vgen-xl", "--weights", checkpoint)
    assert there.code == 0
    assert "unstill models pull" not in there.out


def test_a_plan_with_a_folder_that_is_not_whole(cli: Run, photo: Path) -> None:
    """It is named, with what is missing in it."""
    wrong = cli("plan", photo, "the cat", "--model", "i2vgen-xl", "--weights", photo.parent)
    assert wrong.code == 0
    assert "model_index.json is missing" in wrong.out
    assert "Until then i2vgen-xl cannot be used." in wrong.out


def test_moves_that_follow_one_another_are_told_apart(cli: Run, photo: Path) -> None:
    """In a plan and in the file that came of it."""
    for words, shown in (
        ("push in, then tilt up", "push in, then tilt up"),
        ("push in and tilt up", "push in, tilt up"),
    ):
        assert rows(cli("plan", photo, words, "--model", "motion").out)["Move"] == shown
    assert rows(cli("plan", photo, "push in, then tilt up", "--lang", "zh").out)["镜头"] == "推近，然后向上摇"
    made = cli("generate", photo, "push in, then tilt up", "--size", "64x48", "--num-frames", "8")
    assert made.code == 0, made.err
    assert rows(cli("show", "photo.mp4").out)["Move"] == "push in, then tilt up"


# --- errors, each with the next step


@pytest.mark.parametrize(
    ("language", "says"),
    [
        (
            "en",
            ["The files of the model i2vgen-xl are not on this computer.", "(4.64 GiB; licence: MIT says"],
        ),
        ("zh", ["本机没有模型 i2vgen-xl 的文件。", "下载（4.64 GiB，许可：Hub 标注为 MIT"]),
    ],
)
def test_missing_files(cli: Run, photo: Path, language: str, says: list[str]) -> None:
    """Refused before any work, with the command that fetches them, its size and the terms."""
    answer = cli("generate", photo, "the cat", "--model", "i2vgen-xl", "--lang", language)
    assert (answer.code, answer.out) == (1, "")
    for words in (*says, "`unstill models pull i2vgen-xl`", "--weights"):
        assert words in answer.err
    assert not list(photo.parent.glob("*.mp4"))


@pytest.mark.parametrize(
    ("language", "says"), [("en", "nobody here has accepted yet"), ("zh", "尚未有人接受")]
)
def test_the_licence_is_not_accepted_by_accident(
    cli: Run, house: wiring.House, tmp_path: Path, monkeypatch, language: str, says: str
) -> None:
    """Where nobody can be asked, and where the answer is no: nothing is fetched, and the way is shown."""
    monkeypatch.setenv("UNSTILL_MODELS_DIR", str(tmp_path / "models"))
    alone = cli("models", "pull", "i2vgen-xl", "--lang", language)
    monkeypatch.setattr("unstill.apps.cli.weights._interactive", lambda screen: True)
    for typed in ("n\n", "\n", "maybe\n", ""):
        monkeypatch.setattr(sys, "stdin", Typed(typed))
        asked = cli("models", "pull", "i2vgen-xl", "--lang", language)
        assert "[y/N]" in asked.err
        assert "4.64 GiB" in asked.err
        for answer in (alone, asked):
            assert (answer.code, answer.out) == (2, "")
            for words in (says, "--accept-licence", "unstill models show i2vgen-xl", "WebVid"):
                assert words in answer.err
    assert not (tmp_path / "models").exists()


class Typed:
    """A person's one line."""

    def __init__(self, text: str) -> None:
        self._text = text

    def readline(self) -> str:
        return self._text

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_the_libraries(cli: Run, photo: Path, checkpoint: Path, monkeypatch, language: str) -> None:
    """What to install, word for word; camera motion goes on working."""
    for name in ("torch", "diffusers"):
        monkeypatch.setitem(sys.modules, name, None)
    answer = cli("generate", photo, "the cat", *FLAGS, "--weights", checkpoint, "--lang", language)
    assert (answer.code, answer.out) == (1, "")
    assert "`pip install 'unstill[diffusion]'`" in answer.err
    assert {"en": "is not installed", "zh": "还没有安装"}[language] in answer.err
    assert cli("plan", photo, "push in", "--model", "motion").code == 0


def test_without_the_libraries_nothing_is_fetched(cli: Run, photo: Path, monkeypatch) -> None:
    """Said before the licence is asked about: gigabytes would be of no use."""
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr("unstill.apps.cli.weights._interactive", lambda screen: True)
    answer = cli("generate", photo, "the cat", "--model", "i2vgen-xl")
    assert answer.code == 1
    assert "unstill[diffusion]" in answer.err
    assert "[y/N]" not in answer.err


@pytest.mark.parametrize(
    ("language", "says", "step"),
    [("en", "not enough memory", "Choose a smaller --size"), ("zh", "内存或显存不足", "选更小的尺寸")],
)
@pytest.mark.parametrize("where", ["step", "load"])
def test_out_of_memory(
    cli: Run, photo: Path, here: Path, checkpoint: Path, monkeypatch, language: str, says: str, step: str,
    where: str,
) -> None:  # fmt: skip
    """Whether it ends in mid-steps, at the foot of the ladder, or while the model loads: one clear error."""
    import torch

    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    target = {"step": "sampler.Sampler.step", "load": "engine.open_checkpoint"}[where]
    monkeypatch.setattr(f"unstill.engines.i2vgen_xl.{target}", full)
    answer = cli("generate", photo, "the cat", *FLAGS, "--weights", checkpoint, "--json", "--lang", language)
    assert answer.code == 1
    assert json.loads(answer.out)["error"]["code"] == OutOfMemory.code
    for words in (says, step, "--num-frames"):
        assert words in answer.err
    assert "CUDA" not in answer.text
    assert "incident" not in answer.text
    assert [path.name for path in here.iterdir()] == ["photo.jpg"]
