"""Camera motion: a still picture filmed by a moving camera, with weather and light on request.

Importing this costs nothing heavy; NumPy and OpenCV come with the engine itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from unstill.core.ports import Engine, Estimate, Machine, Reading, Weights
from unstill.domain.catalog import ModelCard
from unstill.domain.notes import Note, note
from unstill.engines.motion.card import CARD
from unstill.engines.motion.names import MOVE_NAMES

if TYPE_CHECKING:
    from unstill.core.plan import Plan
    from unstill.domain.request import VideoRequest
    from unstill.engines.motion.lexicon import Understood

LOOK_S, LOOK_S_PER_MEGAPIXEL = 1.1, 0.9
FRAME_S, FRAME_S_PER_MEGAPIXEL = 0.002, 0.065
EFFECT_S_PER_MEGAPIXEL = 0.03
"""CPU seconds measured by `make bench`: looking at a picture, and rendering and encoding one frame."""
PARALLEL = 1.7
"""How much faster than one core the whole goes on two or more: the encoder runs beside the renderer."""
BASE_BYTES, BYTES_PER_PIXEL = 330 << 20, 175
"""Peak memory measured by `make bench`: libraries and network, and planes per pixel."""


class MotionFamily:
    """Fits `unstill.core.ports.EngineFamily`."""

    cards: Sequence[ModelCard] = (CARD,)

    def read(self, request: VideoRequest, card: ModelCard) -> Reading:
        """Moves, effects, duration and what cannot be done, out of the prompt."""
        from unstill.engines.motion.lexicon import understand

        understood = understand(request.prompt)
        details: dict[str, Any] = {
            "moves": understood.moves,
            "effects": [cue.id for cue in understood.effects],
            "auto": understood.auto,
            "stages": [[asdict(cue) for cue in stage] for stage in understood.stages],
            "effects_detail": [asdict(cue) for cue in understood.effects],
        }
        defaults, notes = self._timing(request, card, understood)
        return Reading(defaults, details, (*notes, *_remarks(understood)))

    def _timing(
        self, request: VideoRequest, card: ModelCard, understood: Understood
    ) -> tuple[dict[str, object], list[Note]]:
        """Duration and loop, where the prompt names them and the request does not."""
        defaults: dict[str, object] = {"loop": True} if understood.loop else {}
        notes: list[Note] = []
        if understood.seconds is not None and request.num_frames is None:
            fps = request.fps or int(str(card.native["fps"]))
            longest = int(card.frames.high)
            frames = min(longest, max(2, round(understood.seconds * fps)))
            defaults["num_frames"] = frames
            asked, seconds = f"{understood.seconds:g}", f"{frames / fps:g}"
            if understood.seconds * fps > longest:
                notes.append(note("duration_limited", asked=asked, seconds=seconds, num_frames=frames))
            else:
                notes.append(note("duration_from_prompt", seconds=seconds, num_frames=frames, fps=fps))
        return defaults, notes

    def estimate(self, plan: Plan, machine: Machine) -> Estimate:
        """From the constants above; the picture's own size is that of the plan or larger."""
        megapixels = plan.width * plan.height / 1e6
        effects = EFFECT_S_PER_MEGAPIXEL * len(plan.details["effects"])
        frame = FRAME_S + (FRAME_S_PER_MEGAPIXEL + effects) * megapixels
        work = LOOK_S + LOOK_S_PER_MEGAPIXEL * megapixels + plan.num_frames * frame
        seconds = work / min(PARALLEL, max(1.0, machine.cores))
        return Estimate(seconds, BASE_BYTES + int(BYTES_PER_PIXEL * megapixels * 1e6))

    def engine(self, weights: Weights) -> Engine:  # noqa: ARG002 it needs none
        from unstill.engines.motion.engine import MotionEngine

        return MotionEngine()


def _remarks(understood: Understood) -> list[Note]:
    remarks = []
    if understood.auto:
        move, move_zh = MOVE_NAMES[understood.moves[0]]
        remarks.append(note("move_chosen", move=move, move_zh=move_zh))
    if understood.undone:
        remarks.append(note("cannot_do", phrases=", ".join(f"“{phrase}”" for phrase in understood.undone)))
    return remarks


family = MotionFamily()
