"""Pipelines at their published size with random weights: they cost what real ones cost, and show nothing.

Configurations: diffusers' scripts/convert_wan_to_diffusers.py and convert_ltx_to_diffusers.py,
google/umt5-xxl, google/t5-v1_1-xxl. Tokenizers are made here, a piece a letter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

ASCII = [chr(code) for code in range(33, 127)]
T5: Mapping[str, Any] = {
    "vocab_size": 32128, "d_model": 4096, "d_kv": 64, "d_ff": 10240, "num_layers": 24, "num_heads": 64,
    "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False,
}  # fmt: skip
WAN_5B: Mapping[str, Any] = {
    "attention_head_dim": 128, "cross_attn_norm": True, "ffn_dim": 14336, "freq_dim": 256, "in_channels": 48,
    "num_attention_heads": 24, "num_layers": 30, "out_channels": 48, "patch_size": (1, 2, 2),
    "qk_norm": "rms_norm_across_heads", "text_dim": 4096,
}  # fmt: skip
WAN_VAE: Mapping[str, Any] = {
    "base_dim": 160, "z_dim": 48, "is_residual": True, "in_channels": 12, "out_channels": 12,
    "decoder_base_dim": 256, "scale_factor_spatial": 16, "patch_size": 2, "latents_mean": [0.0] * 48,
    "latents_std": [1.0] * 48,
}  # fmt: skip
LTX_2B: Mapping[str, Any] = {
    "in_channels": 128, "out_channels": 128, "num_attention_heads": 32, "attention_head_dim": 64,
    "cross_attention_dim": 2048, "num_layers": 28, "caption_channels": 4096,
}  # fmt: skip
LTX_VAE: Mapping[str, Any] = {
    "latent_channels": 128, "block_out_channels": (128, 256, 512, 1024, 2048),
    "down_block_types": ("LTXVideo095DownBlock3D",) * 4, "layers_per_block": (4, 6, 6, 2, 2),
    "decoder_block_out_channels": (256, 512, 1024), "decoder_layers_per_block": (5, 5, 5, 5),
    "spatio_temporal_scaling": (True,) * 4, "decoder_spatio_temporal_scaling": (True,) * 3,
    "decoder_inject_noise": (False,) * 4,
    "downsample_type": ("spatial", "temporal", "spatiotemporal", "spatiotemporal"),
    "upsample_residual": (True,) * 3, "upsample_factor": (2,) * 3, "timestep_conditioning": True,
    "patch_size": 4, "spatial_compression_ratio": 32, "temporal_compression_ratio": 8,
}  # fmt: skip
SMALL_T5 = {"vocab_size": 128, "d_model": 32, "d_kv": 8, "d_ff": 37, "num_layers": 2, "num_heads": 4}
SMALL: Mapping[str, Mapping[str, Any]] = {
    "wan": {"num_attention_heads": 2, "attention_head_dim": 12, "text_dim": 32, "freq_dim": 32, "ffn_dim": 32,
            "num_layers": 2},
    "wan vae": {"base_dim": 4, "decoder_base_dim": 4, "num_res_blocks": 1, "dim_mult": [1, 1, 1, 1]},
    "ltx": {"num_attention_heads": 4, "attention_head_dim": 8, "cross_attention_dim": 32, "num_layers": 2,
            "caption_channels": 32, "in_channels": 8, "out_channels": 8},
    "ltx vae": {"latent_channels": 8, "block_out_channels": (8, 8, 16, 16, 16), "layers_per_block": (1,) * 5,
                "decoder_block_out_channels": (8, 16, 32), "decoder_layers_per_block": (1,) * 4},
}  # fmt: skip
"""What of the above is other in tiny pipelines, that try the measurement itself."""
SPREAD = 0.02
"""Standard deviation of random weights: numbers stay finite through any depth."""


def random(make: Callable[[], nn.Module], dtype: torch.dtype) -> nn.Module:
    """A module on the host whose weights are drawn after it is built: no time goes into its own way."""
    with torch.device("meta"):
        module = make()
    module = module.to(dtype).to_empty(device="cpu").eval()
    with torch.no_grad():
        for each in module.parameters():
            each.normal_(std=SPREAD)
        for name, each in module.named_buffers():  # made when a module is built, which on meta is never
            each.fill_(1.0 if "std" in name else 0.0) if "latents" in name else each.normal_()
    return module


def t5_tokenizer() -> Any:
    from transformers import T5Tokenizer

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581", -2.0)]
    return T5Tokenizer(vocab=[*pieces, *((letter, -3.0) for letter in ASCII)], extra_ids=0)


def wan(dtype: torch.dtype, *, tiny: bool = False) -> Any:
    """Wan 2.2 TI2V 5B."""
    from diffusers import (
        AutoencoderKLWan,
        UniPCMultistepScheduler,
        WanImageToVideoPipeline,
        WanTransformer3DModel,
    )
    from transformers import UMT5Config, UMT5EncoderModel

    small = SMALL if tiny else {}
    text = {**T5, "vocab_size": 256384, **(SMALL_T5 if tiny else {})}
    return WanImageToVideoPipeline(
        tokenizer=t5_tokenizer(),
        text_encoder=random(lambda: UMT5EncoderModel(UMT5Config(**text)), dtype),
        transformer=random(lambda: WanTransformer3DModel(**{**WAN_5B, **small.get("wan", {})}), dtype),
        vae=random(lambda: AutoencoderKLWan(**{**WAN_VAE, **small.get("wan vae", {})}), torch.float32),
        scheduler=UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=5.0
        ),
        expand_timesteps=True,
    )


def ltx(dtype: torch.dtype, *, tiny: bool = False) -> Any:
    """LTX-Video 2B 0.9.5."""
    from diffusers import (
        AutoencoderKLLTXVideo,
        FlowMatchEulerDiscreteScheduler,
        LTXConditionPipeline,
        LTXVideoTransformer3DModel,
    )
    from transformers import T5Config, T5EncoderModel

    small = SMALL if tiny else {}
    text = {**T5, **(SMALL_T5 if tiny else {})}
    return LTXConditionPipeline(
        tokenizer=t5_tokenizer(),
        text_encoder=random(lambda: T5EncoderModel(T5Config(**text)), dtype),
        transformer=random(lambda: LTXVideoTransformer3DModel(**{**LTX_2B, **small.get("ltx", {})}), dtype),
        vae=random(lambda: AutoencoderKLLTXVideo(**{**LTX_VAE, **small.get("ltx vae", {})}), dtype),
        scheduler=FlowMatchEulerDiscreteScheduler(),
    )
