"""The catalogue entry of I2VGen-XL.

Sources: arXiv 2311.04145 (the model); the authors' repository ali-vilab/VGen, configs/i2vgen_xl_infer.yaml
and i2vgen_xl_train.yaml (guidance, condition on fps, sizes and frames of the training) and
tools/modules/config.py (negative prompt); diffusers 0.42.1, `I2VGenXLPipeline.__call__` (steps). Parameters
are counted on diffusers' and transformers' classes. No hub was asked: there is no revision and no hash here.
"""

from unstill.domain.catalog import ModelCard, Option, Range, Terms

NEGATIVE_PROMPT = (
    "Distorted, discontinuous, Ugly, blurry, low resolution, motionless, static, disfigured, "
    "disconnected limbs, Ugly faces, incomplete arms"
)
"""The authors' own: what is used where a request gives none."""
PARAMETERS = {
    "unet": 1_420_469_224,
    "image_encoder": 632_076_800,
    "text_encoder": 352_984_064,
    "vae": 83_653_863,
}
MEMORY = {
    "resident": 8_164_844_222, "offloaded": 6_027_414_768, "chunked": 5_356_326_128,
    "sequential": 4_685_892_848, "fp8": 3_377_277_680, "streamed": 2_108_879_856,
}  # fmt: skip
"""What the planner counts for 512x512 and 16 frames in half precision, the card's context included."""
SPEEDS = ("exact", "balanced", "fast")
SCHEDULERS = ("ddim", "dpm++", "unipc")
ACCELERATIONS = ("auto", "off", "compile", "graphs")

CARD = ModelCard(
    id="i2vgen-xl",
    family="i2vgen-xl",
    title="I2VGen-XL",
    about={
        "en": "Generates video from a picture and an English sentence: the picture itself comes to life. "
        "Wants a graphics card; on a processor a clip takes hours.",
        "zh": "根据一张图片和一句英文描述生成视频，画面内容真正动起来。"
        "需要显卡；仅用处理器时一段视频要数小时。",
    },
    licence="MIT says the hub; research and non-commercial use only say its authors",
    licence_zh="Hub 标注为 MIT；作者声明仅供研究和非商业用途",
    licence_notes=(
        {
            "en": "The page of ali-vilab/i2vgen-xl on the Hugging Face hub states the MIT licence.",
            "zh": "Hugging Face 上 ali-vilab/i2vgen-xl 的页面写的是 MIT 许可。",
        },
        {
            "en": "The authors' repository (ali-vilab/VGen) states that the model, trained with WebVid-10M "
            "and LAION-400M, is for research and non-commercial use only.",
            "zh": "作者的代码仓库（ali-vilab/VGen）说明：模型用 WebVid-10M 和 LAION-400M 训练，"
            "仅供研究和非商业用途。",
        },
    ),
    terms=Terms("unknown"),
    generative=True,
    native={
        "size": "512p",
        "fit": "crop",
        "num_frames": 16,
        "fps": 8,
        "num_inference_steps": 50,
        "guidance_scale": 9.0,
        "loop": False,
        "interpolate": 1,
    },
    frames=Range(1, 64),
    fps=Range(1, 60),
    side=Range(64, 1280),
    side_grid=8,
    trained_side=Range(512, 1024),
    steps=Range(1, 200),
    guidance=Range(1, 30),
    negative_prompt=True,
    prompt_languages=("en",),
    options={
        "speed": Option(
            "exact",
            {
                "en": "exact leaves nothing out; balanced and fast take fewer steps and cut corners, which "
                "changes the picture.",
                "zh": "exact 不做任何省略；balanced 和 fast 步数更少并走捷径，画面会有变化。",
            },
            choices=SPEEDS,
        ),
        "scheduler": Option(
            "ddim",
            {
                "en": "How noise is taken away: ddim as the model comes, dpm++ or unipc for few steps.",
                "zh": "去噪方法：ddim 为模型自带，dpm++ 和 unipc 适合较少的步数。",
            },
            choices=SCHEDULERS,
        ),
        "target_fps": Option(
            16,
            {
                "en": "Tells the model how fast things move, in frames a second; the file has its own fps.",
                "zh": "告诉模型动作的快慢（每秒帧数）；与文件的 fps 无关。",
            },
            Range(1, 60),
        ),
        "acceleration": Option(
            "auto",
            {
                "en": "Compiling for the graphics card: auto where it pays, off, compile, or graphs "
                "(compiled, and replayed as CUDA graphs).",
                "zh": "为显卡编译：auto 在划算时编译，off 不编译，compile 编译，"
                "graphs 编译并以 CUDA graph 重放。",
            },
            choices=ACCELERATIONS,
        ),
    },
    repo="ali-vilab/i2vgen-xl",
    sizes=("512x512", "768x768", "1024x1024", "1280x704"),
    memory=MEMORY,
    standing=20,
    parameters=sum(PARAMETERS.values()),
    download_bytes=2 * sum(PARAMETERS.values()),
)  # fmt: skip
"""``download_bytes`` is two bytes a parameter (fp16); tokenizer and configurations add some 2 MB."""
