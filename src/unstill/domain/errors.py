"""Everything that can go wrong, said once, in English and Chinese.

Each class is one kind of failure with a stable ``code``, an HTTP ``status``, an ``exit_code`` for the
command line, and a message and a hint in each language. The message says what went wrong and which limit;
the hint says what to do next. Values in braces are the keyword arguments the error was raised with.

    raise TooManyPixels(width=16000, height=16000, megapixels=256, limit=40)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal, NamedTuple

Language = Literal["en", "zh"]

USAGE, FAILURE = 2, 1
"""Exit codes of the command line: the call was wrong, or the call was right and could not be carried out."""


class Words(NamedTuple):
    """One error in one language."""

    message: str
    hint: str


class UnstillError(Exception):
    """The root of the tree. Raise a leaf."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    type: ClassVar[str | None] = None
    """The family of errors it is told as in JSON; None goes by the status."""
    exit_code: ClassVar[int] = FAILURE
    en: ClassVar[Words] = Words("Something went wrong.", "Try again.")
    zh: ClassVar[Words] = Words("出错了。", "请再试一次。")

    def __init__(self, *, param: str | None = None, **facts: object) -> None:
        self.param = param
        """The request field at fault, when there is one."""
        self.facts = facts
        super().__init__(self.message("en"))

    def message(self, language: Language = "en") -> str:
        return _fill((self.zh if language == "zh" else self.en).message, self.facts, self.param)

    def hint(self, language: Language = "en") -> str:
        usual = _fill((self.zh if language == "zh" else self.en).hint, self.facts, self.param)
        return self._fitting_hint(language) or usual

    def _fitting_hint(self, language: Language) -> str | None:  # noqa: ARG002 for those that override it
        """A hint that fits these facts better than the class's own."""
        return None

    def to_json(self, language: Language = "en") -> dict[str, object]:
        """What stands under "error" on every JSON surface."""
        return {
            "message": self.message(language),
            "type": self.type or ("invalid_request_error" if self.status < 500 else "server_error"),
            "param": self.param,
            "code": self.code,
            "hint": self.hint(language),
        }

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.param, self.facts))


def _rebuild(kind: type[UnstillError], param: str | None, facts: dict[str, object]) -> UnstillError:
    return kind(param=param, **facts)


_GLUED = re.compile(r"(应为|可选的是)(?=[0-9A-Za-z'])")
"""Where Chinese is to be set apart from Latin letters and digits: a fact may begin with either."""


class _Facts(dict[str, object]):
    """A fact that has no Chinese form of its own ({reason_zh}) is shown as it is ({reason})."""

    def __missing__(self, name: str) -> object:
        if name.endswith("_zh"):
            return self[name.removesuffix("_zh")]
        raise KeyError(name)


def _fill(text: str, facts: dict[str, object], param: str | None) -> str:
    return _GLUED.sub(r"\1 ", text.format_map(_Facts({"param": param, **facts})))


EXAMPLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "size": ("768p", "1280x720"),
        "fit": ("pad",),
        "background": ("#ffffff",),
        "num_frames": ("96",),
        "fps": ("24",),
        "seed": ("7",),
        "num_inference_steps": ("25",),
        "guidance_scale": ("7.5",),
        "interpolate": ("2",),
        "upscale": ("2",),
        "format": ("mp4",),
        "option": ("strength=1.5",),
        "lang": ("zh",),
    }
)
"""Values that may be given for a field, for hints."""


def _by_example(error: UnstillError, language: Language) -> str | None:
    """The field as it may be written: the message has named the limit already."""
    param = error.param or ""
    field = param.removeprefix("--").replace("-", "_")
    if field in ("prompt", "negative_prompt") and isinstance(error, OutOfRange):
        return "请把它写短一些。" if language == "zh" else "Make it shorter."
    sign = " " if param.startswith("--") else "="
    shown = [f"`{param}{sign}{value}`" for value in EXAMPLES.get(field, ()) if _allows(error, value)]
    if not shown:
        return None
    return f"例如 {' 或 '.join(shown)}。" if language == "zh" else f"For example {' or '.join(shown)}."


