"""Kandinsky 5 I2V, and Kandinsky 6 TI2VA with sound.

What is called their tokenizer is a Qwen2-VL processor, whose video half wants torchvision. Without it the
folder loads with ``tokenizer=text_alone(folder)`` alone; the pipelines pass nothing but text to it.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from diffusers import (
    AutoencoderKLHunyuanVideo,
    FlowMatchEulerDiscreteScheduler,
    Kandinsky5I2VPipeline,
    Kandinsky5Transformer3DModel,
    Kandinsky6TI2VAPipeline,
    Kandinsky6Transformer3DModel,
    MMAudioVAE,
    MMAudioVocoder,
)
from diffusers.pipelines.kandinsky6 import pipeline_kandinsky6_ti2va
from transformers import (
    AutoTokenizer,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2VLProcessor,
)

from tiny_pipelines.hub_layout import qwen_processor
from tiny_pipelines.words import QWEN_MARKS, clip_encoder, clip_tokenizer, qwen_tokenizer

WIDTH = 32
TRANSFORMER: dict[str, Any] = {
    "in_visual_dim": 4, "out_visual_dim": 4, "in_text_dim": WIDTH, "in_text_dim2": 16, "time_dim": 16,
    "model_dim": 16, "ff_dim": 32, "num_text_blocks": 1, "num_visual_blocks": 2, "axes_dims": (4, 2, 2),
    "visual_cond": True,
}  # fmt: skip


def save(folder: Path, form: str) -> None:
    if form == "kandinsky-5":
        instruction = inspect.getsource(Kandinsky5I2VPipeline.__init__)
        transformer = Kandinsky5Transformer3DModel(**TRANSFORMER).eval()
        Kandinsky5I2VPipeline(transformer=transformer, **_shared(instruction)).save_pretrained(folder)
        qwen_processor(folder, Qwen2VLProcessor.__name__)
        return
    transformer = Kandinsky6Transformer3DModel(
        **TRANSFORMER, in_audio_dim=4, out_audio_dim=4, visual_token_type_num_embeddings=2
    ).eval()
    shared = _shared(pipeline_kandinsky6_ti2va._PROMPT_TEMPLATE)
    Kandinsky6TI2VAPipeline(transformer=transformer, **shared, **_sound()).save_pretrained(folder)
    qwen_processor(folder, Qwen2_5_VLProcessor.__name__)


def text_alone(folder: Path) -> Any:
    """The processor of a saved folder, as far as it reads text. Fits the type that the pipelines ask for."""
    tokenizer = AutoTokenizer.from_pretrained(folder / "tokenizer")
    family = (
        Qwen2_5_VLProcessor if tokenizer.init_kwargs.get("processor_class") == _NEWER else Qwen2VLProcessor
    )

    class TextAlone(family):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            self.tokenizer = tokenizer

        def __call__(self, text: Any = None, images: Any = None, videos: Any = None, **more: Any) -> Any:
            assert images is None
            assert videos is None
            return tokenizer(text, **more)

    return TextAlone()


_NEWER = Qwen2_5_VLProcessor.__name__


def _shared(instruction: str) -> dict[str, Any]:
    vae = AutoencoderKLHunyuanVideo(
        latent_channels=4, block_out_channels=(8, 8, 8, 8), norm_num_groups=4, layers_per_block=1,
        mid_block_add_attention=False,
    ).eval()  # fmt: skip
    return {
        "vae": vae,
        "text_encoder": _reader(),
        "tokenizer": qwen_tokenizer(instruction),
        "text_encoder_2": clip_encoder(),
        "tokenizer_2": clip_tokenizer(),
        "scheduler": FlowMatchEulerDiscreteScheduler(shift=5.0),
    }


def _reader() -> Qwen2_5_VLForConditionalGeneration:
    """512 ids: some 140 words of an instruction follow the letters and marks."""
    ids = {mark: 256 + number for number, mark in enumerate(QWEN_MARKS)}
    text = {
        "vocab_size": 512, "hidden_size": WIDTH, "intermediate_size": WIDTH, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 2, "bos_token_id": 256, "eos_token_id": 256,
        "rope_scaling": {"mrope_section": [2, 2, 4], "rope_type": "default"},
    }  # fmt: skip
    vision = {"depth": 1, "hidden_size": WIDTH, "intermediate_size": WIDTH, "num_heads": 2,
              "out_hidden_size": WIDTH}  # fmt: skip
    return Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(
        text_config=text, vision_config=vision, image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"], vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )).eval()  # fmt: skip


def _sound() -> dict[str, Any]:
    """The vocoder's rates multiply to the hop of the pictures of sound."""
    vae = MMAudioVAE(
        mel_bins=8, latent_channels=4, hidden_channels=8, channel_multipliers=(1, 2), layers_per_block=1,
        sample_rate=16000, n_fft=64, hop_length=16,
    ).eval()  # fmt: skip
    vocoder = MMAudioVocoder(
        num_mels=8, upsample_initial_channel=16, upsample_rates=(4, 4), upsample_kernel_sizes=(8, 8),
        resblock_kernel_sizes=(3,), resblock_dilation_sizes=((1, 3, 5),),
    ).eval()  # fmt: skip
    return {"audio_vae": vae, "vocoder": vocoder}
