"""The catalogue entry of the camera-motion engine."""

from unstill.domain.catalog import ModelCard, Option, Range

CARD = ModelCard(
    id="motion",
    family="motion",
    title={"en": "Camera motion", "zh": "镜头运动"},
    about={
        "en": "A real camera move through the picture, with weather and light on request, made on any "
        "computer in seconds. Camera motion, not AI-generated video: nothing in the picture acts.",
        "zh": "在任何电脑上几秒内为照片加上真实的镜头运动，可按描述加入天气与光影。"
        "这是镜头运动，不是 AI 生成视频：画面中的人和物不会动作或变化。",
    },
    licence="Apache-2.0",
    generative=False,
    native={"size": "1024p", "fit": "keep", "num_frames": 96, "fps": 24, "loop": False, "interpolate": 1},
    frames=Range(1, 2880),
    fps=Range(1, 60),
    side=Range(16, 4096),
    side_grid=2,
    prompt_languages=("en", "zh"),
    interpolates=True,
    loops=True,
    options={
        "strength": Option(
            1.0,
            {"en": "How far the camera travels; 1 is normal.", "zh": "镜头运动的幅度；1 为正常。"},
            Range(0.0, 2.0),
        ),
        "effect_strength": Option(
            1.0,
            {
                "en": "How strong weather and light are; 1 is normal.",
                "zh": "天气与光影的强度；1 为正常。",
            },
            Range(0.0, 2.0),
        ),
    },
)
