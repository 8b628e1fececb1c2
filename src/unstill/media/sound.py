"""Sound for finished files: made as long as the picture, encoded, and joined with it; and read again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import av
import numpy as np

from unstill.core.ports import Sound
from unstill.domain.errors import NotAVideo
from unstill.media.read_video import DEMUXERS, kind_of, only_our_errors, opened
from unstill.media.sink import local

if TYPE_CHECKING:
    import numpy.typing as npt

CODECS = {"mp4": "aac", "webm": "libopus"}
"""The containers of ours that can hold sound, and what goes into them."""
CODEC_DELAY_S = 0.01
"""By how much a WebM may call itself too long: FFmpeg counts what an Opus decoder is to drop at the start."""
LAYOUTS = {1: "mono", 2: "stereo"}
BITS_PER_S = {1: 96_000, 2: 160_000}
OPUS_RATE = 48_000
"""Opus decodes to it whatever it was given (RFC 7845, section 5.1)."""
AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
"""Those that have an index (ISO/IEC 14496-3, table 1.18), less 7350, which some players refuse."""


def require_sound(sound: Sound) -> None:
    """Raises ValueError unless it is float32 [n 1] or [n 2] with a rate."""
    samples = sound.samples
    if samples.dtype != np.float32 or samples.ndim != 2 or samples.shape[1] not in LAYOUTS or sound.rate < 1:
        raise ValueError(
            f"sound must be float32 [n 1|2], not {samples.dtype} {samples.shape} at {sound.rate}"
        )


def fitted(sound: Sound, seconds: float) -> npt.NDArray[np.float32]:
    """The samples [n channels] for exactly so many seconds: cut, or followed by silence.

    What is louder than full is cut to it; what is no number becomes silence.
    """
    count = round(seconds * sound.rate)
    kept = np.clip(np.nan_to_num(sound.samples[:count], posinf=1, neginf=-1), -1, 1)
    return np.pad(kept, ((0, count - len(kept)), (0, 0)))


def join(
    picture: BinaryIO, out: Path, container: str, muxer: Mapping[str, str], metadata: Mapping[str, str],
    sound: Sound, seconds: float,
) -> None:  # fmt: skip
    """Write the video of ``picture``, its packets as they are, and the sound to ``out``, both from time 0 on.

    Raises `av.FFmpegError`, OSError.
    """
    with (
        av.open(picture, "r", format=DEMUXERS[container]) as source,
        av.open(local(out), "w", format=container, container_options=dict(muxer)) as target,
    ):
        target.metadata.update(metadata)
        seen = source.streams.video[0]
        shown = target.add_stream_from_template(seen, opaque=True)
        shown.time_base = seen.time_base
        coded = _coded(target, container, sound, seconds)
        for packet in _in_turn(_shown(source, seen, shown), iter(coded)):
            target.mux(packet)


def _coded(target: Any, container: str, sound: Sound, seconds: float) -> list[Any]:
    """The packets of the sound, for a new stream of ``target``."""
    samples, rate = fitted(sound, seconds), _rate(container, sound.rate)
    layout = LAYOUTS[samples.shape[1]]
    stream = target.add_stream(CODECS[container], rate=rate, layout=layout)
    stream.bit_rate = BITS_PER_S[samples.shape[1]]
    stream.time_base = Fraction(1, rate)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), "fltp", layout)
    frame.sample_rate, frame.pts, frame.time_base = sound.rate, 0, Fraction(1, sound.rate)
    resampler = av.AudioResampler("flt" if container == "webm" else "fltp", layout, rate)
    packets = []
    for piece in [*resampler.resample(frame), *resampler.resample(None), None]:
        packets += stream.encode(piece)
    return packets


def _rate(container: str, rate: int) -> int:
    return rate if container == "mp4" and rate in AAC_RATES else OPUS_RATE


def _shown(source: Any, seen: Any, shown: Any) -> Iterator[Any]:
    for packet in source.demux(seen):
        if packet.size:
            packet.stream = shown
            yield packet


def _in_turn(*streams: Iterator[Any]) -> Iterator[Any]:
    """Packets of all, by the time at which they are decoded."""
    waiting = {number: packet for number, s in enumerate(streams) if (packet := next(s, None)) is not None}
    while waiting:
        first = min(waiting, key=lambda number: waiting[number].dts * waiting[number].time_base)
        yield waiting.pop(first)
        if (packet := next(streams[first], None)) is not None:
            waiting[first] = packet


def read_sound(path: Path, rate: int | None = None) -> Sound | None:
    """What is heard with a video, from its first frame on and no longer than the file says it lasts.

    At its own rate or at ``rate``; more than two channels are mixed to two. None for a silent file.

    Raises:
        FileMissing, NotReadable: there is no such file, or it cannot be read.
        NotAVideo: it is none of our containers, or its sound is damaged.
    """
    with only_our_errors(path):
        kind = kind_of(path)
        if kind not in CODECS:
            return None
        with opened(path, kind) as container:
            if not container.streams.audio:
                return None
            if container.duration is None:
                raise NotAVideo(path=path)
            return _decoded(container, container.duration / av.time_base, rate)


def _decoded(container: Any, seconds: float, rate: int | None) -> Sound:
    stream = container.streams.audio[0]
    layout = LAYOUTS[min(2, stream.channels)]
    rate = rate or stream.rate
    resampler = av.AudioResampler("flt", layout, rate)
    pieces: list[npt.NDArray[np.float32]] = []
    count, most, start = 0, round(seconds * rate), 0
    for frame in container.decode(stream):
        if not pieces:
            start = round(float(frame.pts * frame.time_base) * rate)
        for piece in resampler.resample(frame):
            pieces.append(_samples(piece))
            count += len(pieces[-1])
        if count > most - start:
            break
    pieces += [_samples(piece) for piece in resampler.resample(None)]
    samples = np.concatenate(pieces) if pieces else np.zeros((0, len(LAYOUTS)), np.float32)
    samples = samples[-start:] if start < 0 else np.pad(samples, ((min(start, most), 0), (0, 0)))
    return Sound(np.ascontiguousarray(samples[:most], np.float32), rate)


def _samples(piece: Any) -> npt.NDArray[np.float32]:
    """Of a frame whose channels take turns: [n channels]."""
    taking_turns: npt.NDArray[np.float32] = piece.to_ndarray()
    return taking_turns.reshape(-1, len(piece.layout.channels))
