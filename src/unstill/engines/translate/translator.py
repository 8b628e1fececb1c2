"""The translator of one process. Fits `unstill.core.prompts.Translator`."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unstill.core.ports import Tick, Weights, silent
from unstill.domain.catalog import ModelCard
from unstill.domain.errors import ExtraMissing, UnstillError
from unstill.engines.placement.allocator import choose_allocator
from unstill.engines.translate.cards import ZH_EN

if TYPE_CHECKING:
    from unstill.engines.translate.marian import Marian

STAGE = "translate"
EXTRA = "diffusion"
LIBRARIES = ("torch", "transformers", "safetensors", "sentencepiece")
REMEMBERED = 64
"""Texts whose English is kept: a folder of pictures has one prompt."""


class Translator:
    """Chinese to English. Loaded for a call and given back after it: the memory is the video model's."""

    card: ModelCard = ZH_EN

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._known: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def require(self) -> None:
        """Raises `ExtraMissing`, or why its files cannot be had (`WeightsMissing` and others)."""
        if any(find_spec(name) is None for name in LIBRARIES):
            raise ExtraMissing(param=STAGE, name=EXTRA)
        try:
            self._weights.folder(self.card)
        except UnstillError as error:
            facts: dict[str, Any] = dict(error.facts)
            raise type(error)(param=STAGE, **facts) from error

    def translate(self, texts: Sequence[str], tick: Tick = silent) -> list[str]:
        """Each text in English; what of it is none already. The tick counts sentences.

        Raises as `require`, and `WeightsDamaged`, `Cancelled`.
        """
        with self._lock:
            new = [text for text in dict.fromkeys(texts) if text not in self._known]
            if new:
                self.require()
                tick(STAGE, 0, 1)
                marian = loaded(self._weights.folder(self.card))
                for text, english in zip(
                    new, marian.translate(new, lambda n, of: tick(STAGE, n, of)), strict=True
                ):
                    self._known[text] = english
            made = [self._known[text] for text in texts]
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return made


def loaded(folder: Path) -> Marian:
    """The network of a folder. Raises `WeightsDamaged`."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # read when transformers is imported
    choose_allocator()  # the video's model comes into the same process
    from unstill.engines.translate.marian import Marian

    return Marian(folder, ZH_EN.id)
