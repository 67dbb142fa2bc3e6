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
from quizapp.bank.formats.parsed import LeftOut
from quizapp.bank.list_forms import filter_of, values_of_filter
from quizapp.core import tickets
from quizapp.core.clock import local_day, utc_now
from quizapp.core.settings import get_settings

TICKETS = "bank export"
SHOWN_FAULTS = 20


@blueprint.route("/<int:bank_id>/export", methods=["GET", "POST"])
@require("organiser")
def export(bank_id: int) -> ResponseReturnValue:
    """Choose a format, seeing what it cannot carry of these very questions; narrowed as the list was.

    What a format would change of single questions is shown before the file is made, and asks for a second click.
    """
    bank = bank_or_404(bank_id)
    form = ExportForm()
    narrowed = filter_of(request.args)
    wanted = {content: Wanted(narrowed, approved=content == "approved") for content in CONTENTS}
    chosen = {content: exporting.choose(bank=bank, wanted=wanted[content]) for content in CONTENTS}
    told: list[LeftOut] = []
    if form.validate_on_submit():
        content, format_name = form.content.data, form.format.data
        mine, approved = chosen[content], wanted[content].approved
        told = exporting.faults(mine, approved=approved, format_name=format_name)
        if not told or form.confirmed.data == format_name:
            exporting.note(
                bank=bank,
                wanted=wanted[content],
                chosen=mine,
                format_name=format_name,
                actor=current_staff(),
                now=utc_now(),
            )
            wish = [current_staff().id, bank.id, format_name, approved, values_of_filter(narrowed)]
            ticket = tickets.issue(TICKETS, wish)
            return redirect(url_for("bank.download_export", bank_id=bank.id, ticket=ticket), 303)
    form.confirmed.data = form.format.data if told else ""
    mine = chosen[form.content.data if form.content.data in CONTENTS else "newest"]
    page = render_template(
        "bank/export.html",
        bank=bank,
        form=form,
        chosen=chosen,
        purposes=defaultdict(str, PURPOSES),
        lost={entry.name: counted(mine.lost(entry)) for entry in exporting.writable()},
        filter_values=values_of_filter(narrowed),
        told=[sentence(one) for one in told[:SHOWN_FAULTS]],
        told_count=len(told),
    )
    return page, 422 if form.is_submitted() else 200


@blueprint.get("/<int:bank_id>/export/file")
@require("organiser")
def download_export(bank_id: int) -> ResponseReturnValue:
    """The file that a ticket of `export` asks for."""
    bank = bank_or_404(bank_id)
    staff_id, wanted_bank, format_name, approved, values = tickets.redeem(TICKETS, request.args.get("ticket", ""))
    if (staff_id, wanted_bank) != (current_staff().id, bank.id):
        raise tickets.TicketExpired
    chosen = exporting.choose(bank=bank, wanted=Wanted(filter_of(MultiDict(values)), approved=approved))
    written = exporting.make(chosen, approved=approved, format_name=format_name)
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
