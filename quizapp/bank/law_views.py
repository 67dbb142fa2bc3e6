"""Pages of laws and their articles."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from quizapp.accounts.access import require
from quizapp.bank import queries
from quizapp.bank.blueprint import blueprint


@blueprint.get("/laws")
@require("organiser", "reviewer")
def laws() -> ResponseReturnValue:
    return render_template("bank/laws.html", laws=queries.laws_with_counts())
