"""The videos dialect, as openai's client, vLLM-Omni and SGLang speak it, in words of `VideoRequest`."""

from __future__ import annotations

import base64
import binascii
import difflib
import json
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from unstill.apps.api.body import Body, check_text
from unstill.apps.api.context import Context
from unstill.apps.api.errors import printable
from unstill.core.asking import Ask
from unstill.core.inbox import Upload
from unstill.core.plan import find_card
from unstill.core.services import Services
from unstill.domain.errors import InvalidField, Language, MissingArgument, OutOfRange, UnknownModel
from unstill.domain.notes import Note, note
from unstill.domain.request import field_names, is_auto
from unstill.domain.service_errors import BodyTooLarge, Unsupported

PICTURE_FIELDS = ("input_reference", "image_reference", "image")
LAST_FIELDS = ("last_input_reference", "last_image")
OURS = frozenset(field_names()) - {"image", "last_image"}
FOREIGN = frozenset(
    {"seconds", "deadline_seconds", "width", "height", "enable_frame_interpolation",
     "frame_interpolation_exp", "enable_upscaling", "upscaling_scale", "extra_params"}
)  # fmt: skip
LONGEST_S = 30 * 24 * 3600
"""The latest deadline, from when the job is taken in."""
MOST_IGNORED = 10
"""Ignored fields that are named, at most."""
SHOWN = 40
"""Characters of such a name."""
ALIKE = 0.75
"""How alike a name must be to be offered instead (difflib's ratio)."""
_DATA = re.compile(r"data:[^,;]{0,100}(?:;[^,;]{1,100})*;base64,", re.IGNORECASE)


def ask_of(
    body: Body,
    services: Services,
    language: Language,
    *,
    prompt: bool = True,
    besides: Collection[str] = (),
    derived: bool = False,
) -> Ask:
    """What the fields ask for; ``besides`` names those that are no settings, and ``derived`` says that the
    model is that of another video unless it is named. Raises a `BadRequest`."""
    values = {**_extra(body.values.get("extra_params")), **body.values}
    if prompt and "prompt" not in values:
        raise MissingArgument(param="prompt", argument="prompt", example="prompt=slow push in")
    fields = {name: value for name, value in values.items() if name in OURS}
    if isinstance(fields.get("size"), str) and fields["size"].strip().lower() == "auto":
        del fields["size"]
    if str(fields.get("seed")) == "-1":  # "draw one", elsewhere
        del fields["seed"]
    fields.update(_size(values), **_more_frames(values), **_larger(values))
    unknown = [name for name in {**values, **body.files} if name not in {*OURS, *FOREIGN, *besides}]
    options = _options(fields.get("model"), services, derived=derived)
    mine = [name for name in unknown if name in options and name in values]
    if mine and isinstance(fields.get("options", {}), Mapping):
        fields["options"] = {**{name: values[name] for name in mine}, **fields.get("options", {})}
    ignored = [name for name in unknown if name not in mine][:MOST_IGNORED]
    known = {*OURS, *FOREIGN, *besides, *options}
    vain = [name for name in ignored if derived and name in (*PICTURE_FIELDS, *LAST_FIELDS)]
    notes = tuple(
        note("pictures_kept", param=name) if name in vain else _ignored(name, known) for name in ignored
    )
    return Ask(
        fields,
        seconds_in(values.get("seconds")),
        _deadline(values),
        notes,
        language,
        frozenset(mine if derived else ()),
    )


def _deadline(values: Mapping[str, Any]) -> float | None:
    """Raises `InvalidField`, `OutOfRange`."""
    seconds = seconds_in(values.get("deadline_seconds"), "deadline_seconds")
    if seconds is not None and not 1 <= seconds <= LONGEST_S:
        raise OutOfRange(param="deadline_seconds", value=f"{seconds:g}", low=1, high=LONGEST_S)
    return seconds


def _ignored(name: str, known: Collection[str]) -> Note:
    """What to say of a field that nobody knows, and what may have been meant."""
    shown, plain = printable(name, SHOWN), name[:SHOWN].lower().replace("-", "_")
    near = difflib.get_close_matches(plain, sorted(known), n=1, cutoff=ALIKE)
    return note("field_misspelt", param=shown, near=near[0]) if near else note("field_ignored", param=shown)


def seconds_in(value: object, param: str = "seconds") -> float | None:
    """A length, as text or number. Raises `InvalidField`."""
    if value is None:
        return None
    try:
        seconds = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        seconds = math.nan
    if not math.isfinite(seconds):
        raise _invalid(param, value, "a number of seconds", "秒数")
    return seconds


