"""The HTTP interface of play, as architecture and openapi.json tell it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from flask import Blueprint, Flask, Response, request
from flask.typing import ResponseReturnValue
from msgspec import UNSET

from quizapp.accounts.queries import latest_notice_version
from quizapp.contests import queries as contests
from quizapp.contests.entering import enter
from quizapp.contests.kits import get_kit
from quizapp.contests.models import Contest
from quizapp.contests.shards import Shards
from quizapp.contests.words import rules_in_words
from quizapp.core.clock import to_ms, utc_now
from quizapp.core.errors import DomainError, StoreUnavailable
from quizapp.core.i18n import _
from quizapp.core.live import get_live
from quizapp.core.settings import get_settings
from quizapp.core.web import csrf
from quizapp.play import access, answering, beginning, documents, figures, papers, rules, shown, state
from quizapp.play.answer_path import BODY_BYTES, AnswerPath
from quizapp.play.figures_path import FiguresPath
from quizapp.play.openapi import openapi
from quizapp.play.plain import Plain
from quizapp.play.rebuild import open_if_new
from quizapp.play.state import Shard

VISITOR_COOKIE = "visitor"
VISITOR_HEADER = "X-Visitor"
VISITOR = re.compile(r"[A-Za-z0-9_-]{16,64}")
TOP_DEFAULT = 50
YEAR_SECONDS = 31_536_000

Body = TypeVar("Body")

blueprint = Blueprint("play_api", __name__, url_prefix="/api/v1")
_encode = msgspec.json.Encoder().encode
_answers_decoder = msgspec.json.Decoder(documents.AnswersCall)
_entry_decoder = msgspec.json.Decoder(documents.EntryCall)


def init_app(app: Flask) -> None:
    app.config.setdefault("PLAY_OUTAGE_WAIT_MS", rules.OUTAGE_WAIT_MS)
    csrf.exempt(blueprint)
    # These calls count themselves (access.limit_network, access.limit_begins); an answer is not counted at all.
    app.register_blueprint(blueprint)
    settings = app.extensions["quizapp.settings"]
    app.wsgi_app = polls = FiguresPath(app, settings)  # type: ignore[method-assign]
    app.extensions["quizapp.express"] = Plain(AnswerPath(app, settings), polls)


class NotJson(DomainError):
    """The body is not what a JSON parser reads; nothing was looked at."""

    status, code = 400, "bad_json"

    def message(self) -> str:
        return _("请求的内容不是有效的 JSON。")


class NotJsonType(DomainError):
    """The Content-Type is not application/json."""

    status, code = 415, "unsupported_media_type"

    def message(self) -> str:
        return _("请求的内容类型不受支持，请使用 JSON。")


class BodyTooLarge(DomainError):
    """More than any real sheet of answers needs."""

    status, code = 413, "too_large"

    def message(self) -> str:
        return _("请求的内容太大，最多 256 KB。")


class WrongBody(DomainError):
    """A member of the body has a wrong type; `detail` says which."""

    status, code = 422, "invalid"

    def message(self) -> str:
        return _("请求内容有误：%(detail)s", detail=str(self.extra.get("detail", "")))


def _body(decoder: msgspec.json.Decoder[Body], empty: Body | None = None) -> Body:
    """The call's body; `empty` for a call without one."""
    request.max_content_length = BODY_BYTES
    if (request.content_length or 0) > BODY_BYTES:
        raise BodyTooLarge
    raw = request.get_data(cache=False)
    if not raw and empty is not None:
        return empty
    if request.mimetype != "application/json":
        raise NotJsonType
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise WrongBody({"detail": str(error)}) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NotJson from None


def _reply(document: Any, status: int = 200) -> Response:
    return Response(_encode(document), status, mimetype="application/json")


def _cacheable(document: Any, *, is_public: bool = True) -> Response:
    """A reply that may be kept for a second, and asked for again by its ETag."""
    response = _reply(document)
    response.headers["Cache-Control"] = f"{'public' if is_public else 'private'}, max-age=1"
    if not is_public:
        response.vary.add("Authorization")
        response.vary.add("Cookie")
    response.add_etag()
    response.make_conditional(request)
    return response


def _shards(slug: str) -> Shards:
    """The shards of a published contest; raises NotFound."""
    return figures.shards_of(get_live(), slug)


# A contest


