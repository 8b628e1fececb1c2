"""The networks there are. Data, no code."""

from __future__ import annotations

from unstill.domain.catalog import ModelCard, Range

FAMILY = "upscale"


def _card(name: str, title: str, about: tuple[str, str], repo: str | None, file: str, size: int,
          parameters: int) -> ModelCard:  # fmt: skip
    return ModelCard(
        id=name, family=FAMILY, title=title, about={"en": about[0], "zh": about[1]}, licence="BSD-3-Clause",
        generative=True, native={}, frames=Range(1, 1), fps=Range(1, 1), side=Range(16, 8192), repo=repo,
        files=(file,), download_bytes=size, parameters=parameters,
    )  # fmt: skip


X4PLUS = _card(
    "realesrgan-x4plus", "Real-ESRGAN x4plus",
    ("Enlarges photographs.", "放大照片类画面。"),
    "Comfy-Org/Real-ESRGAN_repackaged", "RealESRGAN_x4plus.safetensors", 66_857_836, 16_697_987,
)  # fmt: skip
"""Repository, file name, size and licence as several public projects state them; the size is that of these
702 tensors under these names, to the byte."""
ANIME_VIDEO = _card(
    "realesr-animevideov3", "Real-ESRGAN animevideov3",
    ("Enlarges drawn pictures, quickly.", "放大动漫画面，速度快。"),
    None, "realesr-animevideov3.safetensors", 0, 621_424,
)  # fmt: skip
"""No public repository is known that has it as safetensors: a folder that --weights names."""
CARDS = (X4PLUS, ANIME_VIDEO)