def _allows(error: UnstillError, value: str) -> bool:
    """Whether an example lies within the limits that the message names."""
    low, high = (_sides(error.facts.get(name)) for name in ("low", "high"))
    sides = _sides(value)
    return not (low and high and sides) or (low[0] <= min(sides) and max(sides) <= high[-1])


def _sides(value: object) -> list[float] | None:
    """ "1280x720" and "768p" as numbers."""
    try:
        return [float(part) for part in str(value).removesuffix("p").split("x")]
    except ValueError:
        return None


# --- the request --------------------------------------------------------------------------------------------


class BadRequest(UnstillError):
    """The request cannot be carried out as written."""

    code, status, exit_code = "bad_request", 400, USAGE


class InvalidField(BadRequest):
    """A field of the wrong type or form."""

    code = "invalid_field"
    en = Words("{param} is {value}, which is not {expected}.", "Correct {param}, or leave it out.")
    zh = Words("{param} 的值 {value} 不对，应为{expected_zh}。", "请改正 {param}，或去掉它。")

    def _fitting_hint(self, language: Language) -> str | None:
        return _by_example(self, language)


class OutOfRange(BadRequest):
    """A number outside its limits."""

    code = "out_of_range"
    en = Words("{param} is {value}; it must be from {low} to {high}.", "Change {param}, or leave it out.")
    zh = Words("{param} 为 {value_zh}，允许的范围是 {low_zh} 到 {high_zh}。", "请改一下 {param}，或去掉它。")

    def _fitting_hint(self, language: Language) -> str | None:
        return _by_example(self, language)


class NotAChoice(BadRequest):
    """A word that is none of the allowed ones."""

    code = "not_a_choice"
    en = Words("{param} is {value}; it can be {choices}.", "Change {param}, or leave it out.")
    zh = Words("{param} 为 {value}，可选的是 {choices}。", "请改一下 {param}，或去掉它。")

    def _fitting_hint(self, language: Language) -> str | None:
        return _by_example(self, language)


class EmptyName(BadRequest):
    """A name was asked for and "" was given: most often a variable of a script that was not set."""

    code = "empty_name"
    en = Words("The name of the {what} is empty.", "Write a name, or leave it out. A variable may be unset.")
    zh = Words("{what_zh}的名字是空的。", "请写上名字或去掉它；也许有变量没有赋值。")


class UnknownField(BadRequest):
    """A field or model option nobody knows."""

    code = "unknown_field"
    en = Words(
        "{param} is not a setting. Known settings: {known}.",
        "Check the spelling of {param}, or leave it out.",
    )
    zh = Words("没有名为 {param} 的设置。可用的设置：{known}。", "请检查 {param} 的拼写，或去掉它。")


class UnknownModel(BadRequest):
    code, status = "unknown_model", 404
    en = Words("There is no model called {value}. Known models: {known}.", "See `unstill models list`.")
    zh = Words("没有名为 {value} 的模型。现有模型：{known}。", "请用 `unstill models list` 查看。")


class NotOffered(BadRequest):
    """The chosen model cannot do what the request asks for. ``able`` names models that can."""

    code = "not_offered"
    en = Words(
        "{model} cannot do {param} = {value}.", "Leave out {param}, or choose another model with --model."
    )
    zh = Words("{model} 不支持 {param} = {value_zh}。", "请去掉 {param}，或用 --model 换一个模型。")

    def _fitting_hint(self, language: Language) -> str | None:
        able = self.facts.get("able")
        if not able:
            return None
        if language == "zh":
            return f"请去掉 {self.param}，或换一个支持的模型：{able}。"
        return f"Leave out {self.param}, or choose a model that can: {able}."


