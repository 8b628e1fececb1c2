"""The tables as older versions made them: for reading what they wrote."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)

from unstill.adapters.sqlite_jobs.tables import FORMAT, idempotency, videos

first = MetaData()
"""Format 1."""
first_videos = Table(
    "videos",
    first,
    Column("number", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("owner", Text, nullable=False),
    Column(
        "state",
        Text,
        CheckConstraint("state IN ('queued', 'in_progress', 'completed', 'failed', 'cancelled')"),
        nullable=False,
    ),
    Column("priority", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("input", Text, nullable=False),
    Column("source", Text),
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("completed_at", Double),
    Column("deleted_at", Double),
    Column("deleted_steady", Double),
    Column("deleted_boot", Text),
    Column("attempt", Integer, nullable=False),
    Column("crashes", Integer, nullable=False),
    Column("worker", Text),
    Column("lease_until", Double),
    Column("lease_boot", Text),
    Column("cancel_requested", Boolean, nullable=False),
    Column("progress", Text),
    Column("notes", Text, nullable=False),
    Column("output", Text),
    Column("failure", Text),
    Column("failure_code", Text),
    Column("revision", Integer, nullable=False),
    Column("checksum", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("videos_queue", first_videos.c.state, first_videos.c.priority, first_videos.c.number)
Index("videos_owner", first_videos.c.owner, first_videos.c.number)
first_idempotency = Table(
    "idempotency",
    first,
    Column("owner", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("job_id", Text, ForeignKey("videos.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Double, nullable=False),
    Column("steady_at", Double, nullable=False),
    Column("boot", Text, nullable=False),
    Column("checksum", Text, nullable=False),
)
first_meta = Table(
    "meta",
    first,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("checksum", Text, nullable=False),
)

FORMATS: dict[int, tuple[Table, Table]] = {
    1: (first_videos, first_idempotency),
    FORMAT: (videos, idempotency),
}
"""Jobs and idempotency keys, by format."""
