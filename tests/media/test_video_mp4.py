"""MP4 files, judged by ffprobe where it is installed, by their own atoms and by decoding them again."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from plans import make_plan, moving_picture, write_video
from unstill.media.read_video import probe, read_frames, read_metadata

needs_ffprobe = pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed")


def ffprobe(path: Path) -> dict[str, dict[str, str]]:
    """What ffprobe says about the first stream and the file."""
    asked = ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-count_frames", "-of", "json", path]
    said = json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)
    return {"stream": said["streams"][0], "file": said["format"]}


def atoms(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The boxes of an MP4 at one level (ISO 14496-12, 4.2)."""
    at = 0
    while at + 8 <= len(content):
        size, name = struct.unpack(">I4s", content[at : at + 8])
        yield name.decode("latin-1"), content[at + 8 : at + size]
        at += size


@needs_ffprobe
@pytest.mark.parametrize("fps", [8, 24, 30, 60])
def test_ffprobe_agrees_with_the_plan_to_the_tick(tmp_path: Path, fps: int) -> None:
    """H.264, 4:2:0, BT.709 three times, limited range; first frame at 0; frames / fps seconds exactly."""
    path, plan = tmp_path / "clip.mp4", make_plan(num_frames=19, fps=fps)
    write_video(path, plan)
    said = ffprobe(path)
    stream = said["stream"]
    assert (stream["codec_name"], stream["pix_fmt"], stream["color_range"]) == ("h264", "yuv420p", "tv")
    assert {stream[k] for k in ("color_space", "color_transfer", "color_primaries")} == {"bt709"}
    assert stream["r_frame_rate"] == stream["avg_frame_rate"] == f"{fps}/1"
    assert stream["nb_read_frames"] == "19"
    assert float(stream["start_time"]) == float(said["file"]["start_time"]) == 0
    numerator, denominator = (int(part) for part in stream["time_base"].split("/"))
    assert int(stream["duration_ts"]) * numerator * fps == 19 * denominator


def test_every_frame_stands_at_its_exact_time(tmp_path: Path) -> None:
    """Frame n is shown at n / fps, B-frames or not."""
    path = tmp_path / "clip.mp4"
    write_video(path, make_plan(num_frames=40, fps=24))
    with av.open(path) as container:
        times = [frame.pts * frame.time_base * 24 for frame in container.decode(video=0)]
    assert times == list(range(40))


def test_a_key_frame_comes_every_second(tmp_path: Path) -> None:
    """Dragging the player's slider never has to decode more than a second."""
    path = tmp_path / "clip.mp4"
    write_video(path, make_plan(num_frames=30, fps=10))
    with av.open(path) as container:
        keys = [frame.pts * frame.time_base for frame in container.decode(video=0) if frame.key_frame]
    assert np.diff([*map(float, keys), 3.0]).max() <= 1.0


def test_a_browser_can_start_before_the_file_has_arrived(tmp_path: Path) -> None:
    """The index (moov) stands before the pictures (mdat)."""
    path = tmp_path / "clip.mp4"
    write_video(path, make_plan())
    names = [name for name, _ in atoms(path.read_bytes())]
    assert names.index("moov") < names.index("mdat")


def test_the_label_is_one_key_with_bare_json(tmp_path: Path) -> None:
    """GB 45438-2025: one AIGC key among the file's metadata keys, its value JSON and nothing else."""
    path, label = tmp_path / "clip.mp4", '{"Label":"1","ContentProducer":"某公司"}'
    write_video(path, make_plan(), metadata={"AIGC": label, "unstill": "{}"})
    udta = dict(atoms(dict(atoms(path.read_bytes()))["moov"]))["udta"]
    meta = dict(atoms(dict(atoms(udta))["meta"][4:]))
    keys, at = [], 8
    while at < len(meta["keys"]):
        size = struct.unpack(">I", meta["keys"][at : at + 4])[0]
        keys.append(meta["keys"][at + 8 : at + size].decode())
        at += size
    assert keys.count("AIGC") == 1
    values = [dict(atoms(item))["data"][8:] for _, item in atoms(meta["ilst"])]
    assert values[keys.index("AIGC")].decode() == label


