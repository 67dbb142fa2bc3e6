"""Backups of an installation under way, restored on either kind of database; files that must not be taken."""

from __future__ import annotations

import errno
import os
import random
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import func, inspect, select, update

from quizapp.accounts.models import Unit, User
from quizapp.admin.backup import archive, restoring
from quizapp.admin.backup.archive import BackupNotWritten, UnusableBackup
from quizapp.admin.backup.making import make_backup
from quizapp.admin.backup.restoring import NotRestored, restore_backup
from quizapp.app import create_app
from quizapp.bank.models import Media, Topic
from quizapp.cli import main
from quizapp.contests.models import Contest, Entry
from quizapp.core import portable, schema
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.embedded import Valkey
from quizapp.core.live import get_live
from quizapp.core.settings import Settings
from quizapp.play import recorder, state, wide_state
from quizapp.play.models import Answer, Attempt, DeadLetter, RecorderPosition
from quizapp.play.rebuild import rebuild
from quizapp.play.state import Shard
from quizapp.play.verify import verify
from tests import postgresql
from tests.conftest import make_settings
from tests.play.makers import Phone, kit_of, make_contest, record_all, turn

KINDS = ("sqlite", "postgresql")
Addresses = Callable[[str], str]


@pytest.fixture
def address_of(database_template: Path, request: pytest.FixtureRequest, tmp_path: Path) -> Addresses:
    """Gives the address of a fresh database of a kind with the migrated schema."""

    def fresh(kind: str) -> str:
        if kind == "postgresql":
            server: postgresql.Cluster = request.getfixturevalue("postgresql_server")
            return server.url(server.fresh())
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.sqlite"
        shutil.copy(database_template, path)
        return f"sqlite:///{path}"

    return fresh


@contextmanager
def installation(address: str, valkey: Valkey, folder: Path, **changes: str) -> Iterator[Flask]:
    """An app on a database and an empty live store."""
    client = redis.Redis.from_url(valkey.admin_url)
    client.flushall()
    client.close()
    settings = make_settings(database_url=address, redis_url=valkey.url, data_dir=folder)
    app = create_app(Settings(**{name: getattr(settings, name) for name in Settings.__slots__} | changes))
    app.testing = True
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


def play_some(app: Flask, contest: Contest) -> tuple[Phone, Phone, Phone]:
    """Three people: one recorded to the end, one open whose begin alone is recorded, one not recorded at all."""
    done, begun, fresh = (Phone(app.test_client()) for _ in range(3))
    kit = kit_of(contest)
    for name, phone in (("完", done), ("半", begun)):
        phone.enter(name)
        phone.begin()
    done.send(done.right(kit, 0), done.wrong(kit, 1))
    done.finish()
    record_all(contest)
    begun.send(begun.right(kit, 0))
    fresh.enter("新")
    fresh.begin()
    fresh.send(fresh.right(kit, 0), fresh.right(kit, 1))
    fresh.finish()
    return done, begun, fresh


