"""What the Gradio page shows and says."""

from __future__ import annotations

from collections.abc import Mapping

from unstill.domain.errors import Language

SHOWN: Mapping[str, tuple[str, str, str]] = {
    "about": (
        "A picture and a sentence go in, a video comes out.",
        "一张图片加一句话，生成一段视频。",
        "一張圖片加一句話，生成一段影片。",
    ),
    "picture": ("Picture", "图片", "圖片"),
    "prompt": ("What should happen", "想看到什么", "想看到什麼"),
    "prompt_example": (
        "slow push in, snow falling",
        "镜头缓缓推近，雪花飘落",
        "鏡頭緩緩推近，雪花飄落",
    ),
    "more": ("Settings", "设置", "設定"),
    "model": ("Model", "模型", "模型"),
    "size": ("Size", "尺寸", "尺寸"),
    "frames": ("Frames", "帧数", "影格數"),
    "seed": ("Seed", "种子", "種子"),
    "loop": ("Seamless loop", "首尾相接，循环播放", "首尾相接，循環播放"),
    "usual": ("The model's own", "模型默认", "模型預設"),
    "left_empty": (
        "Empty: the model's own.",
        "留空则用模型默认值。",
        "留空則用模型預設值。",
    ),
    "seed_empty": ("Empty: drawn anew.", "留空则随机。", "留空則隨機。"),
    "make": ("Generate", "生成", "生成"),
    "stop": ("Cancel", "取消", "取消"),
    "status": ("Progress", "进度", "進度"),
}
"""Labels: English, Simplified and Traditional Chinese. The browser chooses."""

SAID: Mapping[str, tuple[str, str]] = {
    "choose": ("Choose a picture first.", "请先选择一张图片。"),
    "sending": ("Sending the picture", "正在上传图片"),
    "away": ("Waiting for the server", "等待服务恢复"),
    "stopping": ("It stops at its next step.", "会在下一步停止。"),
    "seed_was": ("Seed {seed}", "种子 {seed}"),
    "left": ("{text} · {percent}% · about {seconds} s left", "{text} · {percent}% · 约剩 {seconds} 秒"),
    "going": ("{text} · {percent}%", "{text} · {percent}%"),
    "page": ("The Gradio page is {url}", "Gradio 页面：{url}"),
    "served_by": ("Videos are made by {url}", "视频由 {url} 生成"),
}
"""What events answer, in the language of the request; Gradio translates only labels."""


def say(key: str, language: Language, **facts: object) -> str:
    return SAID[key][language == "zh"].format(**facts)


def labels() -> dict[str, dict[str, str]]:
    """For `gr.I18n`: by language code, as browsers name them."""
    english, simplified, traditional = ({k: v[n] for k, v in SHOWN.items()} for n in range(3))
    return {
        "en": english,
        **dict.fromkeys(("zh", "zh-CN", "zh-SG"), simplified),
        **dict.fromkeys(("zh-TW", "zh-HK"), traditional),
    }
