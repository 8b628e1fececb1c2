"""The translating child: ``python -m unstill.translating ORDERS``, started by `adapters.prompt_child`.

It reads one job a line and answers with one line. Before it reads the first it has given up network, memory
beyond its share and other processes; the network is loaded with the first job and kept until the child ends.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unstill.adapters.picture_child import jail
from unstill.domain.weight_errors import WeightsDamaged

if TYPE_CHECKING:
    from unstill.engines.translate.marian import Marian


class Desk:
    """Translates, with the network of the folder that the last job named."""

    def __init__(self) -> None:
        self._known: tuple[str, Marian] | None = None

    def translate(self, folder: str, texts: list[str]) -> list[str]:
        """Raises `WeightsDamaged`."""
        if self._known is None or self._known[0] != folder:
            from unstill.engines.translate.translator import loaded

            self._known = (folder, loaded(Path(folder)))
        return self._known[1].translate(texts, lambda _done, _of: None)


def answer(desk: Desk, order: Mapping[str, Any]) -> dict[str, Any]:
    """One job's reply."""
    jail.cpu_alarm(float(order["cpu_s"]))
    try:
        return {"done": desk.translate(str(order["folder"]), [str(text) for text in order["texts"]])}
    except WeightsDamaged as error:
        return {"damaged": {name: str(value) for name, value in error.facts.items()}}
    except Exception as error:  # its own words may be the person's
        where = "".join(traceback.format_tb(error.__traceback__))
        return {"failed": f"{type(error).__name__}\n{where[-2000:]}"}
    finally:
        jail.cpu_alarm(0)


def main() -> None:
    orders = json.loads(sys.argv[1])
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)  # libraries may write where they like, and not on the pipe
    os.dup2(nothing, 0), os.dup2(nothing, 1)
    jail.die_with_parent(int(orders["parent"]))
    jail.limit(orders["memory_bytes"], orders["lifetime_cpu_s"], orders["file_bytes"])

    def say(reply: Mapping[str, Any]) -> None:
        sink.write(json.dumps(reply).encode() + b"\n")
        sink.flush()

    say({"unfiltered": jail.close_network()})
    desk = Desk()
    for line in source:
        say(answer(desk, json.loads(line)))


if __name__ == "__main__":
    main()
