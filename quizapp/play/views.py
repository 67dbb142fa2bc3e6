"""Pages of play: what participants see."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from quizapp.bank.languages import is_language
from quizapp.bank.words import KIND_WORDS
from quizapp.contests import entering, queries
from quizapp.contests.kits import get_kit
from quizapp.contests.models import Contest, Entry
from quizapp.contests.words import STATE_WORDS, rules_in_words
from quizapp.core.clock import from_ms, utc_now
from quizapp.core.errors import DomainError, Invalid, NotFound
from quizapp.core.i18n import _
from quizapp.core.live import get_live
from quizapp.core.web import back_url, csrf
from quizapp.play import access, beginning, figures, own, pages, papers, rules
from quizapp.play.accents import accent_style
from quizapp.play.access import Participant
from quizapp.play.contest_page import ELDER_COOKIE, SECOND_LANGUAGE_COOKIE, EntryForm, contest_page, languages_of
from quizapp.play.documents import result_reply
from quizapp.play.words import FIGURES, day_text, duration_text, figure_text, window_text

YEAR_SECONDS = 31_536_000
BOARD_ROWS = 50
ENTRY_FIELDS = ("nickname", "name", "phone", "unit", "audience")

blueprint = Blueprint("play", __name__)
blueprint.context_processor(lambda: {"stage_words": STATE_WORDS, "kind_words": KIND_WORDS, "figure_labels": FIGURES})


def init_app(app: Flask) -> None:
    app.template_filter("figure")(figure_text)
    app.template_filter("duration")(duration_text)
    app.template_filter("day_of")(day_text)
    app.template_filter("window")(window_text)
    app.register_blueprint(blueprint)


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """The contests that are open, coming and over."""
    now = utc_now()
    groups: dict[str, list[Contest]] = {"open": [], "paused": [], "waiting": [], "closed": []}
    for contest in queries.published_contests():
        groups[queries.stage_of(contest, now=now)].append(contest)
    return render_template(
        "play/home.html",
        running=groups["open"] + groups["paused"],
        coming=groups["waiting"][::-1],
        ended=groups["closed"],
    )


@blueprint.post("/elder")
@csrf.exempt
def choose_elder() -> ResponseReturnValue:
    """Remember large text in a cookie and go back; changes nothing on the server, so it needs no token."""
    response = redirect(back_url(request.form.get("next", "")), 303)
    is_elder = "1" if request.form.get("elder") == "1" else "0"
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    response.set_cookie(ELDER_COOKIE, is_elder, max_age=YEAR_SECONDS, samesite="Lax", secure=secure)
    return response


@blueprint.post("/second-language")
@csrf.exempt
def choose_second_language() -> ResponseReturnValue:
    """Remember in a cookie which language stands below the Chinese of questions, and go back; none for ""."""
    response = redirect(back_url(request.form.get("next", "")), 303)
    code = request.form.get("language", "")
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    response.set_cookie(
        SECOND_LANGUAGE_COOKIE,
        code if is_language(code) else "",
        max_age=YEAR_SECONDS,
        samesite="Lax",
        secure=secure,
    )
    return response


@blueprint.get("/play/accent/<colour>.css")
def accent(colour: str) -> ResponseReturnValue:
    """The tokens of an accent colour (rrggbb); the address says all, so it may be kept for ever."""
    if not re.fullmatch("[0-9a-f]{6}", colour):
        raise NotFound
    response = Response(accent_style(f"#{colour}"), mimetype="text/css")
    response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    return response


@blueprint.get("/play/<slug>")
def contest(slug: str) -> ResponseReturnValue:
    """The public page of a contest, printed on posters."""
    return contest_page(queries.get_published(slug), EntryForm(), now=utc_now())


@blueprint.post("/play/<slug>/entry")
def enter(slug: str) -> ResponseReturnValue:
    """Enter with the form of the contest's page, also without script."""
    contest, now = queries.get_published(slug), utc_now()
    sent = {name: request.form.get(name, "") for name in (*ENTRY_FIELDS, "consent")}
    entry_key = request.form.get("entry_key", "")
    try:
        access.limit_network("entries")
        entered = entering.enter(
            contest=contest,
            fields={name: sent[name] for name in ENTRY_FIELDS},
            notice_version=request.form.get("notice_version", "") if sent["consent"] else "",
            resume_code=request.form.get("resume_code") or None,
            entry_key=entry_key,
            now=now,
        )
    except (
        Invalid,
        entering.ConsentRequired,
        entering.ResumeCodeRequired,
        entering.TooManyTries,
        access.TooManyRequests,
    ) as refusal:
        refused = _refused_form(refusal, sent, entry_key)
        return contest_page(contest, refused, now=now), refusal.status
    plays_at_once = contest.entry_mode == "nickname" and queries.stage_of(contest, now=now) == "open"
    response = make_response(redirect(url_for("play.answer" if plays_at_once else "play.contest", slug=slug), 303))
    participant = access.issue_entry(contest=contest, entry=entered.entry)
    access.remember(response, participant, now=now, resume_code=entered.resume_code)
    return response


def _refused_form(refusal: DomainError, sent: Mapping[str, str], entry_key: str) -> EntryForm:
    errors: dict[str, str] = {}
    if isinstance(refusal, Invalid):
        errors = refusal.fields
    elif isinstance(refusal, entering.ConsentRequired):
        errors = {"consent": refusal.message()}
    return EntryForm(
        values=sent,
        errors=errors,
        refusal=_("请修改下面标出的内容。") if errors else refusal.message(),
        needs_code=isinstance(refusal, (entering.ResumeCodeRequired, entering.TooManyTries)),
        entry_key=entry_key or secrets.token_hex(),
    )


