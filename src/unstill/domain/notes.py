"""What a plan or an engine wants the person to know: a code, facts, and a sentence in each language.

Notes travel with the plan, the result, the job and the file's metadata as ``{"code", "facts"}`` and are
turned into words where they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from unstill.domain.errors import Language

TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "camera_motion": (
            "Camera motion, made on this computer; not AI-generated video.",
            "镜头运动，本机生成，非 AI 生成视频。",
        ),
        "size_snapped": (
            "Size {wanted} became {got}: the video format needs sides divisible by {grid}.",
            "尺寸 {wanted} 改为 {got}：视频格式要求边长是 {grid} 的倍数。",
        ),
        "size_limited": (
            "Size {wanted} became {got}: {model} makes sides of at most {limit} pixels.",
            "尺寸 {wanted} 改为 {got}：{model} 的边长最多 {limit} 像素。",
        ),
        "frames_snapped": (
            "{wanted} frames became {got}: {model} makes {rule} frames.",
            "帧数 {wanted} 改为 {got}：{model} 只能生成 {rule} 帧。",
        ),
        "duration_from_prompt": (
            "{seconds} s was read from the prompt: {num_frames} frames at {fps} fps.",
            "按描述中的 {seconds} 秒生成：{num_frames} 帧，{fps} fps。",
        ),
        "move_chosen": (
            "The prompt names no camera move; {move} was chosen.",
            "描述中没有镜头运动，已选择：{move_zh}。",
        ),
        "cannot_do": (
            "The camera-motion engine moves the camera and the air, not the subject. Left out: {phrases}.",
            "镜头运动引擎只能移动镜头和空气效果，不能让主体动起来。未实现：{phrases}。",
        ),
        "effect_no_place": (
            "No {effect}: {place} was not found in this picture.",
            "没有添加{effect_zh}：图中没有找到{place_zh}。",
        ),
        "no_subject": (
            "No single subject stands out in this picture, so depth comes from the ground and sky alone.",
            "图中没有突出的主体，只用地面和天空估计远近。",
        ),
        "setting_unused": (
            "{param} has no effect with {model} and was not used.",
            "{param} 对 {model} 不起作用，没有使用。",
        ),
        "memory_tight": (
            "This may need {needed} MiB of memory and {free} MiB are free; a smaller size needs less.",
            "可能需要 {needed} MiB 内存，而可用的只有 {free} MiB；尺寸小一些会更省。",
        ),
        "like_without_prompt": (
            "{path} was saved without its prompt; give one to repeat the move.",
            "{path} 没有保存描述；要重复同样的镜头请写上描述。",
        ),
        "first_frame_only": (
            "The picture is animated; its first frame was used.",
            "这是一张动图，只使用了第一帧。",
        ),
        "video_black": ("Check the video: it is black from start to end.", "请检查视频：从头到尾都是黑的。"),
        "video_frozen": ("Check the video: nothing moves in it.", "请检查视频：画面没有动。"),
    }
)


@dataclass(frozen=True)
class Note:
    """One remark. ``facts`` fill the braces of its text."""

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)

    def text(self, language: Language = "en") -> str:
        """The sentence. A code this version does not know (a newer file's) is shown as itself."""
        pair = TEXTS.get(self.code)
        return pair[language == "zh"].format_map(dict(self.facts)) if pair else self.code

    def __str__(self) -> str:
        return self.text()

    def to_json(self) -> dict[str, object]:
        return {"code": self.code, "facts": dict(self.facts)}


def note(code: str, **facts: object) -> Note:
    """A note of a known code; an unknown code or a missing fact is a mistake of ours and raises KeyError."""
    made = Note(code, MappingProxyType(facts))
    if code not in TEXTS:
        raise KeyError(code)
    made.text("en"), made.text("zh")
    return made
