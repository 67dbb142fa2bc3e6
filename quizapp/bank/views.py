"""Pages of banks: the list of them, a new one, one with its questions."""

from __future__ import annotations

from flask import Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from quizapp.accounts.access import current_staff, require
from quizapp.bank import (
    actions,
    bulk_views,
    export_views,
    finding,
    hold_views,
    import_views,
    law_import_views,
    law_queries,
    law_views,
    media_views,
    queries,
    question_views,
    review_views,
    topic_views,
)
from quizapp.bank.blueprint import ROWS, bank_or_404, blueprint
from quizapp.bank.clean_media import ENDINGS
from quizapp.bank.differences import compare_texts
from quizapp.bank.formats import place
from quizapp.bank.forms import BankForm
from quizapp.bank.law_words import LAW_STATUS_TONES, LAW_STATUS_WORDS, cause_sentence
from quizapp.bank.list_forms import BulkForm, filter_of, values_of_filter
from quizapp.bank.models import Bank
from quizapp.bank.showing import as_shown
from quizapp.bank.words import DIFFICULTY_WORDS, KIND_WORDS, STATE_WORDS, language_word
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.i18n import _
from quizapp.core.paging import Listed

PAGES = (
    question_views,
    review_views,
    import_views,
    export_views,
    law_views,
    law_import_views,
    hold_views,
    bulk_views,
    topic_views,
)
"""The modules whose pages join the blueprint when they are imported."""


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.add_url_rule("/media/<sha256>.<ending>", endpoint="bank.media", view_func=media_views.media)
    app.jinja_env.globals["kind_words"] = KIND_WORDS
    app.jinja_env.globals["difficulty_words"] = DIFFICULTY_WORDS
    app.jinja_env.globals["question_state_words"] = STATE_WORDS
    app.jinja_env.globals.update(law_status_words=LAW_STATUS_WORDS, law_status_tones=LAW_STATUS_TONES)
    app.jinja_env.globals.update(cause_sentence=cause_sentence, compare_texts=compare_texts)
    app.jinja_env.globals["media_endings"] = ENDINGS
    app.template_filter("place")(place)
    app.template_filter("as_shown")(as_shown)
    app.template_filter("language_word")(language_word)


@blueprint.get("/")
@require("organiser", "reviewer")
def index() -> ResponseReturnValue:
    return render_template(
        "bank/index.html",
        banks=queries.banks_with_counts(),
        in_review=queries.count_in_review(),
        held=law_queries.count_held(),
    )


@blueprint.route("/new", methods=["GET", "POST"])
@require("organiser")
def create() -> ResponseReturnValue:
    form = BankForm()
    if form.validate_on_submit():
        name = form.name.data.strip()
        if db.session.scalar(select(Bank).where(Bank.name == name)):
            form.name.errors = [_("已经有同名的题库，请换一个名称。")]
        else:
            bank = actions.get_or_create_bank(name=name, actor=current_staff(), now=utc_now())
            bank.description = form.description.data or ""
            db.session.flush()
            return redirect(url_for("bank.show", bank_id=bank.id), 303)
    return render_template("bank/create.html", form=form), 422 if form.is_submitted() else 200


@blueprint.get("/<int:bank_id>")
@require("organiser", "reviewer")
def show(bank_id: int) -> ResponseReturnValue:
    bank = bank_or_404(bank_id)
    wanted = filter_of(request.args)
    ids = finding.find_ids(bank_id=bank.id, wanted=wanted)
    return render_template(
        "bank/show.html",
        bank=bank,
        page=Listed(rows=ids, per_page=ROWS, load=finding.load_questions),
        wanted=wanted,
        filter_values=values_of_filter(wanted),
        topics=queries.topics_of_bank(bank.id),
        is_filtered=wanted != finding.Filter(order=wanted.order, descending=wanted.descending),
        bulk_form=BulkForm(formdata=None),
        last_change=queries.last_bulk_change(bank.id),
    )
