"""The camera-motion engine: looks at the picture once, then films it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from unstill.core.plan import Plan
from unstill.core.ports import Anchor, Tick
from unstill.domain.notes import Note, note
from unstill.engines.motion import saliency
from unstill.engines.motion.effects import make_effect
from unstill.engines.motion.effects.base import Air, Clock, Effect, Layer, Moment, Side
from unstill.engines.motion.layers import LayerCamera, Plate, View, lay_over
from unstill.engines.motion.lexicon import Cue
from unstill.engines.motion.names import EFFECT_NAMES, PLACES
from unstill.engines.motion.saliency import Image
from unstill.engines.motion.scene import Scene, analyse
from unstill.engines.motion.shot import Shot, choreograph


@dataclass
class Film:
    """One scene, one path and the effects on it: any frame, in any order."""

    scene: Scene
    shot: Shot
    effects: Sequence[Effect]
    clock: Clock

    def __post_init__(self) -> None:
        self._camera = LayerCamera(self.scene)
        self._plates: dict[str, Plate] = {}

    def frame(self, index: int) -> Image:
        """Frame ``index`` of the clip, uint8 [h w 3]; ``num_frames`` itself is a loop's first again."""
        at, pose, cover = self.clock.moment(index), self.shot.pose(index), self.shot.cover(index)
        far, air = self._camera.far(pose, cover), Air(self.shot.lens, pose, cover)
        layered = self.scene.has_subject and (not pose.is_flat or self._air_filled(at))
        under: Layer = "background" if layered else "picture"
        out = far.of(self._plate(under))
        out = out.copy() if far.is_home else out
        self._paint(out, at, far, under)
        self._draw(out, at, air, "behind")
        near = far if pose.is_flat else self._camera.near(pose, cover)
        if layered and near is not None:
            lay_over(out, near.of(self._plate("foreground")), near.window)
            self._paint(out, at, near, "foreground")
        self._draw(out, at, air, "front")
        return out

    def _plate(self, name: str) -> Plate:
        if name not in self._plates:
            self._plates[name] = Plate(getattr(self.scene, name))
        return self._plates[name]

    def _paint(self, out: Image, at: Moment, view: View, layer: Layer) -> None:
        for effect in self.effects:
            overlay = effect.overlay(at, layer)
            if overlay is not None:
                lay_over(out, view.of_soft(overlay), view.window)

    def _draw(self, out: Image, at: Moment, air: Air, side: Side) -> None:
        for effect in self.effects:
            effect.draw(out, at, air, side)

    def _air_filled(self, at: Moment) -> bool:
        """Whether anything may be drawn that the subject hides."""
        return at.fade > 0 and any(effect.in_air for effect in self.effects)


class MotionEngine:
    """Fits `unstill.core.ports.Engine`. Keeps the last scene, so that another take of it starts at once."""

    def __init__(self) -> None:
        self._seen: tuple[Image, Scene] | None = None
        self._notes: list[Note] = []

    def load(self, plan: Plan) -> None:
        """Nothing to fetch: the saliency weights are read on first use."""

    def film(self, plan: Plan, anchor: Anchor) -> Film:
        """Look at the picture and set the camera up."""
        scene = self._scene(anchor)
        clock = Clock(plan.num_frames, plan.fps, plan.loop)
        effects = self._effects(plan, scene, clock)
        stages = [[Cue(**cue) for cue in stage] for stage in plan.details["stages"]]
        shot = choreograph(
            stages, scene, plan.num_frames, plan.fps, plan.loop, plan.option("strength"), plan.seed
        )  # fmt: skip
        if not scene.has_subject and any(not shot.pose(i).is_flat for i in (0, plan.num_frames // 2)):
            self._notes.append(note("no_subject"))
        return Film(scene, shot, effects, clock)

    def _effects(self, plan: Plan, scene: Scene, clock: Clock) -> list[Effect]:
        """The effects this picture has a place for; a note for each it has none for."""
        self._notes, effects = [], []
        for cue in plan.details["effects_detail"]:
            strength = cue["strength"] * plan.option("effect_strength")
            made = make_effect(cue["id"], scene, clock, strength, plan.seed) if strength > 0 else None
            if made is not None:
                effects.append(made)
            elif strength > 0:
                (en, zh), (place, place_zh) = EFFECT_NAMES[cue["id"]], PLACES[cue["id"]]
                said = note("effect_no_place", effect=en, effect_zh=zh, place=place, place_zh=place_zh)
                self._notes.append(said)
        return effects

    def frames(self, plan: Plan, anchor: Anchor, tick: Tick) -> Iterator[Image]:
        """See `Engine.frames`."""
        tick("look", 0, 1)
        film = self.film(plan, anchor)
        tick("look", 1, 1)
        for index in range(plan.num_frames):
            tick("frame", index, plan.num_frames)
            yield film.frame(index)
        tick("frame", plan.num_frames, plan.num_frames)

    def notes(self) -> Sequence[Note]:
        return tuple(self._notes)

    def unload(self) -> None:
        self._seen = None
        saliency.forget()

    def _scene(self, anchor: Anchor) -> Scene:
        if self._seen is None or not np.array_equal(self._seen[0], anchor.frame):
            self._seen = (anchor.frame, analyse(anchor.frame, anchor.context, anchor.box))
        return self._seen[1]
