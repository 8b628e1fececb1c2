"""What all four containers promise: duration, metadata, memory, the check, and that browsers show them."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from plans import make_plan, moving_picture, write_video
from unstill.domain.errors import BadOutput
from unstill.media.read_video import probe, read_frames, read_metadata
from unstill.media.timing import GIF, WEBP

KINDS = ["mp4", "webm", "gif", "webp"]
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fps", [7, 24, 50])
def test_a_finished_file_passes_its_own_check(tmp_path: Path, kind: str, fps: int) -> None:
    """Size, frames and duration read back are the plan's."""
    path, plan = tmp_path / "clip.part", make_plan(kind, num_frames=13, fps=fps)
    write_video(path, plan).check(path, plan)
    facts = probe(path)
    assert (facts.width, facts.height, facts.num_frames, facts.container) == (64, 48, 13, kind)
    assert facts.seconds == pytest.approx(13 / fps, abs=0.006)
    assert facts.fps == pytest.approx(fps, rel=0.03)


def test_av1_goes_into_webm_when_asked(tmp_path: Path) -> None:
    """video_codec="av1" gives AV1, and the check is content."""
    path, plan = tmp_path / "clip.webm", make_plan("webm", num_frames=9)
    write_video(path, plan, video_codec="av1", metadata={"AIGC": "{}"}).check(path, plan)
    assert probe(path).codec == "av1"
    assert read_metadata(path) == {"AIGC": "{}"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_check_refuses_what_is_not_the_plan(tmp_path: Path, kind: str) -> None:
    """Another size, frame count, rate, container or half a file is never called finished."""
    path = tmp_path / "clip.part"
    maker = write_video(path, make_plan(kind, num_frames=12))
    other = "gif" if kind == "mp4" else "mp4"
    for wrong in (
        make_plan(kind, num_frames=12, width=62),
        make_plan(kind, num_frames=13),
        make_plan(kind, num_frames=12, fps=6),
        make_plan(other, num_frames=12),
    ):
        with pytest.raises(BadOutput) as refused:
            maker.check(path, wrong)
        assert "instead of" in refused.value.message("en")
        assert "应为" in refused.value.message("zh")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(BadOutput):
        maker.check(path, make_plan(kind, num_frames=12))
    with pytest.raises(BadOutput):
        maker.check(tmp_path / "nothing", make_plan(kind))


def test_a_damaged_picture_inside_a_whole_mp4_is_found(tmp_path: Path) -> None:
    """Bytes flipped in the middle of the coded pictures make the check fail, where a player would hide it."""
    path, plan = tmp_path / "clip.mp4", make_plan(num_frames=24, width=128, height=96)
    maker = write_video(path, plan)
    content = bytearray(path.read_bytes())
    middle = content.index(b"mdat") + (len(content) - content.index(b"mdat")) // 2
    content[middle : middle + 200] = bytes(255 - b for b in content[middle : middle + 200])
    path.write_bytes(content)
    with pytest.raises(BadOutput):
        maker.check(path, plan)


@pytest.mark.parametrize("kind", ["gif", "webp"])
@pytest.mark.parametrize("fps", [7, 12, 24, 30, 48, 60, 96, 120])
def test_animations_last_as_long_as_planned(tmp_path: Path, kind: str, fps: int) -> None:
    """Delays are spread so that the sum is right, none is short enough for browsers to stretch it."""
    path, plan = tmp_path / f"clip.{kind}", make_plan(kind, num_frames=25, fps=fps)
    write_video(path, plan).check(path, plan)
    delays, tick, shortest = [], *((10, 20) if kind == "gif" else (1, 11))
    with Image.open(path) as picture:
        assert picture.info["loop"] == 0
        for number in range(picture.n_frames):
            picture.seek(number)
            picture.load()
            delays.append(picture.info["duration"])
    assert sum(delays) == pytest.approx(1000 * 25 / fps, abs=tick if len(delays) == 25 else shortest)
    assert min(delays) >= shortest
    assert len(delays) == (GIF if kind == "gif" else WEBP).shown(25, fps)


@given(frames=st.integers(1, 500), fps=st.integers(1, 240), clock=st.sampled_from([GIF, WEBP]))
def test_frames_kept_frames_counted_and_delays_agree(frames: int, fps: int, clock: object) -> None:
    """For any clip: as many frames are kept as announced, and their delays add up to the duration."""
    assert clock in (GIF, WEBP)
    timing = GIF if clock is GIF else WEBP
    kept = [i for i in range(frames) if timing.keeps(i, fps)]
    assert len(kept) == timing.shown(frames, fps)
    delays = [timing.delay(i, frames, fps) for i in range(len(kept))]
    shortest = timing.ticks_per_s // timing.fastest_fps
    assert min(delays) >= shortest
    assert abs(sum(delays) - timing.ticks_per_s * frames / fps) <= max(1, shortest)


@pytest.mark.parametrize(("kind", "least"), [("gif", 27), ("webp", 34)])
def test_animations_look_like_their_frames(tmp_path: Path, kind: str, least: float) -> None:
    """Frame by frame against the input: 255 colours give more than 27 dB, lossy WebP more than 34."""
    path, plan = tmp_path / f"clip.{kind}", make_plan(kind, width=256, height=192, num_frames=10)
    frames = list(moving_picture(256, 192, 10))
    write_video(path, plan, frames)
    errors = [np.mean((a.astype(float) - b) ** 2) for a, b in zip(read_frames(path), frames, strict=True)]
    assert 10 * np.log10(255**2 / np.max(errors)) > least


def test_a_gif_of_few_colours_keeps_them(tmp_path: Path) -> None:
    """A drawing in four colours is not dithered: every pixel stays within the table's 3 levels."""
    colours = np.array([(255, 255, 255), (20, 30, 40), (230, 60, 60), (60, 120, 230)], np.uint8)
    frames = [colours[(np.indices((48, 64)).sum(0) // 8 + k) % 4] for k in range(8)]
    write_video(tmp_path / "clip.gif", make_plan("gif"), frames)
    for got, wanted in zip(read_frames(tmp_path / "clip.gif"), frames, strict=True):
        assert np.abs(got.astype(int) - wanted).max() <= 3


HOSTILE = [
    '{"prompt":"海边的猫 🐈‍⬛ says \\"hi\\"\\n<b>&amp;</b>"}',
    "]]></TC260:AIGC><x>&lt;&#60;",
    "\u202e\u0301a\u0085\x7f\r\n\t\ufeff",
    "=;#\\\nkey=value\n[STREAM]",
]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("metadata")


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.sampled_from(HOSTILE)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(
        lambda text: not {"\ufffe", "\uffff"} & set(text)
    )
)
def test_words_come_back_letter_for_letter(scratch: Path, kind: str, value: str) -> None:
    """Whatever a person wrote, and whatever letter case the container prefers for its keys."""
    path, entries = scratch / f"clip.{kind}", {"unstill": value, "AIGC": '{"Label":"1"}'}
    write_video(path, make_plan(kind, width=16, height=16, num_frames=1), metadata=entries)
    assert read_metadata(path) == entries


@pytest.mark.parametrize("kind", KINDS)
def test_what_no_container_can_hold_is_replaced_not_cut(tmp_path: Path, kind: str) -> None:
    """NUL and half a surrogate pair (a file name from another system) become the replacement character."""
    path = tmp_path / f"clip.{kind}"
    write_video(path, make_plan(kind, num_frames=1), metadata={"unstill": "a\0b\udcffc"})
    assert read_metadata(path) == {"unstill": "a\ufffdb\ufffdc"}


@pytest.mark.parametrize("kind", KINDS)
def test_memory_does_not_grow_with_the_number_of_frames(tmp_path: Path, kind: str) -> None:
    """400 frames peak less than 8 MB above 40 frames; held, they would take 21 MB."""
    pytest.importorskip("resource")
    script = f"""
import resource, sys
from pathlib import Path
import numpy as np
sys.path.insert(0, {str(Path(__file__).parent)!r})
from plans import make_plan, write_video
def frames(count):
    noise = np.random.default_rng(1).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    return (np.roll(noise, k, axis=1) for k in range(count))
def peak(count):
    plan = make_plan({kind!r}, width=160, height=120, num_frames=count)
    write_video(Path({str(tmp_path)!r}) / "clip", plan, frames(count))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
few = peak(40)
print(peak(400) - few)
"""
    grown = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True).stdout
    assert int(grown) < 8 * 1024


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_a_browser_shows_all_four(tmp_path: Path) -> None:
    """Chromium loads the GIF and the WebP as pictures and the MP4 and the WebM as videos, at their size."""
    for kind in KINDS:
        write_video(tmp_path / f"clip.{kind}", make_plan(kind, num_frames=6), metadata={"AIGC": "{}"})
    (tmp_path / "page.html").write_text(
        """<img src=clip.gif><img src=clip.webp><video src=clip.mp4></video><video src=clip.webm></video>
        <p></p>
        <script>
        const say = (e, w, h) => document.querySelector("p").append(` ${e.getAttribute("src")}=${w}x${h}`);
        for (const i of document.images) i.decode().then(() => say(i, i.naturalWidth, i.naturalHeight));
        for (const v of document.querySelectorAll("video"))
          v.onloadeddata = () => say(v, v.videoWidth, v.videoHeight);
        </script>"""
    )
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=tmp_path)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        asked = [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=8000", "--dump-dom",
            f"http://127.0.0.1:{server.server_port}/page.html",
        ]  # fmt: skip
        page = subprocess.run(asked, capture_output=True, text=True, timeout=60).stdout
        server.shutdown()
    assert set(re.findall(r"clip\.(\w+)=64x48", page)) == set(KINDS)
