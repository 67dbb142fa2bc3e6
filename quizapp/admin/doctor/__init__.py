"""`quizapp doctor`: looks at everything an installation rests on, changes nothing, and says what to do.

Whatever is away, wrong or forbidden is a finding; nothing of it ends the examination.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from quizapp.admin.doctor import configuration, live_store, load, machine, records
from quizapp.admin.doctor.findings import Finding
from quizapp.core.db import db
from quizapp.core.i18n import _
from quizapp.core.live import get_live
from quizapp.core.settings import Settings, WrongSetting, load_settings


def examine(
    environment: Mapping[str, str],
    *,
    folder: Path,
    people: int | None,
    now: datetime,
    create_app: Callable[[Settings], Flask],
) -> Iterator[Finding]:
    """Look at the installation that `environment` describes; `folder` is its data folder where nothing else is said.

    `people`: how many are expected; None takes it from the published contests.
    """
    yield from machine.look_at_versions()
    yield from machine.look_at_system()
    try:
        settings = load_settings(environment)
    except WrongSetting as error:
        yield from configuration.wrong_settings(error)
        yield from _look_at_folder(folder)
        return
    yield from configuration.look_at_settings(settings, now=now)
    yield from _look_at_folder(settings.data_dir)
    app = create_app(settings)
    with app.app_context():
        try:
            yield from _look_at_servers(settings, people=people, now=now)
        finally:
            db.session.remove()
            db.engine.dispose()


def nobody_serves(folder: Path) -> Iterator[Finding]:
    """For a folder that no launcher serves, where the environment names no servers either."""
    yield from machine.look_at_versions()
    yield from machine.look_at_system()
    yield from _look_at_folder(folder)
    advice = _("请先启动 quizapp run（或 make run），或设好环境变量，再运行一次 doctor，才能检查 Redis 和数据库。")
    yield Finding("bad", "not_running", _("服务"), _("没有运行"), advice)


def _look_at_folder(folder: Path) -> Iterator[Finding]:
    yield from machine.look_at_folder(folder)
    if folder.is_dir():
        yield from machine.look_at_disk(folder)


def _look_at_servers(settings: Settings, *, people: int | None, now: datetime) -> Iterator[Finding]:
    live = get_live()
    yield from live_store.look_at_live_store(live, durability=settings.durability)
    yield from records.look_at_records()
    try:
        expected = people or load.expected_people(now=now)
    except SQLAlchemyError:
        expected = load.FEWEST_PEOPLE
    yield from load.look_at_memory(live, people=expected, is_local=_is_local(settings.redis_url))
    if settings.data_dir.is_dir():
        yield from load.look_at_room(settings.data_dir, people=expected)
    yield from load.look_at_recording(live, now=now)
    yield from load.look_at_pauses(now=now)


def _is_local(redis_url: str) -> bool:
    return urlsplit(redis_url).hostname in (None, "", "127.0.0.1", "::1", "localhost", socket.gethostname()) or (
        redis_url.startswith("unix:")
    )
