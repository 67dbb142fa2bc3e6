"""Pages of admin."""

from __future__ import annotations

from flask import Blueprint, Flask

blueprint = Blueprint("admin", __name__, url_prefix="/admin")


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
