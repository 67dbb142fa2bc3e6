"""The page of questions on hold: beside each the article as it was and as it is, and what to do."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from quizapp.accounts.access import current_staff, require
from quizapp.bank import law_changes, law_queries
from quizapp.bank.blueprint import ROWS, blueprint
from quizapp.bank.finding import load_questions
from quizapp.bank.law_forms import SettleForm
from quizapp.core.clock import utc_now
from quizapp.core.i18n import _
from quizapp.core.paging import Listed


@blueprint.get("/holds")
@require("organiser", "reviewer")
def holds() -> ResponseReturnValue:
    """The questions on hold, by what put them there; `article` narrows to one article, 0 to other reasons."""
    causes = law_queries.held_causes()
    wanted = request.args.get("article", type=int)
    shown = [cause for cause in causes if wanted is None or (cause.article.id if cause.article else 0) == wanted]
    page = Listed(
        rows=[question_id for cause in shown for question_id in cause.question_ids],
        per_page=ROWS,
        load=load_questions,
    )
    return render_template(
        "bank/holds.html",
        page=page,
        causes=causes,
        wanted=wanted,
        bases={question.id: law_queries.bases_of(question.latest) for question in page.items},
        form=SettleForm(formdata=None),
    )


@blueprint.post("/holds")
@require("organiser", "reviewer")
def settle_holds() -> ResponseReturnValue:
    """Put the chosen questions back to use: somebody looked, and the change does not touch them."""
    form = SettleForm()
    chosen = request.form.getlist("question")[:ROWS]
    ids = [int(text) for text in chosen if text.isascii() and text.isdigit() and len(text) < 10]
    way_back = url_for("bank.holds", article=request.args.get("article", type=int))
    if not ids:
        flash(_("没有选中题目。请先勾选核对过的题目。"), "danger")
        return redirect(way_back, 303)
    if not form.validate():
        flash(form.comment.errors[0], "danger")
        return redirect(way_back, 303)
    count = law_changes.release(
        questions=load_questions(ids), comment=form.comment.data, actor=current_staff(), now=utc_now()
    )
    flash(_("%(count)s 道题恢复使用。", count=str(count)), "success")
    return redirect(way_back, 303)
