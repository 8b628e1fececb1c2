"""Prompts written anew for a model, by a language model that the person runs or names; only when asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from unstill.core.plan import find_card
from unstill.domain.catalog import ModelCard
from unstill.domain.prompt_errors import NoRewriter

if TYPE_CHECKING:
    from unstill.core.services import Services

TASK = """You rewrite prompts for an image-to-video model. It is given one picture and a prompt; the picture \
is its first frame, and you do not see it. Write in English, whatever the language of the prompt. Say, in \
this order: what the subject does, what else moves, how the camera moves, the light and the mood where the \
prompt names them. Keep to what the prompt asks for: add no new subject, no text, no cut, no second scene. \
Write in the present tense, in plain sentences, {length}. {more}Answer with the prompt alone: no title, no \
quotation marks, no remarks."""
CAMERA = """You rewrite prompts for a program that moves a camera through a still picture. It knows these \
moves: push in, pull back, zoom in, zoom out, pan left, pan right, tilt up, tilt down, truck left, \
truck right, crane up, crane down, orbit, handheld, static; and these effects: drifting clouds, \
moving water, snow, rain, fog, dust, petals, flickering light. Nothing else can move. Name the one or two \
moves and effects that come nearest to the prompt, slow or fast, in one English sentence. Answer with that \
sentence alone."""
SHORT, USUAL = "one or two of them, at most 50 words", "one paragraph of 60 to 120 words"
LENGTHS = {
    "i2vgen": SHORT,
    "cogvideo": "one paragraph of 60 to 150 words",
    "ltx": "one paragraph of 80 to 200 words",
}
"""By how a model's id begins: CLIP reads 77 tokens, the others a paragraph, as their own examples are."""
MORE = {"ltx": "Begin with the action, and tell it in the order of time. "}


class Rewriter(Protocol):
    """A language model behind an address that the settings name."""

    @property
    def host(self) -> str:
        """Whom the prompt is sent to: host and port."""

    @property
    def model(self) -> str: ...

    def rewrite(self, task: str, prompt: str) -> str:
        """The prompt, changed as the task says. Raises `RewriteFailed`."""


@dataclass(frozen=True)
class Rewritten:
    """A prompt, and the video model that it is written for."""

    prompt: str
    model: str


def require_rewriter(services: Services) -> Rewriter:
    """Raises `NoRewriter`."""
    if services.rewriter is None:
        raise NoRewriter
    return services.rewriter


def rewritten(prompt: str, model: str | None, services: Services) -> Rewritten:
    """The prompt in words for a video model, the default one where none is named.

    Raises:
        UnknownModel, NoRewriter, RewriteFailed
    """
    rewriter = require_rewriter(services)
    _, card = find_card(model, services.families)
    return Rewritten(rewriter.rewrite(task_for(card), prompt), card.id)


def task_for(card: ModelCard) -> str:
    """What the language model is told."""
    if not card.generative:
        return CAMERA
    length = next((said for start, said in LENGTHS.items() if card.id.startswith(start)), USUAL)
    more = next((said for start, said in MORE.items() if card.id.startswith(start)), "")
    return TASK.format(length=length, more=more)