def test_the_longest_prompt_survives(tmp_path: Path) -> None:
    """4000 Chinese characters, 12 kB, come back unchanged."""
    path, settings = (
        tmp_path / "clip.mp4",
        json.dumps({"prompt": "镜头缓缓推进" * 666 + "🎬\n\"'"}, ensure_ascii=False),
    )
    write_video(path, make_plan(), metadata={"unstill": settings})
    assert read_metadata(path) == {"unstill": settings}


BARS = [
    (0, 0, 0),
    (255, 255, 255),
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (255, 255, 0),
    (60, 120, 200),
    (200, 90, 40),
]


@pytest.mark.parametrize(("kind", "codec"), [("mp4", "vp9"), ("webm", "vp9"), ("webm", "av1")])
def test_colour_bars_are_bt709_by_its_closed_form(tmp_path: Path, kind: str, codec: str) -> None:
    """ITU-R BT.709-6, items 3.2 to 3.5: the decoded Y, Cb and Cr lie within 2 levels of the formula."""
    bars = np.repeat(np.array(BARS, np.uint8)[None], 64, axis=0).repeat(32, axis=1)
    path, plan = tmp_path / f"bars.{kind}", make_plan(kind, width=256, height=64, num_frames=3)
    write_video(path, plan, [bars] * 3, video_codec=codec)
    with av.open(path) as container:
        frame = next(container.decode(video=0))
        assert (frame.colorspace, frame.color_range) == (1, 1)
        planes = frame.to_ndarray()
    luma, blue, red = planes[:64], planes[64:80].reshape(32, 128), planes[80:].reshape(32, 128)
    for index, colour in enumerate(np.array(BARS) / 255):
        y = colour @ [0.2126, 0.7152, 0.0722]
        wanted = (16 + 219 * y, 128 + 224 * (colour[2] - y) / 1.8556, 128 + 224 * (colour[0] - y) / 1.5748)
        got = (luma[32, index * 32 + 16], blue[16, index * 16 + 8], red[16, index * 16 + 8])
        assert np.abs(np.subtract(got, wanted)).max() <= 2, (colour, got, wanted)


@pytest.mark.parametrize(("kind", "codec"), [("mp4", "vp9"), ("webm", "vp9"), ("webm", "av1")])
def test_the_eye_sees_no_difference(tmp_path: Path, kind: str, codec: str) -> None:
    """A moving picture comes back with more than 38 dB PSNR in RGB."""
    path, plan = tmp_path / f"clip.{kind}", make_plan(kind, width=512, height=384, num_frames=16, fps=24)
    frames = list(moving_picture(512, 384, 16))
    write_video(path, plan, frames, video_codec=codec)
    errors = [np.mean((a.astype(float) - b) ** 2) for a, b in zip(read_frames(path), frames, strict=True)]
    assert 10 * np.log10(255**2 / np.mean(errors)) > 38


def test_frames_that_are_views_or_reused_buffers_are_written_as_they_were(tmp_path: Path) -> None:
    """A mirrored view and a buffer that changes right after `write` give the same video as copies."""
    frames = list(moving_picture(64, 48, 6))
    write_video(
        tmp_path / "copies.mp4", make_plan(num_frames=6), [np.ascontiguousarray(f[:, ::-1]) for f in frames]
    )
    buffer = np.empty_like(frames[0])

    def reused() -> Iterator[np.ndarray]:
        for frame in frames:
            buffer[:] = frame
            yield buffer[:, ::-1]
            buffer[:] = 0

    write_video(tmp_path / "views.mp4", make_plan(num_frames=6), reused())
    assert (tmp_path / "copies.mp4").read_bytes() == (tmp_path / "views.mp4").read_bytes()


def test_one_frame_is_a_video_too(tmp_path: Path) -> None:
    """A single frame at 8 fps lasts an eighth of a second."""
    path, plan = tmp_path / "clip.mp4", make_plan(num_frames=1)
    write_video(path, plan).check(path, plan)
    assert probe(path).seconds == pytest.approx(1 / 8)
