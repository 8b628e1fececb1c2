"""What Alembic runs to get a connection: ours, in a transaction that is ours."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
