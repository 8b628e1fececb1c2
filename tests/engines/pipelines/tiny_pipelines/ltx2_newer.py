"""LTX-2.3 and 2.5: gated attention, projections by modality, more bandwidth, a head for the duration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from diffusers import FlowMatchEulerDiscreteScheduler, LTX2Pipeline, LTX2VideoTransformer3DModel
from diffusers.pipelines.ltx2 import LTX2DurationHead, LTX2TextConnectors, LTX2VocoderWithBWE
from transformers import Gemma4UnifiedConfig, Gemma4UnifiedForConditionalGeneration

from tiny_pipelines.ltx2 import CONNECTORS, TEXT, TRANSFORMER, WIDTH, vaes
from tiny_pipelines.words import gemma_tokenizer


def save(folder: Path, form: str) -> None:
    transformer = LTX2VideoTransformer3DModel(
        **TRANSFORMER, gated_attn=True, cross_attn_mod=True, audio_gated_attn=True, audio_cross_attn_mod=True,
        use_prompt_embeddings=False, perturbed_attn=True, ff_bias=False, use_keyframes_abs_pos_embedding=True,
    ).eval()  # fmt: skip
    head = LTX2DurationHead(
        video_cross_attention_dim=16, audio_cross_attention_dim=8, pooler_hidden_dim=8, num_pooler_heads=2,
        mlp_hidden_dim=8,
    ).eval()  # fmt: skip
    LTX2Pipeline(
        **vaes(), **_reading(), transformer=transformer, vocoder=_vocoder(), duration_head=head,
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=False, shift_terminal=None),
    ).save_pretrained(folder)  # fmt: skip


def _reading() -> dict[str, Any]:
    connectors = LTX2TextConnectors(**{
        **CONNECTORS, "audio_connector_attention_head_dim": 4, "video_gated_attn": True,
        "audio_gated_attn": True, "per_modality_projections": True, "video_hidden_dim": 16,
        "audio_hidden_dim": 8, "proj_bias": True,
    })  # fmt: skip
    config = Gemma4UnifiedConfig(
        text_config={**TEXT, "global_head_dim": 8, "layer_types": ["sliding_attention", "full_attention"]},
        vision_config={"patch_size": 4, "mm_embed_dim": 12, "mm_posemb_size": 16, "output_proj_dims": WIDTH},
        audio_config={"audio_embed_dim": 8}, boi_token_id=370, eoi_token_id=371, image_token_id=372,
        video_token_id=373, boa_token_id=374, eoa_token_index=375, audio_token_id=376,
    )  # fmt: skip
    encoder = Gemma4UnifiedForConditionalGeneration(config).eval()
    return {"connectors": connectors.eval(), "text_encoder": encoder, "tokenizer": gemma_tokenizer()}


def _vocoder() -> LTX2VocoderWithBWE:
    """Kernel and rate of each step that adds bandwidth are both odd or both even."""
    return LTX2VocoderWithBWE(
        in_channels=16, hidden_channels=32, upsample_kernel_sizes=[4, 4], upsample_factors=[2, 2],
        resnet_kernel_sizes=[3], resnet_dilations=[[1, 3, 5]], bwe_in_channels=16, bwe_hidden_channels=32,
        bwe_upsample_kernel_sizes=[5, 4], bwe_upsample_factors=[3, 2], bwe_resnet_kernel_sizes=[3],
        bwe_resnet_dilations=[[1, 3, 5]], filter_length=8, hop_length=2, window_length=8, num_mel_channels=8,
    ).eval()  # fmt: skip
