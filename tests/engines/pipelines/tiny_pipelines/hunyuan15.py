"""HunyuanVideo-1.5 I2V. Its size comes from the picture and from a target; sides by 16, time by 4."""

from __future__ import annotations

from pathlib import Path

from diffusers import (
    AutoencoderKLHunyuanVideo15,
    ClassifierFreeGuidance,
    FlowMatchEulerDiscreteScheduler,
    HunyuanVideo15ImageToVideoPipeline,
    HunyuanVideo15Transformer3DModel,
)
from transformers import (
    ByT5Tokenizer,
    Qwen2_5_VLTextConfig,
    Qwen2_5_VLTextModel,
    SiglipImageProcessor,
    SiglipVisionConfig,
    SiglipVisionModel,
)

from tiny_pipelines.hub_layout import hub_names
from tiny_pipelines.words import WIDTH, qwen_tokenizer, t5_encoder


def save(folder: Path, form: str) -> None:
    vae = AutoencoderKLHunyuanVideo15(
        latent_channels=4, block_out_channels=(16, 16, 32, 32, 32), layers_per_block=1,
        spatial_compression_ratio=16, temporal_compression_ratio=4,
    ).eval()  # fmt: skip
    HunyuanVideo15ImageToVideoPipeline(
        text_encoder=_reader(), tokenizer=qwen_tokenizer(), transformer=_transformer(), vae=vae,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0), text_encoder_2=t5_encoder(384),
        tokenizer_2=ByT5Tokenizer(), guider=ClassifierFreeGuidance(guidance_scale=6.0),
        image_encoder=_seer(), feature_extractor=SiglipImageProcessor(size={"height": 32, "width": 32}),
    ).save_pretrained(folder)  # fmt: skip
    hub_names(folder)


def _transformer() -> HunyuanVideo15Transformer3DModel:
    """23 MB: 4.3 million parameters of the ByT5 projection are a constant of the class."""
    return HunyuanVideo15Transformer3DModel(
        in_channels=9, out_channels=4, num_attention_heads=2, attention_head_dim=8, num_layers=2,
        num_refiner_layers=1, mlp_ratio=2.0, patch_size=1, patch_size_t=1, text_embed_dim=16,
        text_embed_2_dim=WIDTH, image_embed_dim=12, rope_axes_dim=(2, 2, 4), target_size=64, task_type="i2v",
        use_meanflow=False,
    ).eval()  # fmt: skip


def _reader() -> Qwen2_5_VLTextModel:
    return Qwen2_5_VLTextModel(Qwen2_5_VLTextConfig(
        vocab_size=300, hidden_size=16, intermediate_size=16, num_hidden_layers=4, num_attention_heads=2,
        num_key_value_heads=2, rope_scaling={"mrope_section": [1, 1, 2], "rope_type": "default"},
    )).eval()  # fmt: skip


def _seer() -> SiglipVisionModel:
    return SiglipVisionModel(SiglipVisionConfig(
        hidden_size=12, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=32,
        patch_size=8,
    )).eval()  # fmt: skip
