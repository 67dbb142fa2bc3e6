"""Signing in and out, and one's own account. The room's other pages are in the modules it registers."""

from __future__ import annotations

import secrets

from flask import Flask, Response, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response as BaseResponse

from quizapp.accounts import access, actions, staff_views, trail_views, unit_views  # noqa: F401 (they add pages)
from quizapp.accounts.access import current_staff, require
from quizapp.accounts.blueprint import blueprint
from quizapp.accounts.forms import OwnAccountForm, OwnPasswordForm, SignInForm, show_refusal
from quizapp.accounts.models import User
from quizapp.accounts.queries import latest_notice
from quizapp.accounts.rules import normalise_sign_in_name, notice_parts
from quizapp.accounts.signing_in import TooManyTries, WrongSignIn, authenticate, check_own_password
from quizapp.accounts.words import ROLE_DUTIES, ROLE_WORDS, UNIT_KIND_WORDS
from quizapp.core.clock import utc_now
from quizapp.core.crypto import token_key
from quizapp.core.errors import DomainError
from quizapp.core.i18n import _
from quizapp.core.settings import get_settings
from quizapp.core.web import back_url

DEVICE_SECONDS = 180 * 24 * 3600


def init_app(app: Flask) -> None:
    access.init_app(app)
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(role_words=ROLE_WORDS, role_duties=ROLE_DUTIES, unit_kind_words=UNIT_KIND_WORDS)
    app.template_filter("notice_parts")(notice_parts)


@blueprint.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(url_for("admin.desk"), 303)
    return render_template("accounts/sign_in.html", form=SignInForm(formdata=None, next=request.args.get("next", "")))


@blueprint.post("/sign-in")
def do_sign_in() -> ResponseReturnValue:
    """Check name and password, begin a new session and go where the visitor wanted to go."""
    form, now = SignInForm(), utc_now()
    if not form.validate():
        return render_template("accounts/sign_in.html", form=form), 422
    name = form.name.data
    try:
        user = authenticate(
            name=name,
            password=form.password.data,
            address=request.remote_addr or "",
            device=_known_device(normalise_sign_in_name(name)),
            now=now,
        )
    except (WrongSignIn, TooManyTries) as refusal:
        show_refusal(form, refusal, field="password")
        response = Response(render_template("accounts/sign_in.html", form=form), refusal.status)
        if refusal.retry_after:
            response.headers["Retry-After"] = str(refusal.retry_after)
        return response
    access.begin_session(user, now=now)
    onwards = redirect(_after_sign_in(user, form.next.data or ""), 303)
    _remember_device(onwards, user)
    return onwards


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this browser's session, here and on the server; others of the same account go on."""
    session_id = session.get("session_id")
    if isinstance(session_id, str) and current_user.is_authenticated:
        actions.end_session(session_id=session_id, now=utc_now())
    session.clear()
    return redirect(url_for("accounts.sign_in"), 303)


@blueprint.route("/me", methods=["GET", "POST"])
@require()
def own_account() -> ResponseReturnValue:
    user = current_staff()
    form = OwnAccountForm(data={"display_name": user.display_name})
    if form.validate_on_submit():
        actions.change_display_name(user=user, display_name=form.display_name.data, now=utc_now(), actor=user)
        flash(_("已保存。"), "success")
        return redirect(url_for("accounts.own_account"), 303)
    return render_template("accounts/own_account.html", form=form, user=user), 422 if form.errors else 200


@blueprint.route("/me/password", methods=["GET", "POST"])
@require()
def own_password() -> ResponseReturnValue:
    """Change one's own password: other browsers are signed out, this one gets a new session."""
    user, form, now = current_staff(), OwnPasswordForm(), utc_now()
    if form.validate_on_submit():
        try:
            check_own_password(user=user, password=form.current.data)
            actions.set_password(user=user, password=form.password.data, now=now, actor=user)
        except WrongSignIn:
            form.current.errors = [_("现在的密码不对。")]
        except DomainError as refusal:
            show_refusal(form, refusal, field="password")
        else:
            access.begin_session(user, now=now)
            flash(_("密码已修改，其他设备上的登录都已退出。"), "success")
            return redirect(url_for("admin.desk"), 303)
    return render_template("accounts/own_password.html", form=form, user=user), 422 if form.errors else 200


@blueprint.get("/privacy")
def privacy() -> ResponseReturnValue:
    """The privacy notice in force, for everybody."""
    return render_template("accounts/privacy.html", notice=latest_notice())


def _after_sign_in(user: User, wanted: str) -> str:
    if user.must_change_password:
        return url_for("accounts.own_password")
    return back_url(wanted) if wanted else url_for("admin.desk")


def _device_signer() -> URLSafeSerializer:
    return URLSafeSerializer(token_key("known browser"), salt="accounts")


def _device_cookie() -> str:
    return "__Host-browser" if get_settings().is_https else "browser"


def _known_device(name: str) -> str | None:
    """The id of this browser when it has signed in to the account of this name before."""
    try:
        known_name, device = _device_signer().loads(request.cookies.get(_device_cookie(), ""))
    except (BadSignature, ValueError, TypeError):
        return None
    return device if known_name == name and isinstance(device, str) else None


def _remember_device(response: BaseResponse, user: User) -> None:
    """Mark the browser, so that its owner gets in also while others guess at the account."""
    value: str = _device_signer().dumps([user.name, _known_device(user.name) or secrets.token_hex(8)])
    response.set_cookie(
        _device_cookie(), value, max_age=DEVICE_SECONDS, httponly=True, secure=get_settings().is_https, samesite="Lax"
    )