def number_in(values: Mapping[str, Any], name: str, default: int | None = None) -> int:
    """A whole number among the fields. Raises `InvalidField`, or `MissingArgument` without a default."""
    value = values.get(name, default)
    if value is None:
        raise MissingArgument(param=name, argument=name, example=f"{name}=1024")
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[+-]?[0-9]{1,9}(\.0{1,9})?", text):
        raise _invalid(name, value, "a whole number", "整数")
    return int(text.partition(".")[0])


def _extra(value: object) -> Mapping[str, Any]:
    """`extra_params`, the other fields in one JSON string."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = [None]
        check_text(value, "extra_params")
    if value is not None and not isinstance(value, dict):
        raise _invalid("extra_params", "...", "a JSON object", "JSON 对象")
    return {name: inner for name, inner in (value or {}).items() if inner is not None}


def _size(values: Mapping[str, Any]) -> dict[str, Any]:
    """Width and height say more exactly what `size` says, and win."""
    if "width" not in values and "height" not in values:
        return {}
    return {"size": f"{number_in(values, 'width')}x{number_in(values, 'height')}"}


def _more_frames(values: Mapping[str, Any]) -> dict[str, Any]:
    """SGLang doubles the frame rate ``exp`` times."""
    if "interpolate" in values or not flag_in(values, "enable_frame_interpolation"):
        return {}
    times = number_in(values, "frame_interpolation_exp", 1)
    if not 1 <= times <= 2:
        raise OutOfRange(param="frame_interpolation_exp", value=times, low=1, high=2)
    return {"interpolate": 2**times}


def _larger(values: Mapping[str, Any]) -> dict[str, Any]:
    if "upscale" in values or not flag_in(values, "enable_upscaling"):
        return {}
    return {"upscale": number_in(values, "upscaling_scale", 4)}  # SGLang's default


def flag_in(values: Mapping[str, Any], name: str) -> bool:
    """Whether a field says true. Raises `InvalidField` for what says neither."""
    text = str(values.get(name, False)).strip().lower()
    if text not in ("true", "false", "1", "0"):
        raise _invalid(name, values[name], "true or false", "true 或 false")
    return text in ("true", "1")


def _options(model: object, services: Services, *, derived: bool) -> Mapping[str, Any]:
    """The options of the model's card; of all cards where it is another video's and not known yet."""
    if (derived and model is None) or is_auto(model):
        cards = [card for family in services.families for card in family.cards]
        return {name: option for card in cards for name, option in card.options.items()}
    try:
        return find_card(model if isinstance(model, str) else None, services.families)[1].options
    except UnknownModel:
        return {}


async def picture_in(
    body: Body, context: Context, fields: Sequence[str] = PICTURE_FIELDS
) -> Upload | str | None:
    """The picture under one of these names, as a file, a data URL, or the id of a video that was made of it.
    Paths are never read and addresses never fetched."""
    most = context.settings.max_picture_bytes
    for name in fields:
        if (upload := await body.upload(name, most)) is not None:
            return upload
    for name in fields:
        if name in body.values:
            given = body.values[name]
            if isinstance(given, Mapping) and isinstance(given.get("id"), str):
                return str(given["id"])
            url = _url(name, body.values[name])
            return Upload(await context.make(_decoding(name, url, most)), "picture")
    return None


def _url(name: str, value: object) -> str:
    """ "data:...", {"image_url": "data:..."}, {"image_url": {"url": "data:..."}}, or any of these as JSON."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    if isinstance(value, Mapping) and "file_id" in value:
        raise Unsupported(param=name, what="file_id", what_zh="用 file_id 指定图片")
    for key in ("image_url", "url"):
        if isinstance(value, Mapping) and key in value:
            value = value[key]
    if not isinstance(value, str) or not _DATA.match(value):
        raise _invalid(name, value, "an uploaded file or a base64 data URL", "上传的文件或 base64 data URL")
    return value


def _decoding(name: str, url: str, most: int) -> Callable[[], bytes]:
    wrong = _invalid(name, "...", "an uploaded file or a base64 data URL", "上传的文件或 base64 data URL")

    def decode() -> bytes:
        encoded = url[url.index(",") + 1 :]
        if len(encoded) * 3 // 4 > most + 3:
            raise BodyTooLarge(param=name, limit=most // 2**20)
        try:
            return base64.b64decode("".join(encoded.split()), validate=True)
        except (binascii.Error, ValueError):
            raise wrong from None

    return decode


def _invalid(param: str, value: object, expected: str, expected_zh: str) -> InvalidField:
    return InvalidField(param=param, value=repr(value)[:80], expected=expected, expected_zh=expected_zh)
