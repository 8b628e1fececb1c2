"""Telling a lack of memory from other errors, whichever library says it."""

from __future__ import annotations

WORDS = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)
"""How a device says that it has no memory left where there is no class for it: MPS, the CPU, libraries."""


def is_out_of_memory(error: BaseException) -> bool:
    """Python's and NumPy's, torch's (known by name or words: it is not imported here), OpenCV's (code -4)."""
    named = any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__)
    opencv = type(error).__module__.startswith("cv2") and getattr(error, "code", None) == -4
    told = isinstance(error, RuntimeError) and any(words in str(error) for words in WORDS)
    return isinstance(error, MemoryError) or named or opencv or told
