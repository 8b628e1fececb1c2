"""Changes to a module at the moment it is first imported: before anybody has taken a name out of it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class _After(MetaPathFinder):
    def __init__(self, name: str, change: Callable[[ModuleType], None]) -> None:
        self._name, self._change = name, change

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self._name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        assert spec is not None
        loader = spec.loader
        assert loader is not None
        carry_out = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            carry_out(module)
            self._change(module)

        loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def after_import(name: str) -> Callable[[Callable[[ModuleType], None]], Callable[[ModuleType], None]]:
    """Decorates what is to be done with the module of this name once it is imported."""

    def take(change: Callable[[ModuleType], None]) -> Callable[[ModuleType], None]:
        sys.meta_path.insert(0, _After(name, change))
        return change

    return take
