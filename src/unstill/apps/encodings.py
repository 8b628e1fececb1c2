"""What a client takes its answers in."""

from __future__ import annotations


def takes_gzip(header: str) -> bool:
    """Whether Accept-Encoding names gzip without refusing it by a weight of 0."""
    for part in header.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
