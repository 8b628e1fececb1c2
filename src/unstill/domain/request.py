"""VideoRequest: what a person asks for. One class for Python, command line, HTTP and file metadata."""

from __future__ import annotations

import contextlib
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from unstill.domain.errors import EmptyName, InvalidField, NotAChoice, OutOfRange, UnknownField
from unstill.domain.lora import LoraUse, read_loras

PROMPT_LIMIT = 4000
"""Characters in a prompt or negative prompt."""
SEED_LIMIT = 2**53 - 1
"""The largest seed: the largest whole number that every JSON reader keeps exactly."""
SIDE = (16, 8192)
"""Smallest and largest side of a picture or video, in pixels."""
FRAMES = (1, 14400)
"""Frames any video may have; each model's card narrows it."""

AUTO = "auto"
"""Instead of a model: the best one here."""

Fit = Literal["crop", "pad", "keep"]
Format = Literal["mp4", "webm", "gif", "webp"]
FORMATS: tuple[str, ...] = get_args(Format)
NAMED_SIZES = ("512p", "768p", "1024p")
FASTEST_FPS: Mapping[str, int] = {"gif": 50, "webp": 90}
"""Frames a second that a format shows; above it some are left out. Browsers slow delays of 10 ms and less
down to 100 ms."""
_WH = re.compile(r"([0-9]{1,6})\s*[xX×*]\s*([0-9]{1,6})")
_WHOLE = re.compile(r"[+-]?[0-9]{1,400}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


def _size(value: str) -> str:
    """ "512p", "768p", "1024p" or "WxH", spelled the one way."""
    text = value.strip().lower()
    if text in NAMED_SIZES:
        return text
    match = _WH.fullmatch(text)
    if not match:
        raise InvalidField(
            param="size",
            value=_shown(value),
            expected='"512p", "768p", "1024p" or "WIDTHxHEIGHT"',
            expected_zh="512p、768p、1024p 或 宽x高",
        )
    return f"{int(match[1])}x{int(match[2])}"


def _prompt(name: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if len(value) > PROMPT_LIMIT:
            raise OutOfRange(
                param=name,
                value=f"{len(value)} characters long",
                value_zh=f" {len(value)} 个字符",
                low=0,
                high=f"{PROMPT_LIMIT} characters",
                high_zh=f"{PROMPT_LIMIT} 个字符",
            )
        return value

    return check


def is_auto(model: object) -> bool:
    """Whether the choice of a model is left to unstill, however that is written."""
    return isinstance(model, str) and model.strip().lower() == AUTO


def _model(value: str) -> str:
    if not value.strip():
        raise EmptyName(param="model", what="model", what_zh="模型")
    return AUTO if is_auto(value) else value


def _colour(value: str) -> str:
    text = value.strip().lower()
    if re.fullmatch(r"#?[0-9a-f]{6}", text):
        return "#" + text.removeprefix("#")
    raise InvalidField(
        param="background",
        value=_shown(value),
        expected='a colour such as "#ffffff"',
        expected_zh='颜色，例如 "#ffffff"',
    )


def _shown(value: object) -> object:
    """A value as it can stand in a message: short, and nothing that a terminal would obey."""
    if isinstance(value, int) and not isinstance(value, bool):
        return shown_number(value)
    return value if isinstance(value, (bool, float)) else repr(value)[:80]


def shown_number(value: float) -> str:
    """A number as it can stand in a message; of an enormous one, how enormous."""
    if isinstance(value, int) and value.bit_length() > 100:
        return f"{'-' if value < 0 else ''}1e{int(value.bit_length() * math.log10(2))}"
    return str(value)


def _whole(value: object) -> object:
    """What is a whole number beyond doubt: no truth value, no bytes, no "1_0", no digits but 0 to 9.

    Text is taken because command lines and forms send it.
    """
    if isinstance(value, str):
        text = value.strip()
        if _WHOLE.fullmatch(text):
            return int(text)
    elif isinstance(value, float):
        if value.is_integer():
            return int(value)
    elif not isinstance(value, bool):
        with contextlib.suppress(TypeError):  # numpy's integers are whole too
            return operator.index(value)  # type: ignore[arg-type]
    raise PydanticCustomError("int_type", "not a whole number")


def _real(value: object) -> object:
    """What is a finite number beyond doubt: see `_whole`."""
    if isinstance(value, str):
        if _NUMBER.fullmatch(value.strip()):
            return _real(float(value))
    elif not isinstance(value, (bool, bytes, bytearray)) and hasattr(value, "__float__"):
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if math.isfinite(number):
            return number
    raise PydanticCustomError("float_type", "not a number")


def _unlike_bytes(value: object) -> object:
    if isinstance(value, (bytes, bytearray)):
        raise PydanticCustomError("bool_type", "not true or false")
    return value


def _option(value: object) -> object:
    """One value of a model's option: text, true or false, or a finite number."""
    return value if isinstance(value, (str, bool)) else _real(value)


def _utf8(value: str) -> str:
    """Halves of characters (Python's stand-ins for bytes that are no text) can be stored nowhere."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("string_unicode", "no text") from None
    return value


Text = Annotated[str, Field(strict=True), AfterValidator(_utf8)]
Whole = Annotated[int, BeforeValidator(_whole)]
"""Any whole number: which ones make sense is the model's to say, so that only one limit is ever named."""
Real = Annotated[float, BeforeValidator(_real)]


class VideoRequest(BaseModel):
    """A picture and a sentence, and whatever else the person wants to decide.

    Every setting is None until the plan fills it from the model's card. A wrong type or form raises
    `InvalidField`, a wrong word `NotAChoice`, an unknown name `UnknownField`, a number that no model has a
    say in `OutOfRange`; nothing is clamped. The plan checks the other numbers by the model's card.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    image: Annotated[Any, Field(exclude=True, repr=False)] = None
    """Where the picture is: a path, its bytes, a Pillow image or a uint8 array [h w 3]. Never stored."""
    last_image: Annotated[Any, Field(exclude=True, repr=False)] = None
    """A picture that the last frame is to show, from the same kinds of sources; for models that take one."""
    prompt: Annotated[Text, AfterValidator(_prompt("prompt"))] = ""
    negative_prompt: Annotated[Text, AfterValidator(_prompt("negative_prompt"))] | None = None
    model: Annotated[Text, AfterValidator(_model)] | None = None
    size: Annotated[Text, AfterValidator(_size)] | None = None
    fit: Fit | None = None
    background: Annotated[Text, AfterValidator(_colour)] | None = None
    """Colour behind transparent pictures (default white) and of the bars of fit="pad" (default black)."""
    num_frames: Whole | None = None
    fps: Whole | None = None
    num_inference_steps: Whole | None = None
    guidance_scale: Real | None = None
    seed: Annotated[int, BeforeValidator(_whole), Field(ge=0, le=SEED_LIMIT)] | None = None
    loop: Annotated[bool, BeforeValidator(_unlike_bytes)] | None = None
    interpolate: Annotated[Literal[1, 2, 4], BeforeValidator(_whole)] | None = None
    upscale: Annotated[Literal[1, 2, 4], BeforeValidator(_whole)] | None = None
    format: Format | None = None
    visible_label: Annotated[bool, BeforeValidator(_unlike_bytes)] | None = None
    """Whether the frames say that they are AI-generated; unset, the operator's rule decides."""
    translate: Annotated[bool, BeforeValidator(_unlike_bytes)] | None = None
    """Whether a Chinese prompt is put into English, on this computer; unset, it is where the model reads no
    Chinese and the translator's files are here."""
    loras: Annotated[tuple[LoraUse, ...], BeforeValidator(read_loras)] = ()
    """LoRA files to put on the model: see `read_loras` for the forms they come in."""
    options: Mapping[Text, Annotated[float | str | bool, BeforeValidator(_option)]] = Field(
        default_factory=dict
    )

    @model_validator(mode="wrap")
    @classmethod
    def _in_our_words(cls, data: object, handler: Callable[[object], VideoRequest]) -> VideoRequest:
        try:
            return handler(data)
        except ValidationError as error:
            raise _translate(error) from None

    def settings(self) -> dict[str, object]:
        """Every field that was given a value, without the pictures: what metadata and idempotency compare."""
        return {k: v for k, v in self.model_dump(mode="json").items() if v not in (None, {}, [], "")}


def field_names() -> list[str]:
    return list(VideoRequest.model_fields)


_BOUNDS = {"seed": (0, SEED_LIMIT)}
_EXPECTED: Mapping[str, tuple[str, str]] = {
    "int": ("a whole number", "整数"),
    "float": ("a number", "数字"),
    "bool": ("true or false", "true 或 false"),
    "string": ("text", "文字"),
    "mapping": ("a mapping of names to values", "由名称和值组成的映射"),
    "dict": ("a mapping of names to values", "由名称和值组成的映射"),
}


SHOWN = 80
"""Characters of an option's name in a message."""
_ONE_VALUE = "a single text, number, true or false", "单个文字、数字、true 或 false"


def _translate(error: ValidationError) -> InvalidField | NotAChoice | OutOfRange | UnknownField:
    """The first problem pydantic found, as one of ours."""
    first = error.errors(include_url=False)[0]
    param, kind, value = str(first["loc"][0]) if first["loc"] else "request", first["type"], first["input"]
    shown = _shown(value)
    if param == "options" and len(first["loc"]) > 1 and "[key]" not in first["loc"]:
        param = f"options[{ascii(str(first['loc'][1]))[1:-1][:SHOWN]}]"
        if isinstance(value, (list, tuple, Mapping)):
            return InvalidField(param=param, value=shown, expected=_ONE_VALUE[0], expected_zh=_ONE_VALUE[1])
    if kind == "extra_forbidden":
        return UnknownField(param=param, known=", ".join(field_names()))
    if kind == "literal_error":
        return NotAChoice(param=param, value=shown, choices=", ".join(map(str, _choices(param))))
    if kind in ("greater_than_equal", "less_than_equal"):
        low, high = _BOUNDS[param]
        return OutOfRange(param=param, value=shown, low=low, high=high)
    expected, zh = next(
        (v for k, v in _EXPECTED.items() if kind.startswith(k)), ("a value of the right kind", "正确的值")
    )
    return InvalidField(param=param, value=shown, expected=expected, expected_zh=zh)


def _choices(param: str) -> tuple[object, ...]:
    """The allowed words of a Literal field."""
    return tuple(_literals(VideoRequest.model_fields[param].annotation))


def _literals(kind: object) -> Iterator[object]:
    if get_origin(kind) is Literal:
        yield from get_args(kind)
    else:
        for part in get_args(kind):
            yield from _literals(part)
