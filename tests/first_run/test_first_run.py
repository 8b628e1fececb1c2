"""What a newcomer meets ends well: it works, or the fix is named and works. Run by `make first-run`."""

from __future__ import annotations

import importlib
import time
from dataclasses import replace
from pathlib import Path

import pytest

from first_run_report import BADLY, NOT_HERE, Row, row
from matrix import SITUATIONS, NotHere, Situation

HERE = Path(__file__).parent

for path in sorted([*HERE.glob("on_a_computer_*.py"), *HERE.glob("in_a_container_*.py")]):
    importlib.import_module(path.stem)


@pytest.mark.first_run
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("it", SITUATIONS.values(), ids=list(SITUATIONS))
def test_ends_well(it: Situation, room: Path, rows: dict[str, Row]) -> None:
    """Each situation of the matrix."""
    began = time.monotonic()
    try:
        ended = it.meet(room)
        ended = replace(ended, told=ended.told.replace(str(room), "~"), fix=ended.fix.replace(str(room), "~"))
    except NotHere as why:
        rows[it.id] = row(it, (NOT_HERE, str(why)), time.monotonic() - began)
        pytest.skip(str(why))
    except BaseException as trouble:
        said = str(trouble).strip() or type(trouble).__name__
        rows[it.id] = row(it, (BADLY, said.splitlines()[0][:300]), time.monotonic() - began)
        raise
    rows[it.id] = row(it, ended, time.monotonic() - began)
