"""LTX-2: video with sound.

Sources: Lightricks/LTX-2 on GitHub (LICENSE, LICENSE-2), the model pages, diffusers' documentation of LTX-2
(sizes, frames, the distilled sigmas). The call's own defaults guide in eight ways; a distilled model wants
all of them off. The text encoder of LTX-2.5 was not read: it is counted as that of 2.3.
"""

from typing import Any

from unstill.domain.catalog import Range, Terms
from unstill.engines.pipelines.recipe import options
from unstill.engines.pipelines.row import Latents, Row
from unstill.engines.pipelines.rows.common import WORST, card
from unstill.engines.pipelines.rows.work import WORK

LICENCE: dict[str, Any] = {
    "licence": "LTX-2 Community License: commercial use below US$10,000,000 of revenue a year",
    "licence_zh": "LTX-2 Community License：年收入低于 1000 万美元可商用",
    "terms": Terms("yes", 10_000_000),
}
LICENCE_5: dict[str, Any] = {
    **LICENCE,
    "licence": "LTX-2.x Community License: commercial use below US$10,000,000 of revenue a year",
    "licence_zh": "LTX-2.x Community License：年收入低于 1000 万美元可商用",
    "licence_notes": (
        {"en": "Its page has to be accepted with an account of the hub first; watermarks and marks of origin "
         "must not be taken off its videos.",
         "zh": "需先用模型站账号在页面上接受条款；不得去除视频中的水印和来源标记。"},
    ),
}  # fmt: skip
TEXT = 12_202_563_392
ZERO = {"transformer": 18_876_174_592, "connectors": 1_431_475_200, "text_encoder": TEXT, "vae": 1_222_479_601,
        "audio_vae": 53_248_146, "vocoder": 55_592_802}  # fmt: skip
THREE = {"transformer": 18_988_838_144, "connectors": 3_172_227_584, "text_encoder": TEXT, "vae": 726_105_969,
         "audio_vae": 53_248_146, "vocoder": 128_537_448}  # fmt: skip
FIVE = {**THREE, "transformer": 18_987_859_200}
SIGMAS = [1.0, 0.99375, 0.9875, 0.98125, 0.975, 0.909375, 0.725, 0.421875]
UNGUIDED: dict[str, Any] = {"guidance_scale": 1.0, "audio_guidance_scale": 1.0, "stg_scale": 0.0, "audio_stg_scale": 0.0,
            "modality_scale": 1.0, "audio_modality_scale": 1.0, "guidance_rescale": 0.0,
            "audio_guidance_rescale": 0.0}  # fmt: skip
GRID: dict[str, Any] = {"frames": (9, 257), "frame_stride": 8, "side": (256, 1920), "side_grid": 32,
        "sizes": ("768x512", "512x768"), "sound": True, "last_picture": "can", "loops": True, "lora": True}  # fmt: skip
DRIVEN: dict[str, Any] = {"pipeline": "LTX2ImageToVideoPipeline", "adapter": "ltx2", "latents": Latents("packed", 128, 32, 8),
          "fps": "frame_rate", "last": "conditions-2", "gguf": True}  # fmt: skip
GUIDED: dict[str, Any] = {
    name: value for name, value in UNGUIDED.items() if name not in ("guidance_scale", "audio_guidance_scale")
}

ROWS = (
    Row(
        card(
            "ltx-2", parameters=ZERO, family="ltx-2", title="LTX-2 19B",
            about={"en": "Video with sound, from one description; knows a last picture and loops.",
                   "zh": "根据一段描述生成带声音的视频，支持尾帧图片和循环。"},
            native={"size": "512p", "num_frames": 121, "fps": 24, "num_inference_steps": 30,
                    "guidance_scale": 3.0},
            options=options(gguf=True), repo="Lightricks/LTX-2", standing=80, **GRID, **LICENCE,
        ),
        parameters=ZERO, work=WORK["ltx-2"], call={**GUIDED, "use_cross_timestep": False}, guidance=("guidance_scale", "audio_guidance_scale"),
        negative_prompt=WORST, **DRIVEN,
    ),
    Row(
        card(
            "ltx-2.3", parameters=THREE, family="ltx-2", title="LTX-2.3",
            about={"en": "LTX-2 with better sound and finer pictures; needs much memory.",
                   "zh": "音质更好、画面更细的 LTX-2，需要较多显存。"},
            native={"size": "512p", "num_frames": 121, "fps": 24, "num_inference_steps": 30,
                    "guidance_scale": 3.0},
            options=options(gguf=True), repo="diffusers/LTX-2.3-Diffusers", standing=82, **GRID, **LICENCE,
        ),
        parameters=THREE, work=WORK["ltx-2.3"], negative_prompt=WORST, **DRIVEN,
    ),
    Row(
        card(
            "ltx-2.5", parameters=FIVE, family="ltx-2", title="LTX-2.5 22B distilled",
            about={"en": "The strongest here: video with sound in 8 steps. Large, and its page must be accepted first.",
                   "zh": "这里最强的模型：8 步生成带声音的视频。体积大，需先在其页面接受条款。"},
            native={"size": "512p", "num_frames": 121, "fps": 24, "num_inference_steps": 8,
                    "guidance_scale": 1.0},
            steps=Range(8, 8), guidance=Range(1, 1), negative_prompt=False, options=options(gguf=True),
            repo="Lightricks/LTX-2.5-Diffusers", standing=90, **GRID, **LICENCE_5,
        ),
        parameters=FIVE, work=WORK["ltx-2.5"], guidance=(), call={**UNGUIDED, "sigmas": SIGMAS}, **DRIVEN,
    ),
)  # fmt: skip
