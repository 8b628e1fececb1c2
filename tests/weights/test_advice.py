"""Advice: what a clip's numbers ask for, and what to type next."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data
from skimage.measure import blur_effect

from dreams import CARD, DREAMS
from testcard import TESTCARD
from unstill import wiring
from unstill.domain.advice import ADVICE, BLURRED, LITTLE_MOTION, Advice, Made, seen
from unstill.media.measure import measure, sharpness
from unstill.media.video import AvVideoMaker

Run = Callable[..., object]
BY_ID = {advice.id: advice for advice in ADVICE}


def photo_of(name: str, blur: float = 0.0) -> np.ndarray:
    """A photo, 512 x 512, uint8 [h w 3]."""
    whole = np.ascontiguousarray(getattr(data, name)()[..., :3])
    side = min(whole.shape[:2])
    top, left = (whole.shape[0] - side) // 2, (whole.shape[1] - side) // 2
    square = cv2.resize(whole[top : top + side, left : left + side], (512, 512), interpolation=cv2.INTER_AREA)
    return cv2.GaussianBlur(square, (0, 0), blur) if blur else square


# --- the numbers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blur", [0.0, 1.0, 2.5])
@pytest.mark.parametrize("name", ["astronaut", "coffee"])
def test_sharpness_is_the_published_metric(name: str, blur: float) -> None:
    """As another implementation of Crété-Roffet's paper has it."""
    frame = photo_of(name, blur)
    luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
    assert sharpness(frame) == pytest.approx(1 - blur_effect(luma, h_size=11), abs=2e-3)


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee", "rocket"])
def test_the_limit_parts_sharp_from_blurred(name: str) -> None:
    """Photos as they are, and as nobody wants them."""
    assert sharpness(photo_of(name)) > BLURRED + 0.15
    assert sharpness(photo_of(name, 2.5)) < BLURRED


def test_a_picture_without_edges_has_no_sharpness() -> None:
    """And no division by zero."""
    assert sharpness(np.full((64, 64, 3), 90, np.uint8)) == 0.0


def clip(path: Path, frames: list[np.ndarray], fps: int = 8) -> Path:
    """A real file of these frames."""
    import av

    with av.open(str(path), "w") as box:
        stream = box.add_stream("libx264", rate=fps, options={"crf": "10"})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            box.mux(stream.encode(av.VideoFrame.from_ndarray(frame)))
        box.mux(stream.encode())
    return path


def test_motion_is_the_change_in_half_a_second(tmp_path: Path) -> None:
    """Worked out by hand: a picture that grows lighter by 3 levels a frame, at 8 fps."""
    grey = [np.full((64, 64, 3), 40 + 3 * n, np.uint8) for n in range(16)]
    measured = measure(clip(tmp_path / "a.mp4", grey))
    assert measured.motion == pytest.approx(12, abs=0.5)
    assert (measured.num_frames, measured.fps) == (16, 8)


def test_a_still_clip_and_a_moving_one(tmp_path: Path) -> None:
    """On both sides of the limit; a clip of one frame moves not at all."""
    frame = photo_of("coffee")
    assert measure(clip(tmp_path / "still.mp4", [frame] * 8)).motion < 0.2
    slid = [np.roll(frame, 4 * n, axis=1) for n in range(8)]
    assert measure(clip(tmp_path / "moves.mp4", slid)).motion > 2 * LITTLE_MOTION
    assert measure(clip(tmp_path / "one.mp4", [frame])).motion == 0.0
    assert AvVideoMaker is not None


# --- the advice ---------------------------------------------------------------------------------------------


def test_every_complaint_has_words_in_both_languages() -> None:
    """Ready to be shown anywhere."""
    assert [advice.id for advice in ADVICE] == [
        "little_motion", "blurred", "out_of_memory", "too_slow", "off_prompt",
    ]  # fmt: skip
    for advice in ADVICE:
        en, zh = advice.to_json("en"), advice.to_json("zh")
        assert str(en["advice"]).endswith(".")
        assert str(zh["advice"]).endswith("。")
        assert any("\u4e00" <= letter <= "\u9fff" for letter in str(zh["symptom"]) + str(zh["advice"]))
        json.dumps([en, zh])


@pytest.mark.parametrize(
    ("motion", "sharp", "ids"),
    [(10, 0.6, []), (0.5, 0.6, ["little_motion"]), (10, 0.2, ["blurred"]),
     (0, 0, ["little_motion", "blurred"]), (LITTLE_MOTION, BLURRED, [])],
)  # fmt: skip
def test_what_is_seen(motion: float, sharp: float, ids: list[str]) -> None:
    """Below the limits, and not at them."""
    assert [advice.id for advice in seen(motion, sharp)] == ids


