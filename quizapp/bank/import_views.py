"""Pages of the import: a file is read, shown row by row, taken or dropped."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from quizapp.accounts.access import current_staff, require
from quizapp.bank import importing
from quizapp.bank.blueprint import bank_or_404, blueprint, four_eyes, import_or_404
from quizapp.bank.formats.characters import clean
from quizapp.bank.forms import ImportForm, TakeForm
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.i18n import _


@blueprint.route("/<int:bank_id>/import", methods=["GET", "POST"])
@require("organiser")
def import_file(bank_id: int) -> ResponseReturnValue:
    """Read a file and show row by row what was understood; the bank is not changed yet."""
    bank = bank_or_404(bank_id)
    form = ImportForm()
    if form.validate_on_submit():
        content = form.file.data.read()
        if content:
            staged = importing.stage(
                bank=bank,
                file_name=clean(form.file.data.filename or ""),
                content=content,
                format_name=form.format.data,
                actor=current_staff(),
                now=utc_now(),
            )
            return redirect(url_for("bank.show_import", import_id=staged.id), 303)
        form.file.errors = [_("这个文件是空的，请选择有内容的文件。")]
    return render_template("bank/import.html", bank=bank, form=form), 422 if form.is_submitted() else 200


@blueprint.get("/imports/<int:import_id>")
@require("organiser")
def show_import(import_id: int) -> ResponseReturnValue:
    staged = import_or_404(import_id)
    return render_template(
        "bank/import_report.html",
        staged=staged,
        bank=bank_or_404(staged.bank_id),
        sample=importing.sample(staged),
        form=TakeForm(approve=True),
        four_eyes=four_eyes(),
    )


@blueprint.post("/imports/<int:import_id>/take")
@require("organiser")
def take_import(import_id: int) -> ResponseReturnValue:
    staged = import_or_404(import_id)
    count = importing.take(
        staged=staged,
        bank=bank_or_404(staged.bank_id),
        approve=not four_eyes() and bool(TakeForm().approve.data),
        actor=current_staff(),
        now=utc_now(),
    )
    flash(_("已导入 %(count)s 道题。", count=str(count)), "success")
    return redirect(url_for("bank.show", bank_id=staged.bank_id), 303)


@blueprint.post("/imports/<int:import_id>/drop")
@require("organiser")
def drop_import(import_id: int) -> ResponseReturnValue:
    staged = import_or_404(import_id)
    if staged.state != "staged":
        raise importing.AlreadyImported
    bank_id = staged.bank_id
    db.session.delete(staged)
    flash(_("已放弃这个文件，题库没有变化。"), "info")
    return redirect(url_for("bank.show", bank_id=bank_id), 303)