class LastPictureNeeded(BadRequest):
    """The model makes what lies between two pictures."""

    code = "last_picture_needed"
    en = Words(
        "{model} needs a picture for its last frame, too.",
        "Name it with --last-image (API: last_input_reference), or choose another model with --model.",
    )
    zh = Words(
        "{model} 还需要一张尾帧图片。",
        "请用 --last-image 指定（API：last_input_reference），或用 --model 换一个模型。",
    )


class LoopHasNoLast(BadRequest):
    """A loop's last frame leads to its first one, and can show no other picture."""

    code = "loop_has_no_last"
    en = Words(
        "A loop ends where it began; it cannot end with another picture.",
        "Leave out either loop or the picture for the last frame.",
    )
    zh = Words("循环视频的结尾与开头相接，不能以另一张图片结束。", "请去掉 loop，或去掉尾帧图片。")


class PictureMissing(BadRequest):
    code = "picture_missing"
    en = Words("There is no file at {path}.", "Check the path. Put quotes around it if it has spaces.")
    zh = Words("找不到文件 {path}。", "请检查路径；路径里有空格时请加引号。")


class PictureUnnamed(PictureMissing):
    """A picture was asked for and "" was given."""

    code = "picture_unnamed"
    en = Words("The name of the picture is empty.", "Name a picture file. A variable may be unset.")
    zh = Words("图片的名字是空的。", "请指定一个图片文件；也许有变量没有赋值。")


class NothingToDo(BadRequest):
    """A folder without pictures."""

    code = "nothing_to_do"
    en = Words(
        "There are no pictures in {path}.", "Put JPEG, PNG, WebP or HEIC files into it, or name the pictures."
    )
    zh = Words("{path} 里没有图片。", "请放入 JPEG、PNG、WebP 或 HEIC 图片，或直接指定图片。")


class SeveralPicturesOneOutput(BadRequest):
    code = "several_pictures_one_output"
    en = Words("{count} pictures cannot all be written to {path}.", "Give a folder to -o instead.")
    zh = Words("{count} 张图片不能都写到 {path}。", "请把 -o 改为一个文件夹。")


class OutputExists(BadRequest):
    code, status = "output_exists", 409
    en = Words("{path} exists already.", "Choose another name with -o, or add --force to replace it.")
    zh = Words("{path} 已经存在。", "请用 -o 换一个文件名，或加 --force 覆盖它。")


class OutputIsPicture(BadRequest):
    """The name asked for is the picture's own; replacing it would destroy the picture."""

    code = "output_is_picture"
    en = Words("{path} is the picture itself.", "Choose another name with -o.")
    zh = Words("{path} 就是原图。", "请用 -o 换一个文件名。")


class OutputToStdout(BadRequest):
    """`-o -`."""

    code = "output_to_stdout"
    en = Words("Videos are not written to standard output.", "Name a file, for example `-o clip.mp4`.")
    zh = Words("视频不能写到标准输出。", "请指定一个文件，例如 `-o clip.mp4`。")


class FormatConflict(BadRequest):
    code = "format_conflict"
    en = Words(
        "{path} ends in {suffix}, but the format asked for is {format}.",
        "Leave out --format, or end the name in .{format}.",
    )
    zh = Words(
        "{path} 的扩展名是 {suffix}，但要求的格式是 {format}。", "请去掉 --format，或把扩展名改为 .{format}。"
    )


class SizesDiffer(BadRequest):
    """Two videos that are to become one."""

    code = "sizes_differ"
    en = Words(
        "The continuation is {continuation}, but the video is {source}.",
        "Leave out the size: a continuation takes that of its video.",
    )
    zh = Words(
        "续接部分的尺寸是 {continuation}，而原视频是 {source}。", "请不要指定尺寸，续接时会沿用原视频的尺寸。"
    )


class UnknownFormat(BadRequest):
    code = "unknown_format"
    en = Words("{path} has no ending that says which kind of video to write.", "End the name in {known}.")
    zh = Words("从 {path} 的扩展名看不出要写哪种视频。", "请把扩展名改为 {known}。")


