"""What `unstill loras` says, and other commands of LoRA files, in both languages. `words` reads all."""

from __future__ import annotations

from collections.abc import Mapping

LORAS_TEXTS: Mapping[str, tuple[str, str]] = {
    "loras": ("LoRA", "LoRA"),
    "last_picture": ("Last picture", "尾帧图片"),
    "lora_size": ("Size", "大小"),
    "lora_source": ("From", "来源"),
    "no_loras": (
        "There are none yet. `unstill loras add FILE` takes one in.",
        "还没有。用 `unstill loras add 文件` 添加。",
    ),
    "lora_added": (
        "{name} is here, {size}. Use it: unstill generate photo.jpg --model ID --lora {name}",
        "{name} 已就绪，{size}。用法：unstill generate photo.jpg --model ID --lora {name}",
    ),
    "lora_terms": (
        "Its licence is not known here. Read it on the page of {repo} at the hub.",
        "这里不知道它的许可，请看模型站上 {repo} 的页面。",
    ),
    "lora_removed": ("{name} is removed, {size} are free again.", "已删除 {name}，释放 {size}。"),
    "ask_lora": ("Fetch it? [y/N] ", "下载吗？[y/N] "),
    "pull_lora": ("LoRA of {repo}", "{repo} 的 LoRA"),
}
