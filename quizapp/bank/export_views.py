"""The export of a bank: what each format can carry of it, then the file; and the template for imports."""

from __future__ import annotations

import io
from collections import defaultdict

from flask import redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from quizapp.accounts.access import current_staff, require
from quizapp.bank import exporting
from quizapp.bank.blueprint import bank_or_404, blueprint
from quizapp.bank.export_forms import CONTENTS, PURPOSES, ExportForm
from quizapp.bank.exporting import Wanted
from quizapp.bank.formats import FORMATS, template
from quizapp.bank.formats.losses import counted, sentence
from quizapp.bank.list_forms import filter_of, values_of_filter
from quizapp.core import tickets
from quizapp.core.clock import local_day, utc_now
from quizapp.core.settings import get_settings

TICKETS = "bank export"
SHOWN_SURPRISES = 20


@blueprint.route("/<int:bank_id>/export", methods=["GET", "POST"])
@require("organiser")
def export(bank_id: int) -> ResponseReturnValue:
    """Choose a format, seeing what it cannot carry of these very questions; narrowed as the list was."""
    bank = bank_or_404(bank_id)
    form = ExportForm()
    narrowed = filter_of(request.args)
    wanted = {content: Wanted(narrowed, approved=content == "approved") for content in CONTENTS}
    if form.validate_on_submit():
        mine, format_name = wanted[form.content.data], form.format.data
        chosen = exporting.choose(bank=bank, wanted=mine)
        exporting.note(
            bank=bank, wanted=mine, chosen=chosen, format_name=format_name, actor=current_staff(), now=utc_now()
        )
        wish = [current_staff().id, bank.id, format_name, mine.approved, values_of_filter(narrowed)]
        return redirect(url_for("bank.download_export", bank_id=bank.id, ticket=tickets.issue(TICKETS, wish)), 303)
    found = {content: exporting.choose(bank=bank, wanted=wanted[content]) for content in CONTENTS}
    mine_found = found.get(form.content.data, found["newest"])
    page = render_template(
        "bank/export.html",
        bank=bank,
        form=form,
        chosen=found,
        purposes=defaultdict(str, PURPOSES),
        lost={entry.name: counted(mine_found.lost(entry)) for entry in exporting.writable()},
        filter_values=values_of_filter(narrowed),
    )
    return page, 422 if form.is_submitted() else 200


@blueprint.get("/<int:bank_id>/export/file")
@require("organiser")
def download_export(bank_id: int) -> ResponseReturnValue:
    """The file that a ticket of `export` asks for; first what it changes of single questions, if it does.

    That shows only while the file is made.
    """
    bank = bank_or_404(bank_id)
    ticket = request.args.get("ticket", "")
    staff_id, wanted_bank, format_name, approved, values = tickets.redeem(TICKETS, ticket)
    if (staff_id, wanted_bank) != (current_staff().id, bank.id):
        raise tickets.TicketExpired
    chosen = exporting.choose(bank=bank, wanted=Wanted(filter_of(MultiDict(values)), approved=approved))
    written = exporting.make(chosen, approved=approved, format_name=format_name)
    surprises = exporting.surprises(written)
    if surprises and not request.args.get("confirmed"):
        return render_template(
            "bank/export_told.html",
            bank=bank,
            label=FORMATS[format_name].label,
            told=[sentence(one) for one in surprises[:SHOWN_SURPRISES]],
            count=len(surprises),
            address=url_for("bank.download_export", bank_id=bank.id, ticket=ticket, confirmed=1),
            back=url_for("bank.export", bank_id=bank.id, **values),
        )
    today = local_day(utc_now(), get_settings().timezone)
    return send_file(
        io.BytesIO(written.content),
        mimetype=FORMATS[format_name].content_type,
        as_attachment=True,
        download_name=exporting.file_name(bank, format_name=format_name, day=today),
    )


@blueprint.get("/template")
@require("organiser")
def import_template() -> ResponseReturnValue:
    """An empty workbook with an example of each kind and instructions."""
    return send_file(
        io.BytesIO(template.workbook()),
        mimetype=FORMATS["xlsx"].content_type,
        as_attachment=True,
        download_name=template.FILE_NAME,
    )
