"""The one file that knows every room: it wires and registers, nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask

from quizapp import navigation
from quizapp.accounts import views as accounts
from quizapp.admin import views as admin
from quizapp.bank import undoing, uses
from quizapp.bank import views as bank
from quizapp.contests import views as contests
from quizapp.contests.kits import questions_in_use, uses_of_question
from quizapp.core import compression, crypto, frames, live, logs, server_events, shedding, throttle, web
from quizapp.core import db as database
from quizapp.core.postgresql import PATIENT, WEB, Waits
from quizapp.core.settings import Settings, load_settings
from quizapp.play import api as play_api
from quizapp.play import correction_views as play_corrections
from quizapp.play import doors
from quizapp.play import monitor as play_monitor
from quizapp.play import views as play
from quizapp.reports import views as reports

ROOT = Path(__file__).parent.parent


def create_web_app() -> Flask:
    """The app of a web worker, from the environment: whatever SQL does, it answers within some seconds."""
    app = create_app(waits=WEB)
    shedding.prepare(app)
    with app.app_context():
        # The workers are forked from here.
        database.db.engine.dispose()
    return app


def create_app(settings: Settings | None = None, *, waits: Waits = PATIENT) -> Flask:
    """Build the app from `settings`, or from the environment; raise `WrongSetting` before anything is opened."""
    settings = settings or load_settings(os.environ)
    logs.configure(level=settings.log_level, folder=settings.log_dir)
    app = Flask(
        "quizapp",
        root_path=str(ROOT / "quizapp"),
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    web.init_app(app, settings)
    compression.init_app(app)
    frames.init_app(app)
    database.init_app(app, database_url=settings.database_url, migrations=str(ROOT / "migrations"), waits=waits)
    crypto.init_app(app, field_key=settings.field_key, secret_key=settings.secret_key)
    live.init_app(app, redis_url=settings.redis_url, replicas=settings.replicas)
    throttle.init_app(app, limits_url=settings.limits_url)
    server_events.init_app(app, limit=settings.listeners)
    navigation.init_app(app)
    for room in (accounts, bank, contests, play, play_api, play_monitor, play_corrections, reports, admin):
        room.init_app(app)
    doors.init_app(app)
    undoing.init_app(app, in_use=questions_in_use)
    uses.init_app(app, find=uses_of_question)
    return app
