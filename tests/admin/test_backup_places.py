"""Where a backup and what it holds may go: over no file, whole or not at all, to nobody without the keys."""

from __future__ import annotations

import errno
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import func, select

from quizapp.accounts.models import User
from quizapp.admin.backup import archive
from quizapp.admin.backup.archive import BackupNotWritten, UnusableBackup
from quizapp.admin.backup.making import make_backup
from quizapp.admin.backup.restoring import NotRestored
from quizapp.cli import main
from quizapp.contests.models import Contest, Entry
from quizapp.core import portable
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.embedded import Valkey
from quizapp.core.live import get_live
from quizapp.play import state, wide_state
from quizapp.play.state import Shard
from tests.admin.backups import Addresses, installation, restore
from tests.play.makers import Phone, make_contest


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
