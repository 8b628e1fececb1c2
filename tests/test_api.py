"""`import unstill`: the same work from Python."""

from __future__ import annotations

import gc
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import unstill
from testcard import draw
from unstill import wiring
from unstill.media.read_video import probe


@pytest.fixture(autouse=True)
def testcards(house: wiring.House, monkeypatch: pytest.MonkeyPatch) -> wiring.House:
    """The process's parts, with the test engine joined through its entry point."""
    monkeypatch.setattr(wiring, "house", lambda: house)
    return house


def test_the_readme_example(photo: Path, here: Path) -> None:
    """A picture and a sentence in, a file out."""
    clip = unstill.generate("photo.jpg", "pan left")
    assert clip.save("out.mp4") == Path("out.mp4")
    assert (probe(here / "out.mp4").width, probe(here / "out.mp4").height) == (clip.width, clip.height)
    assert (clip.num_frames, clip.fps, clip.seconds, clip.format) == (8, 8, 1.0, "mp4")
    assert (clip.model, clip.generative) == ("testcard", False)
    assert str(clip.notes[0]) == "Camera motion, made on this computer; not AI-generated video."
    assert clip.plan.details["moves"] == ["pan_left"]
    assert "64x48" in repr(clip)


@pytest.mark.parametrize("form", ["path", "text", "bytes", "stream", "pillow", "array"])
def test_a_picture_in_any_form(photo: Path, form: str) -> None:
    """A path, its bytes, a stream, a Pillow image or an array."""
    forms: dict[str, Callable[[], object]] = {
        "path": lambda: photo,
        "text": lambda: str(photo),
        "bytes": photo.read_bytes,
        "stream": lambda: io.BytesIO(photo.read_bytes()),
        "pillow": lambda: Image.fromarray(draw()),
        "array": draw,
    }
    assert unstill.plan(forms[form]()).width == 64


def test_frames_are_the_pixels_before_encoding(photo: Path) -> None:
    """uint8 [f h w 3], the same each time, even when the picture has gone; the first is the picture."""
    Image.fromarray(draw()).save("p.png")
    clip = unstill.generate("p.png", "pan left", seed=7)
    Path("p.png").unlink()
    frames = clip.frames()
    assert (frames.shape, frames.dtype) == ((8, 48, 64, 3), np.uint8)
    assert np.array_equal(frames[0], draw())
    assert np.array_equal(frames, clip.frames())
    assert not np.array_equal(frames[0], frames[1])


@pytest.mark.parametrize("kind", ["mp4", "webm", "gif", "webp"])
def test_save_writes_the_format_of_the_ending(photo: Path, here: Path, kind: str) -> None:
    """Another than was rendered is encoded from fresh frames."""
    clip = unstill.generate(photo, format="webm")
    assert probe(clip.save(here / f"a.{kind}")).container == kind


def test_save_adds_the_ending_that_is_missing(photo: Path) -> None:
    """That of the plan."""
    assert unstill.generate(photo, format="gif").save("a") == Path("a.gif")


def test_save_replaces_only_with_force(photo: Path, here: Path) -> None:
    """In the same format and in another."""
    clip = unstill.generate(photo)
    for name in ("a.mp4", "a.gif"):
        (here / name).write_bytes(b"mine")
        with pytest.raises(unstill.errors.OutputExists):
            clip.save(name)
        assert (here / name).read_bytes() == b"mine"
        assert clip.save(name, force=True).stat().st_size > 100
    with pytest.raises(unstill.errors.UnknownFormat):
        clip.save("a.avi")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (".", "NotWritable"),
        ("..", "NotWritable"),
        ("folder", "NotWritable"),
        ("/dev/full", "NotWritable"),
        ("", "EmptyName"),
        ("-", "OutputToStdout"),
        ("a\0b", "InvalidField"),
        (5, "InvalidField"),
        (b"a.mp4", "InvalidField"),
    ],
)
def test_save_takes_the_name_of_a_file(photo: Path, here: Path, path: object, kind: str) -> None:
    """What is there and is no file is not got round by adding an ending."""
    (here / "folder").mkdir()
    with pytest.raises(getattr(unstill.errors, kind)):
        unstill.generate(photo).save(path, force=True)  # type: ignore[arg-type]
    assert sorted(p.name for p in here.iterdir()) == ["folder", "photo.jpg"]


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        (None, "None cannot be the picture."),
        (np.zeros((4, 5, 3)), "A float64 array [4 5 3] cannot be the picture."),
        (7, "A value of type int cannot be the picture."),
        ("", "The name of the picture is empty."),
    ],
)
def test_what_cannot_be_a_picture_is_told_what_can(picture: object, says: str) -> None:
    """The hint lists the types that work."""
    with pytest.raises(unstill.errors.UnstillError) as caught:
        unstill.generate(picture)
    assert caught.value.message() == says
    if not isinstance(picture, str):
        assert "uint8 array [h w 3]" in caught.value.hint()


