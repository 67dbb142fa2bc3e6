"""Pages of reports."""

from __future__ import annotations

from flask import Blueprint, Flask

blueprint = Blueprint("reports", __name__, url_prefix="/reports")


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
