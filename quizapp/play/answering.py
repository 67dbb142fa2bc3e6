"""A participant's verbs: begin, answer, hand in, look. No SQL, but for what live memory has let go long ago."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from quizapp.bank.rules import BadResponse, check_response
from quizapp.contests.correcting import void_points
from quizapp.contests.kit import Kit, KitQuestion
from quizapp.contests.kits import get_kit
from quizapp.contests.rules import DrawnQuestion, draw_paper
from quizapp.core.errors import DomainError, NotFound, StoreUnavailable
from quizapp.core.i18n import _
from quizapp.core.live import Live
from quizapp.play import packing, queries, rules, state
from quizapp.play.hashes import LiveAttempt, paper_event
from quizapp.play.rules import mark_answer
from quizapp.play.shown import to_canonical
from quizapp.play.state import Shard
from quizapp.play.tokens import new_attempt_id

BEGIN_TRIES = 8
MARK_TRIES = 4
KEPT_PAPERS = 20_000

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


class AttemptFinished(DomainError):
    """The attempt was handed in; nothing can be added."""

    status, code = 409, "finished"

    def message(self) -> str:
        return _("这份答卷已经交卷，不能再修改。")


class AttemptExpired(DomainError):
    """The time is up; the attempt was handed in by the server with what was saved."""

    status, code = 410, "expired"

    def message(self) -> str:
        return _("答题时间已到，系统已按保存的答案自动交卷。")


class Paused(StoreUnavailable):
    """The contest is paused: its clock stands still, and answers are taken again afterwards."""

    status, code = 503, "paused"
    retry_after: int | None = 5

    def message(self) -> str:
        return _("竞赛已暂停，计时同时停止。请不要关闭页面，恢复后答案会自动保存。")


@dataclass(frozen=True, slots=True)
class Paper:
    """What hardly ever changes about an attempt; kept in each worker, so that an answer needs one call to Redis.

    The drawn questions never do. The kit is the newest one, by which answers are marked: its texts and options are
    those of the kit that the attempt began with, its keys may have been corrected since.
    """

    person: str
    kit: Kit
    drawn: tuple[DrawnQuestion, ...]
    places: dict[int, int]
    """Question id → place on the paper, from 0."""

    def question(self, place: int) -> KitQuestion:
        return self.kit.questions[self.drawn[place].question_id]

    @property
    def voided(self) -> list[int]:
        """The questions on it that were voided after publishing, the first voided first."""
        return [made.question for made in self.kit.corrections if made.what == "void" and made.question in self.places]

    @property
    def at_once(self) -> rules.Shown:
        """What is said about each answer as soon as it is given; answers are locked where that is anything."""
        return rules.shown_at_once(feedback=self.kit.feedback, feedback_time=self.kit.feedback_time)


@dataclass(frozen=True, slots=True)
class Sheet:
    """An attempt as it stands, wherever it was read from, with the contest's times at that moment."""

    shard: Shard
    attempt: LiveAttempt
    paper: Paper
    now_ms: int
    settled_ms: int
    """From when on nobody's answers are taken any more."""
    deadline_ms: int

    @property
    def shown(self) -> rules.Shown:
        """What the feedback rule lets its owner see now."""
        return rules.shown_of(
            feedback=self.paper.kit.feedback,
            feedback_time=self.paper.kit.feedback_time,
            is_finished=self.attempt.finish is not None,
            is_closed=self.now_ms >= self.settled_ms,
        )


class Given(msgspec.Struct):
    """One answer as it was sent.

    `response` is by kind a list of option keys (of ordering all of them, in order), ["true"] or ["false"], a list of
    one text a blank, or for matching an object from keys on the left to keys on the right, for all or some on the
    left. [] clears the answer.
    """

    question: int
    response: Any
    seq: int
    """Raised by the sender with every change of this answer."""
    spent_ms: int = 0


@dataclass(frozen=True, slots=True)
class Rejected:
    question: int
    code: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a call's answers: (question id, outcome) in the order sent, and the bad ones."""

    paper: Paper
    outcomes: Sequence[tuple[int, state.Outcome]]
    rejected: Sequence[Rejected]
    remaining_ms: int


