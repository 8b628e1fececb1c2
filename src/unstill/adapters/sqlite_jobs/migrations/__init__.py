"""From the tables of an older unstill to today's, on either database, by Alembic.

A step (`versions/format_N`) runs in one transaction: a kill in between leaves what was there. The number of
the format stands in the table ``meta``, which keeps its form through all of them; Alembic's own follows.
"""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

SCRIPTS = "unstill.adapters.sqlite_jobs:migrations"


def upgrade(connection: Connection, found: int, to: int) -> None:
    """Change tables of the format ``found`` to that of ``to``, inside the caller's transaction.

    Raises:
        RowDamaged: a row is not what was written; then nothing is to be committed.
    """
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["connection"] = connection
    if found:
        command.stamp(config, str(found), purge=True)
    command.upgrade(config, str(to))
