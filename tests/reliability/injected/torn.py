"""A process whose file reaches the size it may have (RLIMIT_FSIZE) dies in the middle of that write, as the
system has it; Python would hear of it as an error."""

from __future__ import annotations

import signal

signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
