"""LTX-Video: 0.9.0, and from 0.9.5 on, whose decoder is told of time. Sides by 32, time by 8."""

from __future__ import annotations

from pathlib import Path

from diffusers import (
    AutoencoderKLLTXVideo,
    FlowMatchEulerDiscreteScheduler,
    LTXConditionPipeline,
    LTXPipeline,
    LTXVideoTransformer3DModel,
)

from tiny_pipelines.words import WIDTH, t5_encoder, t5_tokenizer

SHIFT = {
    "use_dynamic_shifting": True, "base_shift": 0.95, "max_shift": 2.05, "base_image_seq_len": 1024,
    "max_image_seq_len": 4096, "shift_terminal": 0.1,
}  # fmt: skip


def save(folder: Path, form: str) -> None:
    first = form == "ltx-2b-0.9.0"
    transformer = LTXVideoTransformer3DModel(
        in_channels=8, out_channels=8, num_attention_heads=4, attention_head_dim=8, cross_attention_dim=32,
        num_layers=2, caption_channels=WIDTH,
    ).eval()  # fmt: skip
    # LTXConditionPipeline passes no mu, so that a shift by the size would raise there
    scheduler = FlowMatchEulerDiscreteScheduler(**(SHIFT if first else {}))
    pipeline = LTXPipeline if form.startswith("ltx-2b") else LTXConditionPipeline
    pipeline(
        scheduler=scheduler, vae=_first_vae() if first else _newer_vae(), text_encoder=t5_encoder(),
        tokenizer=t5_tokenizer(), transformer=transformer,
    ).save_pretrained(folder)  # fmt: skip


def _first_vae() -> AutoencoderKLLTXVideo:
    return AutoencoderKLLTXVideo(
        latent_channels=8, block_out_channels=(8, 8, 16, 16), decoder_block_out_channels=(8, 8, 16, 16),
        layers_per_block=(1,) * 5, decoder_layers_per_block=(1,) * 5, patch_size=4,
    ).eval()  # fmt: skip


def _newer_vae() -> AutoencoderKLLTXVideo:
    """The decoder's channels must double from block to block."""
    return AutoencoderKLLTXVideo(
        latent_channels=8, block_out_channels=(8, 8, 16, 16, 16), decoder_block_out_channels=(8, 16, 32),
        down_block_types=("LTXVideo095DownBlock3D",) * 4, layers_per_block=(1,) * 5,
        decoder_layers_per_block=(1,) * 4, spatio_temporal_scaling=(True,) * 4,
        decoder_spatio_temporal_scaling=(True,) * 3, decoder_inject_noise=(False,) * 4,
        downsample_type=("spatial", "temporal", "spatiotemporal", "spatiotemporal"),
        upsample_residual=(True,) * 3, upsample_factor=(2,) * 3, timestep_conditioning=True, patch_size=4,
        spatial_compression_ratio=32, temporal_compression_ratio=8,
    ).eval()  # fmt: skip
