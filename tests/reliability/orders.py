"""What the processes of a server under test are told to do to themselves: see `injected/sitecustomize.py`."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from live import Live

INJECTED = Path(__file__).with_name("injected")


def import_path(engines: str) -> str:
    """PYTHONPATH for a server whose processes take orders."""
    return f"{INJECTED}:{engines}"


@dataclass(frozen=True)
class Step:
    """One side of one step of one process; ``t`` by the steady clock that all processes share."""

    t: float
    pid: int
    role: str
    step: str
    side: str
    thread: str

    @property
    def point(self) -> str:
        return f"{self.role}: {self.step}@{self.side}"


class Orders:
    """For one server. What is not said stays: processes look before each step."""

    def __init__(self, server: Live, *modules: str, **more: Any) -> None:
        """``modules`` of the folder `injected`, loaded by every process that starts from now on."""
        self._home, self._said = server.log.parent, {"modules": modules, **more}
        self._write()

    def note(self, wanted: bool = True) -> None:
        """Have every step written down."""
        self._said["note"] = wanted
        self._write()

    def die_at(self, point: str, nth: int = 1) -> None:
        """Whichever process comes to this point dies there: one, at its nth time."""
        self._mark.unlink(missing_ok=True)
        self._said |= {"die": point, "nth": nth}
        self._write()

    def live_on(self) -> None:
        self._said.pop("die", None)
        self._write()

    @property
    def died(self) -> bool:
        """Whether a process has come to the point."""
        return self._mark.exists()

    def steps(self) -> list[Step]:
        """Those that were noted, in the order in which they were."""
        path = self._home / "ops.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [Step(**json.loads(line)) for line in lines]

    @property
    def _mark(self) -> Path:
        return self._home / "died"

    def _write(self) -> None:
        partial = self._home / "orders.part"
        partial.write_text(json.dumps(self._said), encoding="utf-8")
        os.replace(partial, self._home / "orders.json")
