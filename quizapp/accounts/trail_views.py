"""The audit trail and the privacy notices, for administrators."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from quizapp.accounts import actions
from quizapp.accounts.access import current_staff, require
from quizapp.accounts.blueprint import blueprint
from quizapp.accounts.forms import NoticeForm
from quizapp.accounts.queries import audit_events, latest_notice, notices
from quizapp.accounts.trail_words import ACTION_WORDS, FACT_WORDS, fact_text, subject_text
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.errors import NotFound
from quizapp.core.i18n import _

ROWS = 50


@blueprint.get("/audit")
@require("admin")
def audit_trail() -> ResponseReturnValue:
    wanted = {name: request.args.get(name, "").strip()[:100] for name in ("actor", "action", "subject")}
    page = db.paginate(audit_events(**wanted), per_page=ROWS, max_per_page=ROWS)
    return render_template(
        "accounts/audit.html",
        page=page,
        wanted=wanted,
        action_words=ACTION_WORDS,
        fact_words=FACT_WORDS,
        fact_text=fact_text,
        subject_text=subject_text,
    )


@blueprint.route("/notices", methods=["GET", "POST"], endpoint="notices")
@require("admin")
def notices_page() -> ResponseReturnValue:
    """Write a new version over the newest one, look at it, put it in force."""
    newest = latest_notice()
    seen = newest.version if request.method == "GET" else ""
    form = NoticeForm(data={"body": newest.body, "body_en": newest.body_en, "after_version": seen})
    wants_preview = request.form.get("act") != "publish"
    if form.validate_on_submit() and not wants_preview:
        notice = actions.publish_notice(
            body=form.body.data,
            body_en=form.body_en.data,
            after_version=form.after_version.data or "",
            now=utc_now(),
            actor=current_staff(),
        )
        flash(_("第 %(version)s 版隐私说明已生效，之后报名的人看到的就是它。", version=notice.version), "success")
        return redirect(url_for("accounts.notices"), 303)
    shows_preview = request.method == "POST" and not form.errors
    status = 422 if form.errors else 200
    return (
        render_template("accounts/notices.html", form=form, newest=newest, versions=notices(), preview=shows_preview),
        status,
    )


@blueprint.get("/notices/<version>")
@require("admin")
def notice(version: str) -> ResponseReturnValue:
    found = next((notice for notice in notices() if notice.version == version), None)
    if found is None:
        raise NotFound
    return render_template("accounts/notice.html", notice=found)
