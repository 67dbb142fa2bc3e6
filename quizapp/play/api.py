"""The HTTP interface of play, as architecture and openapi.json tell it."""

from __future__ import annotations

from flask import Blueprint, Flask

from quizapp.core.web import csrf

blueprint = Blueprint("play_api", __name__, url_prefix="/api/v1")


def init_app(app: Flask) -> None:
    csrf.exempt(blueprint)
    app.register_blueprint(blueprint)