@blueprint.get("/play/<slug>/answer")
def answer(slug: str) -> ResponseReturnValue:
    """The page on which a paper is answered; its script begins the attempt."""
    contest, now = queries.get_published(slug), utc_now()
    if access.participant_by_cookie(contest.id, now=now) is None:
        return redirect(url_for("play.contest", slug=slug), 303)
    kit = get_kit(contest_id=contest.id, version=contest.kit_version)
    is_at_once = rules.shown_at_once(feedback=kit.feedback, feedback_time=kit.feedback_time).answers
    return render_template(
        "play/answer.html", contest=contest, rules=rules_in_words(kit), is_at_once=is_at_once, **languages_of(kit)
    )


@blueprint.get("/play/<slug>/attempts/<attempt>")
def result(slug: str, attempt: str) -> ResponseReturnValue:
    """The result of an own attempt, as far as the feedback rule shows it now."""
    contest, now = queries.get_published(slug), utc_now()
    participant = access.participant_by_cookie(contest.id, now=now)
    if participant is None:
        return redirect(url_for("play.contest", slug=slug), 303)
    sheet = papers.load(live=get_live(), shard=participant.shard, attempt_id=attempt)
    if sheet.paper.person != participant.person:
        raise NotFound
    ended = sheet.attempt.result
    if ended is None:
        return redirect(url_for("play.answer", slug=slug), 303)
    place = figures.place_of(get_live(), contest.shards, person=participant.person)
    languages, shown = languages_of(sheet.paper.kit), result_reply(sheet, place=place)
    return render_template(
        "play/result.html",
        contest=contest,
        number=sheet.attempt.number,
        result=shown,
        reviews=pages.reviews(shown.review or (), language=languages["second_language"]),
        finished_at=from_ms(ended.finished_ms),
        opening=pages.opening_of_results(contest, now=now),
        may_play_again=_may_play_again(contest, participant, now=now),
        **languages,
    )


def _may_play_again(contest: Contest, participant: Participant, *, now: datetime) -> bool:
    left = beginning.attempts_left(live=get_live(), shard=participant.shard, person=participant.person)
    return left != 0 and queries.stage_of(contest, now=now) == "open"


@blueprint.get("/play/<slug>/board")
def board(slug: str) -> ResponseReturnValue:
    contest, now = queries.get_published(slug), utc_now()
    participant = access.participant_by_cookie(contest.id, now=now)
    found = figures.board(get_live(), contest.shards, board=pages.BOARD, top=BOARD_ROWS)
    person = participant.person if participant else ""
    row = figures.own_row(get_live(), contest.shards, board=pages.BOARD, person=person) if participant else None
    return render_template(
        "play/board.html",
        contest=contest,
        board=found,
        person=person,
        own=row,
        is_listed=any(listed.person == person for listed in found.rows),
        opening=pages.opening_of_results(contest, now=now),
    )


@blueprint.get("/play/<slug>/me")
def me(slug: str) -> ResponseReturnValue:
    """Own attempts and what is kept of a person."""
    contest, now = queries.get_published(slug), utc_now()
    participant, entry = access.participant_by_cookie(contest.id, now=now), _own_entry(contest, now)
    if participant is None or entry is None:
        return redirect(url_for("play.contest", slug=slug), 303)
    return render_template(
        "play/me.html",
        contest=contest,
        attempts=own.own_attempts(live=get_live(), contest=contest, participant=participant),
        place=pages.place_now(get_live(), contest=contest, person=participant.person),
        fields=own.personal_fields(contest=contest, entry=entry),
        entered_at=entry.entered_at,
    )


def _own_entry(contest: Contest, now: datetime) -> Entry | None:
    participant = access.participant_by_cookie(contest.id, now=now)
    return queries.get_entry(contest_id=contest.id, person=participant.person) if participant else None


@blueprint.get("/play/<slug>/me/data")
def own_data(slug: str) -> ResponseReturnValue:
    """Everything that is kept of a person, as a JSON file."""
    contest, now = queries.get_published(slug), utc_now()
    entry = _own_entry(contest, now)
    if entry is None:
        return redirect(url_for("play.contest", slug=slug), 303)
    response = jsonify(own.own_document(live=get_live(), contest=contest, entry=entry))
    response.headers["Content-Disposition"] = f'attachment; filename="{contest.slug}.json"'
    return response


@blueprint.post("/play/<slug>/me/leave")
def leave(slug: str) -> ResponseReturnValue:
    """Let this browser be nobody here again; nothing is deleted."""
    contest = queries.get_published(slug)
    response = make_response(redirect(url_for("play.contest", slug=slug), 303))
    access.forget(response, contest_id=contest.id)
    return response


@blueprint.post("/play/<slug>/me/erase")
def erase(slug: str) -> ResponseReturnValue:
    """Delete a person's fields by their own wish."""
    contest, now = queries.get_published(slug), utc_now()
    entry = _own_entry(contest, now)
    if entry is None or request.form.get("sure") != "yes":
        return redirect(url_for("play.me", slug=slug), 303)
    own.erase(contest=contest, entry=entry, now=now)
    response = make_response(redirect(url_for("play.contest", slug=slug), 303))
    access.forget(response, contest_id=contest.id)
    flash(_("您的个人信息已经删除。"), "success")
    return response
