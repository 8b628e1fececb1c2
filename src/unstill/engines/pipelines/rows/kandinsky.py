"""Kandinsky 5 Lite image to video.

Sources: kandinskylab/kandinsky-5 on GitHub (configs/k5_lite_i2v_5s_sft_sd.yaml), the hub's pages (licence),
diffusers' pipeline. Run on the class: fewer than 17 frames give no numbers at all.
"""

from unstill.domain.catalog import Terms
from unstill.engines.pipelines.recipe import options
from unstill.engines.pipelines.row import Latents, Row
from unstill.engines.pipelines.rows.common import WORST, card
from unstill.engines.pipelines.rows.work import WORK

PARAMETERS = {"transformer": 2_007_702_848, "text_encoder": 8_292_166_656, "text_encoder_2": 123_060_480,
              "vae": 246_478_803}  # fmt: skip

ROWS = (
    Row(
        card(
            "kandinsky-5-lite", parameters=PARAMETERS, family="kandinsky-5", title="Kandinsky 5 Lite I2V",
            about={"en": "A small network with good taste: 5 seconds at 24 frames a second, English and Russian.",
                   "zh": "小模型，画面讲究：每秒 24 帧，5 秒，英文和俄文描述。"},
            licence="MIT", terms=Terms("yes"),
            native={"size": "512p", "num_frames": 121, "fps": 24, "num_inference_steps": 50,
                    "guidance_scale": 5.0},
            frames=(17, 121), frame_stride=4, side=(256, 768), side_grid=16,
            sizes=("768x512", "512x768", "512x512"), prompt_languages=("en", "ru"), lora=True,
            options=options(), repo="kandinskylab/Kandinsky-5.0-I2V-Lite-5s-Diffusers", standing=66,
        ),
        pipeline="Kandinsky5I2VPipeline", adapter="kandinsky", parameters=PARAMETERS,
        latents=Latents("bfhwc", 16, 8, 4, (1, 2, 2)), work=WORK["kandinsky-5-lite"], negative_prompt=WORST,
    ),
)  # fmt: skip
