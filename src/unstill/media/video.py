"""Writes frames to video files and checks what was written: MP4 (H.264) and WebM (VP9, AV1) here, GIF and
animated WebP in `animated`."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter

from unstill.core.ports import silent, unseen
from unstill.domain.errors import BadOutput, EncoderMissing, FileMissing, NotAVideo, NotReadable
from unstill.domain.notes import Note, note
from unstill.media import content_credentials
from unstill.media.animated import GIF_CODECS, GifSink, WebpSink, webp_available
from unstill.media.content_credentials import Credentials
from unstill.media.quality import FrameWatch
from unstill.media.read_video import probe, stills
from unstill.media.sink import FrameSink, local, video_frame
from unstill.media.sound import CODEC_DELAY_S, join, read_sound, require_sound
from unstill.media.sound import CODECS as SOUND_CODECS
from unstill.media.timing import GIF, WEBP

if TYPE_CHECKING:
    from unstill.core.plan import Plan
    from unstill.core.ports import Frame, See, Sound, Tick
    from unstill.domain.errors import Language
    from unstill.media.label import FrameLabel

BT709 = 1
"""The code point for primaries, transfer and matrix alike (ITU-T H.273, tables 2 to 4)."""
LIMITED_RANGE = 1
"""AVCOL_RANGE_MPEG: luma 16 to 235, chroma 16 to 240."""
MOST_THREADS = 8
"""More frame threads only cost memory: each holds pictures of its own."""


@dataclass(frozen=True)
class Recipe:
    """How one codec is driven. Times beside them: CPU ms a frame of 1024 x 1024 natural texture."""

    container: str
    codec: str
    options: Mapping[str, str]
    muxer: Mapping[str, str]


_MP4 = Recipe(
    "mp4",
    "libx264",
    {"preset": "veryfast", "crf": "18"},  # 31 ms; without B-frames 26 ms but half as large again
    {"movflags": "+faststart+use_metadata_tags", "fflags": "+bitexact"},
)
_MATROSKA = {"cues_to_front": "1", "fflags": "+bitexact"}
_VP9 = {"deadline": "realtime", "cpu-used": "6", "row-mt": "1", "crf": "26", "b": "0"}
_WEBM = {
    # 32 ms and the fidelity of x264's crf 18; deadline good, cpu-used 5: 128 ms for files a fifth smaller
    "vp9": Recipe("webm", "libvpx-vp9", _VP9, _MATROSKA),
    "av1": Recipe("webm", "libsvtav1", {"preset": "9", "crf": "30"}, _MATROSKA),  # 39 ms, half the size
}


class AvVideoMaker:
    """A `core.ports.VideoMaker` on PyAV's FFmpeg."""

    def __init__(
        self,
        *,
        video_codec: str = "vp9",
        threads: int | None = None,
        credentials: Credentials | None = None,
    ) -> None:
        """``video_codec`` is what goes into a WebM, "vp9" or "av1"; ``threads``: by default the cores. With
        ``credentials`` finished videos are signed."""
        self._video_codec, self._credentials = video_codec, credentials
        self._threads = threads or min(_cores(), MOST_THREADS)

    def ready(self, plan: Plan) -> Sequence[Note]:
        """See `core.ports.VideoMaker.ready`."""
        self._recipe(plan.format)
        sound = SOUND_CODECS.get(plan.format)
        if plan.card.sound and sound and sound not in av.codec.codecs_available:
            raise EncoderMissing(format=f"{plan.format} ({sound})")
        if self._credentials is None:
            return ()
        content_credentials.check(self._credentials)
        return () if self.signs(plan) else (note("not_signed", format=plan.format),)

    def encoder(self, path: Path, plan: Plan, metadata: Mapping[str, str], tick: Tick = silent) -> FrameSink:
        """An encoder of ``plan.format`` for ``plan.num_frames`` frames, to be used as a context manager.

        Raises:
            EncoderMissing: this build of the libraries cannot write the format.
            ValueError: a metadata name that a container could not hold.
        """
        recipe = self._recipe(plan.format)
        if recipe is not None:
            return AvSink(path, plan, metadata, recipe, self._threads)
        return GifSink(path, plan, metadata, tick) if plan.format == "gif" else WebpSink(path, plan, metadata)

    def _recipe(self, kind: str) -> Recipe | None:
        """How a codec of FFmpeg's is driven; None for animated pictures. Raises `EncoderMissing`."""
        codecs = av.codec.codecs_available
        if kind in ("gif", "webp"):
            if not (webp_available() if kind == "webp" else all(codec in codecs for codec in GIF_CODECS)):
                raise EncoderMissing(format=kind)
            return None
        recipe = _MP4 if kind == "mp4" else _WEBM.get(self._video_codec)
        if recipe is None or recipe.codec not in codecs:
            raise EncoderMissing(format=kind if kind == "mp4" else f"WebM ({self._video_codec})")
        return recipe

    def label(self, language: Language, width: int, height: int, fps: float) -> FrameLabel:
        """The visible label for frames of one size, in a language."""
        from unstill.media.label import FrameLabel

        return FrameLabel(language, width, height, fps)

    def signs(self, plan: Plan) -> bool:
        """Whether there are credentials and the format has a place for them."""
        return self._credentials is not None and plan.format in content_credentials.MIME

    def sign(self, path: Path, signed: Path, title: str) -> None:
        """See `content_credentials.write_signed`."""
        assert self._credentials is not None
        content_credentials.write_signed(path, signed, self._credentials, title)

    def check(self, path: Path, plan: Plan, see: See = unseen, sounds: bool = False) -> None:
        """Read and decode the whole file again; ``see`` is shown every frame.

        Raises:
            BadOutput: it does not open or decode, or its container, size, number of frames or duration is
                not the plan's (more than one frame's time off); the same of its sound where it ``sounds``.
        """
        frames = 0
        try:
            facts = probe(path)
            with closing(stills(path, strict=True)) as found:
                for frames, still in enumerate(found, 1):
                    see(frames - 1, still)
            sound = read_sound(path) if sounds else None
        except (FileMissing, NotAVideo, NotReadable) as error:
            raise BadOutput(problem="it cannot be decoded", problem_zh="无法解码") from error
        timing = {"gif": GIF, "webp": WEBP}.get(plan.format)
        wanted_frames = timing.shown(plan.num_frames, plan.fps) if timing else plan.num_frames
        _refuse_other("container", "封装格式", facts.container, plan.format)
        _refuse_other("size", "尺寸", f"{facts.width}x{facts.height}", f"{plan.width}x{plan.height}")
        _refuse_other("number of frames", "帧数", frames, wanted_frames)
        slowest = min(plan.fps, timing.fastest_fps) if timing else plan.fps
        delay = CODEC_DELAY_S if sounds else 0
        if abs(facts.seconds - plan.seconds) > 1 / slowest + delay:
            _refuse_other("duration in seconds", "秒数", round(facts.seconds, 3), round(plan.seconds, 3))
        if sounds:
            heard = len(sound.samples) / sound.rate if sound else 0.0
            if abs(heard - plan.seconds) > 1 / plan.fps:
                _refuse_other("sound in seconds", "声音秒数", round(heard, 3), round(plan.seconds, 3))

    def watch(self, *, still_allowed: bool) -> FrameWatch:
        """A check for the frames of one video."""
        return FrameWatch(still_allowed=still_allowed)


