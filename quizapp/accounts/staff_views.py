"""Pages on which administrators manage staff."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from quizapp.accounts import actions, passwords, queries
from quizapp.accounts.access import current_staff, require
from quizapp.accounts.blueprint import blueprint
from quizapp.accounts.forms import NewStaffForm, RoleForm, VersionedForm, show_refusal
from quizapp.accounts.models import User
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.errors import DomainError, NotFound
from quizapp.core.i18n import _

ROWS = 50


def user_or_404(user_id: int) -> User:
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound
    return user


@blueprint.get("/users")
@require("admin")
def users() -> ResponseReturnValue:
    wanted = {name: request.args.get(name, "").strip()[:100] for name in ("words", "role", "state")}
    page = db.paginate(queries.staff(**wanted), per_page=ROWS, max_per_page=ROWS)
    return render_template("accounts/users.html", page=page, wanted=wanted)


@blueprint.route("/users/new", methods=["GET", "POST"])
@require("admin")
def new_user() -> ResponseReturnValue:
    """Make an account; its random password is on the answer of this very request and nowhere else."""
    form = NewStaffForm()
    if form.validate_on_submit():
        password = passwords.random_password()
        try:
            user = actions.create_user(
                name=form.name.data,
                display_name=form.display_name.data,
                role=form.role.data,
                password=password,
                now=utc_now(),
                actor=current_staff(),
                must_change_password=True,
            )
        except DomainError as refusal:
            show_refusal(form, refusal, field="name")
        else:
            return render_template("accounts/new_password.html", user=user, password=password, is_new=True)
    return render_template("accounts/new_user.html", form=form), 422 if form.errors else 200


@blueprint.get("/users/<int:user_id>", endpoint="user")
@require("admin")
def user_page(user_id: int) -> ResponseReturnValue:
    user = user_or_404(user_id)
    return _user_page(user, RoleForm(formdata=None, role=user.role, lock_version=user.lock_version))


@blueprint.post("/users/<int:user_id>/role")
@require("admin")
def change_role(user_id: int) -> ResponseReturnValue:
    user, form = user_or_404(user_id), RoleForm()
    if not form.validate():
        return _user_page(user, form), 422
    actions.change_role(
        user=user,
        role=form.role.data,
        lock_version=form.lock_version.data,
        now=utc_now(),
        actor=current_staff(),
    )
    flash(_("角色已更改，%(name)s 需要重新登录。", name=user.display_name), "success")
    return redirect(url_for("accounts.user", user_id=user.id), 303)


@blueprint.post("/users/<int:user_id>/state")
@require("admin")
def change_state(user_id: int) -> ResponseReturnValue:
    user, form = user_or_404(user_id), VersionedForm()
    if not form.validate() or request.form.get("state") not in ("active", "disabled"):
        raise actions.Outdated
    is_active = request.form["state"] == "active"
    actions.set_active(
        user=user,
        is_active=is_active,
        lock_version=form.lock_version.data,
        now=utc_now(),
        actor=current_staff(),
    )
    if is_active:
        flash(_("%(name)s 的账号已恢复使用。", name=user.display_name), "success")
    else:
        flash(_("%(name)s 的账号已停用，正在使用的登录已全部退出。", name=user.display_name), "success")
    return redirect(url_for("accounts.user", user_id=user.id), 303)


@blueprint.post("/users/<int:user_id>/password")
@require("admin")
def reset_password(user_id: int) -> ResponseReturnValue:
    """Set a random password, shown on the answer of this very request and nowhere else."""
    user, form = user_or_404(user_id), VersionedForm()
    if not form.validate():
        raise actions.Outdated
    password = actions.reset_password(
        user=user, lock_version=form.lock_version.data, now=utc_now(), actor=current_staff()
    )
    return render_template("accounts/new_password.html", user=user, password=password, is_new=False)


def _user_page(user: User, form: FlaskForm) -> str:
    is_own = user.id == current_staff().id
    return render_template("accounts/user.html", user=user, form=form, is_own=is_own)
