"""The export page."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import Blueprint, Flask, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from quizapp.accounts import audit
from quizapp.accounts.access import current_staff, require
from quizapp.contests.queries import get_contest
from quizapp.core import tickets
from quizapp.core.clock import utc_now
from quizapp.reports.files import write_results
from quizapp.reports.forms import ExportForm
from quizapp.reports.results import Results, contests_with_attempts

MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
}

TICKETS = "export"

blueprint = Blueprint("reports", __name__, url_prefix="/reports")


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)


@blueprint.get("/")
@require("organiser")
def index() -> ResponseReturnValue:
    """The published contests with what has been recorded of each, newest first."""
    return render_template("reports/index.html", rows=contests_with_attempts())


@blueprint.route("/<slug>/results", methods=["GET", "POST"])
@require("organiser")
def results(slug: str) -> ResponseReturnValue:
    """Choose what to export and have it on the audit trail; the file itself is a reading request of its own."""
    contest = get_contest(slug)
    form = ExportForm()
    if not form.validate_on_submit():
        attempts = Results(contest).count_attempts()
        page = render_template("reports/results.html", contest=contest, form=form, attempts=attempts)
        return page, 422 if form.is_submitted() else 200
    in_full = bool(form.in_full.data)
    audit.record(
        action="reports.export",
        subject_kind="contest",
        subject_id=str(contest.id),
        detail={"format": form.format.data, "in_full": in_full, "reason": (form.reason.data or "").strip()},
        now=utc_now(),
        actor=current_staff(),
    )
    ticket = tickets.issue(TICKETS, [current_staff().id, slug, form.format.data, in_full])
    return redirect(url_for("reports.download", slug=slug, ticket=ticket), 303)


@blueprint.get("/<slug>/results/file")
@require("organiser")
def download(slug: str) -> ResponseReturnValue:
    """The file that a ticket of `results` asks for; written to disk first, so that a failure is no half file."""
    contest = get_contest(slug)
    staff_id, wanted, format_name, in_full = tickets.redeem(TICKETS, request.args.get("ticket", ""))
    if (staff_id, wanted) != (current_staff().id, slug):
        raise tickets.TicketExpired
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{slug}.{format_name}"
        write_results(results=Results(contest, in_full=in_full), format_name=format_name, path=path)
        # The open file outlives its name: the folder goes, the response still reads it.
        file = path.open("rb")
    name = f"{slug}-results.{format_name}"
    return send_file(file, mimetype=MEDIA_TYPES[format_name], as_attachment=True, download_name=name)
