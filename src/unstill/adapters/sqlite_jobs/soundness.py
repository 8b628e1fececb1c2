"""Whether a file is a whole job database of a format we know, found out without writing a byte to it.

Found: pages that do not fit together (SQLite's own check), tables that are not as they were made, and rows
that are not as they were written (their checksums). Not found: a write-ahead log that lost its end.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection, NullPool, Table, create_engine, insert, select, update

from unstill.adapters.sqlite_jobs.faults import code_of, spoken
from unstill.adapters.sqlite_jobs.formats import FORMATS
from unstill.adapters.sqlite_jobs.rows import Row, seal, verified
from unstill.adapters.sqlite_jobs.tables import FORMAT, meta
from unstill.domain.errors import NotReadable, NotWritable, UnstillError
from unstill.domain.service_errors import StoreDamaged, StoreNewer

_MAGIC = b"SQLite format 3\0"
_ROLLBACK = 1
"""In the header of a file without a write-ahead log, as a backup is. One that a killed server left beside it
would be read all the same, page by page, as if it were its own."""
_THOROUGH_BYTES = 64 << 20
"""Up to this size also the indexes are compared with their tables: about 1 s on a slow disk."""
_NEEDS_WRITING = {
    sqlite3.SQLITE_READONLY_ROLLBACK,
    sqlite3.SQLITE_READONLY_RECOVERY,
    sqlite3.SQLITE_READONLY_CANTINIT,
    sqlite3.SQLITE_READONLY_DIRECTORY,
    sqlite3.SQLITE_CANTOPEN,
}
"""After a power cut SQLite must first undo the transaction that was under way."""


def describe(connection: Connection) -> None:
    """Write down in a new database what `refuse_unsound` compares it with."""
    for key, value in (("format", str(FORMAT)), ("schema", _schema(connection))):
        connection.execute(insert(meta).values(seal(meta, {"key": key, "value": value})))


def describe_anew(connection: Connection) -> None:
    """The same for tables that were changed."""
    row = seal(meta, {"key": "schema", "value": _schema(connection)})
    connection.execute(update(meta).where(meta.c.key == "schema").values(row))


def refuse_unsound(path: Path, busy_s: float, named: Path | None = None) -> int:
    """The format of the database in ``path``, or raise what is wrong with it; ``named`` is what to call it.

    Raises:
        StoreDamaged, StoreNewer, StoreBusy, NotReadable, NotWritable
    """
    named = named or path
    _refuse_other_files(path, named)
    try:
        return _read_all(path, "ro", busy_s, named)
    except UnstillError as error:
        if not _wants_recovery(error):
            raise
        return _read_all(path, "rw", busy_s, named)


def refuse_lost(path: Path) -> None:
    """Where there is no database there must be none of its side files: they hold what is not yet in it.

    Raises:
        StoreDamaged
    """
    for side in (_side(path, "-wal"), _side(path, "-journal")):
        if _bytes(side) > 0:
            raise StoreDamaged(path=path, detail=f"it is missing, but {side.name} is there")


def open_uri(path: Path, mode: str) -> str:
    return f"{path.absolute().as_uri()}?mode={mode}"


def _side(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _bytes(path: Path) -> int:
    """0 for a file that is not there."""
    return path.stat().st_size if path.exists() else 0


def _wants_recovery(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        inner = getattr(cause, "orig", cause)
        if code_of(inner) in _NEEDS_WRITING:
            return True
        cause = cause.__cause__
    return False


def _refuse_other_files(path: Path, named: Path) -> None:
    if not path.is_file():
        raise NotWritable(path=named, reason="it is not an ordinary file", reason_zh="它不是普通文件")
    try:
        with path.open("rb") as file:
            head = file.read(100)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise NotReadable(path=named, reason=error.strerror, reason_zh=error.strerror) from error
    # SQLite takes an empty file for a new database, and opens one of a future version read-only.
    if len(head) < 100 or head[:16] != _MAGIC or not {head[18], head[19]} <= {1, 2}:
        raise StoreDamaged(path=named, detail=f"no SQLite header in {size} bytes")
    if head[19] == _ROLLBACK and _bytes(_side(path, "-wal")) > 0:
        raise StoreDamaged(path=named, detail="the log beside it is another database's")


def _read_all(path: Path, mode: str, busy_s: float, named: Path) -> int:
    def connect() -> sqlite3.Connection:
        return sqlite3.connect(open_uri(path, mode), uri=True, timeout=busy_s, isolation_level=None)

    size = path.stat().st_size
    with spoken(named):
        with closing(connect()) as plain:
            check = "integrity_check" if size <= _THOROUGH_BYTES else "quick_check"
            found = "; ".join(str(row[0]) for row in plain.execute(f"PRAGMA {check}(5)"))
        if found != "ok":
            raise StoreDamaged(path=named, detail=found)
        engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
        with engine.connect() as connection:
            return _read_tables(connection, named)


def _read_tables(connection: Connection, named: Path) -> int:
    tables = {row[0] for row in connection.exec_driver_sql("SELECT name FROM sqlite_master")}
    if "meta" not in tables:
        raise StoreDamaged(path=named, detail="a database of another program")
    try:
        about = {row["key"]: row["value"] for row in _rows(connection, meta)}
        found = int(about["format"])
    except (KeyError, ValueError) as error:
        raise StoreDamaged(path=named, detail="it does not say its format") from error
    if found > FORMAT:
        raise StoreNewer(path=named, found=found, known=FORMAT)
    if about.get("schema") != _schema(connection) or found not in FORMATS:
        raise StoreDamaged(path=named, detail="its tables are not as they were made")
    for table in FORMATS[found]:
        _rows(connection, table)
    return found


def _rows(connection: Connection, table: Table) -> list[Row]:
    return [verified(table, dict(row)) for row in connection.execute(select(table)).mappings()]


def _schema(connection: Connection) -> str:
    """A digest of how the tables were made. SQLAlchemy may word that differently one day; the file knows."""
    made = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
    text = repr([tuple(row) for row in connection.exec_driver_sql(made)])
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]
