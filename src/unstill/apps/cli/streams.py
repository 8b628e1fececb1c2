"""Standard output and standard error that outlive their readers.

A video takes minutes to make; that nobody reads its path any more must not undo it. A stream that was closed
before we began, or whose reader has gone, is silent from then on; one that is full is told about at the end.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

QUIET = frozenset({errno.EPIPE, errno.EBADF, errno.ECONNRESET, errno.ESHUTDOWN})
"""Errors that mean: nobody is listening. Windows says EINVAL for a broken pipe."""


class Stream:
    """A text stream whose writes never fail. Everything else is the inner stream's."""

    def __init__(self, inner: TextIO) -> None:
        self._inner = inner
        self.failure: OSError | None = None
        """The first error that the person should hear of."""

    def write(self, text: str) -> int:
        with self._forgiving():
            self._inner.write(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        with self._forgiving():
            self._inner.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @contextlib.contextmanager
    def _forgiving(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            quiet = error.errno in QUIET or (os.name == "nt" and error.errno == errno.EINVAL)
            if not quiet and self.failure is None:
                self.failure = error
            self._let_go()

    def _let_go(self) -> None:
        """What is still buffered, and all that follows, goes nowhere, also when the interpreter ends."""
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._inner.fileno())
            os.close(nowhere)


@contextlib.contextmanager
def standing() -> Iterator[Stream]:
    """Replace both streams as long as the block runs; standard output's is given."""
    _open_closed()
    before = sys.stdout, sys.stderr
    out, err = Stream(sys.stdout), Stream(sys.stderr)
    sys.stdout, sys.stderr = cast(TextIO, out), cast(TextIO, err)
    try:
        yield out
    finally:
        out.flush()
        err.flush()
        sys.stdout, sys.stderr = before


def _open_closed() -> None:
    """Give closed standard streams a place to go, before a file of ours gets their number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is not None:
            continue
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)
        mode = "w" if number else "r"
        setattr(sys, name, open(number, mode, encoding="utf-8", errors="backslashreplace", closefd=False))  # noqa: SIM115