def restore(path: Path, *, replaces: bool = False) -> restoring.Restored:
    return restore_backup(path, live=get_live(), create_app=create_app, replaces=replaces, now=utc_now())


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_everything_acknowledged_comes_back_on_either_database(
    address_of: Addresses, valkey: Valkey, tmp_path: Path, source: str, target: str
) -> None:
    file = tmp_path / "all.backup"
    with installation(address_of(source), valkey, tmp_path) as app:
        contest = make_contest()
        picture = Media(sha256="a" * 64, content_type="image/png", body=bytes(range(256)), created_at=utc_now())
        child, parent = Topic(id=7001, name="子"), Topic(id=7002, name="父")
        db.session.add(picture)
        db.session.add_all([child, parent])
        db.session.flush()
        child.parent_id = parent.id
        db.session.commit()
        done, begun, fresh = play_some(app, contest)
        told = {phone.attempt: phone.look().json for phone in (done, begun, fresh)}
        made = make_backup(file, live=get_live(), now=utc_now())
        assert (made.events, stat.S_IMODE(file.stat().st_mode)) == (4, 0o600)
        names = db.session.scalars(select(Entry.name).order_by(Entry.id)).all()
    with installation(address_of(target), valkey, tmp_path) as app:
        restored = restore(file)
        assert (restored.recorded, restored.set_aside, restored.has_same_secret) == (4, 0, True)
        turn()
        contest = db.session.scalars(select(Contest)).one()
        assert verify(contest=contest) == []
        assert db.session.scalars(select(Entry.name).order_by(Entry.id)).all() == names
        assert db.session.scalar(select(Media.body)) == bytes(range(256))
        assert db.session.scalar(select(Topic.parent_id).where(Topic.id == 7001)) == 7002
        answered = {row.id: row.answered for row in db.session.execute(select(Attempt.id, Attempt.answered))}
        assert answered == {done.attempt: 2, begun.attempt: None, fresh.attempt: 2}
        moment = {"server_now": "", "remaining_ms": 0}
        for phone in (done, begun, fresh):
            phone.client = app.test_client()
            now, then = phone.look().json, told[phone.attempt]
            assert {**now, **moment} == {**then, **moment}
        assert begun.finish().status_code == 200
        # New rows are numbered behind the restored ones.
        Phone(app.test_client()).enter("后来的人")
        db.session.add(Unit(name="新单位", created_at=utc_now()))
        db.session.commit()
        record_all(contest)
        assert verify(contest=contest) == []
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_recorder_may_work_while_a_backup_is_made(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the copy of the events and that of the tables it records and trims all of them, and more come."""
    contest = make_contest()
    play_some(app, contest)
    look_at_tables = portable.all_columns

    def record_meanwhile() -> list[portable.Columns]:
        record_all(contest)
        Phone(app.test_client()).enter("路过")
        return look_at_tables()

    monkeypatch.setattr(portable, "all_columns", record_meanwhile)
    file = tmp_path / "all.backup"
    assert make_backup(file, live=get_live(), now=utc_now()).events == 4
    monkeypatch.undo()
    expected = db.session.scalar(select(func.count(Answer.id)))
    restored = restore(file, replaces=True)
    assert (restored.recorded, restored.set_aside) == (0, 0)
    assert db.session.scalar(select(func.count(Answer.id))) == expected
    turn()
    assert verify(contest=db.session.scalars(select(Contest)).one()) == []


def once(act: Callable[[], object], then: Callable[..., Any]) -> Callable[..., Any]:
    """`then`, with `act` before its first call."""
    acts = [act]

    def first(*arguments: Any, **more: Any) -> Any:
        while acts:
            acts.pop()()
        return then(*arguments, **more)

    return first


@pytest.mark.parametrize("where", ["count_events", "read_events", "read_gate_fields"])
def test_what_is_answered_after_a_rebuild_in_between_is_in_the_backup(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Before the events are copied the live data begin another life, and go on in it."""
    contest, phone = make_contest(), Phone(app.test_client())
    phone.enter()
    phone.begin()

    def rebuild_and_answer() -> None:
        monkeypatch.undo()
        rebuild(shard=Shard(contest.id), now=utc_now(), discards=False)
        assert phone.send(phone.right(kit_of(contest), 0), phone.right(kit_of(contest), 1)).status_code == 200

    monkeypatch.setattr(state, where, once(rebuild_and_answer, getattr(state, where)))
    file = tmp_path / "all.backup"
    make_backup(file, live=get_live(), now=utc_now())
    restored = restore(file, replaces=True)
    assert (restored.recorded, restored.set_aside) == (1, 0)
    assert db.session.scalar(select(func.count(Answer.id))) == 2


def test_a_rebuild_between_the_events_and_the_tables_counts_nothing_twice(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the copy of the events and that of the tables a rebuild records them and begins another life."""
    contest = make_contest()
    play_some(app, contest)

    def rebuild_now() -> None:
        rebuild(shard=Shard(contest.id), now=utc_now(), discards=False)

    monkeypatch.setattr(portable, "all_columns", once(rebuild_now, portable.all_columns))
    file = tmp_path / "all.backup"
    assert make_backup(file, live=get_live(), now=utc_now()).events == 4
    restored = restore(file, replaces=True)
    assert (restored.recorded, restored.set_aside) == (0, 0)
    turn()
    assert verify(contest=db.session.scalars(select(Contest)).one()) == []


def test_events_of_another_life_that_the_records_lack_are_set_aside(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest = make_contest()
    _done, begun, _fresh = play_some(app, contest)
    begun.finish()

    def begin_another_life() -> None:
        db.session.execute(update(RecorderPosition).values(lineage="another"))
        db.session.commit()

    monkeypatch.setattr(portable, "all_columns", once(begin_another_life, portable.all_columns))
    file = tmp_path / "all.backup"
    assert make_backup(file, live=get_live(), now=utc_now()).events == 5
    restored = restore(file, replaces=True)
    assert (restored.recorded, restored.set_aside) == (0, 5)
    assert "another life" in db.session.scalars(select(DeadLetter.reason)).all()[4]


def test_what_was_halted_is_set_aside_and_the_doors_open(app: Flask, tmp_path: Path) -> None:
    contest = make_contest()
    shard = Shard(contest.id)
    play_some(app, contest)
    db.session.execute(update(RecorderPosition).values(halted_reason="a gap"))
    db.session.commit()
    file = tmp_path / "all.backup"
    make_backup(file, live=get_live(), now=utc_now())
    assert restore(file, replaces=True).set_aside == 4
    letters = db.session.scalars(select(DeadLetter.reason)).all()
    assert len(letters) == 4 and "a gap" in letters[0]
    turn()
    assert state.has_gate(get_live(), shard)


def test_a_restored_contest_begins_a_new_lineage(app: Flask, tmp_path: Path) -> None:
    shard = Shard(make_contest().id)
    before = recorder.read_position(shard)
    file = tmp_path / "all.backup"
    make_backup(file, live=get_live(), now=utc_now())
    restore(file, replaces=True)
    after = recorder.read_position(shard)
    assert before and after and before.lineage != after.lineage and after.number == 0
    assert not state.has_gate(get_live(), shard)


# Where it may go


def test_data_are_replaced_only_when_told_to(app: Flask, ada: User, tmp_path: Path) -> None:
    file = tmp_path / "all.backup"
    make_backup(file, live=get_live(), now=utc_now())
    make_contest()
    with pytest.raises(NotRestored, match="--replace"):
        restore(file)
    assert db.session.scalar(select(func.count(Contest.id))) == 1
    restore(file, replaces=True)
    assert db.session.scalar(select(func.count(Contest.id))) == 0
    assert db.session.scalars(select(User.name)).all() == ["ada"]
    assert not state.has_gate(get_live(), Shard(1))


def test_nothing_is_restored_while_a_recorder_works(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "all.backup"
    make_backup(file, live=get_live(), now=utc_now())
    wide_state.hold_lease(get_live(), owner="somebody", milliseconds=5000)
    with pytest.raises(NotRestored, match="stop quizapp"):
        restore(file, replaces=True)


def test_a_backup_never_takes_the_place_of_a_file(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "all.backup"
    file.write_text("mine")
    with pytest.raises(BackupNotWritten, match="exists"):
        make_backup(file, live=get_live(), now=utc_now())
    assert file.read_text() == "mine"
    with pytest.raises(BackupNotWritten, match="cannot be written"):
        make_backup(tmp_path / "no" / "such.backup", live=get_live(), now=utc_now())


def test_a_backup_that_breaks_off_leaves_no_file(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_row: object) -> bytes:
        raise OSError(28, "No space left on device")

    make_contest()
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(portable, "line_of", full)
    with pytest.raises(BackupNotWritten, match="No space"):
        make_backup(tmp_path / "all.backup", live=get_live(), now=utc_now())
    assert sorted(tmp_path.iterdir()) == before


@pytest.fixture
def memory_stick(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the file system one that knows no links and does not sync folders, and does `meanwhile` when asked."""

    def plug(meanwhile: Callable[[], object] = lambda: None) -> None:
        sync = os.fsync

        def no_link(_self: Path, _target: Path) -> None:
            meanwhile()
            raise OSError(errno.EPERM, "Operation not permitted")

        def sync_files(handle: int) -> None:
            if stat.S_ISDIR(os.fstat(handle).st_mode):
                raise OSError(errno.EINVAL, "Invalid argument")
            sync(handle)

        monkeypatch.setattr(Path, "hardlink_to", no_link)
        monkeypatch.setattr(os, "fsync", sync_files)

    return plug


def test_a_memory_stick_takes_a_backup(app: Flask, tmp_path: Path, memory_stick: Callable[..., None]) -> None:
    memory_stick()
    file = tmp_path / "stick" / "all.backup"
    file.parent.mkdir()
    assert make_backup(file, live=get_live(), now=utc_now()).bytes == file.stat().st_size
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with archive.reading(file) as reader:
        assert reader.manifest.format == archive.FORMAT
    assert list(file.parent.iterdir()) == [file]


def test_a_memory_stick_keeps_a_file_that_came_meanwhile(
    app: Flask, tmp_path: Path, memory_stick: Callable[..., None]
) -> None:
    file = tmp_path / "all.backup"
    memory_stick(lambda: file.write_text("mine"))
    with pytest.raises(BackupNotWritten, match="exists"):
        make_backup(file, live=get_live(), now=utc_now())
    assert file.read_text() == "mine"


def test_a_memory_stick_that_breaks_off_leaves_no_file(
    app: Flask, tmp_path: Path, memory_stick: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def pulled_out(_self: Path, _target: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    memory_stick()
    monkeypatch.setattr(Path, "replace", pulled_out)
    folder = tmp_path / "stick"
    folder.mkdir()
    with pytest.raises(BackupNotWritten, match="Input/output error"):
        make_backup(folder / "all.backup", live=get_live(), now=utc_now())
    assert list(folder.iterdir()) == []


def test_personal_fields_and_keys_are_not_readable_in_it(app: Flask, tmp_path: Path) -> None:
    phone = Phone(app.test_client())
    make_contest(entry_mode="form", entry_fields=["name", "phone"])
    phone.enter("", name="王小明", phone="13800138000")
    assert db.session.scalars(select(Entry.name)).all() == ["王小明"]
    file = tmp_path / "all.backup"
    make_backup(file, live=get_live(), now=utc_now())
    with zipfile.ZipFile(file) as opened:
        text = b"".join(opened.read(name) for name in opened.namelist())
    secrets = ("test-field-key", "test-secret-key", "王小明", "13800138000")
    assert [secret for secret in secrets if secret.encode() in text] == []


def test_another_secret_key_is_told(app: Flask, valkey: Valkey, address_of: Addresses, tmp_path: Path) -> None:
    file = tmp_path / "all.backup"
    make_backup(file, live=get_live(), now=utc_now())
    with installation(address_of("sqlite"), valkey, tmp_path, secret_key="another-secret-key-0123456789abcdefghi"):
        assert restore(file).has_same_secret is False


def test_another_field_key_is_refused(app: Flask, valkey: Valkey, address_of: Addresses, tmp_path: Path) -> None:
    file = tmp_path / "all.backup"
    make_backup(file, live=get_live(), now=utc_now())
    with (
        installation(address_of("sqlite"), valkey, tmp_path, field_key="another-field-key-0123456789abcdefghij"),
        pytest.raises(UnusableBackup, match="another field key"),
    ):
        restore(file)


# Files that must not be taken

Members = dict[str, bytes]


def members_of(path: Path) -> Members:
    with zipfile.ZipFile(path) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def write(path: Path, members: Members) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(name, content)


def signed(members: Members, **changes: object) -> Members:
    """The members with a manifest that fits them, as somebody would make it who has the key."""
    manifest = msgspec.json.decode(members[archive.MANIFEST]) | changes
    for member in manifest["members"]:
        content = members[member["name"]]
        member |= {"bytes": len(content), "sha256": archive.sha256(content).hexdigest()}
    text = msgspec.json.encode(manifest)
    return members | {archive.MANIFEST: text, archive.SIGNATURE: archive._sign(text).encode()}


def filled(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def cut_a_little(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)


def changed(change: Callable[[Members], Members]) -> Callable[[Path], None]:
    return lambda path: write(path, change(members_of(path)))


def add_twice(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as opened, pytest.warns(UserWarning):
        opened.writestr("tables/bank.jsonl", b"")


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr(archive.MANIFEST, b" " * 2_000_000)
        opened.writestr(archive.SIGNATURE, b"")


CONTEST, USER = "tables/contest.jsonl", "tables/user_account.jsonl"
BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (filled(b""), "not a backup"),
    "text": (filled(b"hello"), "not a backup"),
    "noise": (filled(random.Random(1).randbytes(9999)), "not a backup"),
    "gone": (lambda path: path.unlink(), "not a backup"),
    "a folder": (make_folder, "not a backup"),
    "half": (cut, "not a backup"),
    "a byte less": (cut_a_little, "not a backup|damaged"),
    "a bit flipped": (flip_a_bit, "damaged|changed"),
    "another zip": (changed(lambda _members: {"word/document.xml": b"<w/>"}), "not a backup"),
    "no signature": (changed(lambda all: {n: c for n, c in all.items() if n != archive.SIGNATURE}), "not a backup"),
    "a manifest too large": (bomb, "too large"),
    "a manifest that is no JSON": (changed(lambda all: all | {archive.MANIFEST: b"{"}), "cannot be read"),
    "a manifest that is a list": (changed(lambda all: all | {archive.MANIFEST: b"[]"}), "cannot be read"),
    "a member gone": (changed(lambda all: {n: c for n, c in all.items() if n != CONTEST}), "missing or added"),
    "a member added": (changed(lambda all: all | {"../../etc/cron.d/x": b"x"}), "missing or added"),
    "a member twice": (add_twice, "missing or added"),
    "a row changed": (changed(lambda all: all | {USER: all[USER].replace(b"ada", b"eve")}), "damaged"),
    "a row less": (changed(lambda all: all | {USER: b""}), "damaged"),
    "a row more": (changed(lambda all: all | {USER: all[USER] * 2}), "damaged"),
    "a manifest changed": (
        changed(lambda all: all | {archive.MANIFEST: all[archive.MANIFEST].replace(b"sqlite", b"sqlito")}),
        "signature is wrong",
    ),
    "another version": (changed(lambda all: signed(all, version=2)), "quizapp-backup 2"),
    "a newer schema": (changed(lambda all: signed(all, revision="20991231_future")), "newer one"),
    "tables left out": (changed(lambda all: signed(all, tables=[])), "not whole"),
    "a row of another shape": (changed(lambda all: signed(all | {USER: b"[1,2]\n"})), "cannot be stored"),
    "a row that is no JSON": (changed(lambda all: signed(all | {USER: b"\xff\xfe\n"})), "cannot be stored"),
    "a row twice": (changed(lambda all: signed(all | {USER: all[USER] * 2})), "cannot be stored"),
    "rows that refer to none": (changed(lambda all: signed(all | {USER: b""})), "belong together|cannot be stored"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_and_changes_nothing(app: Flask, ada: User, tmp_path: Path, name: str) -> None:
    contest = make_contest()
    shard, contest.created_by_id = Shard(contest.id), ada.id
    db.session.commit()
    file = tmp_path / "all.backup"
    make_backup(file, live=get_live(), now=utc_now())
    spoil, sentence = BAD[name]
    spoil(file)
    before = (sorted(tmp_path.iterdir()), state.read_gate_fields(get_live(), shard))
    lineage = recorder.read_position(shard)
    with pytest.raises(UnusableBackup, match=sentence):
        restore(file, replaces=True)
    assert (sorted(tmp_path.iterdir()), state.read_gate_fields(get_live(), shard)) == before
    assert recorder.read_position(shard) == lineage
    assert db.session.scalars(select(User.name)).all() == ["ada"]


def columns_at(revision: str, file: Path) -> dict[str, list[str]]:
    """The columns of each table as the migrations up to `revision` make them."""
    older = create_app(
        make_settings(database_url=f"sqlite:///{file}", redis_url="unix:///nowhere", data_dir=file.parent)
    )
    with older.app_context():
        schema.upgrade(revision=revision)
        inspector = inspect(db.engine)
        found = {
            name: [column["name"] for column in inspector.get_columns(name)] for name in inspector.get_table_names()
        }
        db.engine.dispose()
    return found


def as_of(members: Members, known: dict[str, list[str]], revision: str) -> Members:
    """A backup's members as a release with that schema makes them."""
    manifest, tables, listed = msgspec.json.decode(members[archive.MANIFEST]), [], [archive.EVENTS]
    kept = {archive.EVENTS: members[archive.EVENTS], archive.MANIFEST: b"", archive.SIGNATURE: b""}
    for table in manifest["tables"]:
        if table["table"] not in known:
            continue
        places = [at for at, (name, _kind) in enumerate(table["columns"]) if name in known[table["table"]]]
        tables.append({"table": table["table"], "columns": [table["columns"][at] for at in places]})
        name = archive.table_member(table["table"])
        rows = [msgspec.json.decode(line) for line in members[name].splitlines()]
        kept[name] = b"".join(msgspec.json.encode([row[at] for at in places]) + b"\n" for row in rows)
        listed.append(name)
    manifest |= {"members": [member for member in manifest["members"] if member["name"] in listed]}
    kept[archive.MANIFEST] = msgspec.json.encode(manifest)
    return signed(kept, tables=tables, revision=revision)


@pytest.mark.parametrize("revision", ["20261125_bank", "20261126_correction"])
def test_a_backup_of_an_older_schema_is_brought_up_to_date(app: Flask, tmp_path: Path, revision: str) -> None:
    play_some(app, make_contest())
    file = tmp_path / "all.backup"
    make_backup(file, live=get_live(), now=utc_now())
    known = columns_at(revision, tmp_path / "older.sqlite")
    write(file, as_of(members_of(file), known, revision))
    assert restore(file, replaces=True).recorded == 4
    turn()
    assert verify(contest=db.session.scalars(select(Contest)).one()) == []


def test_an_error_in_the_last_step_leaves_the_old_records(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "all.backup"
    make_backup(file, live=get_live(), now=utc_now())
    make_contest()

    def refuse(_self: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space"):
        restore(file, replaces=True)
    monkeypatch.undo()
    assert db.session.scalar(select(func.count(Contest.id))) == 1
    assert [path for path in tmp_path.iterdir() if "restoring" in path.name] == []


def test_a_folder_that_nobody_uses_is_not_taken_for_the_installation(tmp_path: Path) -> None:
    file, folder = tmp_path / "all.backup", tmp_path / "nothing"
    unset = {"QUIZAPP_DATABASE_URL": None, "QUIZAPP_REDIS_URL": None, "QUIZAPP_DATA_DIR": None}
    done = CliRunner().invoke(main, ["--data", str(folder), "backup", str(file)], env=unset)
    assert done.exit_code == 1
    assert f"nothing to back up in {folder}" in done.stderr
    assert not file.exists()
