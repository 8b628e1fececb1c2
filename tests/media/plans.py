"""Plans made by hand, and moving test pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from unstill.core.plan import Plan
from unstill.core.ports import Estimate
from unstill.domain.catalog import ModelCard, Range
from unstill.domain.request import VideoRequest
from unstill.media.video import AvVideoMaker

CARD = ModelCard(
    id="test",
    family="test",
    title="Test",
    about={"en": "A test.", "zh": "测试。"},
    licence="Apache-2.0",
    generative=False,
    native={},
    frames=Range(1, 14400),
    fps=Range(1, 240),
    side=Range(16, 8192),
)


def make_plan(
    kind: str = "mp4", *, width: int = 64, height: int = 48, num_frames: int = 8, fps: int = 8
) -> Plan:
    """A plan of a model that does not exist, with the measures that encoders care about."""
    values: dict[str, Any] = {"num_frames": num_frames, "fps": fps, "format": kind, "seed": 7}
    return Plan(
        card=CARD,
        request=VideoRequest(**values),
        width=width,
        height=height,
        fit="keep",
        num_frames=num_frames,
        fps=fps,
        seed=7,
        loop=False,
        format=kind,
        details=MappingProxyType({}),
        notes=(),
        estimate=Estimate(0.0, 0),
        fits=True,
    )  # fmt: skip


def moving_picture(
    width: int, height: int, count: int, *, colourful: float = 12.0
) -> Iterator[npt.NDArray[np.uint8]]:
    """Frames uint8 RGB [h w 3]: soft texture with hard-edged discs, under a slow zoom and pan."""
    random = np.random.default_rng(5)
    side = int(max(width, height) * 1.3)
    grey = np.zeros((side, side, 1), np.float32)
    tint = np.zeros((side, side, 3), np.float32)
    for octave in range(1, 7):
        cells = 2**octave + 1
        layer = cv2.resize(
            random.standard_normal((cells, cells, 4)).astype(np.float32),
            (side, side),
            interpolation=cv2.INTER_CUBIC,
        )
        grey += layer[..., :1] * 40 / octave
        if octave < 4:
            tint += layer[..., 1:] * colourful
    scene = np.ascontiguousarray(120 + grey + tint)
    for _ in range(12):
        centre = tuple(int(v) for v in random.integers(0, side, 2))
        cv2.circle(
            scene,
            centre,
            int(side * random.uniform(0.02, 0.08)),
            [float(random.integers(20, 230))] * 3,
            -1,
            cv2.LINE_AA,
        )
    picture = np.clip(scene, 0, 255).astype(np.uint8)
    for index in range(count):
        zoom = 1.25 * (1 - 0.002 * index)
        matrix = np.array(
            [[zoom, 0, (side - zoom * width) / 2 + 0.5 * index], [0, zoom, (side - zoom * height) / 2]]
        )
        warp = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        yield cv2.warpAffine(picture, matrix, (width, height), flags=warp, borderMode=cv2.BORDER_REFLECT)


def write_video(
    path: Path,
    plan: Plan,
    frames: Iterable[npt.NDArray[np.uint8]] | None = None,
    metadata: Mapping[str, str] | None = None,
    video_codec: str = "vp9",
) -> AvVideoMaker:
    """Encode ``frames`` (by default the moving picture) as the plan says; gives the maker back."""
    maker = AvVideoMaker(video_codec=video_codec, threads=2)
    shown = moving_picture(plan.width, plan.height, plan.num_frames) if frames is None else frames
    with maker.encoder(path, plan, metadata or {}) as encoder:
        for frame in shown:
            encoder.write(frame)
    return maker
