"""Writes the tables of `docs/models.md` from the catalogue.

    python tools/models_table.py

What stands between a table's two marks is replaced; the rest of the page is written by hand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "src"))  # of this checkout, whatever is installed

from unstill.domain.catalog import ModelCard, Range  # noqa: E402
from unstill.engines import i2vgen_xl, motion, pipelines  # noqa: E402

PAGE = ROOT / "docs" / "models.md"
MARK = "<!-- {name}: made by tools/models_table.py -->\n"
END = "<!-- end -->"
CARDS: tuple[ModelCard, ...] = (*pipelines.family.cards, *i2vgen_xl.family.cards, *motion.family.cards)
FAMILIES: Mapping[str, str] = {
    "wan": "Wan", "ltx-2": "LTX-2", "hunyuanvideo-1.5": "HunyuanVideo 1.5", "ltx-video": "LTX-Video",
    "kandinsky-5": "Kandinsky 5", "skyreels-v2": "SkyReels V2", "cogvideox": "CogVideoX",
    "svd": "Stable Video Diffusion", "i2vgen-xl": "I2VGen-XL", "motion": "Camera motion",
}  # fmt: skip
RUNGS = ("resident", "offloaded", "tiled", "fp8", "streamed")
LANGUAGES = {"en": "English", "zh": "Chinese", "ru": "Russian"}
MANY = 3
"""More sizes than these are counted rather than named."""


@dataclass(frozen=True)
class Ran:
    """What was run of a model while it was built."""

    tiny: str = "yes"
    """Its class, made small, with random weights: in the tests."""
    counted: str = "yes"
    """Its class in full size without values: parameters and memory counted."""
    card: str = "no"
    """Full size with random weights on a graphics card."""
    real: str = "no"
    """The published weights."""


RAN: Mapping[str, Ran] = {
    **{card.id: Ran() for card in CARDS},
    "ltx-2.5": Ran(counted="all but the text encoder, taken to be that of LTX-2.3"),
    "motion": Ran("has none", "has none", "needs none", "has none; every release runs it"),
}


def page(text: str) -> str:
    """``text`` of docs/models.md with its tables made anew. Raises LookupError for a table that it lacks."""
    for name, table in TABLES.items():
        mark = MARK.format(name=name)
        found = re.compile(re.escape(mark) + ".*?" + re.escape(END), re.DOTALL)
        if not found.search(text):
            raise LookupError(f"docs/models.md has no place for {name}")
        made = "\n".join([mark, *table(), "", END])
        text = found.sub(lambda _, made=made: made, text)  # type: ignore[misc]
    return text


def _grouped(heads: Sequence[str], row: Callable[[ModelCard], Sequence[str]]) -> Iterator[str]:
    """A table of all models, those of a family together under its name."""
    yield _line(heads)
    yield _line(["---"] * len(heads))
    for family, cards in groupby(CARDS, lambda card: card.family):
        yield _line([f"**{FAMILIES[family]}**", *[""] * (len(heads) - 1)])
        for card in cards:
            yield _line([f"`{card.id}`", *row(card)])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def choose() -> Iterator[str]:
    """What each is good at, what its licence limits, how much is to be fetched."""
    return _grouped(
        ("model", "good at", "what its licence limits", "download"),
        lambda card: (card.about["en"], card.terms.limits() or "nothing named", _gigabytes(card)),
    )


def makes() -> Iterator[str]:
    """Sizes, lengths and what is set where a request says nothing."""
    heads = ("model", "its own size", "frames at fps", "frames that it makes", "sides", "steps", "guidance")

    def row(card: ModelCard) -> Sequence[str]:
        native = card.native
        return (
            _sizes(card),
            f"{native['num_frames']} at {native['fps']}",
            _frames(card),
            "as its own" if card.only_sizes else f"{_span(card.side)}, by {card.side_grid}",
            str(native.get("num_inference_steps", "")),
            f"{native['guidance_scale']:g}" if "guidance_scale" in native else "",
        )

    return _grouped(heads, row)


def knows() -> Iterator[str]:
    """What each understands and can do besides."""
    heads = ("model", "reads", "last picture", "loops", "LoRA", "sound", "negative prompt")

    def row(card: ModelCard) -> Sequence[str]:
        reads = ", ".join(LANGUAGES[code] for code in card.prompt_languages) or "no words"
        last = {"no": "", "can": "yes", "must": "wants one"}[card.last_picture]
        rest = (card.loops, card.lora, card.sound, card.negative_prompt)
        return (reads, last, *("yes" if each else "" for each in rest))

    return _grouped(heads, row)


def memory() -> Iterator[str]:
    """GiB of a graphics card, by placement."""

    def row(card: ModelCard) -> Sequence[str]:
        billions = f"{card.parameters / 1e9:.1f} B" if card.parameters else ""
        held = (f"{card.memory[rung] / 2**30:.1f}" if rung in card.memory else "" for rung in RUNGS)
        return (billions, *held)

    return _grouped(("model", "parameters", *RUNGS), row)


def licences() -> Iterator[str]:
    """Each licence once, with the models under it."""
    yield _line(("licence", "models", "besides"))
    yield _line(["---"] * 3)
    under: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for card in CARDS:
        notes = tuple(note["en"] for note in card.licence_notes)
        under.setdefault((card.licence, notes), []).append(f"`{card.id}`")
    for (licence, notes), models in under.items():
        yield _line((licence, ", ".join(models), " ".join(notes)))


def ran() -> Iterator[str]:
    """What was run of each, and what was not."""
    heads = ("model", "tiny, random weights", "counted", "full size on a card", "published weights")

    def row(card: ModelCard) -> Sequence[str]:
        told = RAN[card.id]
        return (told.tiny, told.counted, told.card, told.real)

    return _grouped(heads, row)


def _gigabytes(card: ModelCard) -> str:
    return f"{card.download_bytes / 1e9:.0f} GB" if card.repo else "nothing"


def _sizes(card: ModelCard) -> str:
    if not card.sizes:
        return str(card.native["size"])
    if len(card.sizes) > MANY:
        return f"{card.sizes[0]} and {len(card.sizes) - 1} more shapes"
    return ", ".join(card.sizes)


def _frames(card: ModelCard) -> str:
    stride = card.frame_stride
    if card.frames.low == card.frames.high:
        return f"{card.frames.low:g}"
    return _span(card.frames) + (f", {stride}n + 1" if stride > 1 else "")


def _span(range_: Range) -> str:
    return f"{range_.low:g} to {range_.high:g}"


TABLES: Mapping[str, Callable[[], Iterator[str]]] = {
    "choose": choose,
    "makes": makes,
    "knows": knows,
    "memory": memory,
    "licences": licences,
    "ran": ran,
}

if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
