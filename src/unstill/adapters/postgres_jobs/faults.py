"""PostgreSQL's errors in our words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from unstill.adapters.sqlite_jobs.rows import RowDamaged
from unstill.domain.errors import UnstillError
from unstill.domain.service_errors import StoreBusy, StoreDamaged, StoreFailed, StoreFull

BUSY = frozenset({"40001", "40P01", "55P03", "57014", "53300"})
"""Serialisation failure, deadlock, lock not available, statement timeout, too many connections."""
FULL = frozenset({"53100"})
DAMAGED = frozenset({"XX001", "XX002"})
"""PostgreSQL: errcodes.txt, classes 40, 53, 55, 57 and XX."""
OURS = frozenset({"42601", "42703", "42P01", "42804"})
"""Syntax and names: mistakes in our SQL stay what they are."""


@contextlib.contextmanager
def spoken(named: str) -> Iterator[None]:
    """Errors of the server as ours; ``named`` tells which one, without its password."""
    try:
        yield
    except (RowDamaged, UnicodeDecodeError) as error:
        raise StoreDamaged(path=named, detail=str(error)) from error
    except NoConnection as error:
        raise StoreBusy from error
    except DBAPIError as error:
        ours = _ours(error, named)
        if ours is None:
            raise
        raise ours from error


def _ours(error: DBAPIError, named: str) -> UnstillError | None:
    code = getattr(error.orig, "sqlstate", None)
    if code in OURS:
        return None
    if code in BUSY:
        return StoreBusy()
    if code in FULL:
        return StoreFull(path=named)
    if code in DAMAGED:
        return StoreDamaged(path=named, detail=first_line(error.orig))
    gone = error.connection_invalidated or code is None or code.startswith(("08", "57P", "53", "58"))
    return StoreFailed(path=named, reason=first_line(error.orig)) if gone else None


def first_line(error: object) -> str:
    """What a server says of a failure, in one line."""
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__
