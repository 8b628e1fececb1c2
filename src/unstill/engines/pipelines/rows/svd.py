"""Stable Video Diffusion: arXiv 2311.15127.

Sources: the model pages of stabilityai/stable-video-diffusion-img2vid and -xt (size, frames, licence);
diffusers' documentation of the pipeline (defaults, fp16 files). It reads no words.
"""

from unstill.domain.catalog import Option, Range, Terms
from unstill.engines.pipelines.recipe import options
from unstill.engines.pipelines.row import Latents, Row
from unstill.engines.pipelines.rows.common import card
from unstill.engines.pipelines.rows.work import WORK

PARAMETERS = {"unet": 1_524_623_082, "vae": 97_742_847, "image_encoder": 632_076_800}
OWN = {
    "motion_bucket_id": Option(127, {"en": "How much moves: 127 is usual, more is livelier.",
                                     "zh": "运动幅度：通常为 127，越大动得越多。"}, Range(1, 255)),
    "noise_aug_strength": Option(0.02, {"en": "Noise on the picture: more of it allows more motion and keeps less.",
                                        "zh": "加在图片上的噪声：越多运动越大，越不像原图。"}, Range(0, 1)),
}  # fmt: skip


def _row(name: str, repo: str, title: str, frames: int, standing: int) -> Row:
    return Row(
        card(
            name,
            parameters=PARAMETERS,
            family="svd", title=title,
            about={
                "en": f"Moves a picture for {frames} frames without any words: it decides itself what moves. Small and quick.",
                "zh": f"无需文字描述，自行决定如何让图片动起来，{frames} 帧。体积小、速度快。",
            },
            licence="Stability AI Community License: commercial use below US$1,000,000 of revenue a year",
            licence_zh="Stability AI Community License：年收入低于 100 万美元可商用",
            licence_notes=(
                {"en": "The licence file of November 2023 in the repository allows no commercial use; the page "
                 "refers to the Stability AI Community License, which does below US$1,000,000 a year.",
                 "zh": "仓库中 2023 年 11 月的许可文件不允许商用；页面所指的 Stability AI Community License 允许年收入 "
                 "100 万美元以下的商用。"},
            ),
            terms=Terms("registered", 1_000_000),
            native={"size": "576p", "num_frames": frames, "fps": 7, "num_inference_steps": 25,
                    "guidance_scale": 3.0},
            frames=(2, 25), side=(256, 1024), side_grid=64, sizes=("1024x576", "576x1024"),
            trained_side=Range(576, 576),
            negative_prompt=False, prompt_languages=(), options=options(compiles=False, fields=OWN),
            repo=repo, standing=standing,
        ),
        pipeline="StableVideoDiffusionPipeline", parameters=PARAMETERS,
        latents=Latents("bfchw", 4, 8, 1), work=WORK[name], denoisers=("unet",),
        guidance=("max_guidance_scale",), fps="fps", tiles=False, compiles=False,
    )  # fmt: skip


ROWS = (
    _row("svd", "stabilityai/stable-video-diffusion-img2vid", "Stable Video Diffusion", 14, 30),
    _row("svd-xt", "stabilityai/stable-video-diffusion-img2vid-xt", "Stable Video Diffusion XT", 25, 35),
)
