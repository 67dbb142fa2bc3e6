"""Pages of acts on many questions: what will be changed is shown first, and what was changed can be undone."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from quizapp.accounts.access import current_staff, require
from quizapp.bank import bulk, finding, queries
from quizapp.bank.blueprint import bank_or_404, blueprint, four_eyes
from quizapp.bank.list_forms import BulkForm, filter_of, pack_ids, unpack_ids
from quizapp.bank.models import BulkChange
from quizapp.bank.reviewing import OwnQuestion
from quizapp.bank.words import BULK_WORDS
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.errors import NotFound
from quizapp.core.i18n import _

SHOWN = 10
"""Questions listed on the page that asks whether to go on."""


@blueprint.post("/<int:bank_id>/bulk")
@require("organiser")
def change_many(bank_id: int) -> ResponseReturnValue:
    """Show what an act would change, and ask for what it needs; sent from there, with `ids`, do it.

    The questions are those ticked, or with `all` those that fit the filter in the address.
    """
    bank, form = bank_or_404(bank_id), BulkForm()
    if form.action.data == "approve" and four_eyes():
        raise OwnQuestion
    is_confirmed = bool(form.ids.data)
    if is_confirmed:
        ids = unpack_ids(form.ids.data, most=bulk.MOST_QUESTIONS)
    elif request.form.get("all"):
        ids = finding.find_ids(bank_id=bank.id, wanted=filter_of(request.args))
    else:
        ids = [int(value) for value in request.form.getlist("question") if value.isdecimal() and len(value) < 11]
    if not ids:
        raise bulk.NothingChosen
    if len(ids) > bulk.MOST_QUESTIONS:
        raise bulk.TooManyQuestions
    if not is_confirmed or not form.validate():
        form.ids.data = pack_ids(ids)
        page = render_template(
            "bank/bulk.html",
            bank=bank,
            form=form,
            count=len(ids),
            sample=finding.load_questions(ids[:SHOWN]),
            words=BULK_WORDS.get(form.action.data),
            topic_names=queries.topic_names(),
        )
        return page, 422 if form.errors else 200
    done = bulk.apply(bank=bank, ids=ids, order=form.order(), actor=current_staff(), now=utc_now())
    if done.untouched:
        flash(
            _(
                "已修改 %(changed)s 题；%(untouched)s 题原本就是这样，或状态不允许，没有变化。",
                changed=str(done.changed),
                untouched=str(done.untouched),
            ),
            "success" if done.changed else "info",
        )
    else:
        flash(_("已修改 %(changed)s 题。", changed=str(done.changed)), "success")
    return redirect(url_for("bank.show", bank_id=bank.id), 303)


@blueprint.get("/<int:bank_id>/changes")
@require("organiser")
def changes(bank_id: int) -> ResponseReturnValue:
    """The acts on many questions of a bank, newest first."""
    bank = bank_or_404(bank_id)
    page = db.paginate(
        db.select(BulkChange).where(BulkChange.bank_id == bank.id).order_by(BulkChange.id.desc()), per_page=20
    )
    return render_template("bank/changes.html", bank=bank, page=page, words=BULK_WORDS)


@blueprint.post("/changes/<int:change_id>/undo")
@require("organiser")
def undo_change(change_id: int) -> ResponseReturnValue:
    change = db.session.get(BulkChange, change_id)
    if change is None:
        raise NotFound
    bank = bank_or_404(change.bank_id)
    put_back, left = bulk.undo(change=change, bank=bank, actor=current_staff(), now=utc_now())
    if left:
        text = _(
            "已撤销，%(put_back)s 题恢复原样；%(left)s 题后来又改过或已删除，保持现状。",
            put_back=str(put_back),
            left=str(left),
        )
    else:
        text = _("已撤销，%(put_back)s 题恢复原样。", put_back=str(put_back))
    flash(text, "success")
    return redirect(url_for("bank.show", bank_id=bank.id), 303)
