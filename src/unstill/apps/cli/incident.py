"""What nobody foresaw: the traceback goes to a log file once, an incident id to the person."""

from __future__ import annotations

import os
import secrets
import sys
import time
import traceback
from pathlib import Path

from unstill.apps.cli import words
from unstill.apps.cli.printable import printable
from unstill.core.out_of_memory import is_out_of_memory
from unstill.core.services import Services
from unstill.domain.errors import OutOfMemory, Unexpected, UnstillError
from unstill.version import __version__

LOG = "incidents.log"


def explained(error: BaseException, services: Services) -> UnstillError:
    """An error that can be shown: ours as it is, any other logged and given an incident id."""
    if isinstance(error, UnstillError):
        return error
    if is_out_of_memory(error):
        return OutOfMemory()
    incident = secrets.token_hex(4)
    report = "".join(traceback.format_exception(error))
    if os.environ.get("UNSTILL_DEBUG") == "1":
        print(*map(printable, report.splitlines()), sep="\n", file=sys.stderr)
    return Unexpected(incident=incident, **_logged(incident, report, services))


def _logged(incident: str, report: str, services: Services) -> dict[str, str]:
    """Write the report; the facts that say where, or that it could not be written."""
    try:
        path = Path(services.log_dir) / LOG
        path.parent.mkdir(parents=True, exist_ok=True)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        head = f"{stamp} incident {incident} unstill {__version__} python {sys.version.split()[0]}\n"
        # Owner only: a traceback can hold file names.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with open(handle, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{head}{report}\n")
    except Exception:  # a log that cannot be written must not become a second failure on the screen
        return {"log": words.say("no_log", "en"), "log_zh": words.say("no_log", "zh")}
    return {"log": words.say("log_file", "en", path=path), "log_zh": words.say("log_file", "zh", path=path)}
