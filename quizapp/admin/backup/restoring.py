"""Restoring a backup, on the kind of database that it came from or on the other.

1. Check the whole file: format, keys, signature, every member's digest.
2. Build the records in an SQLite file of their own: the schema that the backup was made with, its rows, then the
   newer migrations, then the events that had not been recorded.
3. Give every shard a new lineage, so that live data of another life cannot be taken for that of this one.
4. Put the records in place in one step: the file by a rename, on PostgreSQL in one transaction.
5. Remove what live state there was. The recorder makes it anew from the records and opens the doors.

Until step 4 nothing of the installation is touched; whatever breaks off before leaves it as it was.
"""

from __future__ import annotations

import dataclasses
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import SQLAlchemyError

from quizapp.accounts.models import User
from quizapp.admin.backup import archive
from quizapp.bank.models import Bank
from quizapp.contests import state as gates
from quizapp.contests.models import Contest, StoredKit
from quizapp.core import portable, schema
from quizapp.core.db import db
from quizapp.core.live import Live
from quizapp.core.settings import Settings, get_settings
from quizapp.play import recorder, state, wide_state
from quizapp.play.models import RecorderPosition
from quizapp.play.rebuild import remove
from quizapp.play.state import Shard

ENTRIES_AT_ONCE = 500
OTHER_LIFE = "they belong to another life of the live data than the records"

AppFactory = Callable[[Settings], Flask]


class NotRestored(Exception):
    """The installation cannot take a backup now; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Restored:
    made_at: datetime
    release: str
    rows: int
    recorded: int
    """Events that had not been recorded when the backup was made, and are now."""
    set_aside: int
    """Events that do not follow on the records, kept as dead letters."""
    has_same_secret: bool
    """Whether sign-ins and phones of the former installation go on."""


def restore_backup(path: Path, *, live: Live, create_app: AppFactory, replaces: bool, now: datetime) -> Restored:
    """Restore `path` into the running app's database, which nothing else may use meanwhile.

    With `replaces` what is there is lost. Raises UnusableBackup, NotRestored and StoreUnavailable. Afterwards the
    app's session is of no use on SQLite: its file is another one.
    """
    _require_rest(live)
    with archive.reading(path) as reader:
        former = _lives()
        if not replaces:
            _require_empty(live, former)
        with _staging(create_app) as (staging, file):
            with staging.app_context():
                rows, recorded, set_aside = _fill(reader, now=now)
                present = _lives()
                db.session.remove()
                db.engine.dispose()
            if not replaces:
                _require_empty(live, present)
            _put_in_place(staging, file)
        _remove_live_state(live, former | present)
        manifest = reader.manifest
    return Restored(
        manifest.made_at,
        manifest.release,
        rows,
        recorded,
        set_aside,
        manifest.secret_key == archive.secret_key_mark(),
    )


def _require_rest(live: Live) -> None:
    if wide_state.has_lease(live):
        raise NotRestored("a recorder works on this installation; stop quizapp first, and try again after 5 seconds")


@dataclass(frozen=True, slots=True)
class _Lives:
    """What a database may have live state for."""

    shards: frozenset[Shard]
    kits: frozenset[tuple[int, int]]
    """(contest, version)"""

    def __or__(self, other: _Lives) -> _Lives:
        return _Lives(self.shards | other.shards, self.kits | other.kits)


def _lives() -> _Lives:
    shards = db.session.execute(select(RecorderPosition.contest_id, RecorderPosition.shard)).all()
    kits = db.session.execute(select(StoredKit.contest_id, StoredKit.version)).all()
    db.session.remove()
    return _Lives(
        frozenset(Shard(contest_id, number) for contest_id, number in shards),
        frozenset((contest_id, version) for contest_id, version in kits),
    )


def _require_empty(live: Live, lives: _Lives) -> None:
    has_rows = any(db.session.scalar(select(model.id).limit(1)) is not None for model in (User, Contest, Bank))
    db.session.remove()
    if has_rows or any(state.has_gate(live, shard) for shard in lives.shards):
        raise NotRestored("there are data in this installation already; --replace removes them")


def _remove_live_state(live: Live, lives: _Lives) -> None:
    """The gates first: a recorder that found one would take what is below it for the live state of these records."""
    gates.forget(live, shards=lives.shards, kits=lives.kits)
    for shard in lives.shards:
        remove(live, shard)


@contextmanager
def _staging(create_app: AppFactory) -> Iterator[tuple[Flask, Path]]:
    """An app on an empty SQLite file for its owner alone, removed at the end unless it was put in place."""
    settings = get_settings()
    file = _database_file() or settings.data_dir.absolute() / "restore.sqlite"
    file = file.with_name(f".{file.name}.restoring")
    _remove(file)
    file.touch(mode=0o600)
    try:
        yield create_app(dataclasses.replace(settings, database_url=f"sqlite:///{file}")), file
    finally:
        _remove(file)


def _database_file() -> Path | None:
    """The file of the app's database; None for PostgreSQL."""
    return Path(str(db.engine.url.database)).absolute() if db.engine.dialect.name == "sqlite" else None


