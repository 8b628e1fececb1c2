"""A pass through a denoiser that can be done again: what caches keep between passes is put back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch.nn import Module


def rewind(part: Module) -> Callable[[], None]:
    """Puts a part's caches back to how they are now.

    A pass that broke off has changed them already: first-block caching would take the same pass, done again,
    for one in which nothing changes.
    """
    if not getattr(part, "is_cache_enabled", False):
        return lambda: None
    known = [
        (manager, {name: (state, dict(vars(state))) for name, state in manager._state_cache.items()})
        for manager in _managers(part)
    ]

    def back() -> None:
        for manager, states in known:
            manager._state_cache.clear()
            for name, (state, values) in states.items():
                vars(state).clear()
                vars(state).update(values)
                manager._state_cache[name] = state

    return back


def _managers(part: Module) -> list[Any]:
    """Of the states that diffusers' hooks share between the blocks, each once."""
    registries = (getattr(each, "_diffusers_hook", None) for each in part.modules())
    hooks = (hook for registry in registries if registry is not None for hook in registry.hooks.values())
    found = {id(m): m for hook in hooks if (m := getattr(hook, "state_manager", None)) is not None}
    return list(found.values())
