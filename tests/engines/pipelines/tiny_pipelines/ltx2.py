"""LTX-2: picture and sound. Gemma 3 reads the prompt; sides by 32, time by 8."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from diffusers import (
    AutoencoderKLLTX2Audio,
    AutoencoderKLLTX2Video,
    FlowMatchEulerDiscreteScheduler,
    LTX2Pipeline,
    LTX2VideoTransformer3DModel,
)
from diffusers.pipelines.ltx2 import LTX2TextConnectors, LTX2Vocoder
from transformers import Gemma3Config, Gemma3ForConditionalGeneration

from tiny_pipelines.ltx import SHIFT
from tiny_pipelines.words import gemma_tokenizer

WIDTH, LAYERS = 16, 2
TEXT = {
    "vocab_size": 384, "hidden_size": WIDTH, "intermediate_size": 32, "num_hidden_layers": LAYERS,
    "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8, "sliding_window": 16,
    "max_position_embeddings": 256,
}  # fmt: skip
MARKS = {"pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2}
VISION = {
    "hidden_size": 12, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
    "image_size": 32, "patch_size": 8,
}  # fmt: skip
TRANSFORMER: dict[str, Any] = {
    "in_channels": 4, "out_channels": 4, "num_attention_heads": 2, "attention_head_dim": 8,
    "cross_attention_dim": 16, "audio_in_channels": 4, "audio_out_channels": 4,
    "audio_num_attention_heads": 2, "audio_attention_head_dim": 4, "audio_cross_attention_dim": 8,
    "num_layers": 2, "caption_channels": WIDTH, "rope_double_precision": False, "rope_type": "split",
}  # fmt: skip
CONNECTORS: dict[str, Any] = {
    "caption_channels": WIDTH, "text_proj_in_factor": LAYERS + 1, "video_connector_num_attention_heads": 2,
    "video_connector_attention_head_dim": 8, "video_connector_num_layers": 1,
    "video_connector_num_learnable_registers": None, "audio_connector_num_attention_heads": 2,
    "audio_connector_attention_head_dim": 8, "audio_connector_num_layers": 1,
    "audio_connector_num_learnable_registers": None, "connector_rope_base_seq_len": 32,
    "rope_double_precision": False, "rope_type": "split",
}  # fmt: skip


def save(folder: Path, form: str) -> None:
    LTX2Pipeline(**vaes(), **_reading(), scheduler=FlowMatchEulerDiscreteScheduler(**SHIFT),
                 transformer=LTX2VideoTransformer3DModel(**TRANSFORMER).eval(),
                 vocoder=_vocoder()).save_pretrained(folder)  # fmt: skip


def _reading() -> dict[str, Any]:
    connectors = LTX2TextConnectors(**CONNECTORS, rope_theta=10000.0, causal_temporal_positioning=False)
    config = Gemma3Config(
        text_config={**TEXT, **MARKS}, vision_config=VISION, mm_tokens_per_image=4, boi_token_index=380,
        eoi_token_index=381, image_token_index=382,
    )  # fmt: skip
    encoder = Gemma3ForConditionalGeneration(config).eval()
    return {"connectors": connectors.eval(), "text_encoder": encoder, "tokenizer": gemma_tokenizer()}


def vaes() -> dict[str, Any]:
    """Of the picture and of the sound."""
    video = AutoencoderKLLTX2Video(
        latent_channels=4, block_out_channels=(8, 8, 16, 16), decoder_block_out_channels=(8, 16, 32),
        layers_per_block=(1,) * 5, decoder_layers_per_block=(1,) * 4, decoder_causal=False,
        spatial_compression_ratio=32, temporal_compression_ratio=8,
    ).eval()  # fmt: skip
    audio = AutoencoderKLLTX2Audio(
        base_channels=4, ch_mult=(1, 1, 1), num_res_blocks=1, resolution=32, latent_channels=2, mel_bins=8
    ).eval()
    return {"vae": video, "audio_vae": audio}


def _vocoder() -> LTX2Vocoder:
    return LTX2Vocoder(
        in_channels=16, hidden_channels=32, out_channels=2, upsample_kernel_sizes=[4, 4],
        upsample_factors=[2, 2], resnet_kernel_sizes=[3], resnet_dilations=[[1, 3, 5]],
        output_sampling_rate=24000,
    ).eval()  # fmt: skip
