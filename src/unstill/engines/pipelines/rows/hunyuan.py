"""HunyuanVideo 1.5 image to video.

Sources: Tencent-Hunyuan/HunyuanVideo-1.5 on GitHub (README: table of configurations; LICENSE), diffusers'
pipeline and conversion script. The pipeline takes no size: it picks, of the sizes below, the nearest in shape
to its picture (`HunyuanVideo15ImageProcessor`, a target of 640 or 960 pixels, sides that 16 divides).
"""

from typing import Any

from unstill.domain.catalog import Range, Terms
from unstill.engines.pipelines.recipe import options
from unstill.engines.pipelines.row import Latents, Row
from unstill.engines.pipelines.rows.common import card
from unstill.engines.pipelines.rows.hunyuan_sizes import SIZES_480, SIZES_720
from unstill.engines.pipelines.rows.work import WORK

PARAMETERS = {"transformer": 8_326_608_160, "text_encoder": 7_070_619_136, "text_encoder_2": 217_657_472,
              "vae": 1_260_634_115, "image_encoder": 428_225_600}  # fmt: skip
STEPPED = {**PARAMETERS, "transformer": 8_331_330_848}
HUB = "hunyuanvideo-community/HunyuanVideo-1.5-Diffusers-"
LICENCE: dict[str, Any] = {
    "licence": "Tencent Hunyuan Community License: not in the EU, the United Kingdom and South Korea",
    "licence_zh": "腾讯混元社区许可：不适用于欧盟、英国和韩国",
    "licence_notes": (
        {"en": "Outputs may not be used there either, nor to improve other models; services must name their "
         "provider, and ask above 100 million users a month.",
         "zh": "在上述地区也不得使用生成结果，不得用于改进其他模型；提供服务须标明提供者，月活超过 1 亿须另行申请。"},
    ),
    "terms": Terms("yes", None, ("EU", "GB", "KR")),
}  # fmt: skip


def _row(
    name: str,
    repo: str,
    title: str,
    about: tuple[str, str],
    size: str,
    guidance: float,
    steps: int,
    standing: int,
) -> Row:
    parameters = STEPPED if steps == 12 else PARAMETERS
    sizes = SIZES_480 if size == "480p" else SIZES_720
    sides = [int(side) for each in sizes for side in each.split("x")]
    fixed: dict[str, Any] = {"guidance": Range(1, 1), "negative_prompt": False} if guidance == 1.0 else {}
    return Row(
        card(
            name, parameters=parameters, family="hunyuanvideo-1.5", title=title,
            about={"en": about[0], "zh": about[1]},
            native={"size": size, "fit": "crop", "num_frames": 121, "fps": 24, "num_inference_steps": steps,
                    "guidance_scale": guidance},
            frames=(5, 121), frame_stride=4, side=(min(sides), max(sides)), side_grid=16, sizes=sizes,
            only_sizes=True, prompt_languages=("en", "zh"), options=options(), repo=HUB + repo,
            standing=standing, **LICENCE, **fixed,
        ),
        pipeline="HunyuanVideo15ImageToVideoPipeline", adapter="hunyuan15", parameters=parameters,
        latents=Latents("bcfhw", 32, 16, 4), work=WORK[name], guidance=(),
    )  # fmt: skip


ROWS = (
    _row("hunyuanvideo-1.5-480p", "480p_i2v", "HunyuanVideo 1.5 480p",
         ("Steady motion and faces that stay themselves; Chinese and English.", "运动稳定，人物面貌一致；中英文描述。"),
         "480p", 6.0, 50, 78),
    _row("hunyuanvideo-1.5-720p", "720p_i2v", "HunyuanVideo 1.5 720p",
         ("The same at 720p: sharp, and slow.", "720p 版本：更清晰，也更慢。"), "720p", 6.0, 50, 84),
    _row("hunyuanvideo-1.5-480p-distilled", "480p_i2v_distilled", "HunyuanVideo 1.5 480p distilled",
         ("Without a second pass for guidance: twice as quick.", "不需要第二次引导计算：速度翻倍。"),
         "480p", 1.0, 50, 77),
    _row("hunyuanvideo-1.5-720p-distilled", "720p_i2v_distilled", "HunyuanVideo 1.5 720p distilled",
         ("720p without a second pass for guidance.", "720p，不需要第二次引导计算。"), "720p", 1.0, 50, 83),
    _row("hunyuanvideo-1.5-480p-step-distilled", "480p_i2v_step_distilled", "HunyuanVideo 1.5 480p in 12 steps",
         ("12 steps instead of 50: the quick one of the family.", "只需 12 步，本系列中最快。"),
         "480p", 1.0, 12, 75),
)  # fmt: skip