# --- the command line and its settings ----------------------------------------------------------------------


class UnknownCommand(BadRequest):
    code = "unknown_command"
    en = Words("{command} is not a command of unstill.", "{advice}See `unstill --help`.")
    zh = Words("unstill 没有 {command} 这个命令。", "{advice_zh}请看 `unstill --help`。")


class UnknownOption(BadRequest):
    code = "unknown_option"
    en = Words("{option} is not an option of `{command}`.", "{advice}See `{command} --help`.")
    zh = Words("`{command}` 没有 {option} 这个选项。", "{advice_zh}请看 `{command} --help`。")


class MissingArgument(BadRequest):
    code = "missing_argument"
    en = Words("{argument} is missing.", "Write it like this: {example}.")
    zh = Words("缺少 {argument}。", "写法示例：{example}。")


class MissingValue(BadRequest):
    """An option at the end of the line, or one that got too few or too many values."""

    code = "missing_value"
    en = Words("{option} needs one value.", "See `{command} --help` for what it takes.")
    zh = Words("{option} 需要一个值。", "可用的值请看 `{command} --help`。")


class NotUnderstood(BadRequest):
    """A call of the command line that has no class of its own."""

    code = "not_understood"
    en = Words("The command was not understood: {detail}.", "See `{command} --help`.")
    zh = Words("无法理解这条命令：{detail}。", "请看 `{command} --help`。")


class TooManyArguments(BadRequest):
    code = "too_many_arguments"
    en = Words(
        "`{command}` takes {takes}; {extra} was given besides.",
        "Call it once for each, and put quotes around a name with spaces.",
    )
    zh = Words("`{command}` {takes_zh}；多出了 {extra}。", "请逐个执行；名字里有空格时请加引号。")


class PromptNeedsQuotes(BadRequest):
    code = "prompt_needs_quotes"
    en = Words(
        'The words "{words}" stand without quotes, and no files have these names.',
        'Put the prompt in quotes: unstill generate {picture} "{words}".',
    )
    zh = Words(
        "“{words}” 没有加引号，也没有这些名字的文件。",
        '请给描述加上引号：unstill generate {picture} "{words}"。',
    )


class PromptTwice(BadRequest):
    code = "prompt_twice"
    en = Words("There are two prompts: {first} and {second}.", "Give the prompt once.")
    zh = Words("有两条描述：{first} 和 {second}。", "请只写一条描述。")


class BadSetting(BadRequest):
    """An environment variable or an entry of the settings file."""

    code = "bad_setting"
    en = Words(
        "The setting {name} is {value}, which is not {expected}.", "Change or remove {name} in {source}."
    )
    zh = Words("设置 {name} 的值 {value} 不对，应为{expected_zh}。", "请在{source_zh}中修改或删除 {name}。")


class UnknownSetting(BadRequest):
    code = "unknown_setting"
    en = Words("{source} has the setting {name}, which does not exist.", "Remove it, or use one of: {known}.")
    zh = Words("{source} 里的设置 {name} 不存在。", "请删除它，或使用：{known}。")


class BadSettingsFile(BadRequest):
    code = "bad_settings_file"
    en = Words(
        "The settings file {path} cannot be read: {reason}.", "Correct it, or point UNSTILL_CONFIG elsewhere."
    )
    zh = Words("无法读取设置文件 {path}：{reason_zh}。", "请改正它，或让 UNSTILL_CONFIG 指向别的文件。")


# --- the picture --------------------------------------------------------------------------------------------


class BadPicture(UnstillError):
    """The picture cannot be used."""

    code, status = "bad_picture", 400


class EmptyPicture(BadPicture):
    code = "empty_picture"
    en = Words("{name} is empty (0 bytes).", "Save or download the picture again.")
    zh = Words("{name} 是空文件（0 字节）。", "请重新保存或下载这张图片。")


