"""What is stored. Values that no query looks into are JSON text, the same bytes on every database."""

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

from unstill.domain.job import State

FORMAT = 2
"""The version of these tables. A higher one is refused, a lower one brought up: see `migrations`."""

metadata = MetaData()

_states = ", ".join(f"'{state.value}'" for state in State)

videos = Table(
    "videos",
    metadata,
    Column("number", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("owner", Text, nullable=False),
    Column("state", Text, CheckConstraint(f"state IN ({_states})"), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("round", Integer, nullable=False),  # its place among the keys: see `intake.round_of`
    Column("kind", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("words", Text, nullable=False),  # the prompt as it is searched: see `rows.searchable`
    Column("request", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("input", Text, nullable=False),
    Column("needs_bytes", BigInteger),  # of a device's memory; None where any will do
    Column("source", Text),  # no foreign key: a video outlives the one it was made from
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("completed_at", Double),
    Column("deleted_at", Double),
    Column("deleted_steady", Double),  # by the steady clock of deleted_boot: what purging goes by
    Column("deleted_boot", Text),
    Column("deadline_at", Double),  # when it is of no more use
    Column("deadline_steady", Double),  # as of deletion
    Column("deadline_boot", Text),
    Column("attempt", Integer, nullable=False),
    Column("crashes", Integer, nullable=False),
    Column("worker", Text),
    Column("lease_until", Double),  # by the steady clock of lease_boot
    Column("lease_boot", Text),
    Column("cancel_requested", Boolean, nullable=False),
    Column("progress", Text),
    Column("notes", Text, nullable=False),
    Column("output", Text),
    Column("failure", Text),
    Column("failure_code", Text),
    Column("revision", Integer, nullable=False),
    Column("checksum", Text, nullable=False),
    sqlite_autoincrement=True,  # the number of a purged job is not given again
)
Index("videos_queue", videos.c.state, videos.c.priority, videos.c.round, videos.c.number)
Index("videos_owner", videos.c.owner, videos.c.number)

idempotency = Table(
    "idempotency",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("job_id", Text, ForeignKey("videos.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Double, nullable=False),
    Column("steady_at", Double, nullable=False),
    Column("boot", Text, nullable=False),
    Column("checksum", Text, nullable=False),
)

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("checksum", Text, nullable=False),
)
"""About the database itself. This table keeps its form through all formats, so that each can read it."""
