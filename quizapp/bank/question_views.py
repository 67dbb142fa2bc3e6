"""Pages of a question: writing and revising it, review, hold, retirement."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from quizapp.accounts import audit
from quizapp.accounts.access import current_staff, require
from quizapp.bank import actions, queries, reviewing
from quizapp.bank.blueprint import ROWS, bank_or_404, blueprint, four_eyes, question_or_404
from quizapp.bank.forms import HoldForm, QuestionForm, ReviewForm, values_of
from quizapp.bank.models import KINDS
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.errors import NotFound
from quizapp.core.i18n import _


@blueprint.route("/<int:bank_id>/questions/new", methods=["GET", "POST"])
@require("organiser")
def add_question(bank_id: int) -> ResponseReturnValue:
    bank = bank_or_404(bank_id)
    kind = request.args.get("kind", "single")
    if kind not in KINDS:
        raise NotFound
    form = QuestionForm.of_kind(kind)
    if form.validate_on_submit():
        content = form.content()
        if "preview" in request.form:
            return render_template("bank/edit.html", bank=bank, form=form, kind=kind, question=None, preview=content)
        question = actions.add_questions(bank=bank, contents=[content], actor=current_staff(), now=utc_now())[0]
        flash(_("题目已保存为草稿。"), "success")
        return redirect(url_for("bank.question", question_id=question.id), 303)
    page = render_template("bank/edit.html", bank=bank, form=form, kind=kind, question=None, preview=None)
    return page, 422 if form.is_submitted() else 200


@blueprint.get("/questions/<int:question_id>")
@require("organiser", "reviewer")
def question(question_id: int) -> ResponseReturnValue:
    found = question_or_404(question_id)
    return render_template(
        "bank/question.html",
        question=found,
        review_form=ReviewForm(formdata=None),
        hold_form=HoldForm(formdata=None),
        four_eyes=four_eyes(),
    )


@blueprint.route("/questions/<int:question_id>/edit", methods=["GET", "POST"])
@require("organiser")
def edit_question(question_id: int) -> ResponseReturnValue:
    found = question_or_404(question_id)
    form = QuestionForm.of_kind(found.kind, data=values_of(found.latest))
    if form.validate_on_submit():
        content = form.content()
        if "preview" in request.form:
            return render_template(
                "bank/edit.html", bank=found.bank, form=form, kind=found.kind, question=found, preview=content
            )
        actions.revise(question=found, content=content, actor=current_staff(), now=utc_now())
        flash(_("新的修订已保存为草稿；审核通过前，竞赛仍使用原来的修订。"), "success")
        return redirect(url_for("bank.question", question_id=found.id), 303)
    page = render_template("bank/edit.html", bank=found.bank, form=form, kind=found.kind, question=found, preview=None)
    return page, 422 if form.is_submitted() else 200


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


@blueprint.post("/questions/<int:question_id>/retire")
@require("organiser")
def retire(question_id: int) -> ResponseReturnValue:
    found = question_or_404(question_id)
    actions.retire(question=found)
    flash(_("题目已停用；已经发布的竞赛不受影响。"), "success")
    return redirect(url_for("bank.question", question_id=found.id), 303)


@blueprint.get("/review")
@require("reviewer", "organiser")
def reviews() -> ResponseReturnValue:
    """The questions that wait for a reviewer, oldest first."""
    page = db.paginate(queries.questions_in_review(), per_page=ROWS, max_per_page=ROWS)
    return render_template("bank/reviews.html", page=page)
