"""Every byte of a model's files, read again and held against the record."""

from __future__ import annotations

from unstill.adapters.weights.halt import stoppable
from unstill.adapters.weights.inspect import Found
from unstill.adapters.weights.lock import Locked
from unstill.adapters.weights.meter import Meter
from unstill.adapters.weights.part import sha256_of
from unstill.core.durable import why
from unstill.core.weights import Watch
from unstill.domain.catalog import ModelCard
from unstill.domain.weight_errors import WeightsDamaged


def check(found: Found, locked: Locked | None, card: ModelCard, watch: Watch) -> bool:
    """Read all; whether there was a record to compare with. Raises `WeightsDamaged`, `PullStopped`."""
    meter = Meter()
    meter.stage("weights_check", found.size_bytes)
    known = locked.files if locked else {}
    gone = sorted(set(known) - set(found.sizes))
    if gone:
        raise _damaged(card, gone[0], "it is missing", "文件缺失")
    with stoppable(card):
        for name in found.sizes:

            def read(count: int, name: str = name) -> None:
                meter.read(name, count)
                watch(meter.progress())

            try:
                sha256 = sha256_of(found.folder / name, read)
            except OSError as error:
                raise WeightsDamaged(model=card.id, file=name, **why(error)) from error
            if name in known and sha256 != known[name].sha256:
                raise _damaged(card, name, "its hash is not the recorded one", "校验值与记录不符")
    return bool(known)


def _damaged(card: ModelCard, file: str, reason: str, reason_zh: str) -> WeightsDamaged:
    return WeightsDamaged(model=card.id, file=file, reason=reason, reason_zh=reason_zh)
