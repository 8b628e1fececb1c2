"""How long is waited for whom while models' files are fetched."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """Seconds and bytes."""

    connect_s: float = 10.0
    read_s: float = 30.0
    """Between two pieces of an answer."""
    late_s: float = 3.0
    """For the lists of other sources, once the first one's is here."""
    tries: int = 4
    """At one source, without a single byte of progress."""
    backoff_s: float = 1.0
    """Before the second try; doubled for each further one."""
    longest_wait_s: float = 300.0
    """What a hub may ask us to wait (Retry-After)."""
    waits: int = 5
    """How often in a row it may."""
    slow_bytes_s: float = 64 * 1024
    """Below it for ``slow_window_s`` another source takes over, where there is one."""
    slow_window_s: float = 15.0
    probe_bytes: int = 4 * 2**20
    probe_s: float = 4.0
    at_once: int = 4
    """Files fetched at a time."""
    look_s: float = 0.2
    """Between two looks at progress."""
