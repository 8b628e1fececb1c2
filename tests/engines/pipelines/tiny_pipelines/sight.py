"""CLIP's picture encoders and what prepares pictures for them."""

from __future__ import annotations

from typing import Any

from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    CLIPVisionModel,
    CLIPVisionModelWithProjection,
)

WIDTH = 16


def clip_vision(side: int = 32, patch: int = 8) -> CLIPVisionModel:
    return CLIPVisionModel(_config(side, patch)).eval()


def clip_vision_projected(side: int = 32, patch: int = 8) -> CLIPVisionModelWithProjection:
    return CLIPVisionModelWithProjection(_config(side, patch)).eval()


def _config(side: int, patch: int) -> CLIPVisionConfig:
    return CLIPVisionConfig(
        hidden_size=WIDTH, projection_dim=WIDTH, num_hidden_layers=2, num_attention_heads=2, image_size=side,
        intermediate_size=16, patch_size=patch,
    )  # fmt: skip


def clip_pictures(side: int = 32) -> Any:
    """A `CLIPImageProcessor`, or where torchvision is missing the one that does with Pillow."""
    return CLIPImageProcessor(crop_size={"height": side, "width": side}, size={"shortest_edge": side})