@blueprint.get("/contests/<slug>")
def show_contest(slug: str) -> ResponseReturnValue:
    """A contest for those who want to enter: rules in words, window, fields, figures."""
    contest, now = contests.get_published(slug), utc_now()
    kit = get_kit(contest_id=contest.id, version=contest.kit_version)
    return _reply(
        documents.ContestReply(
            slug=contest.slug,
            title=contest.title,
            host=contest.host_name,
            introduction=contest.introduction,
            rules=[documents.RuleShown(rule.label, rule.sentence) for rule in rules_in_words(kit)],
            opens_at=shown.moment(to_ms(contest.opens_at)),
            closes_at=shown.moment(to_ms(contest.closes_at)),
            stage=contests.stage_of(contest, now=now),
            server_now=shown.moment(to_ms(now)),
            timezone=contest.timezone,
            fields=[_field(field) for field in contests.entry_fields(contest)],
            notice_version=latest_notice_version(),
            figures=_figures_or_none(contest.shards),
        )
    )


def _field(field: contests.EntryField) -> documents.FieldShown:
    choices = [documents.ChoiceShown(value, text) for value, text in field.choices]
    return documents.FieldShown(field.name, field.label, field.kind, field.required, choices)


def _figures_or_none(shards: Shards) -> documents.PulseReply | None:
    try:
        return _pulse(shards)
    except StoreUnavailable:
        return None


@blueprint.post("/contests/<slug>/visits")
def visit(slug: str) -> ResponseReturnValue:
    """Count a visit; the visitor is known by a cookie of ours, or by a header that a program sends."""
    access.limit_network("visits")
    shards, visitor = _shards(slug), _visitor()
    chosen = visitor or secrets.token_urlsafe(16)
    shard = shards.of(chosen)
    _opening(shard, lambda: state.count_visit(get_live(), shard, visitor=chosen))
    response = Response(status=204)
    if visitor is None:
        secure = get_settings().is_https
        response.set_cookie(
            VISITOR_COOKIE, chosen, max_age=YEAR_SECONDS, httponly=True, secure=secure, samesite="Lax", path="/"
        )
    return response


def _visitor() -> str | None:
    sent = request.headers.get(VISITOR_HEADER) or request.cookies.get(VISITOR_COOKIE, "")
    return sent if VISITOR.fullmatch(sent) else None


Value = TypeVar("Value")


def _opening(shard: Shard, act: Callable[[], Value]) -> Value:
    """Do `act`; where a contest has just been published and nothing was begun yet, open its doors first."""
    try:
        return act()
    except state.Recovering:
        if not open_if_new(shard=shard, now=utc_now()):
            raise
        return act()


@blueprint.post("/contests/<slug>/entries")
def create_entry(slug: str) -> ResponseReturnValue:
    """Enter a contest, or come back with the resume code; also tells the browser who it is."""
    access.limit_network("entries")
    call = _body(_entry_decoder)
    contest, now = contests.get_published(slug), utc_now()
    entered = enter(
        contest=contest,
        fields=call.fields,
        notice_version=call.consent,
        resume_code=call.resume_code,
        now=now,
        entry_key=access.begin_key() or None,
    )
    participant = access.issue_entry(contest=contest, entry=entered.entry)
    reply = documents.EntryReply(
        entry=entered.entry.person,
        token=participant.token,
        resume_code=entered.resume_code,
        attempts_left=_attempts_left(contest, participant, is_new=entered.is_new),
    )
    response = _reply(reply, 201 if entered.is_new else 200)
    access.remember(response, participant, now=now)
    return response


def _attempts_left(contest: Contest, participant: access.Participant, *, is_new: bool) -> int | None:
    if is_new:
        kit = get_kit(contest_id=contest.id, version=contest.kit_version)
        return rules.attempts_left(kit=kit, begun=0, begun_today=0)
    shard, person = participant.shard, participant.person
    return _opening(shard, lambda: beginning.attempts_left(live=get_live(), shard=shard, person=person))


@blueprint.get("/contests/<slug>/pulse")
def show_pulse(slug: str) -> ResponseReturnValue:
    """The live figures."""
    return _cacheable(_pulse(_shards(slug)))


def _pulse(shards: Shards) -> documents.PulseReply:
    pulse = figures.pulse(get_live(), shards)
    return documents.PulseReply(
        visits=pulse.visits,
        visitors=pulse.visitors,
        playing=pulse.playing,
        peak=pulse.peak,
        peak_at=shown.moment(pulse.peak_at_ms) if pulse.peak_at_ms else None,
        begun=pulse.begun,
        finished=pulse.finished,
        answers=pulse.answers,
        knowledge_points=pulse.knowledge_points,
    )