@pytest.mark.parametrize(
    ("advice", "made", "changes"),
    [
        ("little_motion", Made(), {"guidance_scale": 9.0}),
        ("little_motion", Made(guidance_scale=7.5), {"guidance_scale": 9.0}),
        ("little_motion", Made(guidance_scale=9.0), {"guidance_scale": 11.0}),
        ("little_motion", Made(guidance_scale=11.0), {}),
        (
            "blurred",
            Made(short_side=512, num_inference_steps=50),
            {"size": "768p", "num_inference_steps": 60},
        ),
        ("blurred", Made(short_side=1024, num_inference_steps=50), {"num_inference_steps": 60}),
        ("blurred", Made(short_side=768, num_inference_steps=80), {}),
        ("out_of_memory", Made(short_side=768, num_frames=24), {"size": "512p"}),
        ("out_of_memory", Made(short_side=512, num_frames=24), {"num_frames": 16}),
        ("out_of_memory", Made(short_side=512, num_frames=16), {"num_frames": 8}),
        ("too_slow", Made(num_inference_steps=80), {"num_inference_steps": 50}),
        ("too_slow", Made(num_inference_steps=50), {}),
        ("off_prompt", Made(), {}),
    ],
)
def test_what_to_set_next(advice: str, made: Made, changes: dict[str, object]) -> None:
    """Coming from where the person is."""
    assert BY_ID[advice].changes(made, CARD) == changes  # type: ignore[index]


def test_what_a_model_cannot_take_is_not_advised() -> None:
    """Its card has the last word."""
    plain = dataclasses.replace(
        CARD, guidance=None, steps=None, side=dataclasses.replace(CARD.side, high=512)
    )
    for advice in ADVICE:
        assert not advice.changes(Made(short_side=512, num_frames=1), plain) or advice.id == "out_of_memory"
    assert isinstance(BY_ID["blurred"], Advice)


# --- the command --------------------------------------------------------------------------------------------


@pytest.fixture
def house() -> wiring.House:
    return wiring.House(entries=[TESTCARD, DREAMS])


@pytest.fixture
def made(cli: Run, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Make a clip with the testcard's pretended generative model, whose prompt "hold" stands still."""

    def make(prompt: str = "hold", name: str = "my clip.mp4") -> Path:
        answer = cli(
            "generate", photo, prompt, "--model", "dream", "--size", "128x128", "-o", name, "--force"
        )
        assert answer.code == 0, answer.err
        return photo.parent / name

    return make


def test_a_clip_that_hardly_moves(cli: Run, made: Callable[..., Path], photo: Path) -> None:
    """The numbers, what fits them, and a line that runs as it stands."""
    path = made()
    answer = cli("advise", path)
    assert answer.code == 0
    assert "little: 2 and more is usual" in answer.out
    assert "Raise the guidance to 9, then to 11" in answer.out
    line = next(line for line in answer.out.splitlines() if "unstill generate" in line)
    words = shlex.split(line[line.index("unstill generate") :])[1:]
    assert words[:2] == ["generate", str(photo.name)]
    assert words[words.index("--like") + 1] == str(path)
    assert words[words.index("--guidance-scale") + 1] == "11"
    again = cli(*words, "-o", "next.mp4")
    assert again.code == 0, again.err


def test_a_clip_without_fault(cli: Run, made: Callable[..., Path]) -> None:
    """Then every complaint is listed, for the person to choose."""
    told = json.loads(cli("advise", made("slide"), "--json").out)
    assert told["motion"] > LITTLE_MOTION
    ids = [a["id"] for a in told["advice"]]
    assert "little_motion" not in ids
    assert {a["id"] for a in told["other"]} | set(ids) == set(BY_ID)


def test_camera_motion_has_no_guidance(cli: Run, photo: Path) -> None:
    """The advice is for generative models, and says so."""
    cli("generate", photo, "hold", "--model", "testcard", "-o", "c.mp4")
    answer = cli("advise", "c.mp4", "--lang", "zh")
    assert "只移动镜头" in answer.out
    assert "unstill generate" not in answer.out


def test_what_cannot_be_advised_on(cli: Run, tmp_path: Path, photo: Path) -> None:
    """A stranger's clip, no clip, nothing."""
    stranger = clip(tmp_path / "theirs.mp4", [photo_of("coffee")] * 2)
    assert "carries no unstill settings" in cli("advise", stranger).err
    assert cli("advise", "nothing.mp4").code == 2
    assert cli("advise", "").code == 2
