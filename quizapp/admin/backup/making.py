"""Making a backup of an installation that goes on working.

1. Copy the events that wait in the streams, each with the life of the live data that it belongs to.
2. Copy all tables as they are at one moment, in one transaction that only reads.

In this order nothing that was acknowledged before the backup began is missing, and nobody has to stand still: an
event that the recorder removed from a stream meanwhile is in SQL already, and the tables are copied later. What is in
both is told apart by the position of the recorder, which is one of the tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Connection, select, text

from quizapp.admin.backup import archive
from quizapp.core import portable, schema
from quizapp.core.db import db, reading
from quizapp.core.live import Live
from quizapp.play import recorder, state
from quizapp.play.models import RecorderPosition
from quizapp.play.state import Shard

EVENTS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Made:
    """What a backup holds."""

    rows: int
    events: int
    """Those that were not in SQL when it began."""
    bytes: int
    made_at: datetime


def make_backup(path: Path, *, live: Live, now: datetime) -> Made:
    """Write a backup to a new file; raises BackupNotWritten and StoreUnavailable, and leaves no file then."""
    revision = _revision()
    with archive.writing(path) as writer:
        writer.add(archive.EVENTS, _events(live))
        with _one_moment() as connection:
            tables = portable.all_columns()
            for columns in tables:
                rows = portable.read_rows(connection, columns)
                writer.add(archive.table_member(columns.table), map(portable.line_of, rows))
        writer.seal(
            archive.Manifest(
                format=archive.FORMAT,
                version=archive.VERSION,
                made_at=now,
                release=version("quizapp"),
                database=db.engine.dialect.name,
                revision=revision,
                field_key=archive.field_key_mark(),
                secret_key=archive.secret_key_mark(),
                tables=tables,
                members=writer.members,
            )
        )
    counts = {member.name: member.rows for member in writer.members}
    events = counts.pop(archive.EVENTS)
    return Made(sum(counts.values()), events, path.stat().st_size, now)


def _revision() -> str:
    with reading():
        revision = schema.look()
        db.session.rollback()
    if not revision.is_at_head:
        raise archive.BackupNotWritten("the database is not at this release's schema; run: quizapp db upgrade")
    return revision.found


def _events(live: Live) -> Iterator[bytes]:
    with reading():
        query = select(RecorderPosition.contest_id, RecorderPosition.shard)
        rows = db.session.execute(query.order_by(*query.selected_columns)).all()
        db.session.rollback()
    for shard in (Shard(contest_id, number) for contest_id, number in rows):
        for lineage, (stream_id, fields) in _waiting(live, shard):
            yield portable.line_of([shard.contest_id, shard.number, lineage, stream_id, fields])


def _waiting(live: Live, shard: Shard) -> Iterator[tuple[str, recorder.Entry]]:
    """As many events as a stream has now, the oldest first: those that come meanwhile are not waited for.

    Each with its lineage.
    """
    left, after = state.count_events(live, shard), "0-0"
    while left:
        lineage, entries = _portion(live, shard, after=after, count=min(left, EVENTS_AT_ONCE))
        if not entries:
            return
        yield from ((lineage, entry) for entry in entries)
        left, after = left - len(entries), entries[-1][0]


def _portion(live: Live, shard: Shard, *, after: str, count: int) -> tuple[str, list[recorder.Entry]]:
    """The next events and the lineage of all of them; read again when a rebuild began another one meanwhile."""
    while True:
        lineage = _lineage(live, shard)
        entries = state.read_events(live, shard, after=after, count=count)
        if _lineage(live, shard) == lineage:
            return lineage, entries


def _lineage(live: Live, shard: Shard) -> str:
    """That of the gate; while a rebuild has taken that away, the records' one, where it carries the events first."""
    position = recorder.read_position(shard)
    return state.read_gate_fields(live, shard).get("lineage") or (position.lineage if position else "")


@contextmanager
def _one_moment() -> Iterator[Connection]:
    """A connection that sees the tables as they are at one moment, and keeps nobody from writing."""
    with reading(), db.engine.connect() as connection:
        if db.engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        yield connection
