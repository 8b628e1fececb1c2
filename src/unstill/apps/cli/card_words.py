"""The words of `unstill models show` and `recommend` for what a model knows and takes, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

CARD_TEXTS: Mapping[str, tuple[str, str]] = {
    "knows": ("Knows", "能力"),
    "parameters": ("Parameters", "参数量"),
    "billions": ("{count} billion", "{count} B（十亿）"),
    "sizes": ("Sizes", "尺寸"),
    "sizes_only": ("{sizes}; no others", "{sizes}，只有这些"),
    "reads": ("reads {languages}", "读懂{languages}"),
    "reads_nothing": ("reads no prompt", "不读描述"),
    "last_can": ("takes a last picture", "可用尾帧图片"),
    "last_must": ("wants a last picture", "需要尾帧图片"),
    "last_no": ("no last picture", "不用尾帧图片"),
    "lora_yes": ("LoRA files", "可用 LoRA"),
    "lora_no": ("no LoRA files", "不用 LoRA"),
    "loop_yes": ("loops", "可循环"),
    "loop_no": ("no loops", "不可循环"),
    "sound_yes": ("sound", "有声音"),
    "sound_no": ("no sound", "无声音"),
    "negative_yes": ("negative prompt", "可用反向描述"),
    "negative_no": ("no negative prompt", "不用反向描述"),
    "rung": ("{name} {size} GiB", "{name} {size} GiB"),
    "nothing_acts": (
        "It is camera motion: nothing in the picture will move by itself, whatever the prompt says.",
        "这是镜头运动：无论描述怎么写，画面里的东西都不会自己动。",
    ),
    "days": ("{days} days", "{days} 天"),
}

LANGUAGES: Mapping[str, tuple[str, str]] = {
    "en": ("English", "英文"),
    "zh": ("Chinese", "中文"),
    "ru": ("Russian", "俄文"),
}

RUNGS: Mapping[str, tuple[str, str]] = {
    "resident": ("resident", "常驻"),
    "offloaded": ("offloaded", "按需加载"),
    "tiled": ("tiled", "分块"),
    "fp8": ("fp8", "fp8"),
    "streamed": ("streamed", "逐块传输"),
}