def _remove(file: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        Path(f"{file}{ending}").unlink(missing_ok=True)


# Building the records


def _fill(reader: archive.Reader, *, now: datetime) -> tuple[int, int, int]:
    """Build everything in the current app's empty database; rows, events recorded, events set aside."""
    manifest = reader.manifest
    if not schema.has(manifest.revision):
        raise archive.UnusableBackup(
            f"the backup was made by release {manifest.release}, whose database this release does not know; "
            "restore it with that release or a newer one"
        )
    schema.upgrade(revision=manifest.revision)
    try:
        with db.engine.begin() as connection:
            # What migrations put into an empty database is in the backup as well.
            portable.empty_all(connection, manifest.tables)
            rows = sum(_load(connection, reader, columns) for columns in manifest.tables)
    except (portable.WrongRow, SQLAlchemyError) as error:
        raise archive.UnusableBackup(f"the backup's rows cannot be stored: {str(error)[:300]}") from error
    _require_whole()
    schema.upgrade()
    recorded = set_aside = 0
    for shard, lineage, entries in _events(reader):
        done, left = _record(shard, lineage, entries, now=now)
        recorded, set_aside = recorded + done, set_aside + left
    _begin_lineages()
    return rows, recorded, set_aside


def _load(connection: Any, reader: archive.Reader, columns: portable.Columns) -> int:
    lines = reader.lines(archive.table_member(columns.table))
    return portable.write_rows(connection, columns, portable.rows_of(columns, lines))


def _events(reader: archive.Reader) -> Iterator[tuple[Shard, str, list[recorder.Entry]]]:
    """The events in portions of one shard: shard, lineage, entries."""
    decoder = msgspec.json.Decoder(tuple[int, int, str, str, dict[str, str]])
    events = map(decoder.decode, reader.lines(archive.EVENTS))
    for (contest_id, number, lineage), found in groupby(events, key=lambda event: event[:3]):
        entries: list[recorder.Entry] = []
        for *_shard, stream_id, fields in found:
            entries.append((stream_id, fields))
            if len(entries) >= ENTRIES_AT_ONCE:
                yield Shard(contest_id, number), lineage, entries
                entries = []
        if entries:
            yield Shard(contest_id, number), lineage, entries


def _record(shard: Shard, lineage: str, entries: Sequence[recorder.Entry], *, now: datetime) -> tuple[int, int]:
    """Record what follows on the records of a shard; how many, and how many were set aside instead."""
    position = recorder.read_position(shard)
    if position is None or position.lineage != lineage:
        # A rebuild that came between the events and the tables recorded them before it began a new lineage.
        lost = [entry for entry in entries if not recorder.is_recorded(shard, entry[1])]
        recorder.set_aside(shard, lost, reason=f"left over by a restore; {OTHER_LIFE}", now=now)
        return 0, len(lost)
    entries = [entry for entry in entries if not recorder.is_upto(entry[0], position.stream_id)]
    good, reason = ([], position.halted_reason) if position.halted_reason else recorder.dense(entries, position.number)
    recorder.record_entries(position, good, now=now)
    rest = entries[len(good) :]
    recorder.set_aside(shard, rest, reason=f"left over by a restore; {reason}", now=now)
    return len(good), len(rest)


def _begin_lineages() -> None:
    with db.engine.begin() as connection:
        for row in connection.execute(select(RecorderPosition.contest_id, RecorderPosition.shard)).all():
            connection.execute(
                update(RecorderPosition)
                .where(RecorderPosition.contest_id == row.contest_id, RecorderPosition.shard == row.shard)
                .values(
                    lineage=secrets.token_hex(16),
                    last_number=0,
                    last_stream_id="0-0",
                    halted_reason="",
                    is_settled=False,
                )
            )


def _require_whole() -> None:
    with db.engine.connect() as connection:
        found = connection.execute(text("PRAGMA foreign_key_check")).first()
    if found:
        raise archive.UnusableBackup(f"the backup's rows do not belong together: {found[0]} refers to a missing row")


# Putting them in place


def _put_in_place(staging: Flask, file: Path) -> None:
    target = _database_file()
    if target is None:
        _copy_into_postgresql(staging)
        return
    db.engine.dispose()
    with file.open("rb") as written:
        os.fsync(written.fileno())
    for ending in ("-wal", "-shm"):
        if Path(f"{target}{ending}").exists():
            raise NotRestored(f"{target} is in use by another program; stop quizapp first")
    file.replace(target)


def _copy_into_postgresql(staging: Flask) -> None:
    with staging.app_context():
        source = db.engine
    tables = portable.all_columns()
    with source.connect() as reading, db.engine.begin() as writing:
        writing.execute(text("SET LOCAL statement_timeout = 0"))
        portable.empty_all(writing, tables)
        for columns in tables:
            portable.write_rows(writing, columns, portable.read_rows(reading, columns))
        portable.renew_sequences(writing, tables)
    source.dispose()
