"""Pages of play: what participants see."""

from __future__ import annotations

from flask import Blueprint, Flask, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue

from quizapp.core.web import back_url, csrf

ELDER_COOKIE = "quizapp_elder"

blueprint = Blueprint("play", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """The contests that are open, coming and over."""
    return render_template("play/home.html")


@blueprint.post("/elder")
@csrf.exempt
def choose_elder() -> ResponseReturnValue:
    """Remember large text in a cookie and go back; changes nothing on the server, so it needs no token."""
    response = redirect(back_url(request.form.get("next", "")), 303)
    is_elder = "1" if request.form.get("elder") == "1" else "0"
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    response.set_cookie(ELDER_COOKIE, is_elder, max_age=31536000, samesite="Lax", secure=secure)
    return response