def test_the_temporary_file_goes_with_the_clip(photo: Path) -> None:
    """And what was saved stays."""
    clip = unstill.generate(photo)
    path, saved = clip.path, clip.save("a.mp4")
    assert path.is_file()
    del clip
    gc.collect()
    assert not path.parent.exists()
    assert saved.is_file()


def test_progress_is_reported_and_can_stop_the_work(photo: Path, monkeypatch, tmp_path: Path) -> None:
    """What the callback raises comes out, and no temporary file stays."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    seen: list[tuple[str, int, int]] = []
    clip = unstill.generate(photo, progress=lambda *step: seen.append(step))
    assert seen[0] == ("frame", 0, 8)
    assert seen[-1] == ("check", 8, 8)
    assert {stage for stage, _, _ in seen} == {"frame", "check"}
    left = set(tmp_path.glob("unstill-*"))

    def enough(stage: str, done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unstill.generate(photo, progress=enough)
    assert set(tmp_path.glob("unstill-*")) == left
    assert clip.path.is_file()


def test_like_takes_the_settings_of_an_earlier_video(photo: Path) -> None:
    """What is given goes first."""
    first = unstill.generate(photo, "pan left", seed=11, fps=4)
    first.save("first.mp4")
    again = unstill.plan(photo, like="first.mp4")
    assert (again.seed, again.fps, again.details["moves"]) == (11, 4, ["pan_left"])
    assert unstill.plan(photo, like="first.mp4", seed=1).seed == 1
    assert np.array_equal(first.frames(), unstill.generate(photo, like="first.mp4").frames())
    with pytest.raises(unstill.errors.FileMissing):
        unstill.plan(photo, like="gone.mp4")


def test_models_are_cards(photo: Path) -> None:
    """The default first."""
    assert [card.id for card in unstill.models()] == ["testcard", "dream"]
    assert isinstance(unstill.models()[0], unstill.ModelCard)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"num_frame": 3}, "UnknownField"),
        ({"num_frames": 0}, "OutOfRange"),
        ({"model": "gone"}, "UnknownModel"),
        ({"options": {"x": 1}}, "UnknownField"),
        ({"options": [1]}, "InvalidField"),
        ({"seed": True}, "InvalidField"),
        ({"prompt": b"x"}, "InvalidField"),
        ({"model": ""}, "EmptyName"),
        ({"like": ""}, "EmptyName"),
        ({"like": 5}, "InvalidField"),
    ],
)
def test_errors_are_typed(photo: Path, fields: dict[str, object], kind: str) -> None:
    """Under one root, with a code."""
    with pytest.raises(getattr(unstill.errors, kind)) as caught:
        unstill.generate(photo, **fields)  # type: ignore[arg-type]
    assert isinstance(caught.value, unstill.errors.UnstillError)


def test_the_module_says_what_it_has() -> None:
    """Every public name is there, and no other."""
    assert set(unstill.__all__) <= set(dir(unstill))
    for name in unstill.__all__:
        assert getattr(unstill, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        unstill.nothing  # noqa: B018


def test_camera_motion_from_end_to_end(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine that ships: a real move over a real encoder, the first frame being the picture."""
    monkeypatch.setattr(wiring, "house", lambda: wiring.House())
    Image.fromarray(draw()).save("p.png")
    clip = unstill.generate("p.png", "slow push in, falling snow", num_frames=8, seed=3)
    assert (clip.model, clip.generative) == ("motion", False)
    assert (clip.width, clip.height, clip.num_frames) == (64, 48, 8)
    assert clip.plan.details["moves"] == ["dolly_in"]
    assert clip.plan.details["effects"] == ["snow"]
    assert clip.plan.details["auto"] is False
    frames = clip.frames()
    assert np.abs(frames[0].astype(int) - draw()).mean() < 0.5
    assert not np.array_equal(frames[0], frames[-1])
    assert probe(clip.save("a.mp4")).num_frames == 8
