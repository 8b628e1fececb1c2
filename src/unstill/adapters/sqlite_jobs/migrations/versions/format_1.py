"""The tables as they were first."""

from __future__ import annotations

from alembic import op

from unstill.adapters.sqlite_jobs.formats import first

revision = "1"
down_revision = None


def upgrade() -> None:
    first.create_all(op.get_bind())
