"""Wan 2.1 and 2.2: arXiv 2503.20314.

Sources: Wan-Video/Wan2.1 generate.py and Wan-Video/Wan2.2 wan/configs (sizes, frames, steps, shift,
guidance), the model pages, diffusers' documentation. `last_image` is accepted by all of them and silently
ignored by TI2V-5B; FLF2V is trained for it.
"""

from typing import Any

from unstill.domain.catalog import Option, Terms
from unstill.engines.pipelines.recipe import options
from unstill.engines.pipelines.row import Latents, Lightning, Row
from unstill.engines.pipelines.rows.common import WORST, card
from unstill.engines.pipelines.rows.work import WORK

TEXT, VAE, SEEING = 5_680_910_336, 126_892_531, 630_766_080
ONE = {"transformer": 16_394_878_784, "text_encoder": TEXT, "vae": VAE, "image_encoder": SEEING}
ENDS = {**ONE, "transformer": 16_395_536_704}
EXPERTS = {"transformer": 14_288_901_184, "transformer_2": 14_288_901_184, "text_encoder": TEXT, "vae": VAE}
FIVE = {"transformer": 4_999_787_712, "text_encoder": TEXT, "vae": 704_688_668}
OF_ALL: dict[str, Any] = {
    "licence": "Apache-2.0", "terms": Terms("yes"), "prompt_languages": ("en", "zh"), "frame_stride": 4,
    "lora": True,
}  # fmt: skip
DRIVEN: dict[str, Any] = {"pipeline": "WanImageToVideoPipeline", "vae_float32": True, "caches": True, "gguf": True,
          "negative_prompt": WORST}  # fmt: skip
LATENTS = Latents("bcfhw", 16, 8, 4, (1, 2, 2))
LIGHTNING = Option("off", {
    "en": "4 steps with LoRA files made for it (lightx2v): some ten times quicker, less motion.",
    "zh": "使用专用 LoRA（lightx2v）只需 4 步：快约十倍，运动较少。",
}, choices=("off", "4-step"))  # fmt: skip


def _fourteen(name: str, repo: str, size: str, sizes: tuple[str, ...], shift: float, standing: int) -> Row:
    side = int(size.removesuffix("p"))
    return Row(
        card(
            name, parameters=ONE, family="wan", title=f"Wan 2.1 14B {size}",
            about={"en": f"Natural motion that follows Chinese and English descriptions, at {size}.",
                   "zh": f"运动自然，能遵循中英文描述，{size}。"},
            native={"size": size, "num_frames": 81, "fps": 16, "num_inference_steps": 40,
                    "guidance_scale": 5.0},
            frames=(5, 121), side=(side // 2, int(sizes[0].split("x")[0])), side_grid=16, sizes=sizes,
            options=options(gguf=True), repo=repo, standing=standing, **OF_ALL,
        ),
        parameters=ONE, latents=LATENTS, work=WORK[name], shift=shift, **DRIVEN,
    )  # fmt: skip


ROWS = (
    Row(
        card(
            "wan2.2-ti2v-5b", parameters=FIVE, family="wan", title="Wan 2.2 TI2V 5B",
            about={"en": "The best for its size: 5 seconds at 24 frames a second, Chinese and English.",
                   "zh": "同体积中最好：每秒 24 帧，5 秒，中英文描述。"},
            native={"size": "704p", "num_frames": 121, "fps": 24, "num_inference_steps": 50,
                    "guidance_scale": 5.0},
            frames=(5, 161), side=(256, 1280), side_grid=32, sizes=("1280x704", "704x1280"),
            options=options(gguf=True), repo="Wan-AI/Wan2.2-TI2V-5B-Diffusers", standing=70, **OF_ALL,
        ),
        parameters=FIVE, latents=Latents("bcfhw", 48, 16, 4, (1, 2, 2)), work=WORK["wan2.2-ti2v-5b"], shift=5.0,
        **DRIVEN,
    ),
    Row(
        card(
            "wan2.2-i2v-a14b", parameters=EXPERTS, family="wan", title="Wan 2.2 I2V A14B",
            about={"en": "Two large experts, one for the composition and one for detail: rich motion, Chinese and "
                   "English, in 4 steps where its LoRA files are here.",
                   "zh": "两个大型专家网络，分别负责构图和细节：动作丰富，中英文描述；有专用 LoRA 时只需 4 步。"},
            native={"size": "480p", "num_frames": 81, "fps": 16, "num_inference_steps": 40,
                    "guidance_scale": 3.5},
            frames=(5, 121), side=(240, 1280), side_grid=16, sizes=("832x480", "1280x720", "480x832"),
            last_picture="can", loops=True, options=options(gguf=True, fields={"lightning": LIGHTNING}),
            repo="Wan-AI/Wan2.2-I2V-A14B-Diffusers", standing=88, **OF_ALL,
        ),
        parameters=EXPERTS, latents=LATENTS, work=WORK["wan2.2-i2v-a14b"], shift=5.0,
        denoisers=("transformer", "transformer_2"), guidance=("guidance_scale", "guidance_scale_2"),
        last="last_image",
        lightning=Lightning(
            repo="lightx2v/Wan2.2-Distill-Loras",
            files={
                "transformer": "wan2.2_i2v_A14b_high_noise_lora_rank64_lightx2v_4step_1022.safetensors",
                "transformer_2": "wan2.2_i2v_A14b_low_noise_lora_rank64_lightx2v_4step_1022.safetensors",
            },
            steps=4,
        ),
        **DRIVEN,
    ),
    _fourteen("wan2.1-i2v-14b-480p", "Wan-AI/Wan2.1-I2V-14B-480P-Diffusers", "480p", ("832x480", "480x832"), 3.0, 74),
    _fourteen("wan2.1-i2v-14b-720p", "Wan-AI/Wan2.1-I2V-14B-720P-Diffusers", "720p", ("1280x720", "720x1280"), 5.0, 76),
    Row(
        card(
            "wan2.1-flf2v-14b-720p", parameters=ENDS, family="wan", title="Wan 2.1 FLF2V 14B 720p",
            about={"en": "From a first picture to a last one: made for transitions and loops.",
                   "zh": "从首帧图片过渡到尾帧图片：专为转场和循环而做。"},
            native={"size": "720p", "num_frames": 81, "fps": 16, "num_inference_steps": 50,
                    "guidance_scale": 5.5},
            frames=(5, 121), side=(240, 1280), side_grid=16, sizes=("1280x720", "720x1280"),
            last_picture="must", loops=True, options=options(gguf=True),
            repo="Wan-AI/Wan2.1-FLF2V-14B-720P-diffusers", standing=58, **OF_ALL,
        ),
        parameters=ENDS, latents=LATENTS, work=WORK["wan2.1-flf2v-14b-720p"], shift=16.0, last="last_image",
        **DRIVEN,
    ),
)  # fmt: skip
