"""VideoRequest: what a person asks for. One class for Python, command line, HTTP and file metadata."""

from __future__ import annotations

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

from unstill.domain.errors import InvalidField, NotAChoice, OutOfRange, UnknownField

PROMPT_LIMIT = 4000
"""Characters in a prompt or negative prompt."""
SEED_LIMIT = 2**53 - 1
"""The largest seed: the largest whole number that every JSON reader keeps exactly."""
SIDE = (16, 8192)
"""Smallest and largest side of a picture or video, in pixels."""
FRAMES = (1, 14400)
"""Frames any request may ask for; each model's card narrows it."""

Fit = Literal["crop", "pad", "keep"]
Format = Literal["mp4", "webm", "gif", "webp"]
FORMATS: tuple[str, ...] = get_args(Format)
NAMED_SIZES = ("512p", "768p", "1024p")
_WH = re.compile(r"(\d{1,6})\s*[xX×*]\s*(\d{1,6})")


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
    for side in (int(match[1]), int(match[2])):
        if not SIDE[0] <= side <= SIDE[1]:
            raise OutOfRange(
                param="size", value=value, low=f"{SIDE[0]}x{SIDE[0]}", high=f"{SIDE[1]}x{SIDE[1]}"
            )
    return f"{int(match[1])}x{int(match[2])}"


def _prompt(name: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if len(value) > PROMPT_LIMIT:
            raise OutOfRange(
                param=name, value=f"{len(value)} characters long", low=0, high=f"{PROMPT_LIMIT} characters"
            )
        return value

    return check


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
    return value if isinstance(value, (int, float)) else repr(value)[:80]


def _whole(value: object) -> object:
    """Digits as a number: a choice of numbers typed on a command line or sent in a form."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,6}", value.strip()) else value


class VideoRequest(BaseModel):
    """A picture and a sentence, and whatever else the person wants to decide.

    Every setting is None until the plan fills it from the model's card. A value out of range raises
    `OutOfRange`, a wrong type or form `InvalidField`, a wrong word `NotAChoice`, an unknown name
    `UnknownField`; nothing is clamped.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    image: Annotated[Any, Field(exclude=True, repr=False)] = None
    """Where the picture is: a path, its bytes, a Pillow image or a uint8 array [h w 3]. Never stored."""
    prompt: Annotated[str, AfterValidator(_prompt("prompt"))] = ""
    negative_prompt: Annotated[str, AfterValidator(_prompt("negative_prompt"))] | None = None
    model: str | None = None
    size: Annotated[str, AfterValidator(_size)] | None = None
    fit: Fit | None = None
    background: Annotated[str, AfterValidator(_colour)] | None = None
    """Colour behind transparent pictures (default white) and of the bars of fit="pad" (default black)."""
    num_frames: Annotated[int, Field(ge=FRAMES[0], le=FRAMES[1])] | None = None
    fps: Annotated[int, Field(ge=1, le=120)] | None = None
    num_inference_steps: Annotated[int, Field(ge=1, le=1000)] | None = None
    guidance_scale: Annotated[float, Field(ge=0, le=100)] | None = None
    seed: Annotated[int, Field(ge=0, le=SEED_LIMIT)] | None = None
    loop: bool | None = None
    interpolate: Annotated[Literal[1, 2, 4] | None, BeforeValidator(_whole)] = None
    upscale: Annotated[Literal[1, 2, 4] | None, BeforeValidator(_whole)] = None
    format: Format | None = None
    options: Mapping[str, float | str | bool] = Field(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _in_our_words(cls, data: object, handler: Callable[[object], VideoRequest]) -> VideoRequest:
        try:
            return handler(data)
        except ValidationError as error:
            raise _translate(error) from None

    def settings(self) -> dict[str, object]:
        """Every field that was given a value, without the picture: what metadata and idempotency compare."""
        return {k: v for k, v in self.model_dump(mode="json").items() if v not in (None, {}, "")}


def field_names() -> list[str]:
    return list(VideoRequest.model_fields)


_EXPECTED: Mapping[str, tuple[str, str]] = {
    "int": ("a whole number", "整数"),
    "float": ("a number", "数字"),
    "bool": ("true or false", "true 或 false"),
    "string": ("text", "文字"),
}


def _translate(error: ValidationError) -> InvalidField | NotAChoice | OutOfRange | UnknownField:
    """The first problem pydantic found, as one of ours."""
    first = error.errors(include_url=False)[0]
    param, kind, value = str(first["loc"][0]) if first["loc"] else "request", first["type"], first["input"]
    shown = _shown(value)
    if kind == "extra_forbidden":
        return UnknownField(param=param, known=", ".join(field_names()))
    if kind == "literal_error":
        return NotAChoice(param=param, value=shown, choices=", ".join(map(str, _choices(param))))
    if kind in ("greater_than_equal", "less_than_equal", "int_parsing_size"):
        low, high = _bounds(param)
        return OutOfRange(param=param, value=str(value)[:80], low=low, high=high)
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


def _bounds(param: str) -> tuple[object, object]:
    schema = VideoRequest.model_json_schema()["properties"][param]
    spec: dict[str, Any] = next((s for s in schema.get("anyOf", [schema]) if "maximum" in s), {})
    return spec.get("minimum", "?"), spec.get("maximum", "?")
