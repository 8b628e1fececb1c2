"""Whether a video carries the visible label, and in which language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from unstill.domain.catalog import ModelCard
from unstill.domain.errors import Language

LabelRule = Literal["auto", "always", "never"]
"""The operator's rule for generated video where the request leaves it open; "auto": where people read
Chinese."""


@dataclass(frozen=True)
class Labelling:
    """What decides besides the request. ``language`` is that of the messages."""

    rule: LabelRule = "auto"
    language: Language = "en"

    def of(self, asked: bool | None, card: ModelCard) -> Language | None:
        """The label's language, None for no label.

        What was asked for is done. Else camera motion, which is not generated, has none, by any rule.
        """
        if asked is None:
            by_rule = self.rule == "always" or (self.rule == "auto" and self.language == "zh")
            asked = card.generative and by_rule
        return self.language if asked else None
