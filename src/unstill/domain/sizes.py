"""Amounts of memory and disk, as people read them."""

from __future__ import annotations

MIB, GIB = 2**20, 2**30


def size_text(count: int) -> str:
    """Bytes in GiB with two decimals, less than one in MiB with one."""
    return f"{count / GIB:.2f} GiB" if count >= GIB else f"{count / MIB:.1f} MiB"