class NotAPicture(BadPicture):
    code = "not_a_picture"
    en = Words("{name} is not a picture that can be read.", "Use a JPEG, PNG, WebP or HEIC picture.")
    zh = Words("{name} 不是可以读取的图片。", "请使用 JPEG、PNG、WebP 或 HEIC 图片。")


class NotAPictureObject(NotAPicture):
    """From Python: an object of a kind that no picture comes in."""

    code = "not_a_picture_object"
    en = Words(
        "{got} cannot be the picture.",
        "Give a path, bytes, a binary file object, a Pillow image or a uint8 array [h w 3].",
    )
    zh = Words(
        "{got} 不能作为图片。", "请给出路径、bytes、二进制文件对象、Pillow 图片或 uint8 数组 [h w 3]。"
    )


class FormatNotAccepted(BadPicture):
    code = "format_not_accepted"
    en = Words(
        "{name} is in {format} format; {accepted} are accepted.", "Save it as JPEG or PNG and try again."
    )
    zh = Words("{name} 是 {format} 格式；支持 {accepted}。", "请另存为 JPEG 或 PNG 后再试。")


class TooNarrow(BadPicture):
    """With fit keep, the short side would fall below what the model makes."""

    code = "too_narrow"
    en = Words(
        "A picture of {width} x {height} is too narrow to keep its shape: sides are from {low} to {high}.",
        "Crop the picture, or add --fit crop or --fit pad with a --size such as 1024x576.",
    )
    zh = Words(
        "{width} x {height} 的图片太窄，无法保持比例：每边应在 {low} 到 {high} 像素之间。",
        "请裁剪图片，或加 --fit crop 或 --fit pad，并用 --size 指定尺寸，例如 1024x576。",
    )


class HeifNotInstalled(BadPicture):
    code = "heif_not_installed"
    en = Words(
        "{name} is a HEIC picture, and the part that reads HEIC is not installed.",
        "Install it with `pip install 'unstill[heif]'`, or save the picture as JPEG.",
    )
    zh = Words(
        "{name} 是 HEIC 图片，但读取 HEIC 的组件还没有安装。",
        "请运行 `pip install 'unstill[heif]'`，或把图片另存为 JPEG。",
    )


class DamagedPicture(BadPicture):
    code = "damaged_picture"
    en = Words(
        "{name} is damaged or cut off.", "Copy or download it again; if that fails, open and re-save it."
    )
    zh = Words("{name} 已损坏或不完整。", "请重新复制或下载；仍不行就用看图软件打开后另存。")


class TooManyPixels(BadPicture):
    code, status = "too_many_pixels", 413
    en = Words(
        "{name} is {width} x {height}, {megapixels} megapixels; the limit is {limit}.",
        "Scale it down to at most {limit} megapixels.",
    )
    zh = Words(
        "{name} 为 {width} x {height}，共 {megapixels} 百万像素；上限是 {limit}。",
        "请缩小到 {limit} 百万像素以内。",
    )


class SideOutOfRange(BadPicture):
    code = "side_out_of_range"
    en = Words(
        "{name} is {width} x {height}; each side must be from {low} to {high} pixels.",
        "Scale or crop it so that both sides are from {low} to {high} pixels.",
    )
    zh = Words(
        "{name} 为 {width} x {height}；每一边应在 {low} 到 {high} 像素之间。",
        "请缩放或裁剪，让两边都在 {low} 到 {high} 像素之间。",
    )


class TooManyBytes(BadPicture):
    code, status = "too_many_bytes", 413
    en = Words(
        "{name} has {mebibytes} MiB; the limit is {limit} MiB.", "Save it smaller, as JPEG for example."
    )
    zh = Words("{name} 有 {mebibytes} MiB；上限是 {limit} MiB。", "请另存为更小的文件，例如 JPEG。")


# --- files the user gave or wants ---------------------------------------------------------------------------


