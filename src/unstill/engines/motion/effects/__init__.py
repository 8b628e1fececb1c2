"""Moving weather and light. Each effect is one class in one module."""

from __future__ import annotations

from importlib import import_module

from unstill.engines.motion.effects.base import Clock, Effect, EffectMaker
from unstill.engines.motion.scene import Scene

_CLASSES = {
    "clouds": "clouds:Clouds",
    "water": "water:Water",
    "snow": "snow:Snow",
    "rain": "rain:Rain",
    "dust": "dust:Dust",
    "petals": "petals:Petals",
    "fog": "fog:Fog",
    "flicker": "flicker:Flicker",
}
EFFECT_IDS = tuple(_CLASSES)


def make_effect(effect_id: str, scene: Scene, clock: Clock, strength: float, seed: int) -> Effect | None:
    """The effect in this scene, or None where the picture has no sky, water or light for it."""
    module, name = _CLASSES[effect_id].split(":")
    maker: EffectMaker = getattr(import_module(f"unstill.engines.motion.effects.{module}"), name)
    effect = maker(scene, clock, strength, seed)
    return effect if effect.region is not None else None
