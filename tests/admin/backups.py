"""Installations that are backed up, and how they are restored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from flask import Flask

from quizapp.admin.backup import restoring
from quizapp.admin.backup.restoring import restore_backup
from quizapp.app import create_app
from quizapp.contests.models import Contest
from quizapp.core.clock import utc_now
from quizapp.core.embedded import Valkey
from quizapp.core.live import get_live
from tests.conftest import empty, in_context, make_settings
from tests.play.makers import Phone, kit_of, record_all

Addresses = Callable[[str], str]
"""Gives the address of a fresh database of a kind, sqlite or postgresql."""


@contextmanager
def installation(address: str, valkey: Valkey, folder: Path, **changes: str) -> Iterator[Flask]:
    """An app on a database and an empty live store."""
    empty(valkey)
    settings = make_settings(database_url=address, redis_url=valkey.url, data_dir=folder)
    app = create_app(replace(settings, **changes))
    app.testing = True
    with in_context(app):
        yield app


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
