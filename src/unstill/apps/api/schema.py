"""The replies and bodies as /openapi.json describes them. Documentation only: `views` builds the replies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from unstill.domain.lora import MOST_LORAS
from unstill.domain.request import FORMATS, PROMPT_LIMIT

_WHY = {
    400: "The request or the picture cannot be used",
    401: "An API key is needed",
    403: "Host, origin or key is not allowed here",
    404: "Unknown, deleted, or another owner's",
    405: "Wrong method",
    408: "The request arrived too slowly",
    409: "Not in this state, or the Idempotency-Key was used for something else",
    413: "Too large",
    429: "The queue is full or too many requests; see Retry-After",
    500: "Unforeseen; the message holds an incident id",
    504: "Not finished in time; the video is made all the same",
    503: "The server is busy, stopping or not ready; see Retry-After",
    507: "No room on the disk",
    502: "The host that the settings name did not do it",
}
ALWAYS = (400, 401, 403, 408, 413, 429, 500, 503)


class _Reply(BaseModel):
    model_config = ConfigDict(extra="allow")


class ErrorFacts(_Reply):
    """What went wrong, and what to do next."""

    message: str
    type: Literal["invalid_request_error", "server_error"]
    param: str | None
    code: str
    hint: str


class ErrorReply(_Reply):
    """The one shape of every error."""

    error: ErrorFacts


class VideoError(_Reply):
    code: str
    message: str
    hint: str | None = None


class Video(_Reply):
    """A video, made or to be made."""

    id: str
    object: Literal["video"]
    status: Literal["queued", "in_progress", "completed", "failed"]
    progress: int = Field(ge=0, le=100)
    created_at: int
    completed_at: int | None
    expires_at: int | None
    model: str
    prompt: str
    seconds: str = Field(description="Length of the whole file; an extension's holds its source, too.")
    size: str
    remixed_from_video_id: str | None
    extended_from_video_id: str | None
    error: VideoError | None
    state: Literal["queued", "in_progress", "completed", "failed", "cancelled"]
    task: Literal["generate", "extend"]
    generative: bool | None
    kind: Literal["generated video", "camera motion"]
    num_frames: int
    fps: int
    seed: int
    sound: bool = Field(description="Whether the finished file has sound.")
    deadline_at: int | None = Field(description="When it fails if it is not finished by then.")
    stage: str | None
    eta_s: float | None
    queue_position: int | None = Field(description="1 for the next; null when it does not wait.")
    prompt_used: str | None = Field(description="The English that the model read, if it was translated.")
    notes: list[str] = Field(description="What the plan changed or left out.")
    plan: dict[str, Any]
    request: dict[str, Any]
    input: dict[str, Any]
    last_input: dict[str, Any] | None = Field(description="The picture for the last frame.")
    output: dict[str, Any] | None


class VideoList(_Reply):
    object: Literal["list"]
    data: list[Video]
    first_id: str | None
    last_id: str | None
    has_more: bool


class VideoDeleted(_Reply):
    id: str
    object: Literal["video.deleted"]
    deleted: bool


class PlanReply(_Reply):
    """What a request would make and cost here."""

    object: Literal["plan"]
    model: str
    generative: bool
    width: int
    height: int
    num_frames: int
    fps: int
    seconds: float
    estimated_seconds: float
    estimated_peak_bytes: int
    fits: bool
    notes: list[str]


class Settings(_Reply):
    """What a video of ours says about itself."""

    object: Literal["video.settings"]
    settings: dict[str, Any]


class Model(_Reply):
    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    generative: bool
    default: bool
    weights: dict[str, Any] | None = Field(description="The model's files here; null for one without any.")
    licence_limits: str = Field(description="What its licence limits, in few words; empty for nothing.")
    recommendation: dict[str, Any] | None = Field(
        default=None, description="With recommend: what a clip takes here, and whether auto may choose it."
    )


class ModelList(_Reply):
    object: Literal["list"]
    data: list[Model]


class Lora(_Reply):
    object: Literal["lora"]
    name: str
    size_bytes: int


class LoraList(_Reply):
    object: Literal["list"]
    data: list[Lora]


class ModelDeleted(_Reply):
    id: str
    object: Literal["model.deleted"]
    deleted: bool
    freed_bytes: int


class Pull(_Reply):
    """A fetch of a model's files."""

    object: Literal["model.pull"]
    model: str
    state: Literal["in_progress", "completed", "failed", "cancelled"]
    stage: str
    done_bytes: int
    total_bytes: int
    rate_bytes_s: int
    eta_s: float | None
    source: str | None = Field(description="The host that the last bytes came from.")
    started_at: int
    notes: list[str]
    error: ErrorFacts | None
    weights: dict[str, Any] | None = Field(description="What is here, once it is completed.")


