"""What the command line says, in both languages, and how it chooses between them."""

from __future__ import annotations

from collections.abc import Mapping

from unstill.apps.cli.bench_words import BENCH_STAGES, BENCH_TEXTS
from unstill.apps.cli.card_words import CARD_TEXTS
from unstill.apps.cli.loras_words import LORAS_TEXTS
from unstill.apps.cli.prompts_words import PROMPTS_TEXTS
from unstill.apps.cli.start_words import START_TEXTS
from unstill.apps.cli.weights_words import WEIGHTS_STAGES, WEIGHTS_TEXTS
from unstill.apps.cli.words_service import SERVICE_STAGES, SERVICE_TEXTS
from unstill.domain.errors import Language
from unstill.domain.notes import worded

_Pair = tuple[str, str]

TEXTS: Mapping[str, _Pair] = {
    **SERVICE_TEXTS,
    **WEIGHTS_TEXTS,
    **LORAS_TEXTS,
    **CARD_TEXTS,
    **BENCH_TEXTS,
    **START_TEXTS,
    **PROMPTS_TEXTS,
    "error": ("Error: ", "错误："),
    "stopped": ("Stopped. Nothing was written.", "已停止，没有写入任何文件。"),
    "stopped_after": (
        "Stopped. {count} finished before that; nothing was half-written.",
        "已停止。此前已完成 {count} 个；没有留下不完整的文件。",
    ),
    "generated": ("AI-generated video, made by {model}.", "AI 生成视频，由 {model} 生成。"),
    "made": (
        "{width} x {height}, {num_frames} frames at {fps} fps, {seconds} s of video, made in {elapsed} s.",
        "{width} x {height}，{num_frames} 帧，{fps} fps，视频长 {seconds} 秒，用时 {elapsed} 秒。",
    ),
    "some_failed": ("{failed} of {count} pictures failed.", "{count} 张图片中有 {failed} 张失败。"),
    "serving": ("unstill listens on {url}", "unstill 正在 {url} 提供服务"),
    "serving_open": ("Open this link in your browser: {address}", "请用浏览器打开这个链接：{address}"),
    "serving_device": (
        "Device: {device}, {cores} cores, {memory} GiB of memory free",
        "设备：{device}，{cores} 核，可用内存 {memory} GiB",
    ),
    "serving_models": ("Models: {models}", "模型：{models}"),
    "serving_data": ("Videos and jobs are kept in {data}", "视频和任务保存在 {data}"),
    "serving_log": ("Log: {log}", "日志：{log}"),
    "serving_no_log": (
        "Warning: no log file can be written; the log is here only.",
        "注意：无法写入日志文件，日志只显示在这里。",
    ),
    "serving_resumed": (
        "Videos that the last start left unfinished and that go on now: {count}.",
        "上次未完成、现在继续生成的视频：{count} 个。",
    ),
    "serving_key": (
        "API key, shown only now: {secret}\n"
        "Send it as: Authorization: Bearer KEY. `unstill keys` makes more.",
        "API key，仅显示这一次：{secret}\n"
        "发送方式：Authorization: Bearer KEY。用 `unstill keys` 可以创建更多。",
    ),
    "serving_exposed": (
        "Other computers reach it by this computer's name or address, port {port}.",
        "其他电脑可以通过本机的名称或地址访问，端口 {port}。",
    ),
    "serving_claimable": (
        "Warning: the first browser to open the page becomes its operator.",
        "注意：首个打开页面的浏览器将成为管理者。",
    ),
    "serving_open_to_all": (
        "Warning: anybody who reaches this computer can use it: no key is asked for.",
        "注意：任何能访问本机的人都可以使用此服务，无需 key。",
    ),
    "serving_stop": ("Press Ctrl-C to stop.", "按 Ctrl-C 停止。"),
    "served": (
        "Stopped. Unfinished videos go on at the next start.",
        "已停止。未完成的视频会在下次启动时继续。",
    ),
    "broken_engine": (
        "The engine {name} is installed but cannot be loaded. Update or uninstall its package.",
        "引擎 {name} 已安装但无法加载，请更新或卸载提供它的软件包。",
    ),
    "log_file": ("the file {path}", "文件 {path}"),
    "no_log": (
        "what you did (no log could be written; UNSTILL_DEBUG=1 shows more)",
        "操作步骤（日志无法写入；UNSTILL_DEBUG=1 可显示更多信息）",
    ),
    "warning_line": ("Warning: {text}", "注意：{text}"),
    "unknown_variable": (
        "Warning: the environment variable {name} is no setting of unstill. Did you mean {near}?",
        "注意：环境变量 {name} 不是 unstill 的设置。是不是想用 {near}？",
    ),
    # labels of `plan`, `show` and `models`
    "picture": ("Picture", "图片"),
    "prompt": ("Prompt", "描述"),
    "model": ("Model", "模型"),
    "moves": ("Move", "镜头"),
    "effects": ("Effects", "效果"),
    "video": ("Video", "视频"),
    "seed": ("Seed", "种子"),
    "time": ("Time", "用时"),
    "memory": ("Memory", "内存"),
    "label": ("Label", "标识"),
    "made_by": ("Made by", "生成工具"),
    "id": ("Id", "编号"),
    "kind": ("Kind", "类别"),
    "licence": ("Licence", "许可"),
    "about": ("About", "说明"),
    "limits": ("Limits", "范围"),
    "defaults": ("Defaults", "默认值"),
    "options": ("Options", "选项"),
    "notes": ("Notes", "提示"),
    "warning": ("Warning", "注意"),
    "damaged": ("Damaged", "已损坏"),
    # values
    "none": ("none", "无"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "left_out": ("left out of this file", "未保存在文件中"),
    "no_prompt": ("none given", "未填写"),
    "auto": ("{moves} (chosen: the prompt names no move)", "{moves}（自动选择：描述中没有镜头运动）"),
    "camera_motion": ("camera motion, not AI-generated video", "镜头运动，非 AI 生成视频"),
    "generated_video": ("AI-generated video", "AI 生成视频"),
    "video_line": (
        "{width} x {height}, {num_frames} frames at {fps} fps = {seconds} s, {format}",
        "{width} x {height}，{num_frames} 帧，{fps} fps，共 {seconds} 秒，{format}",
    ),
    "looping": (", looping", "，循环播放"),
    "seed_drawn": ("{seed} (drawn now; --seed {seed} keeps it)", "{seed}（随机；用 --seed {seed} 可固定）"),
    "here": ("here", "已在本机"),
    "about_minutes": ("about {minutes} minutes on this computer", "在本机约 {minutes} 分钟"),
    "about_seconds": ("about {seconds} s on this computer", "在本机约 {seconds} 秒"),
    "fits": ("about {size}; fits", "约 {size}，够用"),
    "fits_not": (
        "about {size}; does not fit, it is more than is free now",
        "约 {size}，放不下，超过了当前可用的",
    ),
    "device": ("Device", "设备"),
    "processor": (
        "the processor: no graphics card was found",
        "处理器（没有找到显卡）",
    ),
    "device_memory": ("Video memory", "显存"),
    "num_inference_steps": ("{value} steps", "{value} 步"),
    "guidance_scale": ("guidance {value}", "引导 {value}"),
    "then": (", then ", "，然后"),
    "card_line": ("{id}{mark}  {title}: {kind}. {licence}", "{id}{mark}  {title}：{kind}。许可：{licence}"),
    "default_mark": (" (default)", "（默认）"),
    "aside": ("{text} ({aside})", "{text}（{aside}）"),
    "labelled": ("{label}: {text}", "{label}：{text}"),
    "comma": (", ", "，"),
    "semicolon": ("; ", "；"),
    "frames_limit": ("{low} to {high} frames", "{low} 到 {high} 帧"),
    "fps_limit": ("{low} to {high} fps", "{low} 到 {high} fps"),
    "side_limit": ("sides {low} to {high} pixels", "边长 {low} 到 {high} 像素"),
    "trained_limit": (
        "trained for short sides of {low} to {high} pixels",
        "训练时的短边为 {low} 到 {high} 像素",
    ),
    "steps_limit": ("{low} to {high} steps", "{low} 到 {high} 步"),
    "guidance_limit": ("guidance {low} to {high}", "引导 {low} 到 {high}"),
}

STAGES: Mapping[str, _Pair] = {
    **SERVICE_STAGES,
    **WEIGHTS_STAGES,
    **BENCH_STAGES,
    "load": ("Loading the model", "加载模型"),
    "translate": ("Translating the prompt", "翻译描述"),
    "look": ("Looking at the picture", "分析图片"),
    "frame": ("Rendering and writing", "渲染并写入"),
    "step": ("Generating", "生成"),
    "upscale": ("Enlarging", "放大"),
    "retime": ("Drawing in-between frames", "补帧"),
    "encode": ("Writing the file", "写入文件"),
    "check": ("Checking the video", "检查视频"),
    "start": ("Opening the picture", "打开图片"),
}

MOVES: Mapping[str, _Pair] = {
    "dolly_in": ("push in", "推近"),
    "dolly_out": ("pull back", "拉远"),
    "zoom_in": ("zoom in", "变焦放大"),
    "zoom_out": ("zoom out", "变焦缩小"),
    "dolly_zoom": ("dolly zoom", "希区柯克变焦"),
    "pan_left": ("pan left", "向左摇"),
    "pan_right": ("pan right", "向右摇"),
    "tilt_up": ("tilt up", "向上摇"),
    "tilt_down": ("tilt down", "向下摇"),
    "truck_left": ("truck left", "向左平移"),
    "truck_right": ("truck right", "向右平移"),
    "crane_up": ("crane up", "升起"),
    "crane_down": ("crane down", "降下"),
    "orbit": ("orbit", "环绕"),
    "roll": ("roll", "旋转"),
    "handheld": ("handheld", "手持"),
    "static": ("still camera", "固定镜头"),
}

EFFECTS: Mapping[str, _Pair] = {
    "clouds": ("drifting clouds", "流云"),
    "water": ("moving water", "水波"),
    "snow": ("snow", "下雪"),
    "rain": ("rain", "下雨"),
    "dust": ("dust motes", "浮尘"),
    "petals": ("petals", "花瓣"),
    "fog": ("fog", "雾"),
    "flicker": ("flickering light", "光影闪烁"),
}


def say(key: str, language: Language, **facts: object) -> str:
    """A sentence or a label."""
    return worded(TEXTS[key][language == "zh"], facts)


def seconds(length: float) -> str:
    """A length in seconds, to the hundredth."""
    return f"{length:.2f}".rstrip("0").rstrip(".")


def plain(value: object, language: Language) -> str:
    """A setting's value: yes and no, numbers without empty digits, anything else as it is."""
    if isinstance(value, bool):
        return say("yes" if value else "no", language)
    return f"{value:g}" if isinstance(value, float) else str(value)


def format_name(name: str) -> str:
    """A video format as its makers write it."""
    return {"webm": "WebM", "webp": "WebP"}.get(name, name.upper())


def stage(name: str, language: Language) -> str:
    """A stage in words; an engine's own stage without a word here is shown as it is."""
    return STAGES[name][language == "zh"] if name in STAGES else name.replace("_", " ")


def listed(ids: object, names: Mapping[str, _Pair], language: Language) -> str:
    """Ids in words, in order; "none" for none."""
    known = [names.get(i, (i, i))[language == "zh"] for i in ids] if isinstance(ids, (list, tuple)) else []
    return ("、" if language == "zh" else ", ").join(known) or say("none", language)


def language_of(asked: str | None, environ: Mapping[str, str], setting: Language | None = None) -> Language:
    """--lang, UNSTILL_LANG, the settings file, then the computer's own language."""
    for choice in (asked, environ.get("UNSTILL_LANG"), setting):
        if choice in ("zh", "en"):
            return "zh" if choice == "zh" else "en"
    locale = next((environ[n] for n in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(n)), "")
    return "zh" if locale.lower().startswith("zh") else "en"
