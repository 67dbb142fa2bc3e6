"""Files that are no backup of ours are refused; those of older releases are brought up to date."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from flask import Flask
from sqlalchemy import inspect, select

from quizapp.accounts.models import User
from quizapp.admin.backup import archive
from quizapp.admin.backup.archive import UnusableBackup
from quizapp.admin.backup.making import make_backup
from quizapp.contests.models import Contest
from quizapp.core import schema
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.live import get_live
from quizapp.play import recorder, state
from quizapp.play.state import Shard
from quizapp.play.verify import verify
from tests.admin.backups import play_some, restore
from tests.conftest import app_without_store, in_context
from tests.play.makers import make_contest, turn

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
    with in_context(app_without_store(f"sqlite:///{file}", file.parent)):
        schema.upgrade(revision=revision)
        inspector = inspect(db.engine)
        return {
            name: [column["name"] for column in inspector.get_columns(name)] for name in inspector.get_table_names()
        }


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
