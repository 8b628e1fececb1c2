"""Rounds between API keys, deadlines, and what memory a job needs."""

from __future__ import annotations

from collections import Counter

from alembic import op
from sqlalchemy import BigInteger, Column, Connection, Double, Integer, Text, select, update

from unstill.adapters.sqlite_jobs.formats import first_videos
from unstill.adapters.sqlite_jobs.rows import seal, verified
from unstill.adapters.sqlite_jobs.tables import meta, videos

revision = "2"
down_revision = "1"

AT_ONCE = 500
_NEW = ("needs_bytes", "deadline_at", "deadline_steady", "deadline_boot")


def upgrade() -> None:
    op.add_column("videos", Column("round", Integer, nullable=False, server_default="0"))
    for name, kind in zip(_NEW, (BigInteger, Double, Double, Text), strict=True):
        op.add_column("videos", Column(name, kind))
    op.drop_index("videos_queue", "videos")
    op.create_index("videos_queue", "videos", ["state", "priority", "round", "number"])
    connection = op.get_bind()
    _seal_anew(connection)
    row = seal(meta, {"key": "format", "value": revision})
    connection.execute(update(meta).where(meta.c.key == "format").values(row))


def _seal_anew(connection: Connection) -> None:
    """Every row, verified as it was written; those not settled get rounds in the order they came in."""
    waiting: Counter[tuple[int, str]] = Counter()
    numbers = connection.execute(select(videos.c.number).order_by(videos.c.number)).scalars().all()
    for start in range(0, len(numbers), AT_ONCE):
        part = numbers[start : start + AT_ONCE]
        these = select(first_videos).where(first_videos.c.number.between(part[0], part[-1]))
        for found in connection.execute(these.order_by(first_videos.c.number)).mappings().all():
            row = verified(first_videos, dict(found)) | dict.fromkeys(_NEW) | {"round": 0}
            if row["state"] in ("queued", "in_progress"):
                key = (row["priority"], row["owner"])
                row["round"] = waiting[key]
                waiting[key] += 1
            row = seal(videos, row)
            changed = update(videos).where(videos.c.number == row["number"])
            connection.execute(changed.values(round=row["round"], checksum=row["checksum"]))
