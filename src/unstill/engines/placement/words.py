"""Whether the words of a prompt are ones that a model was taught."""

from __future__ import annotations

import unicodedata

from unstill.domain.catalog import ModelCard
from unstill.domain.notes import Note, note


def foreign(prompt: str, card: ModelCard) -> list[Note]:
    """A note for a prompt whose letters are mostly not Latin, where a model reads English alone."""
    if "zh" in card.prompt_languages:
        return []
    letters = [letter for letter in prompt if letter.isalpha()]
    latin = sum("LATIN" in unicodedata.name(letter, "") for letter in letters)
    return [note("prompt_not_english", model=card.id)] if latin < len(letters) / 2 else []
