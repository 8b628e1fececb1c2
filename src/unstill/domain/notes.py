"""What a plan or an engine wants the person to know: a code, facts, and a sentence in each language.

Notes travel with the plan, the result, the job and the file's metadata as ``{"code", "facts"}`` and are
turned into words where they are shown.
"""

from __future__ import annotations

import re
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
        "model_chosen": ("{model} was chosen: {why}.", "已选择 {model}：{why_zh}。"),
        "model_better": (
            "{model} would do better here: `unstill models pull {model}` fetches it ({size} GB).",
            "{model} 在本机效果会更好：用 `unstill models pull {model}` 下载（{size} GB）。",
        ),
        "model_better_extra": (
            "{model} would do better here: it wants `pip install 'unstill[{extra}]'` and its files, which "
            "`unstill models pull {model}` fetches ({size} GB).",
            "{model} 在本机效果会更好：请运行 `pip install 'unstill[{extra}]'`，并用 "
            "`unstill models pull {model}` 下载文件（{size} GB）。",
        ),
        "size_fixed": (
            "Size {wanted} became {got}: {model} has sizes of its own, and this one is the nearest in shape.",
            "尺寸 {wanted} 改为 {got}：{model} 只有固定的尺寸，这是形状最接近的。",
        ),
        "size_kept": (
            "Size {wanted} became {got}: fit keep holds the picture's shape and never enlarges it.",
            "尺寸 {wanted} 改为 {got}：fit keep 保持图片的比例，且不放大。",
        ),
        "picture_cropped": (
            "{percent} % of the picture is cut off to fill {size}; fit keep or pad shows all of it.",
            "为填满 {size} 裁掉了图片的 {percent} %；用 fit keep 或 pad 可显示全图。",
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
        "duration_limited": (
            "The prompt asks for {asked} s; the longest video is {num_frames} frames, {seconds} s.",
            "描述要求 {asked} 秒；最长为 {num_frames} 帧，即 {seconds} 秒。",
        ),
        "move_chosen": (
            "The prompt names no camera move; {move} was chosen.",
            "描述中没有镜头运动，已选择：{move_zh}。",
        ),
        "cannot_do": (
            "The camera-motion engine moves the camera and the air, not the subject. Left out: {phrases}.",
            "镜头运动引擎只能移动镜头、添加天气和光影效果，不能让主体动起来。未实现：{phrases}。",
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
        "sound_left_out": (
            "A {format} file has no place for sound; it was left out. mp4 and webm have one.",
            "{format} 文件不能带声音，声音已略去。mp4 和 webm 可以。",
        ),
        "memory_tight": (
            "This may need {needed} MiB of memory and {free} MiB are free; a smaller size needs less.",
            "可能需要 {needed} MiB 内存，而可用的只有 {free} MiB；尺寸小一些会更省。",
        ),
        "host_memory_tight": (
            "Beside the graphics card's memory about {needed} MiB of the computer's are needed, and {free} "
            "MiB are free: loading may be slow or fail. Closing other programs helps.",
            "除显存外，还需要约 {needed} MiB 内存，而可用的只有 {free} MiB：加载可能很慢或失败。"
            "关闭其他程序会有帮助。",
        ),
        "no_gpu": (
            "There is no graphics card here that {model} can use: the processor does it, many times slower.",
            "本机没有 {model} 可用的显卡，只能用处理器计算，会慢很多倍。",
        ),
        "placed": (
            "To fit into the graphics card's memory: {how}. Same picture, a little slower.",
            "为了放进显存：{how_zh}。画面不变，速度稍慢。",
        ),
        "placed_tiled": (
            "To fit into the graphics card's memory: {how}, and frames are decoded in blended tiles. "
            "A hair's difference at most, a little slower.",
            "为了放进显存：{how_zh}，并分块解码再融合画面。差别极小，速度稍慢。",
        ),
        "placed_narrow": (
            "To fit into the graphics card's memory the model's weights are kept in 8 bits, as speed "
            "balanced and fast allow. The picture changes a little.",
            "为了放进显存，模型权重以 8 位保存（speed 为 balanced 或 fast 时允许），画面会略有变化。",
        ),
        "placed_anew": (
            "Placed by the memory that was free when the work began: {how}.",
            "按开始时的可用显存安排：{how_zh}。",
        ),
        "takes_long": (
            "This will take about {minutes} minutes here; a smaller size or fewer frames are quicker.",
            "在本机大约需要 {minutes} 分钟；减小尺寸或帧数会更快。",
        ),
        "files_missing": (
            "The files of {model} are not on this computer yet: `unstill models pull {model}` fetches them "
            "({terms}).",
            "本机还没有 {model} 的文件：用 `unstill models pull {model}` 下载（{terms_zh}）。",
        ),
        "files_coming": (
            "The files of {model} are on their way; the video begins when they are here.",
            "{model} 的文件正在下载，下载完成后视频自动开始。",
        ),
        "files_unusable": (
            "{problem} Until then {model} cannot be used.",
            "{problem_zh}在此之前无法使用 {model}。",
        ),
        "like_damaged": (
            "Parts of the record inside {path} are damaged and were not used: {parts}.",
            "{path} 里的设置记录有损坏，没有使用其中的：{parts}。",
        ),
        "like_without_prompt": (
            "{path} was saved without its prompt; give one to repeat the move.",
            "{path} 没有保存描述；要重复同样的镜头请写上描述。",
        ),
        "first_frame_only": (
            "The picture is animated; its first frame was used.",
            "这是一张动图，只使用了第一帧。",
        ),
        "frames_left_out": (
            "{format} shows at most {limit} frames a second: the others of {fps} fps are left out.",
            "{format} 每秒最多显示 {limit} 帧：{fps} fps 中其余的帧会略去。",
        ),
        "not_signed": (
            "No Content Credentials: {format} files cannot hold them; mp4, gif and webp can.",
            "没有内容凭证：{format} 文件无法保存；可用 mp4、gif 或 webp。",
        ),
        "video_black": ("Check the video: it is black from start to end.", "请检查视频：从头到尾都是黑的。"),
        "video_frozen": ("Check the video: nothing moves in it.", "请检查视频：画面没有动。"),
        "field_ignored": (
            "The field {param} is not known here and was ignored.",
            "这里不认识字段 {param}，已忽略。",
        ),
        "field_misspelt": (
            "The field {param} is not known here and was ignored; {near} may be what was meant.",
            "这里不认识字段 {param}，已忽略；你要的可能是 {near}。",
        ),
        "kept_from_source": (
            "{param} was not used: an extension keeps that of the video it goes on from.",
            "没有使用 {param}：续写的视频沿用原视频的这项设置。",
        ),
        "pictures_kept": (
            "{param} was not used: a remix or an extension keeps the pictures of its video.",
            "没有使用 {param}：remix 和续写沿用原视频的图片。",
        ),
        "outside_training": (
            "{size} is outside what the model was trained for: {model} knows short sides of {low} to {high}.",
            "{size} 超出了模型的训练范围：{model} 学习的短边是 {low} 到 {high} 像素。",
        ),
        "speed_chosen": (
            "Speed {speed}: {what}. Quicker, and the picture differs from that of speed exact.",
            "速度 {speed}：{what_zh}。更快，但画面与 exact 不同。",
        ),
        "prompt_cut": (
            "{model} reads {limit} tokens; of the {field} this was left out: {words}.",
            "{model} 只读取 {limit} 个词元；{field_zh}中没有用到的部分：{words}。",
        ),
        "prompt_not_english": (
            "{model} was taught in English and may not understand this prompt; write it in English.",
            "{model} 只学过英文，可能看不懂这段描述；请用英文书写。",
        ),
        "prompt_to_translate": (
            "{model} reads no Chinese: before the work {translator} puts the prompt into English on this "
            "computer. With translate=false it stays as it is.",
            "{model} 不懂中文：开始前由 {translator} 在本机把描述译成英文。translate=false 可保持原样。",
        ),
        "prompt_translated": (
            'The {field} in English, by {translator}: "{after}" (it was "{before}").',
            "{field_zh}已由 {translator} 译成英文：“{after}”（原文：“{before}”）。",
        ),
        "translator_missing": (
            "`unstill models pull {translator}` ({terms}) fetches what puts Chinese into English here.",
            "用 `unstill models pull {translator}` 下载翻译模型（{terms_zh}），即可在本机把中文译成英文。",
        ),
        "prompt_kept": (
            "Nothing was translated: this is not mostly Chinese.",
            "没有翻译：内容不是以中文为主。",
        ),
        "prompt_read_anyway": (
            "{model} reads Chinese itself; a translation is not needed.",
            "{model} 本身能读中文，不需要翻译。",
        ),
        "memory_stepped_down": (
            "Memory ran short during {stage}; the work went on with {how}. Slower, the picture is the same.",
            "{stage_zh}时显存不足，已改用{how_zh}继续。速度较慢，画面不变。",
        ),
        "memory_narrowed": (
            "Memory ran short during {stage}; the work went on with weights kept in 8 bits, as speed "
            "balanced and fast allow. The picture changes a little.",
            "{stage_zh}时显存不足，已改用 8 位权重继续（speed 为 balanced 或 fast 时允许），画面会略有变化。",
        ),
        "not_compiled": (
            "The model could not be compiled for this device and ran without; the picture is the same.",
            "无法为本机设备编译模型，已不编译直接运行；画面不变。",
        ),
        "weights_there": ("The files are here already, in {path}.", "文件已在本机的 {path}。"),
        "source_silent": (
            "{host} gave no list of files ({reason}); going on without it.",
            "{host} 没有给出文件列表（{reason}），不使用它。",
        ),
        "source_vouches": (
            "The hashes come from {host}, because {hub} gave none.",
            "校验值来自 {host}，因为 {hub} 没有给出。",
        ),
        "source_differs": (
            "{host} lists other files and is not used.",
            "{host} 列出的文件不同，不使用它。",
        ),
        "source_slow": ("{host} is slow; going on with {other}.", "{host} 太慢，改用 {other}。"),
        "source_failed_over": (
            "{host} failed; going on with {other}.",
            "{host} 出错，改用 {other}。",
        ),
        "source_waits": (
            "{host} asks to wait {seconds} s.",
            "{host} 要求等待 {seconds} 秒。",
        ),
    }
)