@dataclass(frozen=True, slots=True)
class Beginning:
    """`sheet` is the attempt to play, new or resumed; None while one waits at place `place`.

    `expected_seconds` is how long the wait will be if people go on to be let in as during the last minute; None
    when nobody was.
    """

    sheet: Sheet | None
    is_new: bool = False
    attempts_left: int | None = None
    place: int = 0
    expected_seconds: int | None = None


# Beginning


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
        sheet = load(live=live, shard=shard, attempt_id=begun.attempt_id)
        return Beginning(sheet, attempts_left=_left_of(kit, look))
    paper = _keep_paper(live, shard, start.attempt_id, _paper(start.person, kit, drawn))
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
    sheet = Sheet(shard, attempt, paper, begun.started_ms, look.settled_ms, begun.deadline_ms)
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


# Papers, kept in each worker


_papers: WeakKeyDictionary[Live, OrderedDict[tuple[Shard, str], Paper]] = WeakKeyDictionary()
_lock = Lock()


def _paper(person: str, kit: Kit, drawn: tuple[DrawnQuestion, ...]) -> Paper:
    return Paper(person, kit, drawn, {question.question_id: place for place, question in enumerate(drawn)})


def _keep_paper(live: Live, shard: Shard, attempt_id: str, paper: Paper) -> Paper:
    with _lock:
        kept = _papers.setdefault(live, OrderedDict())
        kept[shard, attempt_id] = paper
        while len(kept) > KEPT_PAPERS:
            kept.popitem(last=False)
    return paper


def _renew_paper(live: Live, shard: Shard, attempt_id: str, paper: Paper, *, version: int) -> Paper:
    """The paper with the kit that marks now."""
    kit = get_kit(contest_id=shard.contest_id, version=version)
    return _keep_paper(live, shard, attempt_id, replace(paper, kit=kit))


def paper_of(*, live: Live, shard: Shard, attempt_id: str, person: str) -> Paper:
    """The paper of a person's attempt; somebody else's and unknown ones are not found. Raises NotFound."""
    kept = _papers.get(live)
    paper = kept.get((shard, attempt_id)) if kept is not None else None
    if paper is None:
        paper = load(live=live, shard=shard, attempt_id=attempt_id).paper
    if paper.person != person:
        raise NotFound
    return paper


def load(*, live: Live, shard: Shard, attempt_id: str) -> Sheet:
    """An attempt as it stands, from Redis, else from SQL; raises NotFound."""
    reading = state.read(live, shard, attempt_id=attempt_id)
    if reading is None:
        return _load_recorded(live, shard, attempt_id)
    attempt = reading.attempt
    kit = get_kit(contest_id=shard.contest_id, version=reading.kit)
    paper = _paper(attempt.person, kit, packing.unpack_paper(kit=kit, packed=attempt.paper))
    _keep_paper(live, shard, attempt_id, paper)
    settled_ms = _settled_ms(live, shard, kit, reading)
    return Sheet(shard, attempt, paper, reading.now_ms, settled_ms, reading.deadline_ms)


def _settled_ms(live: Live, shard: Shard, kit: Kit, seen: state.Look | state.Reading) -> int:
    """From when on nobody's answers are taken any more in any shard, given what the own one says.

    Asked of the others only when it decides what is shown: one whose doors were shut by an outage may still take
    answers, which must not be known by then; one that does not reply might.
    """
    if kit.feedback_time != "after_close" or seen.now_ms < seen.settled_ms:
        return seen.settled_ms
    others = [other for other in kit.shards if other != shard]
    try:
        return max([seen.settled_ms, *(state.look(live, other, person="").settled_ms for other in others)])
    except StoreUnavailable:
        return state.NEVER


def _load_recorded(live: Live, shard: Shard, attempt_id: str) -> Sheet:
    row = queries.get_attempt(attempt_id)
    if row is None or (row.contest_id, row.shard) != shard or row.finish is None:
        raise NotFound
    look = state.look(live, shard, person=row.person)
    kit = get_kit(contest_id=shard.contest_id, version=look.kit)
    drawn = queries.paper_of(row)
    attempt = queries.as_live(row, queries.answers_of(attempt_id), kit=kit, paper=drawn)
    settled_ms = _settled_ms(live, shard, kit, look)
    return Sheet(shard, attempt, _paper(row.person, kit, drawn), look.now_ms, settled_ms, row.finished_ms or 0)


# Answering


