"""Pages of contests."""

from __future__ import annotations

from flask import Blueprint, Flask

blueprint = Blueprint("contests", __name__, url_prefix="/contests")


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
