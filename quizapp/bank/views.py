"""Pages of bank."""

from __future__ import annotations

from flask import Blueprint, Flask

blueprint = Blueprint("bank", __name__, url_prefix="/bank")


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