def answer(*, live: Live, shard: Shard, attempt_id: str, person: str, given: Sequence[Given], wait_ms: int) -> Taken:
    """Store answers; none is a heartbeat.

    Raises NotFound, AttemptFinished, AttemptExpired, Paused, Recovering. A bad answer does not fail the others.
    """
    paper, items, rejected, reply = _send_marked(state.answer, live, shard, attempt_id, person, given, wait_ms)
    if reply.word != "ok":
        raise _over(reply.finish or _recorded_finish(live, shard, attempt_id))
    ids = [paper.drawn[item.place].question_id for item in items]
    outcomes = list(zip(ids, reply.outcomes, strict=True))
    return Taken(paper, outcomes, rejected, max(0, reply.deadline_ms - reply.now_ms))


def finish(*, live: Live, shard: Shard, attempt_id: str, person: str, given: Sequence[Given], wait_ms: int) -> Sheet:
    """Hand in, with the whole sheet sent again, and return the ended attempt; a second time nothing changes.

    Raises NotFound, Paused, Recovering.
    """
    _send_marked(state.finish, live, shard, attempt_id, person, given, wait_ms)
    sheet = load(live=live, shard=shard, attempt_id=attempt_id)
    if sheet.attempt.finish is None:
        # Another server took over in between, without it.
        raise StoreUnavailable
    return sheet


def _send_marked(
    send: Callable[..., state.Answered],
    live: Live,
    shard: Shard,
    attempt_id: str,
    person: str,
    given: Sequence[Given],
    wait_ms: int,
) -> tuple[Paper, Sequence[state.Item], Sequence[Rejected], state.Answered]:
    """Mark answers and send them by state's `answer` or `finish`; again where another kit marks by now.

    Returns the paper by whose kit they were marked in the end. Raises NotFound, Paused, StoreUnavailable.
    """
    paper = paper_of(live=live, shard=shard, attempt_id=attempt_id, person=person)
    for _try in range(MARK_TRIES):
        items, rejected = _mark_all(paper, given)
        reply = send(
            live,
            shard,
            attempt_id=attempt_id,
            person=person,
            kit=paper.kit.version,
            items=items,
            locks=paper.at_once.answers,
            wait_ms=wait_ms,
        )
        if reply.word == "paused":
            raise Paused
        if reply.word != "stale":
            return paper, items, rejected, reply
        paper = _renew_paper(live, shard, attempt_id, paper, version=reply.kit)
    raise StoreUnavailable


def _over(finish: str) -> DomainError:
    return AttemptExpired() if finish == rules.EXPIRED else AttemptFinished()


def _recorded_finish(live: Live, shard: Shard, attempt_id: str) -> str:
    """How an attempt ended that Redis has let go; raises NotFound."""
    return _load_recorded(live, shard, attempt_id).attempt.finish or ""


def _mark_all(paper: Paper, given: Sequence[Given]) -> tuple[list[state.Item], list[Rejected]]:
    items, rejected = [], []
    for one in given:
        try:
            items.append(_mark(paper, one))
        except BadResponse as refusal:
            rejected.append(Rejected(one.question, refusal.code))
    return items, rejected


def _mark(paper: Paper, given: Given) -> state.Item:
    """Check and mark one answer; raises BadResponse."""
    place = paper.places.get(given.question)
    if place is None:
        raise BadResponse("unknown_question")
    if not 1 <= given.seq <= rules.SEQ_LIMIT:
        raise BadResponse("bad_seq")
    drawn, question = paper.drawn[place], paper.question(place)
    response = check_response(
        kind=question.kind,
        option_ids=[option_id for option_id, _text in question.options],
        blanks=len(question.key),
        response=to_canonical(question=question, drawn=drawn, response=given.response),
    )
    marked = mark_answer(question, response, points_hundredths=drawn.points_hundredths)
    spent_ms = min(max(given.spent_ms, 0), rules.SPENT_LIMIT_MS)
    right = int(marked.is_right)
    event = [question.id, question.revision, given.seq, response, marked.points_hundredths, right, spent_ms]
    return state.Item(
        place=place,
        seq=given.seq,
        response=packing.pack_response(question=question, response=response),
        points_hundredths=marked.points_hundredths,
        is_right=marked.is_right,
        knowledge_points=question.knowledge_points,
        event=_encode(event).decode(),
    )
