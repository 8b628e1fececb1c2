"""Telling a lack of memory from other errors, whichever library says it."""

from __future__ import annotations


def is_out_of_memory(error: BaseException) -> bool:
    """Python's and NumPy's, torch's (known by name: it is not imported here), OpenCV's (code -4)."""
    named = any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__)
    opencv = type(error).__module__.startswith("cv2") and getattr(error, "code", None) == -4
    return isinstance(error, MemoryError) or named or opencv
