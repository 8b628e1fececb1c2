"""CogVideoX image to video: arXiv 2408.06072.

Sources: the model pages of THUDM/CogVideoX-5b-I2V and CogVideoX1.5-5B-I2V (sizes, frames, licence); diffusers'
pipeline (defaults). Run on the classes: an even number of latent frames comes out as 4n frames, so that the
true grid is 8n + 1; the 5B model's positions are learned for one size.
"""

from typing import Any

from unstill.domain.catalog import Terms
from unstill.engines.pipelines.recipe import options
from unstill.engines.pipelines.row import Latents, Row
from unstill.engines.pipelines.rows.common import WORST, card
from unstill.engines.pipelines.rows.work import WORK

LICENCE: dict[str, Any] = {
    "licence": "The CogVideoX License: commercial use after registering",
    "licence_zh": "CogVideoX 许可：商用需先登记",
    "licence_notes": (
        {"en": "Free for academic research; commercial use only after registering with the authors, then free.",
         "zh": "学术研究免费；商用须先向作者登记，登记后免费。"},
    ),
    "terms": Terms("registered"),
}  # fmt: skip
FIVE = {"transformer": 5_570_479_680, "text_encoder": 4_762_310_656, "vae": 215_583_907}
NEXT = {"transformer": 5_571_594_880, "text_encoder": 4_762_310_656, "vae": 215_583_907}
DRIVEN: dict[str, Any] = {"pipeline": "CogVideoXImageToVideoPipeline", "caches": True, "compiles": False, "tiles_encoding": False,
          "call": {"use_dynamic_cfg": True}, "negative_prompt": WORST}  # fmt: skip

ROWS = (
    Row(
        card(
            "cogvideox-5b", parameters=FIVE, family="cogvideox", title="CogVideoX 5B",
            about={"en": "Follows a long English description closely, at one size and length only.",
                   "zh": "能较好地遵循较长的英文描述，只有一种尺寸和长度。"},
            native={"size": "720x480", "fit": "crop", "num_frames": 49, "fps": 8, "num_inference_steps": 50,
                    "guidance_scale": 6.0},
            frames=(49, 49), frame_stride=8, side=(480, 720), side_grid=16, sizes=("720x480",),
            only_sizes=True, lora=True, options=options(compiles=False), repo="THUDM/CogVideoX-5b-I2V",
            standing=45, **LICENCE,
        ),
        parameters=FIVE, latents=Latents("bfchw", 16, 8, 4, (1, 2, 2)), work=WORK["cogvideox-5b"], **DRIVEN,
    ),
    Row(
        card(
            "cogvideox-1.5-5b", parameters=NEXT, family="cogvideox", title="CogVideoX 1.5 5B",
            about={"en": "The larger sizes of CogVideoX: 5 or 10 seconds at 16 frames a second, English descriptions.",
                   "zh": "CogVideoX 的高分辨率版：每秒 16 帧，5 或 10 秒，英文描述。"},
            native={"size": "768p", "num_frames": 81, "fps": 16, "num_inference_steps": 50,
                    "guidance_scale": 6.0},
            frames=(9, 161), frame_stride=8, side=(384, 1360), side_grid=16, sizes=("1360x768", "768x1360"),
            lora=True, options=options(compiles=False), repo="THUDM/CogVideoX1.5-5B-I2V", standing=54, **LICENCE,
        ),
        parameters=NEXT, latents=Latents("bfchw", 16, 8, 4, (2, 2, 2)), work=WORK["cogvideox-1.5-5b"], **DRIVEN,
    ),
)  # fmt: skip
