"""The child, as the server sees it. Fits `unstill.core.prompts.Interpreter`."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from unstill.adapters.picture_child.child import ChildGone, OverLimit
from unstill.adapters.picture_child.pool import Pool
from unstill.adapters.picture_child.settings import ChildSettings
from unstill.core.ports import Tick, Weights, silent
from unstill.core.prompts import Translator
from unstill.domain.catalog import ModelCard
from unstill.domain.prompt_errors import TranslationFailed
from unstill.domain.weight_errors import WeightsDamaged

LOG = logging.getLogger(__name__)
COMMAND = (sys.executable, "-P", "-m", "unstill.translating")
"""Named, not imported: it needs an engine, which adapters do not know."""
MEMORY_BYTES = 4 * 2**30
CPU_S, WALL_S = 240.0, 300.0
"""Of one request: 4000 characters are some 200 sentences."""
START_S, IDLE_S, WAIT_S, JOBS = 120.0, 60.0, 60.0, 100
MOST_TEXT = 40_000
"""Characters of English for a prompt."""

SETTINGS = ChildSettings(
    command=COMMAND, children=1, memory_bytes=MEMORY_BYTES, picture_cpu_s=CPU_S, start_s=START_S,
    idle_s=IDLE_S, wait_s=WAIT_S, jobs=JOBS,
)  # fmt: skip


class PromptChild:
    """Calls block: use a thread. Safe to share between threads; one is served at a time."""

    def __init__(self, translator: Translator, weights: Weights, settings: ChildSettings = SETTINGS) -> None:
        self._translator, self._weights = translator, weights
        self.pool = Pool(settings)
        self._warned = False

    @property
    def card(self) -> ModelCard:
        return self._translator.card

    def translate(self, texts: Sequence[str], tick: Tick = silent) -> list[str]:  # noqa: ARG002 the port's
        """Each text in English.

        Raises:
            ServerFull: the child was busy for too long.
            TranslationFailed: it ended, or took too long.
            ExtraMissing, WeightsMissing, WeightsDamaged: as `Translator.require`.
        """
        self._translator.require()
        folder = self._weights.folder(self.card)
        order = {"job": "translate", "folder": str(folder), "texts": list(texts)}
        try:
            with self.pool.borrow() as child:
                self._say_once(child.facts)
                reply = child.call(order, CPU_S, WALL_S)
        except OverLimit:
            raise TranslationFailed(reason="it took too long", reason_zh="用时过长") from None
        except ChildGone as error:
            LOG.warning("the translating child ended: %s", error)
            raise TranslationFailed(reason="the translator crashed", reason_zh="翻译进程意外结束") from None
        return self._english(reply, len(texts))

    def close(self) -> None:
        self.pool.close()

    def _english(self, reply: Mapping[str, Any], count: int) -> list[str]:
        """What the child answered, looked at."""
        done, damaged = reply.get("done"), reply.get("damaged")
        if isinstance(done, list) and len(done) == count and all(isinstance(text, str) for text in done):
            return [text[:MOST_TEXT] for text in done]
        if isinstance(damaged, dict):
            facts = {name: str(damaged.get(name, ""))[:200] for name in ("file", "reason", "reason_zh")}
            raise WeightsDamaged(model=self.card.id, **facts)
        LOG.warning("the translating child failed: %s", str(reply.get("failed", ""))[-2000:])
        raise TranslationFailed(reason="the translator failed", reason_zh="翻译出错")

    def _say_once(self, facts: Mapping[str, Any]) -> None:
        missing = facts.get("unfiltered")
        if missing and not self._warned:
            self._warned = True
            LOG.warning("prompts are translated without a network filter here (%s)", str(missing)[:200])
