"""Pages of a question: writing and revising it, retirement."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from quizapp.accounts.access import current_staff, require
from quizapp.bank import actions, review_views
from quizapp.bank.blueprint import bank_or_404, blueprint, question_or_404
from quizapp.bank.forms import HoldForm, QuestionForm, values_of
from quizapp.bank.models import KINDS
from quizapp.core.clock import utc_now
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
        hold_form=HoldForm(formdata=None),
        **review_views.beside(found),
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


@blueprint.post("/questions/<int:question_id>/retire")
@require("organiser")
def retire(question_id: int) -> ResponseReturnValue:
    found = question_or_404(question_id)
    actions.retire(question=found)
    flash(_("题目已停用；已经发布的竞赛不受影响。"), "success")
    return redirect(url_for("bank.question", question_id=found.id), 303)
