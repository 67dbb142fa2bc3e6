"""The organisers' pages of a published contest: how it goes, and the acts that change it for everybody."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Flask, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale

from quizapp.accounts.access import current_pass, current_staff, require, still_opens
from quizapp.contests import actions as contests
from quizapp.contests import queries, rules
from quizapp.contests.forms import ActForm, number_of
from quizapp.contests.models import Contest
from quizapp.contests.views import STAGE_TONES
from quizapp.contests.words import STATE_WORDS
from quizapp.core import server_events
from quizapp.core.clock import utc_now
from quizapp.core.errors import DomainError, Invalid, NotFound, StoreUnavailable
from quizapp.core.live import get_live
from quizapp.core.server_events import Right, Source
from quizapp.core.web import choose_language
from quizapp.play import actions, state, watching
from quizapp.play.acts import ACTS
from quizapp.play.forms import CapacityForm, CloseForm, ExtendForm, PauseForm, ResumeForm

blueprint = Blueprint("monitor", __name__, url_prefix="/play/<slug>/monitor")
blueprint.context_processor(lambda: {"stage_words": STATE_WORDS, "stage_tones": STAGE_TONES})


def init_app(app: Flask) -> None:
    app.template_filter("percent")(watching.percent_text)
    app.register_blueprint(blueprint)


@blueprint.get("")
@require("organiser")
def show(slug: str) -> ResponseReturnValue:
    contest, now = queries.get_published(slug), utc_now()
    stage = queries.stage_of(contest, now=now)
    return render_template(
        "play/monitor.html",
        contest=contest,
        stage=stage,
        news=watching.news(get_live(), contest=contest, now=now),
        acts=[act for act in ACTS.values() if stage in act.stages],
        course=watching.course(contest, span_name=request.args.get("span", ""), now=now),
        units=watching.units(contest, now=now),
        top=watching.top(get_live(), contest=contest),
    )


@blueprint.get("/figures")
@require("organiser")
def figures(slug: str) -> ResponseReturnValue:
    """What the page shows of the moment, in its own words, for a page that is not told (see `events`)."""
    return jsonify(_moment(slug))


@blueprint.get("/events")
@require("organiser")
def events(slug: str) -> ResponseReturnValue:
    """The same, told every second for as long as the page listens."""
    queries.get_published(slug)
    held, language = current_pass(), choose_language()

    def read() -> str:
        with force_locale(language):
            return json.dumps(_moment(slug), ensure_ascii=False)

    source = Source(("monitor", slug, language), read)
    return server_events.listen(source, Right(held, lambda: still_opens(held, "organiser", now=utc_now())))


def _moment(slug: str) -> dict[str, Any]:
    contest, now = queries.get_published(slug), utc_now()
    news = watching.news(get_live(), contest=contest, now=now)
    return {
        "stage": queries.stage_of(contest, now=now),
        "figures": {figure.name: {"text": figure.text, "note": figure.note} for figure in news.figures},
        "warnings": [{"tone": warning.tone, "text": warning.text} for warning in news.warnings],
        "recording": news.recording,
        "updated": news.updated,
    }


@blueprint.route("/<name>", methods=["GET", "POST"])
@require("organiser")
def act(slug: str, name: str) -> ResponseReturnValue:
    """Tell what an act does to whom; do it when it is sent."""
    contest, now = queries.get_published(slug), utc_now()
    if name not in ACTS:
        raise NotFound
    found, stage = ACTS[name], queries.stage_of(contest, now=now)
    form = _FORMS[name].make(contest, now)
    if form.validate_on_submit():
        try:
            _refuse_stale(contest, form)
            _FORMS[name].perform(contest, form, actions.moment_of_act(contest))
        except Invalid as refusal:
            _blame(form, refusal)
        except DomainError as refusal:
            flash(refusal.message(), "warn")
            return redirect(url_for("monitor.show", slug=slug), 303)
        else:
            flash(str(found.done), "good")
            return redirect(url_for("monitor.show", slug=slug), 303)
    page = render_template(
        "play/monitor_act.html",
        contest=contest,
        stage=stage,
        act=found,
        tells=found.tells(contest, now),
        form=form,
        answering=_answering(contest),
        is_possible=stage in found.stages,
    )
    return page, 422 if form.is_submitted() else 200


def _refuse_stale(contest: Contest, form: Any) -> None:
    """Who acts must have seen how the contest stands: a colleague may have been quicker, or be at it."""
    actions.take(contest)
    if number_of(form.lock_version.data) != contest.lock_version:
        raise contests.StaleVersion


def _blame(form: Any, refusal: Invalid) -> None:
    for name, sentence in refusal.fields.items():
        form[name].errors = [*form[name].errors, sentence]


def _answering(contest: Contest) -> int | None:
    """How many papers are open at this moment; None while it cannot be told."""
    try:
        return sum(state.count_open(get_live(), shard) for shard in contest.shards)
    except StoreUnavailable:
        return None


# One form and one action for each act


@dataclass(frozen=True, slots=True)
class Way:
    make: Callable[[Contest, datetime], ActForm]
    perform: Callable[[Contest, Any, datetime], None]


def _plain(form: type[ActForm]) -> Callable[[Contest, datetime], ActForm]:
    def make(contest: Contest, now: datetime) -> ActForm:
        return form(data={"lock_version": contest.lock_version})

    return make


def _resume_form(contest: Contest, now: datetime) -> ActForm:
    """The end that is proposed is the old one, later by the length of the pause, on a whole minute, where it may be."""
    later = contest.closes_at + (now - (contest.paused_at or now)) + timedelta(minutes=1)
    later = min(later, contest.opens_at + actions.longest(contest))
    local = rules.to_local(moment=later.replace(second=0, microsecond=0), timezone=contest.timezone)
    form = ResumeForm(data={"lock_version": contest.lock_version, "closes_at": local}, timezone=contest.timezone)
    if not queries.is_past_end_in_pause(contest, now=now):
        del form.closes_at
    return form


def _extend_form(contest: Contest, now: datetime) -> ActForm:
    local = rules.to_local(moment=contest.closes_at, timezone=contest.timezone)
    return ExtendForm(data={"lock_version": contest.lock_version, "closes_at": local}, timezone=contest.timezone)


def _capacity_form(contest: Contest, now: datetime) -> ActForm:
    return CapacityForm(data={"lock_version": contest.lock_version, "capacity": contest.capacity})


def _pause(contest: Contest, form: PauseForm, now: datetime) -> None:
    actions.pause(contest=contest, actor=current_staff(), now=now, reason=form.reason.data or "")


def _resume(contest: Contest, form: ResumeForm, now: datetime) -> None:
    actions.resume(contest=contest, actor=current_staff(), now=now, closes_at=form.end())


def _extend(contest: Contest, form: ExtendForm, now: datetime) -> None:
    gift, end = form.gift_time(), form.end()
    if gift and end == contest.closes_at.replace(second=0, microsecond=0):
        # The field was left as it was shown: only more time is meant.
        end = None
    actions.extend(contest=contest, actor=current_staff(), now=now, closes_at=end, gift=gift)


def _close(contest: Contest, form: CloseForm, now: datetime) -> None:
    actions.close(contest=contest, actor=current_staff(), now=now, reason=form.reason.data or "")


def _change_capacity(contest: Contest, form: CapacityForm, now: datetime) -> None:
    contests.update_published(
        contest=contest,
        host_name=contest.host_name,
        introduction=contest.introduction,
        capacity=form.capacity.data,
        lock_version=contest.lock_version,
        actor=current_staff(),
        now=now,
    )


_FORMS = {
    "pause": Way(_plain(PauseForm), _pause),
    "resume": Way(_resume_form, _resume),
    "extend": Way(_extend_form, _extend),
    "capacity": Way(_capacity_form, _change_capacity),
    "close": Way(_plain(CloseForm), _close),
}
