"""Amounts of memory and disk, as people read them."""

from __future__ import annotations

KIB, MIB, GIB = 2**10, 2**20, 2**30


def size_text(count: int) -> str:
    """Bytes in GiB with two decimals, less than one in MiB with one, and less than one of those in KiB."""
    if count >= GIB:
        return f"{count / GIB:.2f} GiB"
    return f"{count / MIB:.1f} MiB" if count >= MIB else f"{count / KIB:.1f} KiB"
