"""One clip, from words and a picture to frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import torch

from unstill.core.ports import Anchor, Tick
from unstill.domain.errors import BadOutput
from unstill.domain.notes import Note, note
from unstill.engines.i2vgen_xl.acceleration import Accelerator, remember
from unstill.engines.i2vgen_xl.checkpoint import SCALE
from unstill.engines.i2vgen_xl.conditioning import Conditioner, condition
from unstill.engines.i2vgen_xl.decoder import Pending, decode
from unstill.engines.i2vgen_xl.hardware import Pace
from unstill.engines.i2vgen_xl.ladder import Ladder
from unstill.engines.i2vgen_xl.preview import Glimpse
from unstill.engines.i2vgen_xl.recipe import recipe_of
from unstill.engines.i2vgen_xl.rungs import Rung
from unstill.engines.i2vgen_xl.sampler import Clip, Sampler, draw

if TYPE_CHECKING:
    from torch import Tensor

    from unstill.core.plan import Plan
    from unstill.core.ports import Frame

SHOWN_LETTERS = 120
"""Of words that are left out, in the note that says so."""
PREVIEW_EVERY = 4
"""Steps between two previews."""


class Take:
    """The work on one clip. `frames` may be called once."""

    def __init__(
        self, plan: Plan, conditioner: Conditioner, ladder: Ladder, accelerator: Accelerator
    ) -> None:
        self._plan, self._conditioner, self._ladder = plan, conditioner, ladder
        self._parts, self._accelerator = conditioner.parts, accelerator

    @property
    def notes(self) -> list[Note]:
        """What there is to say of the work so far."""
        broken = [note("not_compiled")] if self._accelerator.failed else []
        return [*self._cut(), *broken, *self._ladder.notes]

    def frames(self, anchor: Anchor, tick: Tick) -> Iterator[Frame]:
        """See `Engine.frames`."""
        latents, total = self._denoised(anchor, tick), self._plan.num_frames
        for number, frame in enumerate(decode(latents, self._parts, self._at_decoding)):
            tick("decode", number, total)
            yield frame
        tick("decode", total, total)

    def _at_decoding(self, work: Callable[[Rung], Pending]) -> Pending:
        return self._ladder.attempt("decode", work)

    def _denoised(self, anchor: Anchor, tick: Tick) -> Tensor:
        """The finished latents, float32 [f 4 h w]."""
        tick("look", 0, 1)
        clip = self._ladder.attempt("look", lambda rung: self._clip(anchor, rung))
        sampler = self._ladder.attempt("look", lambda _: Sampler(clip, self._parts, self._accelerator))
        tick("look", 1, 1)
        try:
            self._walk(sampler, Glimpse(anchor.frame, clip.conditions.latents), tick)
            latents = sampler.latents
        finally:
            sampler.forget()
        if not bool(torch.isfinite(latents).all()):
            raise BadOutput(problem="its numbers overflowed", problem_zh="数值溢出")
        if self._accelerator.compiled and not self._accelerator.failed and self._in_place:
            remember(self._plan)
        return latents

    @property
    def _in_place(self) -> bool:
        """Whether weights stay as they are at this rung, so that what was compiled is what ran."""
        return not (self._ladder.rung.streams or self._ladder.rung.narrows)

    def _walk(self, sampler: Sampler, glimpse: Glimpse, tick: Tick) -> None:
        """All steps, a preview every few of them."""
        pace, shown = Pace(self._parts.hardware), self._plan.num_frames // 2
        tick("step", 0, len(sampler))
        for done in range(1, len(sampler) + 1):
            self._ladder.attempt("step", sampler.step)
            pace.keep()
            preview = glimpse.of(sampler.clean[shown]) if done % PREVIEW_EVERY == 0 else None
            tick("step", done, len(sampler), preview)

    def _clip(self, anchor: Anchor, rung: Rung) -> Clip:
        """Words and picture as the UNet wants them, and the noise to begin with."""
        plan, conditioner = self._plan, self._conditioner
        guidance = float(plan.request.guidance_scale or 1.0)
        negative = [str(plan.details["negative_prompt_used"])] if guidance > 1 else []
        words = [conditioner.words(text, rung) for text in (*negative, plan.request.prompt)]
        seen = conditioner.picture(anchor, rung)
        generator, noise = draw(plan.seed, plan.num_frames, plan.height // SCALE, plan.width // SCALE)
        return Clip(
            conditions=condition(words, seen, generator),
            noise=noise,
            steps=int(plan.request.num_inference_steps or 1),
            guidance=guidance,
            target_fps=float(plan.option("target_fps")),
            recipe=recipe_of(plan),
        )

    def _cut(self) -> Iterator[Note]:
        """What the text encoder has no room for."""
        plan, tokens = self._plan, self._parts.checkpoint.tokens
        fields = {
            "prompt": ("描述", plan.request.prompt),
            "negative_prompt": ("反向描述", plan.request.negative_prompt),
        }
        for name, (name_zh, words) in fields.items():
            left_out = tokens.left_out(words or "")
            if left_out:
                shown = left_out if len(left_out) <= SHOWN_LETTERS else f"{left_out[:SHOWN_LETTERS]} …"
                facts = {"field": name, "field_zh": name_zh, "words": shown}
                yield note("prompt_cut", model=plan.model, limit=tokens.length, **facts)
