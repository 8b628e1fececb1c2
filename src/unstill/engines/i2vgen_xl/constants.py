"""What a clip's steps have in common, computed once: see `network.Constants`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from unstill.engines.i2vgen_xl.anatomy import Anatomy
from unstill.engines.i2vgen_xl.layers import KeyValue
from unstill.engines.i2vgen_xl.network import Constants, Gate, always_open

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module


@dataclass(frozen=True)
class Conditions:
    """What a clip is made from, on the host, float32."""

    words: Tensor
    """Text embeddings [b 77 c]: of the negative prompt and the prompt, or without guidance of the prompt."""
    picture: Tensor
    """The CLIP image embedding [1 c]."""
    latents: Tensor
    """The picture's latents [1 4 h w], sampled and scaled."""

    @property
    def guided(self) -> bool:
        return bool(self.words.shape[0] == 2)


def prepare(
    anatomy: Anatomy,
    conditions: Conditions,
    num_frames: int,
    target_fps: float,
    timesteps: Tensor,
    gate: Gate = always_open,
) -> Constants:
    """Compute the constants on the UNet's device and in its number format.

    ``timesteps`` [steps] are the scheduler's. The unguided half sees a picture embedding of zeros, as in
    diffusers' pipeline and the authors' `use_zero_infer`.
    """
    unet = anatomy.unet
    weight = unet.conv_in.weight
    words, seen, latents = (
        part.to(weight.device, weight.dtype)
        for part in (conditions.words, conditions.picture, conditions.latents)
    )
    context = _context(unet, words, seen, latents)
    return Constants(
        picture=_picture(unet, latents, num_frames),
        times=_times(anatomy, timesteps.to(weight.device), target_fps, gate),
        context=_keys_and_values(anatomy, context, gate),
    )


def _context(unet: Module, words: Tensor, seen: Tensor, latents: Tensor) -> Tensor:
    """Text, picture latents and picture embedding as tokens [b 145 c] (145 at the real sizes)."""
    halves = words.shape[0]
    shown = torch.cat([torch.zeros_like(seen), seen]) if halves == 2 else seen
    eyes = unet.context_embedding(shown).view(halves, unet.config.in_channels, -1)
    places = unet.image_latents_context_embedding(latents).flatten(2).transpose(1, 2)
    return torch.cat([words, places.expand(halves, -1, -1), eyes], dim=1)


def _picture(unet: Module, latents: Tensor, num_frames: int) -> Tensor:
    """The picture's latents at the first frame, how far along each later frame is, made one by the UNet's
    temporal encoder: [1 f h w 4]."""
    _, channels, height, width = latents.shape
    later = torch.arange(1, num_frames, device=latents.device, dtype=torch.float32) / max(1, num_frames - 1)
    along = later.to(latents.dtype)[:, None, None, None].expand(-1, channels, height, width)
    x = unet.image_latents_proj_in(torch.cat([latents, along]))
    x = x.permute(2, 3, 0, 1).reshape(height * width, num_frames, channels)
    x = unet.image_latents_temporal_encoder(x)
    encoded: Tensor = x.view(1, height, width, num_frames, channels).permute(0, 3, 1, 2, 4).contiguous()
    return encoded


def _times(anatomy: Anatomy, timesteps: Tensor, target_fps: float, gate: Gate) -> Tensor:
    """Projections of the time and fps embeddings of all resnets, [steps c]."""
    unet, dtype = anatomy.unet, anatomy.unet.conv_in.weight.dtype
    fps = torch.tensor([target_fps], device=timesteps.device)
    embedded = unet.time_embedding(unet.time_proj(timesteps).to(dtype))
    embedded = embedded + unet.fps_embedding(unet.time_proj(fps).to(dtype))
    active = torch.nn.functional.silu(embedded)
    columns = []
    for layer in anatomy.layers:
        gate(layer.resnet)
        columns.append(layer.resnet.time_emb_proj(active))
    return torch.cat(columns, dim=1)


def _keys_and_values(anatomy: Anatomy, context: Tensor, gate: Gate) -> list[KeyValue]:
    pairs: list[KeyValue] = []
    for layer in anatomy.layers:
        if layer.spatial is None:
            continue
        gate(layer.spatial)
        attention = layer.spatial.transformer_blocks[0].attn2
        key, value = (
            to(context).unflatten(-1, (attention.heads, -1)).transpose(1, 2).contiguous()
            for to in (attention.to_k, attention.to_v)
        )
        pairs.append((key, value))
    return pairs