class FileMissing(BadRequest):
    code, status = "file_missing", 404
    en = Words("There is no file at {path}.", "Check the path. Put quotes around it if it has spaces.")
    zh = Words("找不到文件 {path}。", "请检查路径；路径里有空格时请加引号。")


_READ_HINTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "it is a folder": ("Name a file in it.", "请指定其中的一个文件。"),
        "it is not a regular file": (
            "Copy it into an ordinary file and name that; pipes and devices are not read.",
            "请先存成普通文件再指定；管道和设备不能读取。",
        ),
        "the links go in a circle": (
            "Name the file that the link was meant to lead to.",
            "请直接指定链接本来指向的文件。",
        ),
        "the name is too long": ("Check the name, or rename the file.", "请检查名字，或给文件改个短名。"),
    }
)
_WRITE_HINTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "it is a folder": ("Name a file, not a folder.", "请指定文件名，而不是文件夹。"),
        "it is not an ordinary file": (
            "Name an ordinary file; pipes and devices are not written to.",
            "请指定普通文件；不能写到管道或设备。",
        ),
        "the name is too long": ("Choose a shorter name with -o.", "请用 -o 取一个短一些的名字。"),
    }
)
"""Hints by the English reason of a file that cannot be had."""


class NotReadable(UnstillError):
    code, status = "not_readable", 400
    en = Words("{path} cannot be read: {reason}.", "Check that the file is yours to read.")
    zh = Words("无法读取 {path}：{reason_zh}。", "请检查是否有权读取这个文件。")

    def _fitting_hint(self, language: Language) -> str | None:
        fitting = _READ_HINTS.get(str(self.facts.get("reason")))
        return fitting and fitting[language == "zh"]


class NotWritable(UnstillError):
    code = "not_writable"
    en = Words("{path} cannot be written: {reason}.", "Choose a folder you may write to with -o.")
    zh = Words("无法写入 {path}：{reason_zh}。", "请用 -o 选一个可以写入的文件夹。")

    def _fitting_hint(self, language: Language) -> str | None:
        fitting = _WRITE_HINTS.get(str(self.facts.get("reason")))
        return fitting and fitting[language == "zh"]


class DiskFull(UnstillError):
    code, status = "disk_full", 507
    en = Words(
        "There is no room left on the disk for {path}.", "Free some space, or choose another disk with -o."
    )
    zh = Words("磁盘空间不足，无法写入 {path}。", "请清理磁盘，或用 -o 选另一块磁盘。")


class NotOurVideo(UnstillError):
    code, status = "not_our_video", 400
    en = Words(
        "{path} carries no unstill settings.",
        "Use a file that unstill made and that no other program re-saved.",
    )
    zh = Words("{path} 里没有 unstill 的设置。", "请使用由 unstill 生成、没有被其他软件重新保存过的文件。")


class DamagedRecord(NotOurVideo):
    """What stands where our settings should is no record of ours, or not any more."""

    code = "damaged_record"
    en = Words(
        "The record of settings inside {path} is damaged.",
        "Use a file that unstill made and that no other program changed.",
    )
    zh = Words("{path} 里的设置记录已损坏。", "请使用由 unstill 生成、没有被其他软件改动过的文件。")


class NotAVideo(UnstillError):
    code, status = "not_a_video", 400
    en = Words(
        "{path} is not a video or picture file that can be read.",
        "Use an MP4, WebM, GIF or WebP that unstill made.",
    )
    zh = Words("{path} 不是可以读取的视频或图片文件。", "请使用由 unstill 生成的 MP4、WebM、GIF 或 WebP。")


# --- the work -----------------------------------------------------------------------------------------------


class Cancelled(UnstillError):
    """Raised by a tick: the person asked to stop."""

    code, status, type = "cancelled", 409, "cancelled"
    en = Words("Cancelled.", "Nothing was written. Run it again when you like.")
    zh = Words("已取消。", "没有写入任何文件，可以随时重新开始。")


