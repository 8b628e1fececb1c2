"""The published sizes of every model in the catalogue, as data, and their networks built from them on the
meta device: shapes without values, so that tens of billions of parameters cost nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import diffusers
import torch
import transformers
from diffusers.pipelines import ltx2

# scripts/convert_*_to_diffusers.py of huggingface/diffusers, where no other source is named
# Wan: convert_wan_to_diffusers.py
WAN = {"attention_head_dim": 128, "cross_attn_norm": True, "ffn_dim": 13824, "freq_dim": 256,
       "in_channels": 36, "num_attention_heads": 40, "num_layers": 40, "out_channels": 16,
       "patch_size": (1, 2, 2), "qk_norm": "rms_norm_across_heads", "text_dim": 4096}  # fmt: skip
WAN_SEEING = {**WAN, "image_dim": 1280, "added_kv_proj_dim": 5120}
WAN_5B = {**WAN, "ffn_dim": 14336, "in_channels": 48, "out_channels": 48, "num_attention_heads": 24,
          "num_layers": 30}  # fmt: skip
WAN_VAE_5B = {"base_dim": 160, "z_dim": 48, "is_residual": True, "in_channels": 12, "out_channels": 12,
              "decoder_base_dim": 256, "scale_factor_spatial": 16, "patch_size": 2,
              "latents_mean": [0.0] * 48, "latents_std": [1.0] * 48}  # fmt: skip
# SkyReels-V2: convert_skyreelsv2_to_diffusers.py
SKYREELS = {"num_attention_heads": 12, "attention_head_dim": 128, "in_channels": 36, "out_channels": 16,
            "ffn_dim": 8960, "num_layers": 30, "image_dim": 1280, "added_kv_proj_dim": 1536}  # fmt: skip
# LTX-Video: convert_ltx_to_diffusers.py (the 2B sizes 0.9.0 to 0.9.5, the 13B ones 0.9.7)
LTX_2B = {"in_channels": 128, "out_channels": 128, "num_attention_heads": 32, "attention_head_dim": 64,
          "cross_attention_dim": 2048, "num_layers": 28, "caption_channels": 4096}  # fmt: skip
LTX_13B = {**LTX_2B, "attention_head_dim": 128, "cross_attention_dim": 4096, "num_layers": 48}
LTX_VAE = {"latent_channels": 128, "block_out_channels": (128, 256, 512, 1024, 2048),
           "down_block_types": ("LTXVideo095DownBlock3D",) * 4, "layers_per_block": (4, 6, 6, 2, 2),
           "decoder_block_out_channels": (256, 512, 1024), "decoder_layers_per_block": (5, 5, 5, 5),
           "spatio_temporal_scaling": (True,) * 4, "decoder_spatio_temporal_scaling": (True,) * 3,
           "decoder_inject_noise": (False,) * 4,
           "downsample_type": ("spatial", "temporal", "spatiotemporal", "spatiotemporal"),
           "upsample_residual": (True,) * 3, "upsample_factor": (2,) * 3, "timestep_conditioning": True,
           "patch_size": 4, "spatial_compression_ratio": 32, "temporal_compression_ratio": 8}  # fmt: skip
# LTX-2: convert_ltx2_to_diffusers.py
LTX2_T = {"in_channels": 128, "out_channels": 128, "num_attention_heads": 32, "attention_head_dim": 128,
          "cross_attention_dim": 4096, "audio_in_channels": 128, "audio_out_channels": 128,
          "audio_num_attention_heads": 32, "audio_attention_head_dim": 64, "audio_cross_attention_dim": 2048,
          "num_layers": 48, "caption_channels": 3840,
          "cross_attn_timestep_scale_multiplier": 1000}  # fmt: skip
LTX23_T = {**LTX2_T, "gated_attn": True, "cross_attn_mod": True, "audio_gated_attn": True,
           "audio_cross_attn_mod": True, "use_prompt_embeddings": False, "perturbed_attn": True}  # fmt: skip
LTX25_T = {**LTX23_T, "ff_bias": False, "use_keyframes_abs_pos_embedding": True}
LTX2_VAE = {"block_out_channels": (256, 512, 1024, 2048), "decoder_block_out_channels": (256, 512, 1024),
            "layers_per_block": (4, 6, 6, 2, 2), "decoder_layers_per_block": (5, 5, 5, 5),
            "decoder_causal": False, "spatial_compression_ratio": 32,
            "temporal_compression_ratio": 8}  # fmt: skip
LTX23_VAE = {"block_out_channels": (256, 512, 1024, 1024),
             "decoder_block_out_channels": (256, 512, 512, 1024),
             "layers_per_block": (4, 6, 4, 2, 2), "decoder_layers_per_block": (4, 6, 4, 2, 2),
             "decoder_spatio_temporal_scaling": (True,) * 4, "decoder_inject_noise": (False,) * 5,
             "upsample_type": ("spatiotemporal", "spatiotemporal", "temporal", "spatial"),
             "upsample_residual": (False,) * 4, "upsample_factor": (2, 2, 1, 2),
             "decoder_causal": False, "spatial_compression_ratio": 32,
             "temporal_compression_ratio": 8}  # fmt: skip
LTX23_CONNECTORS = {"video_connector_num_attention_heads": 32, "video_connector_num_layers": 8,
                    "video_gated_attn": True, "audio_connector_num_attention_heads": 32,
                    "audio_connector_attention_head_dim": 64, "audio_connector_num_layers": 8,
                    "audio_gated_attn": True, "per_modality_projections": True,
                    "proj_bias": True}  # fmt: skip
# CogVideoX: convert_cogvideox_to_diffusers.py
COG = {
    "in_channels": 32,
    "num_layers": 42,
    "num_attention_heads": 48,
    "use_rotary_positional_embeddings": True,
}
COG_1 = {**COG, "patch_bias": True, "sample_height": 60, "sample_width": 90, "sample_frames": 49,
         "use_learned_positional_embeddings": True}  # fmt: skip
COG_15 = {**COG, "patch_bias": False, "patch_size_t": 2, "sample_height": 300, "sample_width": 300,
          "sample_frames": 81, "ofs_embed_dim": 512}  # fmt: skip
# SVD: convert_svd_to_diffusers.py
SVD_VAE = {"block_out_channels": (128, 256, 512, 512), "down_block_types": ("DownEncoderBlock2D",) * 4,
           "layers_per_block": 2}  # fmt: skip
# Kandinsky 5: configs/k5_lite_i2v_5s_sft_sd.yaml of kandinskylab/kandinsky-5
KANDINSKY5 = {"in_visual_dim": 16, "out_visual_dim": 16, "in_text_dim": 3584, "in_text_dim2": 768,
              "time_dim": 512, "model_dim": 1792, "ff_dim": 7168, "num_text_blocks": 2,
              "num_visual_blocks": 32, "axes_dims": (16, 24, 24), "visual_cond": True}  # fmt: skip
# The published config.json of each encoder
T5_XXL = {"vocab_size": 32128, "d_model": 4096, "d_kv": 64, "d_ff": 10240, "num_layers": 24, "num_heads": 64,
          "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}  # fmt: skip  # google/t5-v1_1-xxl
UMT5_XXL = {**T5_XXL, "vocab_size": 256384}  # google/umt5-xxl
BYT5 = {**T5_XXL, "vocab_size": 384, "d_model": 1472, "d_ff": 3584, "num_layers": 12, "num_heads": 6}
CLIP_H = {"hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32, "num_attention_heads": 16,
          "image_size": 224, "patch_size": 14, "projection_dim": 1024, "hidden_act": "gelu"}  # fmt: skip
CLIP_L = {"vocab_size": 49408, "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
          "num_attention_heads": 12, "projection_dim": 768}  # fmt: skip  # openai/clip-vit-large-patch14
SIGLIP = {"hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27, "num_attention_heads": 16,
          "image_size": 384, "patch_size": 14}  # fmt: skip  # google/siglip-so400m-patch14-384
QWEN25 = {"vocab_size": 152064, "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
          "num_attention_heads": 28, "num_key_value_heads": 4}  # fmt: skip  # Qwen2.5-VL-7B, its text half
QWEN25_VL = {"text_config": QWEN25, "vision_config": {"depth": 32, "hidden_size": 1280, "num_heads": 16,
             "intermediate_size": 3420, "out_hidden_size": 3584}}  # fmt: skip
GEMMA3 = {
    "text_config": {"vocab_size": 262208, "hidden_size": 3840, "intermediate_size": 15360, "head_dim": 256,
                    "num_hidden_layers": 48, "num_attention_heads": 16, "num_key_value_heads": 8},
    "vision_config": {"hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27,
                      "num_attention_heads": 16, "image_size": 896, "patch_size": 14},
}  # fmt: skip  # google/gemma-3-12b


@dataclass(frozen=True)
class Part:
    """A network: its class, its published sizes (what is left out is the class's default) and, of
    transformers' classes, the class that takes the sizes."""

    kind: Any
    sizes: dict[str, Any]
    wrap: Any = None


PARTS = {
    "svd": Part(diffusers.UNetSpatioTemporalConditionModel, {}),
    "svd vae": Part(diffusers.AutoencoderKLTemporalDecoder, SVD_VAE),
    "cogvideox": Part(diffusers.CogVideoXTransformer3DModel, COG_1),
    "cogvideox 1.5": Part(diffusers.CogVideoXTransformer3DModel, COG_15),
    "cogvideox vae": Part(diffusers.AutoencoderKLCogVideoX, {}),
    "ltx 2b": Part(diffusers.LTXVideoTransformer3DModel, LTX_2B),
    "ltx 13b": Part(diffusers.LTXVideoTransformer3DModel, LTX_13B),
    "ltx vae 0.9.0": Part(diffusers.AutoencoderKLLTXVideo, {}),
    "ltx vae": Part(diffusers.AutoencoderKLLTXVideo, LTX_VAE),
    "ltx-2": Part(diffusers.LTX2VideoTransformer3DModel, LTX2_T),
    "ltx-2.3": Part(diffusers.LTX2VideoTransformer3DModel, LTX23_T),
    "ltx-2.5": Part(diffusers.LTX2VideoTransformer3DModel, LTX25_T),
    "ltx-2 vae": Part(diffusers.AutoencoderKLLTX2Video, LTX2_VAE),
    "ltx-2.3 vae": Part(diffusers.AutoencoderKLLTX2Video, LTX23_VAE),
    "ltx-2 audio vae": Part(diffusers.AutoencoderKLLTX2Audio, {}),
    "ltx-2 connectors": Part(ltx2.LTX2TextConnectors, {}),
    "ltx-2.3 connectors": Part(ltx2.LTX2TextConnectors, LTX23_CONNECTORS),
    "ltx-2 vocoder": Part(ltx2.LTX2Vocoder, {}),
    "ltx-2.3 vocoder": Part(ltx2.LTX2VocoderWithBWE, {}),
    "wan 2.1": Part(diffusers.WanTransformer3DModel, WAN_SEEING),
    "wan 2.1 flf": Part(diffusers.WanTransformer3DModel, {**WAN_SEEING, "pos_embed_seq_len": 514}),
    "wan 2.2": Part(diffusers.WanTransformer3DModel, WAN),
    "wan 2.2 5b": Part(diffusers.WanTransformer3DModel, WAN_5B),
    "wan vae": Part(diffusers.AutoencoderKLWan, {}),
    "wan vae 5b": Part(diffusers.AutoencoderKLWan, WAN_VAE_5B),
    "skyreels": Part(diffusers.SkyReelsV2Transformer3DModel, SKYREELS),
    # convert_hunyuan_video1_5_to_diffusers.py leaves all but target_size, task_type and use_meanflow
    "hunyuan": Part(diffusers.HunyuanVideo15Transformer3DModel, {}),
    "hunyuan meanflow": Part(diffusers.HunyuanVideo15Transformer3DModel, {"use_meanflow": True}),
    "hunyuan vae": Part(diffusers.AutoencoderKLHunyuanVideo15, {}),
    "kandinsky5": Part(diffusers.Kandinsky5Transformer3DModel, KANDINSKY5),
    "kandinsky vae": Part(diffusers.AutoencoderKLHunyuanVideo, {}),
    "helios": Part(diffusers.HeliosTransformer3DModel, {}),
    "t5": Part(transformers.T5EncoderModel, T5_XXL, transformers.T5Config),
    "umt5": Part(transformers.UMT5EncoderModel, UMT5_XXL, transformers.UMT5Config),
    "byt5": Part(transformers.T5EncoderModel, BYT5, transformers.T5Config),
    "qwen text": Part(transformers.Qwen2_5_VLTextModel, QWEN25, transformers.Qwen2_5_VLTextConfig),
    "qwen": Part(transformers.Qwen2_5_VLForConditionalGeneration, QWEN25_VL, transformers.Qwen2_5_VLConfig),
    "gemma": Part(transformers.Gemma3ForConditionalGeneration, GEMMA3, transformers.Gemma3Config),
    "clip-l": Part(transformers.CLIPTextModel, CLIP_L, transformers.CLIPTextConfig),
    "clip-h": Part(transformers.CLIPVisionModel, CLIP_H, transformers.CLIPVisionConfig),
    "clip-h projection": Part(
        transformers.CLIPVisionModelWithProjection, CLIP_H, transformers.CLIPVisionConfig
    ),
    "siglip": Part(transformers.SiglipVisionModel, SIGLIP, transformers.SiglipVisionConfig),
}


@cache
def build(name: str) -> Any:
    """The network as `from_pretrained(torch_dtype=bfloat16)` would leave it: what its class keeps in float32
    stays so."""
    part = PARTS[name]
    with torch.device("meta"):
        made = part.kind(part.wrap(**part.sizes)) if part.wrap else part.kind(**part.sizes)
    made.to("meta")  # SVD makes a few scalars elsewhere
    ours = issubclass(part.kind, diffusers.ModelMixin)
    kept = part.kind._keep_in_fp32_modules if ours else None  # transformers' rule is for float16 alone
    keep = set(kept or ())
    for path, weight in made.named_parameters():
        if not keep & set(path.split(".")):
            weight.data = weight.data.bfloat16()
    return made.eval().requires_grad_(False)


@cache
def parameters(name: str) -> int:
    return sum(each.numel() for each in build(name).parameters())


SVD_SET = {"unet": "svd", "vae": "svd vae", "image_encoder": "clip-h projection"}
COG_REST = {"text_encoder": "t5", "vae": "cogvideox vae"}
LTX_REST = {"text_encoder": "t5", "vae": "ltx vae"}
LTX2_REST = {"audio_vae": "ltx-2 audio vae", "vocoder": "ltx-2.3 vocoder", "vae": "ltx-2.3 vae",
             "connectors": "ltx-2.3 connectors"}  # fmt: skip
WAN_REST = {"text_encoder": "umt5", "vae": "wan vae"}
HUNYUAN_REST = {"text_encoder": "qwen text", "text_encoder_2": "byt5", "vae": "hunyuan vae",
                "image_encoder": "siglip"}  # fmt: skip
HUNYUAN_SET = {"transformer": "hunyuan", **HUNYUAN_REST}

# What each entry's pipeline is made of. LTX-2.5's text encoder, Kandinsky 6 and MiniMax-H3 are not here:
# their published sizes are not known.
ENTRIES = {
    "svd-img2vid": SVD_SET,
    "svd-xt": SVD_SET,
    "svd-xt-1.1": SVD_SET,
    "cogvideox-5b-i2v": {"transformer": "cogvideox", **COG_REST},
    "cogvideox1.5-5b-i2v": {"transformer": "cogvideox 1.5", **COG_REST},
    "ltx-video-2b-0.9.0": {"transformer": "ltx 2b", "text_encoder": "t5", "vae": "ltx vae 0.9.0"},
    "ltx-video-2b-0.9.5": {"transformer": "ltx 2b", **LTX_REST},
    "ltx-video-2b-0.9.8-distilled": {"transformer": "ltx 2b", **LTX_REST},
    "ltx-video-13b-0.9.7": {"transformer": "ltx 13b", **LTX_REST},
    "ltx-video-13b-0.9.7-distilled": {"transformer": "ltx 13b", **LTX_REST},
    "ltx-video-13b-0.9.8-distilled": {"transformer": "ltx 13b", **LTX_REST},
    "ltx-2": {
        "transformer": "ltx-2", "connectors": "ltx-2 connectors", "text_encoder": "gemma", "vae": "ltx-2 vae",
        "audio_vae": "ltx-2 audio vae", "vocoder": "ltx-2 vocoder",
    },
    "ltx-2.3": {"transformer": "ltx-2.3", "text_encoder": "gemma", **LTX2_REST},
    "ltx-2.5": {"transformer": "ltx-2.5", **LTX2_REST},
    "wan2.1-i2v-14b-480p": {"transformer": "wan 2.1", "image_encoder": "clip-h", **WAN_REST},
    "wan2.1-i2v-14b-720p": {"transformer": "wan 2.1", "image_encoder": "clip-h", **WAN_REST},
    "wan2.1-flf2v-14b-720p": {"transformer": "wan 2.1 flf", "image_encoder": "clip-h", **WAN_REST},
    "wan2.2-i2v-a14b": {"transformer": "wan 2.2", "transformer_2": "wan 2.2", **WAN_REST},
    "wan2.2-ti2v-5b": {"transformer": "wan 2.2 5b", "text_encoder": "umt5", "vae": "wan vae 5b"},
    "hunyuanvideo-1.5-i2v-480p": HUNYUAN_SET,
    "hunyuanvideo-1.5-i2v-720p": HUNYUAN_SET,
    "hunyuanvideo-1.5-i2v-480p-cfg-distilled": HUNYUAN_SET,
    "hunyuanvideo-1.5-i2v-720p-cfg-distilled": HUNYUAN_SET,
    "hunyuanvideo-1.5-i2v-480p-step-distilled": {**HUNYUAN_SET, "transformer": "hunyuan meanflow"},
    "skyreels-v2-i2v-1.3b-540p": {
        "transformer": "skyreels", "image_encoder": "clip-h projection", **WAN_REST,
    },
    "kandinsky-5-i2v-lite-5s": {
        "transformer": "kandinsky5", "text_encoder": "qwen", "text_encoder_2": "clip-l",
        "vae": "kandinsky vae",
    },
    "helios-base": {"transformer": "helios", **WAN_REST},
}  # fmt: skip

T5_COUNT, UMT5_COUNT, WAN_VAE_COUNT, LTX_VAE_COUNT = 4_762_310_656, 5_680_910_336, 126_892_531, 1_246_913_522
LTX_2B_COUNT = {"transformer": 1_923_385_472, "text_encoder": T5_COUNT, "vae": LTX_VAE_COUNT}
LTX_13B_COUNT = {**LTX_2B_COUNT, "transformer": 13_042_569_344}
COG_COUNT = {"text_encoder": T5_COUNT, "vae": 215_583_907}
SVD_COUNT = {"unet": 1_524_623_082, "vae": 97_742_847, "image_encoder": 632_076_800}
LTX2_COUNT = {
    "audio_vae": 53_248_146,
    "vocoder": 128_537_448,
    "vae": 726_105_969,
    "connectors": 3_172_227_584,
}
WAN_COUNT = {"text_encoder": UMT5_COUNT, "vae": WAN_VAE_COUNT}
WAN_SEEING_COUNT = {**WAN_COUNT, "transformer": 16_394_878_784, "image_encoder": 630_766_080}
HUNYUAN_COUNT = {"transformer": 8_326_608_160, "text_encoder": 7_070_619_136, "text_encoder_2": 217_657_472,
                 "vae": 1_260_634_115, "image_encoder": 428_225_600}  # fmt: skip

# How many parameters each part of each entry has
PARAMETERS = {
    "svd-img2vid": SVD_COUNT,
    "svd-xt": SVD_COUNT,
    "svd-xt-1.1": SVD_COUNT,
    "cogvideox-5b-i2v": {"transformer": 5_570_479_680, **COG_COUNT},
    "cogvideox1.5-5b-i2v": {"transformer": 5_571_594_880, **COG_COUNT},
    "ltx-video-2b-0.9.0": {**LTX_2B_COUNT, "vae": 419_193_649},
    "ltx-video-2b-0.9.5": LTX_2B_COUNT,
    "ltx-video-2b-0.9.8-distilled": LTX_2B_COUNT,
    "ltx-video-13b-0.9.7": LTX_13B_COUNT,
    "ltx-video-13b-0.9.7-distilled": LTX_13B_COUNT,
    "ltx-video-13b-0.9.8-distilled": LTX_13B_COUNT,
    "ltx-2": {
        "transformer": 18_876_174_592, "connectors": 1_431_475_200, "text_encoder": 12_202_563_392,
        "vae": 1_222_479_601, "audio_vae": 53_248_146, "vocoder": 55_592_802,
    },
    "ltx-2.3": {"transformer": 18_988_838_144, "text_encoder": 12_202_563_392, **LTX2_COUNT},
    "ltx-2.5": {"transformer": 18_987_859_200, **LTX2_COUNT},
    "wan2.1-i2v-14b-480p": WAN_SEEING_COUNT,
    "wan2.1-i2v-14b-720p": WAN_SEEING_COUNT,
    "wan2.1-flf2v-14b-720p": {**WAN_SEEING_COUNT, "transformer": 16_395_536_704},
    "wan2.2-i2v-a14b": {"transformer": 14_288_901_184, "transformer_2": 14_288_901_184, **WAN_COUNT},
    "wan2.2-ti2v-5b": {"transformer": 4_999_787_712, "text_encoder": UMT5_COUNT, "vae": 704_688_668},
    "hunyuanvideo-1.5-i2v-480p": HUNYUAN_COUNT,
    "hunyuanvideo-1.5-i2v-720p": HUNYUAN_COUNT,
    "hunyuanvideo-1.5-i2v-480p-cfg-distilled": HUNYUAN_COUNT,
    "hunyuanvideo-1.5-i2v-720p-cfg-distilled": HUNYUAN_COUNT,
    "hunyuanvideo-1.5-i2v-480p-step-distilled": {**HUNYUAN_COUNT, "transformer": 8_331_330_848},
    "skyreels-v2-i2v-1.3b-540p": {
        "transformer": 1_564_428_608, "image_encoder": 632_076_800, **WAN_COUNT,
    },
    "kandinsky-5-i2v-lite-5s": {
        "transformer": 2_007_702_848, "text_encoder": 8_292_166_656, "text_encoder_2": 123_060_480,
        "vae": 246_478_803,
    },
    "helios-base": {"transformer": 14_312_427_584, **WAN_COUNT},
}  # fmt: skip
