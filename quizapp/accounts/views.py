"""Pages of accounts."""

from __future__ import annotations

from flask import Blueprint, Flask

from quizapp.accounts import access

blueprint = Blueprint("accounts", __name__, url_prefix="/accounts")


def init_app(app: Flask) -> None:
    access.init_app(app)
    app.register_blueprint(blueprint)
