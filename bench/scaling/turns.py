"""Jobs that wait: in turn between keys, those of a slot's warm model first, nobody passed over for long."""

from __future__ import annotations

import math
from collections import OrderedDict, deque

from bench.scaling.demand import Job


class Turns:
    """``fair``: keys take turns, a key's own jobs in order; else first come, first served."""

    def __init__(self, *, fair: bool = True, patience_s: float = 300.0) -> None:
        self._fair, self._patience_s = fair, patience_s
        self._models: dict[str, OrderedDict[int, deque[Job]]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, job: Job, *, first: bool = False) -> None:
        """``first`` for one that was lost with its machine: it is before its key's others, and its key is
        next."""
        owners = self._models.setdefault(job.kind.model, OrderedDict())
        owner = job.owner if self._fair else 0
        line = owners.setdefault(owner, deque())
        if first:
            line.appendleft(job)
            owners.move_to_end(owner, last=False)
        else:
            line.append(job)
        self._count += 1

    def take(self, model: str | None) -> Job:
        """The next for a slot on which ``model`` is warm: its own, unless another's was queued earlier by
        more than the patience. Raises `IndexError` where nobody waits."""
        heads = {name: self._head(name) for name, owners in self._models.items() if owners}
        if not heads:
            raise IndexError("nobody waits")
        eldest = min(heads, key=lambda name: heads[name])
        own = heads.get(model, math.inf) if model else math.inf
        return self._pop(model if model and own - heads[eldest] <= self._patience_s else eldest)

    def _head(self, model: str) -> float:
        """When the next of a model was queued."""
        return next(iter(self._models[model].values()))[0].queued

    def _pop(self, model: str) -> Job:
        owners = self._models[model]
        owner, line = next(iter(owners.items()))
        job = line.popleft()
        if line:
            owners.move_to_end(owner)
        else:
            del owners[owner]
        self._count -= 1
        return job