@blueprint.get("/contests/<slug>/boards/<board>")
def show_board(slug: str, board: str) -> ResponseReturnValue:
    """The top of a board, with the caller's own row."""
    shards, now = _shards(slug), utc_now()
    top = _top(request.args.get("top", ""))
    found = figures.board(get_live(), shards, board=board, top=top)
    caller = _caller(shards.contest_id, now)
    own = figures.own_row(get_live(), shards, board=board, person=caller.person) if caller else None
    rows = [
        documents.BoardRowShown(
            place=row.place,
            name=row.name,
            score=shown.points(row.rank.score_hundredths),
            duration_ms=row.rank.duration_ms,
            own=True if caller and row.person == caller.person else UNSET,
        )
        for row in found.rows
    ]
    own_shown = None
    if own and caller:
        rank = own.rank
        score = shown.points(rank.score_hundredths)
        own_shown = documents.BoardRowShown(own.place, caller.name, score, rank.duration_ms, own=True)
    reply = documents.BoardReply(board, rows, found.people, found.is_hidden, found.is_counted, own_shown)
    return _cacheable(reply, is_public=caller is None)


def _caller(contest_id: int, now: datetime) -> access.Participant | None:
    """Who reads a board, if that is known; anybody may."""
    try:
        return access.require_participant(contest_id, now=now)
    except access.EntryRequired:
        return None


def _top(text: str) -> int:
    """The number of rows asked for; raises WrongBody when it is none."""
    if not text:
        return TOP_DEFAULT
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= figures.TOP_LIMIT:
        raise WrongBody({"detail": f"top: 1 … {figures.TOP_LIMIT}"})
    return int(text)


# An attempt


@blueprint.post("/contests/<slug>/attempts")
def begin(slug: str) -> ResponseReturnValue:
    """Begin an attempt, resume the open one, or wait in the queue."""
    now = utc_now()
    participant = access.require_participant(_shards(slug).contest_id, now=now)
    access.limit_begins(participant)
    shard, begin_key = participant.shard, access.begin_key()
    began = _opening(
        shard,
        lambda: beginning.begin(
            live=get_live(),
            shard=shard,
            slug=slug,
            person=participant.person,
            name=participant.name,
            begin_key=begin_key,
            now=now,
            wait_ms=access.wait_ms(),
        ),
    )
    if began.sheet is None:
        waiting = documents.WaitingReply(began.place, began.expected_seconds, rules.retry_after(place=began.place))
        response = _reply(waiting, 202)
        response.headers["Retry-After"] = str(waiting.retry_after)
        return response
    access.drop_resume_code(shard.contest_id)
    attempt = began.sheet.attempt
    token = access.issue_attempt(participant=participant, attempt_id=attempt.id, kit=attempt.kit)
    reply = documents.attempt_reply(began.sheet, token=token, attempts_left=began.attempts_left)
    return _reply(reply, 201 if began.is_new else 200)


@blueprint.put("/attempts/<attempt_id>/answers")
def answer(attempt_id: str) -> ResponseReturnValue:
    """Store answers; an empty list is a heartbeat."""
    owner = access.require_owner(attempt_id, now=utc_now())
    call = _body(_answers_decoder)
    taken = answering.answer(
        live=get_live(),
        shard=owner.shard,
        attempt_id=attempt_id,
        person=owner.person,
        given=call.answers,
        wait_ms=access.wait_ms(),
    )
    return _reply(documents.answers_reply(taken))


@blueprint.post("/attempts/<attempt_id>/finish")
def finish(attempt_id: str) -> ResponseReturnValue:
    """Hand in; the same result again for a second time."""
    owner = access.require_owner(attempt_id, now=utc_now())
    call = _body(_answers_decoder, documents.AnswersCall())
    sheet = answering.finish(
        live=get_live(),
        shard=owner.shard,
        attempt_id=attempt_id,
        person=owner.person,
        given=call.answers,
        wait_ms=access.wait_ms(),
    )
    return _reply(_result(sheet))


@blueprint.get("/attempts/<attempt_id>")
def show_attempt(attempt_id: str) -> ResponseReturnValue:
    """The paper with its answers while it is open, the result afterwards."""
    owner = access.require_owner(attempt_id, now=utc_now())
    sheet = papers.load(live=get_live(), shard=owner.shard, attempt_id=attempt_id)
    is_open = sheet.attempt.finish is None
    return _reply(documents.attempt_reply(sheet) if is_open else _result(sheet, with_stored=True))


def _result(sheet: papers.Sheet, *, with_stored: bool = False) -> documents.ResultReply:
    place = None
    if sheet.shown.score:
        place = figures.place_of(get_live(), sheet.paper.kit.shards, person=sheet.attempt.person)
    return documents.result_reply(sheet, place=place, with_stored=with_stored)


@blueprint.get("/openapi.json")
def show_openapi() -> ResponseReturnValue:
    """This interface as an OpenAPI document."""
    response = _reply(openapi())
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response
