"""SkyReels-V2 image to video: arXiv 2504.13074.

Sources: SkyworkAI/SkyReels-V2 on GitHub (README: size, frames, shift, memory; LICENSE.txt), diffusers'
pipeline. Its `last_image` wants a denoiser that was made for two pictures, which this one is not.
"""

from unstill.domain.catalog import Terms
from unstill.engines.pipelines.recipe import options
from unstill.engines.pipelines.row import Latents, Row
from unstill.engines.pipelines.rows.common import WORST, card
from unstill.engines.pipelines.rows.work import WORK

PARAMETERS = {"transformer": 1_564_428_608, "text_encoder": 5_680_910_336, "vae": 126_892_531,
              "image_encoder": 632_076_800}  # fmt: skip

ROWS = (
    Row(
        card(
            "skyreels-v2-i2v-1.3b", parameters=PARAMETERS, family="skyreels-v2", title="SkyReels V2 1.3B 540p",
            about={"en": "Film-like shots from a small network: 4 seconds at 24 frames a second, Chinese and English.",
                   "zh": "小模型，电影感镜头：每秒 24 帧，4 秒，中英文描述。"},
            licence="Skywork Community License: commercial use within its terms",
            licence_zh="Skywork 社区许可：遵守条款即可商用",
            terms=Terms("yes"),
            native={"size": "544p", "num_frames": 97, "fps": 24, "num_inference_steps": 50,
                    "guidance_scale": 5.0},
            frames=(5, 121), frame_stride=4, side=(240, 960), side_grid=16, sizes=("960x544", "544x960"),
            prompt_languages=("en", "zh"), lora=True,
            options=options(gguf=True), repo="Skywork/SkyReels-V2-I2V-1.3B-540P-Diffusers", standing=56,
        ),
        pipeline="SkyReelsV2ImageToVideoPipeline", parameters=PARAMETERS,
        latents=Latents("bcfhw", 16, 8, 4, (1, 2, 2)), work=WORK["skyreels-v2-i2v-1.3b"], vae_float32=True,
        negative_prompt=WORST, shift=5.0, gguf=True,
    ),
)  # fmt: skip
