"""Where models' files are. Fits `unstill.core.ports.Weights`."""

from __future__ import annotations

from pathlib import Path

from unstill.domain.catalog import ModelCard
from unstill.domain.errors import UnknownModel
from unstill.settings import Settings


class WeightShelf:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def folder(self, card: ModelCard) -> Path:
        raise UnknownModel(param="model", value=card.id, known="")
