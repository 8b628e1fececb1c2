"""How each pipeline calls its denoiser once, with the shapes of real sizes: read in diffusers 0.42, made of
tensors that have shapes and no values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from diffusers.models.embeddings import get_3d_rotary_pos_embed

Size = tuple[int, int, int]  # width and height in pixels, frames
Call = dict[str, Any]


def empty(*shape: int, dtype: torch.dtype = torch.bfloat16) -> torch.Tensor:
    return torch.empty(shape, dtype=dtype, device="meta")


def latent_frames(frames: int, stride: int) -> int:
    return (frames - 1) // stride + 1


def svd(size: Size, batch: int) -> Call:
    width, height, frames = size
    return {
        "sample": empty(batch, frames, 8, height // 8, width // 8),
        "timestep": empty(dtype=torch.float32),
        "encoder_hidden_states": empty(batch, 1, 1024),
        "added_time_ids": empty(batch, 3),
    }


def cogvideox(size: Size, batch: int, patch_t: int = 1) -> Call:
    width, height, frames = size
    count = -(-latent_frames(frames, 4) // patch_t) * patch_t
    given = {"device": torch.device("meta"), "embed_dim": 64, "grid_size": (height // 16, width // 16)}
    if patch_t == 1:
        turns = get_3d_rotary_pos_embed(crops_coords=((0, 0), (30, 45)), temporal_size=count, **given)
    else:
        turns = get_3d_rotary_pos_embed(
            crops_coords=None, temporal_size=count // 2, grid_type="slice", max_size=(150, 150), **given
        )
    return {
        "hidden_states": empty(batch, count, 32, height // 8, width // 8),
        "encoder_hidden_states": empty(batch, 226, 4096),
        "timestep": empty(batch, dtype=torch.int64),
        "ofs": empty(1) if patch_t > 1 else None,
        "image_rotary_emb": turns,
    }


def ltx_grid(size: Size) -> int:
    width, height, frames = size
    return latent_frames(frames, 8) * (height // 32) * (width // 32)


def ltx(size: Size, batch: int, words: int = 256) -> Call:
    tokens = ltx_grid(size)
    return {
        "hidden_states": empty(batch, tokens, 128),
        "encoder_hidden_states": empty(batch, words, 4096),
        "timestep": empty(batch, tokens, dtype=torch.float32),
        "encoder_attention_mask": empty(batch, words, dtype=torch.int64),
        "video_coords": empty(batch, 3, tokens, dtype=torch.float32),
    }


def ltx_first(size: Size, batch: int) -> Call:
    width, height, frames = size
    made = ltx(size, batch, words=128)
    del made["video_coords"]
    made["timestep"] = empty(batch, ltx_grid(size), dtype=torch.float32)
    grid = {"num_frames": latent_frames(frames, 8), "height": height // 32, "width": width // 32}
    return {**made, **grid, "rope_interpolation_scale": (8 / 25, 32, 32)}


def ltx2(size: Size, batch: int, video_words: int = 4096, audio_words: int = 2048) -> Call:
    """At 24 frames per second, with 25 latents of sound per second."""
    width, height, frames = size
    tokens, sounds = ltx_grid(size), round(frames / 24 * 25)
    return {
        "hidden_states": empty(batch, tokens, 128),
        "audio_hidden_states": empty(batch, sounds, 128),
        "encoder_hidden_states": empty(batch, 1024, video_words),
        "audio_encoder_hidden_states": empty(batch, 1024, audio_words),
        "timestep": empty(batch, tokens, dtype=torch.float32),
        "audio_timestep": empty(batch, dtype=torch.float32),
        "sigma": empty(batch, dtype=torch.float32),
        "encoder_attention_mask": empty(batch, 1024, dtype=torch.int64),
        "audio_encoder_attention_mask": empty(batch, 1024, dtype=torch.int64),
        "num_frames": latent_frames(frames, 8),
        "height": height // 32,
        "width": width // 32,
        "fps": 24.0,
        "audio_num_frames": sounds,
        "video_coords": empty(batch, 3, tokens, 2, dtype=torch.float32),
        "audio_coords": empty(batch, 1, sounds, 2, dtype=torch.float32),
        "use_cross_timestep": True,
    }


def ltx20(size: Size, batch: int) -> Call:
    return {**ltx2(size, batch, video_words=3840, audio_words=3840), "use_cross_timestep": False}


def wan(size: Size, batch: int, pictures: int = 0) -> Call:
    width, height, frames = size
    seen = empty(pictures, 257, 1280) if pictures else None
    return {
        "hidden_states": empty(batch, 36, latent_frames(frames, 4), height // 8, width // 8),
        "timestep": empty(batch, dtype=torch.int64),
        "encoder_hidden_states": empty(batch, 512, 4096),
        "encoder_hidden_states_image": seen,
    }


def wan_5b(size: Size, batch: int) -> Call:
    """A time for every token."""
    width, height, frames = size
    count = latent_frames(frames, 4)
    return {
        "hidden_states": empty(batch, 48, count, height // 16, width // 16),
        "timestep": empty(batch, count * (height // 32) * (width // 32), dtype=torch.float32),
        "encoder_hidden_states": empty(batch, 512, 4096),
    }


def hunyuan(size: Size, batch: int, meanflow: bool = False) -> Call:
    width, height, frames = size
    times = {"timestep": empty(batch)}
    if meanflow:
        times["timestep_r"] = empty(batch)
    return {
        "hidden_states": empty(batch, 65, latent_frames(frames, 4), height // 16, width // 16),
        "image_embeds": empty(batch, 729, 1152),
        "encoder_hidden_states": empty(batch, 1000, 3584),
        "encoder_attention_mask": empty(batch, 1000, dtype=torch.int64),
        "encoder_hidden_states_2": empty(batch, 256, 1472),
        "encoder_attention_mask_2": empty(batch, 256, dtype=torch.int64),
        **times,
    }


def kandinsky5(size: Size, batch: int) -> Call:
    width, height, frames = size
    count, high, wide = latent_frames(frames, 4), height // 8, width // 8
    return {
        "hidden_states": empty(batch, count, high, wide, 33),
        "encoder_hidden_states": empty(batch, 512, 3584),
        "pooled_projections": empty(batch, 768),
        "timestep": empty(batch),
        "visual_rope_pos": [torch.arange(side) for side in (count, high // 2, wide // 2)],
        "text_rope_pos": torch.arange(512),
        "scale_factor": (1.0, 2.0, 2.0),
    }


def helios(size: Size, batch: int) -> Call:
    """A chunk of 33 frames with the history before it, however long the video is."""
    width, height, _ = size
    made: Call = {
        "hidden_states": empty(batch, 16, 9, height // 8, width // 8),
        "timestep": empty(batch, dtype=torch.int64),
        "encoder_hidden_states": empty(batch, 512, 4096),
        "indices_hidden_states": torch.arange(20, 29)[None],
    }
    for name, start, count in (("long", 1, 16), ("mid", 17, 2), ("short", 18, 2)):
        made[f"latents_history_{name}"] = empty(batch, 16, count, height // 8, width // 8)
        made[f"indices_latents_history_{name}"] = torch.arange(start, start + count)[None]
    return made


CALLS: dict[str, Callable[[Size, int], Call]] = {
    "svd": svd,
    "cogvideox": cogvideox,
    "cogvideox 1.5": lambda size, batch: cogvideox(size, batch, patch_t=2),
    "ltx 2b 0.9.0": ltx_first,
    "ltx 2b": ltx,
    "ltx 13b": ltx,
    "ltx-2": ltx20,
    "ltx-2.3": ltx2,
    "ltx-2.5": ltx2,
    "wan 2.1": lambda size, batch: wan(size, batch, pictures=1),
    "wan 2.1 flf": lambda size, batch: wan(size, batch, pictures=2),
    "wan 2.2": wan,
    "wan 2.2 5b": wan_5b,
    "skyreels": lambda size, batch: wan(size, batch, pictures=1),
    "hunyuan": hunyuan,
    "hunyuan meanflow": lambda size, batch: hunyuan(size, batch, meanflow=True),
    "kandinsky5": kandinsky5,
    "helios": helios,
}
