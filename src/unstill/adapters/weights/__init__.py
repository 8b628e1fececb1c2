"""Models' files on this computer."""

from unstill.adapters.weights.shelf import WeightShelf

__all__ = ["WeightShelf"]
