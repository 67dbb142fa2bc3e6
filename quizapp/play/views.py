"""Pages of play."""

from __future__ import annotations

from flask import Blueprint, Flask

blueprint = Blueprint("play", __name__, url_prefix="/play")


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