class AnswerNotWritten(UnstillError):
    """Standard output could not take what was to be said on it."""

    code = "answer_not_written"
    en = Words(
        "The answer could not be written to standard output: {reason}.",
        "What was made is kept. Free some space there, or send the output elsewhere.",
    )
    zh = Words(
        "无法把结果写到标准输出：{reason_zh}。", "已生成的文件都保留着。请清理空间，或把输出转到别处。"
    )


class BadOutput(UnstillError):
    """The finished video failed its own check and was not kept."""

    code = "bad_output"
    en = Words(
        "The video came out wrong: {problem}. It was not kept.",
        "Try another seed or size; if it stays, report it.",
    )
    zh = Words("生成的视频有问题：{problem_zh}，没有保留。", "请换一个种子或尺寸再试；仍不行请反馈给我们。")


class EncoderMissing(UnstillError):
    code = "encoder_missing"
    en = Words(
        "This computer's video library has no encoder for {format}.", "Choose another --format, such as mp4."
    )
    zh = Words("本机的视频库没有 {format} 编码器。", "请换一种 --format，例如 mp4。")


class DamagedInstall(UnstillError):
    code = "damaged_install"
    en = Words("{name}, a part of unstill, is missing or was changed.", "Install unstill again.")
    zh = Words("unstill 的组成文件 {name} 缺失或被改动。", "请重新安装 unstill。")


class ExtraMissing(UnstillError):
    """A part that is installed only on request."""

    code, status = "extra_missing", 501
    en = Words(
        "The part of unstill called {name} is not installed.",
        "Install it with `pip install 'unstill[{name}]'`.",
    )
    zh = Words("unstill 的 {name} 组件还没有安装。", "请运行 `pip install 'unstill[{name}]'`。")


class CredentialsUnusable(UnstillError):
    """The certificates and key that videos are to be signed with."""

    code = "credentials_unusable"
    en = Words(
        "Videos cannot be signed with {path}: {reason}.",
        "Give a PEM chain, your own certificate first, and its private key, both for ES256 (P-256).",
    )
    zh = Words(
        "无法用 {path} 给视频签名：{reason_zh}。",
        "请提供 PEM 证书链（您的证书放在最前）和对应的私钥，均为 ES256（P-256）。",
    )


class NotSigned(UnstillError):
    """The credentials are fine; the file is not one that can hold them."""

    code = "not_signed"
    en = Words("{path} cannot be signed: {reason}.", "Sign MP4, GIF or WebP files.")
    zh = Words("无法给 {path} 签名：{reason_zh}。", "请选择 MP4、GIF 或 WebP 文件。")


class EngineBroken(UnstillError):
    """A plug-in engine that cannot be used."""

    code = "engine_broken"
    en = Words("The engine {name} cannot be loaded.", "Update or uninstall the package that brings it.")
    zh = Words("无法加载引擎 {name}。", "请更新或卸载提供它的软件包。")


class OutOfMemory(UnstillError):
    code, status = "out_of_memory", 507
    en = Words(
        "There is not enough memory for this video.",
        "Choose a smaller --size or fewer frames (--num-frames), or close other programs.",
    )
    zh = Words(
        "内存或显存不足，无法生成这段视频。",
        "请用 --size 选更小的尺寸、用 --num-frames 减少帧数，或关闭其他程序。",
    )


class Unexpected(UnstillError):
    """What nobody foresaw. The incident id is in the log; the cause is not shown."""

    code = "unexpected"
    en = Words(
        "Something went wrong that should not have (incident {incident}).",
        "Try again; if it stays, report the incident id with {log}.",
    )
    zh = Words("发生了意外错误（编号 {incident}）。", "请再试一次；仍不行请把编号和{log_zh}反馈给我们。")


def tree(root: type[UnstillError] = UnstillError) -> list[type[UnstillError]]:
    """Every error class below ``root``, for documentation and tests."""
    return [kind for child in root.__subclasses__() for kind in (child, *tree(child))]