class KeyReply(_Reply):
    id: str
    object: Literal["key"]
    name: str
    created_at: int
    last_used_at: int | None
    revoked_at: int | None
    secret: str | None = Field(default=None, description="Shown once, when the key is made.")


class KeyList(_Reply):
    object: Literal["list"]
    data: list[KeyReply]


class Translation(_Reply):
    """A prompt in English."""

    object: Literal["prompt.translation"]
    model: str = Field(description="What translated it.")
    prompt: str
    negative_prompt: str | None = None
    before: dict[str, str]
    notes: list[str]


class Rewriting(_Reply):
    """A prompt written anew."""

    object: Literal["prompt.rewriting"]
    model: str = Field(description="The video model that it is written for.")
    prompt: str
    before: dict[str, str]
    by: str = Field(description="The language model.")
    host: str = Field(description="Whom the prompt was sent to.")


class Facts(_Reply):
    """Facts about this server; see the description of the call."""


def replies(
    model: type[BaseModel] | str | Sequence[str], *errors: int, status: int = 200
) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: its reply (a model or media types) and its errors."""
    if isinstance(model, (str, Sequence)):
        kinds = [model] if isinstance(model, str) else model
        binary = {"schema": {"type": "string", "format": "binary"}}
        told: dict[str, Any] = {"description": "The bytes", "content": dict.fromkeys(kinds, binary)}
    else:
        told = {"model": model, "description": "The reply"}
    refusals: dict[int | str, dict[str, Any]] = {
        code: {"model": ErrorReply, "description": _WHY[code]} for code in sorted({*errors, *ALWAYS})
    }
    return {status: told, **refusals}


def partly(kinds: Sequence[str]) -> dict[int | str, dict[str, Any]]:
    """The further answers of a file: a range of it, nothing new, no such range."""
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {
        206: {"description": "The range asked for", "content": dict.fromkeys(kinds, binary)},
        304: {"description": "Unchanged since the ETag or date given"},
        416: {"model": ErrorReply, "description": "The file is shorter"},
    }


_EVENT = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "event": {"enum": ["state", "progress", "preview", "done"]},
        "data": {
            "type": "string",
            "description": "JSON: a Video in state and done; stage, step, total, progress and eta_s in "
            "progress; a JPEG as a data URL in preview.",
        },
    },
    "required": ["id", "event", "data"],
}
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The stream", "content": {"text/event-stream": {"schema": _EVENT}}},
    204: {"description": "All was seen, and the video is settled"},
}
_TEXT = {"type": "string", "maxLength": PROMPT_LIMIT}
_MAKE: dict[str, Any] = {
    "prompt": {**_TEXT, "description": "What should happen. May be empty."},
    "negative_prompt": _TEXT,
    "model": {
        "type": "string",
        "description": 'An id of GET /v1/models, or "auto" for the best whose files are here.',
    },
    "seconds": {"type": "string", "description": "Length; num_frames and fps win over it."},
    "deadline_seconds": {
        "type": "number",
        "minimum": 1,
        "maximum": 30 * 24 * 3600,
        "description": "It fails when it is not finished so many seconds from now.",
    },
    "size": {"type": "string", "description": '"WIDTHxHEIGHT", "512p", "768p" or "1024p".'},
    "fit": {"type": "string", "enum": ["crop", "pad", "keep"]},
    "background": {"type": "string", "description": 'A colour such as "#ffffff".'},
    "num_frames": {"type": "integer", "minimum": 1},
    "fps": {"type": "integer", "minimum": 1},
    "num_inference_steps": {"type": "integer", "minimum": 1},
    "guidance_scale": {"type": "number", "minimum": 0},
    "seed": {"type": "integer", "description": "Drawn, and told, when left out."},
    "loop": {"type": "boolean"},
    "interpolate": {"type": "integer", "enum": [1, 2, 4]},
    "upscale": {"type": "integer", "enum": [1, 2, 4]},
    "format": {"type": "string", "enum": list(FORMATS)},
    "visible_label": {"type": "boolean", "description": "Mark the frames as AI-generated."},
    "translate": {
        "type": "boolean",
        "description": "Put a Chinese prompt into English first; unset, where the model reads no Chinese and "
        "the translator's files are here.",
    },
    "loras": {
        "type": "array",
        "items": {"type": "string"},
        "maxItems": MOST_LORAS,
        "description": "Names of GET /v1/loras, each with its weight behind a colon if that is not 1.",
    },
    "options": {"type": "object", "description": "The model's own settings; options[name] in a form."},
    "enable_frame_interpolation": {"type": "boolean"},
    "frame_interpolation_exp": {"type": "integer", "minimum": 1, "maximum": 2},
    "enable_upscaling": {"type": "boolean"},
    "upscaling_scale": {"type": "integer"},
    "extra_params": {"type": "string", "description": "More of these fields, as one JSON object."},
}
_SIDES: dict[str, Any] = {
    name: {"type": "integer", "minimum": 1, "description": "Of the video; wins over size."}
    for name in ("width", "height")
}
_URL = {"type": "string", "description": "A base64 data URL; nothing is ever fetched."}
_FILE = {"type": "string", "format": "binary"}
_REFERENCE = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
_PICTURE = {"anyOf": [_URL, {"type": "object", "properties": {"image_url": _URL}}, _REFERENCE]}


def _body(form: dict[str, Any], as_json: dict[str, Any] | None, required: list[str]) -> dict[str, Any]:
    kinds = {"multipart/form-data": form} | ({"application/json": as_json} if as_json else {})
    content = {
        kind: {"schema": {"type": "object", "properties": fields, "required": required}}
        for kind, fields in kinds.items()
    }
    return {"requestBody": {"required": True, "content": content}}


CREATE = _body(
    {
        "input_reference": _FILE,
        **_MAKE,
        **_SIDES,
        "input_reference[image_url]": _URL,
        "input_reference[id]": {"type": "string", "description": "A video whose picture is meant."},
        "image_reference": _URL,
        "last_input_reference": {**_FILE, "description": "For the last frame, where the model takes one."},
        "last_input_reference[image_url]": _URL,
        "last_input_reference[id]": {"type": "string", "description": "A video whose last picture is meant."},
    },
    {
        "input_reference": _PICTURE,
        "last_input_reference": _PICTURE,
        "image_reference": _URL,
        **_MAKE,
        **_SIDES,
    },
    ["prompt"],
)
REMIX = _body(_MAKE, _MAKE, ["prompt"])
_LONGER = {
    **_MAKE,
    "seconds": {
        "type": "string",
        "description": "Length of the new part alone; num_frames, its frames, wins over it.",
    },
}
EXTEND = _body(
    {"video": _FILE, "video[id]": {"type": "string"}, **_LONGER},
    {"video": _REFERENCE, **_LONGER},
    ["prompt", "seconds"],
)
_PLANNED: dict[str, Any] = {
    **_MAKE,
    "width": {"type": "integer", "description": "Of the picture."},
    "height": {"type": "integer"},
    "last_image": {"type": "boolean", "description": "Whether there is a picture for the last frame."},
}
PLAN = _body(_PLANNED, _PLANNED, ["width", "height"])
INSPECT = _body({"video": _FILE}, None, ["video"])
_PULL: dict[str, Any] = {
    "accept_licence": {"type": "boolean", "description": "The model's licence was read and is accepted."},
    "update": {"type": "boolean", "description": "Take what the hub has now, not what was recorded."},
}
PULL = _body(_PULL, _PULL, ["accept_licence"])
_PROMPT: dict[str, Any] = {
    "prompt": _TEXT,
    "model": {"type": "string", "description": "The video model that it is for."},
}
_PROMPTS = {**_PROMPT, "negative_prompt": _TEXT}
TRANSLATE = _body(_PROMPTS, _PROMPTS, ["prompt"])
REWRITE = _body(_PROMPT, _PROMPT, ["prompt"])
KEY = _body({"name": {"type": "string"}}, {"name": {"type": "string"}}, ["name"])
EDIT = _body({"prompt": _TEXT, "video": _FILE}, {"prompt": _TEXT, "video": _REFERENCE}, ["prompt"])
