"""What the store asks of a database: transactions, and what each database does its own way."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection


class Database(Protocol):
    """Inside a transaction the driver's errors, and `RowDamaged`, leave as typed errors of ours."""

    def writing(self) -> AbstractContextManager[Connection]:
        """One transaction that may write; others write other rows at most. Durable when it ends well."""

    def reading(self) -> AbstractContextManager[Connection]:
        """One transaction that sees one state of the database."""

    def alone(self, connection: Connection) -> None:
        """Take no jobs in beside this transaction, where several write at a time."""

    def backup(self, target: Path) -> None:
        """A consistent copy, while in use."""

    def close(self) -> None: ...
