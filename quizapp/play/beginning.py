"""Beginning an attempt, or coming back to the open one."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

import msgspec

from quizapp.contests.correcting import void_points
from quizapp.contests.kit import Kit
from quizapp.contests.kits import get_kit
from quizapp.contests.rules import DrawnQuestion, draw_paper
from quizapp.core.errors import DomainError, NotFound, StoreUnavailable
from quizapp.core.i18n import _
from quizapp.core.live import Live
from quizapp.play import packing, papers, rules, state
from quizapp.play.hashes import LiveAttempt, paper_event
from quizapp.play.state import Shard
from quizapp.play.tokens import new_attempt_id

BEGIN_TRIES = 8

_encode = msgspec.json.Encoder().encode


class NotOpen(DomainError):
    """Nobody can begin now: too early, too late, or paused."""

    status, code = 403, "not_open"

    def message(self) -> str:
        return _("现在不能开始答题：竞赛还没有开始、已经结束，或暂时停止。")


class NotEligible(DomainError):
    """This person may not take part any more."""

    status, code = 403, "not_eligible"

    def message(self) -> str:
        return _("这份报名资料已经删除，不能再参加这场竞赛。")


class NoAttemptsLeft(DomainError):
    """All attempts are used up; `extra` says for how long."""

    status, code = 409, "no_attempts_left"

    def message(self) -> str:
        if self.extra.get("scope") == "day":
            return _("今天的答题次数已经用完，请明天再来。")
        return _("答题次数已经用完。")


@dataclass(frozen=True, slots=True)
class Beginning:
    """`sheet` is the attempt to play, new or resumed; None while one waits at place `place`.

    `expected_seconds` is how long the wait will be if people go on to be let in as during the last minute; None
    when nobody was.
    """

    sheet: papers.Sheet | None
    is_new: bool = False
    attempts_left: int | None = None
    place: int = 0
    expected_seconds: int | None = None


def begin(
    *, live: Live, shard: Shard, slug: str, person: str, name: str, begin_key: str, now: datetime, wait_ms: int
) -> Beginning:
    """Begin an attempt, or come back to the open one.

    Raises NotFound (the entry is for another contest), NotOpen, NotEligible, NoAttemptsLeft, Recovering.
    """
    for _try in range(BEGIN_TRIES):
        look = state.look(live, shard, person=person)
        kit = get_kit(contest_id=shard.contest_id, version=look.kit)
        if kit.slug != slug:
            raise NotFound
        start, drawn = _propose(kit, look, person, name, begin_key, now)
        begun = state.begin(live, shard, start=start, wait_ms=wait_ms)
        if begun.word != "stale":
            return _begun(live, shard, look, kit, drawn, start, begun)
    raise StoreUnavailable


def _propose(
    kit: Kit, look: state.Look, person: str, name: str, begin_key: str, now: datetime
) -> tuple[state.Start, tuple[DrawnQuestion, ...]]:
    """Draw a paper for a person as it was looked at; nothing is drawn for who is playing already.

    The proposal is taken only if the person's version is still the same, so an empty one never is.
    """
    known = look.person
    drawn: tuple[DrawnQuestion, ...] = ()
    history: list[str] = []
    if not known.is_playing:
        seen = packing.unpack_history(known.history)
        drawn = draw_paper(kit=kit, seen=seen, seed=secrets.token_hex())
        if rules.keeps_history(kit):
            seen = rules.add_seen(seen, [question.question_id for question in drawn])
            history = packing.parts(packing.pack_history(seen))
            history += [""] * (known.history_parts - len(history))
    start = state.Start(
        person=person,
        version=known.version,
        begin_key=begin_key,
        attempt_id=new_attempt_id(),
        kit=kit.version,
        limit_ms=(kit.limit_seconds or 0) * 1000,
        attempts_total=kit.attempts_total or 0,
        attempts_per_day=kit.attempts_per_day or 0,
        day_bounds=rules.day_bounds(now=now, timezone=kit.timezone),
        name=name,
        full_hundredths=kit.full_hundredths,
        void_points=void_points(kit, drawn),
        event=_encode(paper_event(drawn)).decode(),
        paper_parts=packing.parts(packing.pack_paper(kit=kit, paper=drawn)),
        history_parts=history,
    )
    return start, drawn


def _begun(
    live: Live,
    shard: Shard,
    look: state.Look,
    kit: Kit,
    drawn: tuple[DrawnQuestion, ...],
    start: state.Start,
    begun: state.Begun,
) -> Beginning:
    if begun.word == "not_open":
        raise NotOpen
    if begun.word == "not_eligible":
        raise NotEligible
    if begun.word == "no_attempts":
        raise NoAttemptsLeft({"scope": begun.scope, "next_day_ms": begun.next_day_ms or None})
    if begun.word == "waiting":
        expected = rules.expected_wait(place=begun.place, let_in_a_minute=begun.let_in_a_minute)
        place = rules.queue_place(place=begun.place, shards=kit.shard_count)
        return Beginning(None, place=place, expected_seconds=expected)
    if begun.word != "new":
        sheet = papers.load(live=live, shard=shard, attempt_id=begun.attempt_id)
        return Beginning(sheet, attempts_left=_left_of(kit, look))
    paper = papers.keep(live, shard, start.attempt_id, papers.make_paper(start.person, kit, drawn))
    ends = begun.started_ms + start.limit_ms if start.limit_ms else None
    attempt = LiveAttempt(
        id=start.attempt_id,
        person=start.person,
        kit=kit.version,
        number=begun.number,
        started_ms=begun.started_ms,
        ends_ms=ends,
        still_ms=0,
        score_hundredths=start.void_points[0],
        right=start.void_points[1],
        answered=0,
        knowledge_points=0,
        finish=None,
        finished_ms=None,
        duration_ms=None,
        paper="",
        answers={},
    )
    sheet = papers.Sheet(shard, attempt, paper, begun.started_ms, look.settled_ms, begun.deadline_ms)
    left = rules.attempts_left(kit=kit, begun=begun.number, begun_today=begun.begun_today)
    return Beginning(sheet, is_new=True, attempts_left=left)


def _left_of(kit: Kit, look: state.Look) -> int | None:
    today = rules.day_start(moment_ms=look.now_ms, timezone=kit.timezone)
    begun_today = look.person.begun_that_day if look.person.day_ms == today else 0
    return rules.attempts_left(kit=kit, begun=look.person.begun, begun_today=begun_today)


def attempts_left(*, live: Live, shard: Shard, person: str) -> int | None:
    """How many attempts a person may still begin today; None: no limit."""
    look = state.look(live, shard, person=person)
    return _left_of(get_kit(contest_id=shard.contest_id, version=look.kit), look)
