"""The wall clock, moved by as many seconds as the file `clock` in the server's home says. The clocks that
never jump stay as they are, as they do when somebody sets the time."""

from __future__ import annotations

import os
import time

CLOCK = os.path.join(os.environ["HOME"], "clock")
_time, _time_ns, _gmtime, _localtime, _strftime = (
    time.time,
    time.time_ns,
    time.gmtime,
    time.localtime,
    time.strftime,
)


def shift_s() -> float:
    try:
        with open(CLOCK) as file:
            return float(file.read() or 0)
    except (OSError, ValueError):
        return 0.0


time.time = lambda: _time() + shift_s()
time.time_ns = lambda: _time_ns() + int(shift_s() * 1e9)
time.gmtime = lambda seconds=None: _gmtime(time.time() if seconds is None else seconds)
time.localtime = lambda seconds=None: _localtime(time.time() if seconds is None else seconds)
time.strftime = lambda form, when=None: _strftime(form, time.localtime() if when is None else when)
