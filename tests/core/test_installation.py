"""The data folder: its lock, its keys and the note of who serves it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from quizapp.core import installation
from quizapp.core.installation import AlreadyRunning, Serving, UnusableFolder


def test_lock_is_for_one_holder(tmp_path: Path) -> None:
    first = installation.locked(tmp_path)
    with first, pytest.raises(AlreadyRunning, match=str(os.getpid())), installation.locked(tmp_path):
        pytest.fail("two held the lock")
    with installation.locked(tmp_path):
        assert (tmp_path / "lock").read_text() == str(os.getpid())


def test_keys_are_made_once(tmp_path: Path) -> None:
    keys = installation.load_keys(tmp_path)
    assert installation.load_keys(tmp_path) == keys
    assert keys["secret_key"] != keys["field_key"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"secret_key": "only"}'])
def test_damaged_keys_are_never_replaced(tmp_path: Path, content: str) -> None:
    (tmp_path / "keys.json").write_text(content)
    with pytest.raises(UnusableFolder, match=r"keys\.json"):
        installation.load_keys(tmp_path)
    assert (tmp_path / "keys.json").read_text() == content


def environment_for(folder: Path, given: dict[str, str]) -> dict[str, str]:
    return installation.environment_for(folder=folder, redis_url="unix:///s", public_url="http://h", given=given)


def test_lost_keys_are_not_replaced_while_there_is_data(tmp_path: Path) -> None:
    (tmp_path / "quizapp.sqlite").touch()
    with pytest.raises(UnusableFolder, match="decrypted"):
        environment_for(tmp_path, {})
    assert not (tmp_path / "keys.json").exists()


def test_keys_given_from_outside_leave_none_in_the_folder(tmp_path: Path) -> None:
    environment = environment_for(tmp_path, {"QUIZAPP_SECRET_KEY": "s", "QUIZAPP_FIELD_KEY": "f"})
    assert (environment["QUIZAPP_SECRET_KEY"], environment["QUIZAPP_FIELD_KEY"]) == ("s", "f")
    assert not (tmp_path / "keys.json").exists()


def test_environment_given_goes_first(tmp_path: Path) -> None:
    given = {"QUIZAPP_DATABASE_URL": "postgresql://u@h/d", "QUIZAPP_DATA_DIR": "elsewhere", "HOME": "/home/ada"}
    environment = installation.environment_for(
        folder=tmp_path, redis_url="unix:///s", public_url="http://h", given=given
    )
    assert environment["QUIZAPP_DATABASE_URL"] == "postgresql://u@h/d"
    assert environment["QUIZAPP_REDIS_URL"] == "unix:///s"
    assert environment["QUIZAPP_DATA_DIR"] == str(tmp_path)
    assert "HOME" not in environment


def test_note_of_a_launcher_is_read_while_it_lives(tmp_path: Path) -> None:
    serving = Serving(os.getpid(), "http://127.0.0.1:8000", {"QUIZAPP_SECRET_KEY": "…"})
    installation.write_serving(tmp_path, serving)
    assert installation.read_serving(tmp_path) == serving
    assert (tmp_path / "serving.json").stat().st_mode & 0o077 == 0
    installation.forget_serving(tmp_path)
    assert installation.read_serving(tmp_path) is None


def test_note_of_a_dead_launcher_counts_as_none(tmp_path: Path) -> None:
    installation.write_serving(tmp_path, Serving(2**22 - 1, "http://127.0.0.1:8000", {}))
    assert installation.read_serving(tmp_path) is None


def test_folder_below_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnusableFolder, match="file"):
        installation.prepare_folder(tmp_path / "file" / "data")
