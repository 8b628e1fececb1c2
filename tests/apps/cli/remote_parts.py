"""What the tests of the command line share beside their fixtures."""

from __future__ import annotations

import json
import os
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING

from unstill import wiring

if TYPE_CHECKING:
    from api_parts import Station

    from unstill.domain.job import Job

ENTRY = EntryPoint("testcard", "testcard:family", wiring.GROUP)


def tell(folder: Path, url: str, secret: str = "any") -> Path:
    """Write down who serves a folder, as a server does; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {"pid": os.getpid(), "url": url, "secret": secret, "version": "0", "started_at": 1.0}
    (folder / "server.json").write_text(json.dumps(about))
    return folder


def everything(station: Station) -> list[Job]:
    """Every job that is not deleted, oldest first."""
    return list(station.service.store.page(newest_first=False, limit=1000).jobs)