BEFORE = frozenset(
    {
        "takes_long",
        "memory_tight",
        "no_gpu",
        "placed",
        "placed_tiled",
        "placed_narrow",
        "host_memory_tight",
        "files_missing",
        "files_coming",
        "files_unusable",
        "model_better",
    }
)
"""Notes about this computer rather than the video: of use before the work, and no part of a file's record."""
WARNINGS = frozenset({"video_black", "video_frozen"})
"""Notes that something may be wrong with the result: said even to who wants to hear nothing else."""
_COUNTED = re.compile(r"\{(\w+)\} (frame|picture|minute|hour)s\b")
_MINUTES = re.compile(r"\{minutes\} (?:minutes\b|分钟)")
_HOURS = {"minutes": "{hours} hours", "分钟": "{hours} 小时"}
LONG_MIN = 120
"""Minutes from which on hours are said instead."""


def worded(text: str, facts: Mapping[str, object]) -> str:
    """A text with its facts; "{count} frames" is a frame where there is one, and many minutes are hours."""

    def counted(match: re.Match[str]) -> str:
        return match[0][:-1] if str(facts.get(match[1])) == "1" else match[0]

    known, minutes = dict(facts), facts.get("minutes")
    if isinstance(minutes, (int, float)) and minutes >= LONG_MIN:
        known["hours"] = f"{minutes / 60:.0f}"
        text = _MINUTES.sub(lambda match: _HOURS[match[0].rpartition(" ")[2]], text)
    return _COUNTED.sub(counted, text).format_map(known)


@dataclass(frozen=True)
class Note:
    """One remark. ``facts`` fill the braces of its text."""

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)

    def text(self, language: Language = "en") -> str:
        """The sentence. A code this version does not know (a newer file's) is shown as itself."""
        pair = TEXTS.get(self.code)
        return worded(pair[language == "zh"], self.facts) if pair else self.code

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
