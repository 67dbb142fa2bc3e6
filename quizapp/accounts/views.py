"""Pages of accounts."""

from __future__ import annotations

from flask import Blueprint, Flask

blueprint = Blueprint("accounts", __name__, url_prefix="/accounts")


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
