"""LTX-Video: arXiv 2501.00103.

Sources: Lightricks/LTX-Video on GitHub (configs/*.yaml: steps, guidance, decode timestep, the distilled
models' timesteps; README: sizes and frames), the model pages, diffusers' documentation of the pipelines. The
distilled 2B models are published as single files only and not in the layout that is pulled here.
"""

from typing import Any

from unstill.domain.catalog import Range, Terms
from unstill.engines.pipelines.recipe import options
from unstill.engines.pipelines.row import Latents, Row
from unstill.engines.pipelines.rows.common import WORST, card
from unstill.engines.pipelines.rows.work import WORK

OPEN_RAIL: dict[str, Any] = {
    "licence": "LTX-Video 0.9.5 licence (OpenRAIL-M): commercial use within its rules of conduct",
    "licence_zh": "LTX-Video 0.9.5 许可（OpenRAIL-M）：可商用，须遵守其使用规则",
    "terms": Terms("yes"),
}
OPEN_WEIGHTS: dict[str, Any] = {
    "licence": "LTXV Open Weights License: commercial use, larger companies ask first",
    "licence_zh": "LTXV Open Weights 许可：可商用，大公司需另行授权",
    "licence_notes": (
        {"en": "Said to need another licence above US$10,000,000 of revenue a year; read the clause on the "
         "model's page before you use it at work.",
         "zh": "据称年收入超过 1000 万美元需要另行授权；商用前请在模型页面阅读条款。"},
    ),
    "terms": Terms("yes", 10_000_000),
}  # fmt: skip
TWO = {"transformer": 1_923_385_472, "text_encoder": 4_762_310_656, "vae": 1_246_913_522}
OLD = {"transformer": 1_923_385_472, "text_encoder": 4_762_310_656, "vae": 419_193_649}
THIRTEEN = {"transformer": 13_042_569_344, "text_encoder": 4_762_310_656, "vae": 1_246_913_522}
GRID: dict[str, Any] = {"frames": (9, 257), "frame_stride": 8, "side": (256, 1280), "side_grid": 32}
ENDS: dict[str, Any] = {"last_picture": "can", "loops": True, "lora": True}
LATENTS = Latents("packed", 128, 32, 8)
CALL: dict[str, Any] = {
    "guidance_rescale": 0.7,
    "decode_timestep": 0.05,
    "decode_noise_scale": 0.025,
    "image_cond_noise_scale": 0.0,
}
TIMESTEPS = [1000, 993, 987, 981, 975, 909, 725, 0.03]
"""Of the distilled 13B models: configs/ltxv-13b-0.9.7-distilled.yaml and diffusers' documentation."""
DRIVEN: dict[str, Any] = {
    "pipeline": "LTXConditionPipeline", "adapter": "ltx", "latents": LATENTS, "fps": "frame_rate",
    "last": "conditions", "negative_prompt": WORST, "caches": True, "gguf": True,
}  # fmt: skip
DISTILLED: dict[str, Any] = {
    **CALL, "timesteps": TIMESTEPS, "guidance_scale": 1.0,
}  # fmt: skip


def _distilled(name: str, repo: str, version: str, standing: int) -> Row:
    return Row(
        card(
            name, parameters=THIRTEEN, family="ltx-video", title=f"LTX-Video 13B distilled {version}",
            about={"en": "The large LTX-Video in 8 steps: several times quicker, a little less detail.",
                   "zh": "大号 LTX-Video 的 8 步版本：快数倍，细节略少。"},
            native={"size": "768p", "num_frames": 121, "fps": 24, "num_inference_steps": 8,
                    "guidance_scale": 1.0},
            sizes=("1152x768", "768x1152"), steps=Range(8, 8), guidance=Range(1, 1), negative_prompt=False,
            options=options(gguf=True), repo=repo, standing=standing, **GRID, **ENDS, **OPEN_WEIGHTS,
        ),
        parameters=THIRTEEN, work=WORK[name], call=DISTILLED, **{**DRIVEN, "negative_prompt": ""},
    )  # fmt: skip


ROWS = (
    Row(
        card(
            "ltx-video-2b-0.9.0", parameters=OLD, family="ltx-video", title="LTX-Video 2B 0.9.0",
            about={"en": "The first LTX-Video: the quickest of the models that read a description.",
                   "zh": "最早的 LTX-Video：能读懂描述的模型中最快的。"},
            native={"size": "512p", "num_frames": 97, "fps": 24, "num_inference_steps": 50,
                    "guidance_scale": 3.0},
            sizes=("704x512", "512x704"), lora=True, options=options(gguf=True), repo="Lightricks/LTX-Video",
            standing=48, **GRID, **OPEN_RAIL,
        ),
        parameters=OLD, work=WORK["ltx-video-2b-0.9.0"],
        **{**DRIVEN, "pipeline": "LTXImageToVideoPipeline", "adapter": "table", "last": ""},
    ),
    Row(
        card(
            "ltx-video-2b", parameters=TWO, family="ltx-video", title="LTX-Video 2B 0.9.5",
            about={"en": "Quick on small cards, follows English descriptions, knows a last picture and loops.",
                   "zh": "小显卡上也很快，遵循英文描述，支持尾帧图片和循环。"},
            native={"size": "512p", "num_frames": 121, "fps": 24, "num_inference_steps": 40,
                    "guidance_scale": 3.0},
            sizes=("768x512", "704x512", "512x768"), options=options(gguf=True),
            repo="Lightricks/LTX-Video-0.9.5", standing=50, **GRID, **ENDS, **OPEN_RAIL,
        ),
        parameters=TWO, work=WORK["ltx-video-2b"], call=CALL, **DRIVEN,
    ),
    Row(
        card(
            "ltx-video-13b", parameters=THIRTEEN, family="ltx-video", title="LTX-Video 13B 0.9.7",
            about={"en": "The large LTX-Video: sharper and steadier, for cards of 24 GB or with streaming.",
                   "zh": "大号 LTX-Video：更清晰更稳定，适合 24 GB 显卡或逐块传入权重。"},
            native={"size": "768p", "num_frames": 121, "fps": 24, "num_inference_steps": 30,
                    "guidance_scale": 5.0},
            sizes=("1152x768", "832x480", "768x1152"), options=options(gguf=True),
            repo="Lightricks/LTX-Video-0.9.7-dev", standing=64, **GRID, **ENDS, **OPEN_WEIGHTS,
        ),
        parameters=THIRTEEN, work=WORK["ltx-video-13b"], call=CALL, **DRIVEN,
    ),
    _distilled("ltx-video-13b-distilled", "Lightricks/LTX-Video-0.9.8-13B-distilled", "0.9.8", 62),
    _distilled("ltx-video-13b-0.9.7-distilled", "Lightricks/LTX-Video-0.9.7-distilled", "0.9.7", 60),
)  # fmt: skip
