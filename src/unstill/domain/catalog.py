"""Model cards: everything a person or the planner needs to know about a model. Data, no code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from unstill.domain.errors import Language


@dataclass(frozen=True)
class Range:
    """Whole or real numbers from ``low`` to ``high``, both allowed."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Option:
    """A setting that one model alone has; it travels in ``VideoRequest.options``."""

    default: float | str | bool
    about: Mapping[Language, str]
    limits: Range | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Terms:
    """What a licence limits, as far as its text was read; the whole of it stands in `ModelCard.licence`."""

    commercial: Literal["yes", "no", "registered", "unknown"] = "yes"
    """"registered": after asking its owner, free of charge or not."""
    most_revenue_usd: int | None = None
    """Companies that earn more in a year need another licence."""
    not_in: tuple[str, ...] = ()
    """Where it grants nothing: ISO 3166 codes of countries, and EU."""

    def limits(self, language: Language = "en") -> str:
        """In few words; nothing where commercial use is free."""
        english = language == "en"
        said = [_COMMERCIAL[self.commercial][not english]] if self.commercial != "yes" else []
        if self.most_revenue_usd is not None:
            said.append(
                f"below US${self.most_revenue_usd:,} of revenue a year" if english
                else f"年收入低于 {self.most_revenue_usd // 10_000} 万美元"
            )  # fmt: skip
        if self.not_in:
            names = [_PLACES.get(code, (code, code))[not english] for code in self.not_in]
            where = (", " if english else "、").join(names)
            said.append(f"not in {where}" if english else f"不适用于{where}")
        return ("; " if english else "；").join(said)


_PLACES: Mapping[str, tuple[str, str]] = {
    "EU": ("the EU", "欧盟"),
    "GB": ("the UK", "英国"),
    "KR": ("South Korea", "韩国"),
    "US": ("the USA", "美国"),
}
_COMMERCIAL: Mapping[str, tuple[str, str]] = {
    "no": ("no commercial use", "不可商用"),
    "registered": ("commercial use after registering", "登记后可商用"),
    "unknown": ("whether commercially is not clear", "能否商用不明确"),
}


@dataclass(frozen=True)
class ModelCard:
    """One catalogue entry. ``native`` fills whatever a request leaves unset.

    Units: sides in pixels, ``side_grid`` in pixels (width and height are multiples of it), frames in frames,
    fps in frames per second. ``revision`` and ``sha256`` stand only where a source that was read states them.
    """

    id: str
    family: str
    title: str | Mapping[Language, str]
    """In each language; a plain name is the same in all."""
    about: Mapping[Language, str]
    licence: str
    """In English, as files carry it; ``licence_zh`` the same in Chinese where it is a sentence."""
    generative: bool
    native: Mapping[str, object]
    """Default of each request field that means something to this model: size, fit, num_frames, fps, ..."""
    frames: Range
    fps: Range
    side: Range
    side_grid: int = 2
    trained_side: Range | None = None
    """Short sides in pixels that the model was trained for, where others are made as well, with a warning."""
    frame_stride: int = 1
    """num_frames % frame_stride == 1 (stride 1: any number)."""
    steps: Range | None = None
    guidance: Range | None = None
    negative_prompt: bool = False
    prompt_languages: tuple[str, ...] = ("en",)
    interpolates: bool = False
    """The engine itself can make the in-between frames (it knows the motion exactly)."""
    loops: bool = False
    options: Mapping[str, Option] = field(default_factory=dict)
    repo: str | None = None
    """Where the files are on a model hub, "owner/name"; None for a model without any."""
    files: tuple[str, ...] = ()
    """Names of all that is wanted of a repository without a pipeline's layout; empty for one that has it."""
    revision: str | None = None
    licence_notes: tuple[Mapping[Language, str], ...] = ()
    """What each source says of the licence where they differ; shown before the first download."""
    licence_zh: str = ""
    parameters: int = 0
    download_bytes: int = 0
    terms: Terms = Terms()
    sizes: tuple[str, ...] = ()
    """Width x height that it was trained for, the best first; empty where many are as good."""
    only_sizes: bool = False
    """It makes no other ones: what is asked for becomes the nearest of them in shape."""
    memory: Mapping[str, int] = field(default_factory=dict)
    """Bytes of a graphics card that a clip in native settings takes, by placement, as counted."""
    last_picture: Literal["no", "can", "must"] = "no"
    """Whether it takes a picture for the last frame."""
    lora: bool = False
    """Whether LoRA files can be put on it."""
    sound: bool = False
    """Whether its videos come with sound."""
    standing: int = 0
    """Which of two models that both fit makes the better videos, as far as published comparisons tell: the
    higher one."""

    @property
    def kind(self) -> str:
        """What its videos are, in words that files and JSON carry."""
        return "generated video" if self.generative else "camera motion"

    def licence_in(self, language: Language) -> str:
        return self.licence_zh or self.licence if language == "zh" else self.licence

    def title_in(self, language: Language) -> str:
        return self.title if isinstance(self.title, str) else self.title[language]

    def to_json(self, language: Language = "en") -> dict[str, object]:
        """JSON-ready facts, as `unstill models list --json` shows them."""
        facts: dict[str, Any] = asdict(self)
        return {
            **facts,
            "title": self.title_in(language),
            "num_frames": self.native.get("num_frames"),
            "frame_grid": {
                "stride": self.frame_stride,
                "remainder": 1 % self.frame_stride,
                "low": int(self.frames.low),
                "high": int(self.frames.high),
            },
            "licence_limits": self.terms.limits(language),
            "size_grid": self.side_grid,
            "sizes": list(self.sizes) or [str(self.native["size"])],
        }