class AvSink(FrameSink):
    """MP4 or WebM. Frames are converted once, with the BT.709 matrix, and go straight to the encoder."""

    def __init__(
        self, path: Path, plan: Plan, metadata: Mapping[str, str], recipe: Recipe, threads: int
    ) -> None:
        super().__init__(path, plan, metadata)
        self._recipe, self._threads = recipe, threads
        self._time_base = Fraction(1, plan.fps)
        self._reformatter = VideoReformatter()
        self._container: Any = None
        self._stream: Any = None
        self._sound: Sound | None = None

    def hear(self, sound: Sound) -> bool:
        """See `core.ports.Encoder.hear`. Raises ValueError for another type or shape."""
        require_sound(sound)
        self._sound = sound
        return True

    def _open(self) -> None:
        recipe, plan = self._recipe, self._plan
        if recipe.codec == "libsvtav1":
            os.environ.setdefault("SVT_LOG", "1")  # errors only; else it prints a banner to stderr
        self._container = av.open(
            local(self._path), "w", format=recipe.container, container_options=dict(recipe.muxer)
        )
        self._container.metadata.update(self._metadata)
        stream = self._container.add_stream(recipe.codec, rate=plan.fps, options=dict(recipe.options))
        stream.width, stream.height, stream.pix_fmt = plan.width, plan.height, "yuv420p"
        context = stream.codec_context
        context.time_base = self._time_base
        context.gop_size = plan.fps  # a key frame a second: dragging the player's slider answers at once
        context.thread_count = self._threads
        context.color_primaries = context.color_trc = context.colorspace = BT709
        context.color_range = LIMITED_RANGE
        self._stream = stream

    def _put(self, frame: Frame) -> None:
        # 3.8 ms a frame of 1024 x 1024. AREA makes chroma the mean of its 2 x 2 pixels, to within rounding.
        planar = self._reformatter.reformat(
            video_frame(frame, self._written, self._time_base),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            src_color_range="JPEG",
            dst_color_range="MPEG",
            interpolation=Interpolation.AREA,
        )
        self._container.mux(self._stream.encode(planar))

    def _finish(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()
        if self._sound is not None:
            self._join(self._sound)

    def _join(self, sound: Sound) -> None:
        """Write the file once more, now with sound. Players want packets of both in turn, and sound comes
        when all frames are written; so the silent file waits meanwhile, nameless, beside its place."""
        recipe, plan = self._recipe, self._plan
        with tempfile.TemporaryFile(dir=self._path.parent) as silent_file:
            with self._path.open("rb") as file:
                shutil.copyfileobj(file, silent_file)
            silent_file.seek(0)
            join(silent_file, self._path, recipe.container, recipe.muxer, self._metadata, sound, plan.seconds)

    def _abandon(self) -> None:
        if self._container is not None:
            self._container.close()


def _refuse_other(what: str, what_zh: str, got: object, wanted: object) -> None:
    if got != wanted:
        raise BadOutput(
            problem=f"its {what} is {got} instead of {wanted}",
            problem_zh=f"{what_zh}为 {got}，应为 {wanted}",
        )


def _cores() -> int:
    """Cores this process may run on."""
    affinity: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
