"""Pages of review: sending a question to it, verdicts, holds, and the queue of what waits."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from quizapp.accounts import audit
from quizapp.accounts.access import current_staff, require
from quizapp.bank import queries, reviewing
from quizapp.bank.blueprint import ROWS, blueprint, four_eyes, question_or_404
from quizapp.bank.forms import HoldForm, ReviewForm
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.i18n import _


@blueprint.post("/questions/<int:question_id>/submit")
@require("organiser")
def submit(question_id: int) -> ResponseReturnValue:
    found = question_or_404(question_id)
    reviewing.submit(question=found)
    flash(_("已送审。"), "success")
    return redirect(url_for("bank.question", question_id=found.id), 303)


@blueprint.post("/questions/<int:question_id>/approve")
@require("reviewer", "organiser")
def approve(question_id: int) -> ResponseReturnValue:
    found = question_or_404(question_id)
    staff = current_staff()
    if four_eyes() and not staff.has_role("reviewer"):
        raise reviewing.OwnQuestion
    form = ReviewForm()
    reviewing.approve(
        question=found, reviewer=staff, four_eyes=four_eyes(), comment=form.comment.data or "", now=utc_now()
    )
    if found.state == "approved":
        flash(_("已审核通过。"), "success")
    else:
        flash(_("已记下您的通过意见；敏感题目还需另一位同事审核。"), "info")
    return redirect(url_for("bank.question", question_id=found.id), 303)


@blueprint.post("/questions/<int:question_id>/return")
@require("reviewer", "organiser")
def return_question(question_id: int) -> ResponseReturnValue:
    found = question_or_404(question_id)
    comment = (ReviewForm().comment.data or "").strip()
    if not comment:
        flash(_("退回时请写明原因，好让编写者知道怎么改。"), "danger")
        return redirect(url_for("bank.question", question_id=found.id), 303)
    reviewing.return_question(question=found, reviewer=current_staff(), comment=comment, now=utc_now())
    flash(_("已退回给编写者。"), "success")
    return redirect(url_for("bank.question", question_id=found.id), 303)


@blueprint.post("/questions/<int:question_id>/hold")
@require("organiser", "reviewer")
def hold(question_id: int) -> ResponseReturnValue:
    """Hold a question with a reason, or release a held one."""
    found = question_or_404(question_id)
    if found.held_reason:
        reason = ""
    else:
        form = HoldForm()
        if not form.validate():
            flash(form.reason.errors[0], "danger")
            return redirect(url_for("bank.question", question_id=found.id), 303)
        reason = form.reason.data.strip()
    audit.record(
        action="bank.hold" if reason else "bank.release",
        subject_kind="question",
        subject_id=str(found.id),
        detail={"before": found.held_reason, "after": reason},
        now=utc_now(),
        actor=current_staff(),
    )
    reviewing.hold(question=found, reason=reason)
    return redirect(url_for("bank.question", question_id=found.id), 303)


@blueprint.get("/review")
@require("reviewer", "organiser")
def reviews() -> ResponseReturnValue:
    """The questions that wait for a reviewer, oldest first."""
    page = db.paginate(queries.questions_in_review(), per_page=ROWS, max_per_page=ROWS)
    return render_template("bank/reviews.html", page=page)
