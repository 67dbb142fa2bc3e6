"""Answering and handing in. No SQL, but for what live memory has let go long ago."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from quizapp.bank.rules import BadResponse, check_response
from quizapp.core.errors import DomainError, StoreUnavailable
from quizapp.core.i18n import _
from quizapp.core.live import Live, Words
from quizapp.play import packing, papers, rules, state
from quizapp.play.rules import mark_answer
from quizapp.play.shown import to_canonical
from quizapp.play.state import Shard

MARK_TRIES = 4
SAME_AT_ONCE = 4
"""So often a phone sends one answer in one call at the most: it gathers for half a second."""

_encode = msgspec.json.Encoder().encode


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

    paper: papers.Paper
    outcomes: Sequence[tuple[int, state.Outcome]]
    rejected: Sequence[Rejected]
    remaining_ms: int


# Answering


def answer(*, live: Live, shard: Shard, attempt_id: str, person: str, given: Sequence[Given], wait_ms: int) -> Taken:
    """Store answers; none is a heartbeat.

    Raises NotFound, AttemptFinished, AttemptExpired, Paused, Recovering, TooFewReplicas. A bad answer does not fail
    the others.
    """
    paper, items, rejected, reply = _send_marked(state.answer, live, shard, attempt_id, person, given, wait_ms)
    if reply.word != "ok":
        raise _over(_confirmed_finish(live, shard, attempt_id, reply))
    return _taken(paper, items, rejected, reply)


@dataclass(frozen=True, slots=True)
class Marked:
    """Answers on their way, marked by the kit that this worker has."""

    paper: papers.Paper
    items: Sequence[state.Item]
    rejected: Sequence[Rejected]
    words: Words
    """The command that stores them."""


def mark_at_once(
    *, live: Live, shard: Shard, attempt_id: str, person: str, given: Sequence[Given], wait_ms: int
) -> Marked | None:
    """Mark answers without asking anybody; None when that takes more than what this worker keeps, or unusually long."""
    paper = papers.kept(live, shard, attempt_id)
    if paper is None or paper.person != person or not _is_usual(paper, given):
        return None
    items, rejected = _mark_all(paper, given)
    words = state.answer_words(shard, _sending(paper, attempt_id, items, wait_ms))
    return Marked(paper, items, rejected, words)


def _is_usual(paper: papers.Paper, given: Sequence[Given]) -> bool:
    """Whether a call has no more answers than the paper has questions, and none again and again."""
    if len(given) <= SAME_AT_ONCE:
        return True
    times = Counter(one.question for one in given)
    return len(given) <= len(paper.drawn) and max(times.values()) <= SAME_AT_ONCE


def taken(marked: Marked, reply: Sequence[Any]) -> Taken | None:
    """What became of answers that were sent by their `words`; None where `answer` is to be asked again."""
    answered = state.answered(reply)
    return _taken(marked.paper, marked.items, marked.rejected, answered) if answered.word == "ok" else None


def _taken(
    paper: papers.Paper, items: Sequence[state.Item], rejected: Sequence[Rejected], answered: state.Answered
) -> Taken:
    ids = [paper.drawn[item.place].question_id for item in items]
    outcomes = list(zip(ids, answered.outcomes, strict=True))
    return Taken(paper, outcomes, rejected, max(0, answered.deadline_ms - answered.now_ms))


def finish(
    *, live: Live, shard: Shard, attempt_id: str, person: str, given: Sequence[Given], wait_ms: int
) -> papers.Sheet:
    """Hand in, with the whole sheet sent again, and return the ended attempt; a second time nothing changes.

    Raises NotFound, Paused, Recovering.
    """
    _send_marked(state.finish, live, shard, attempt_id, person, given, wait_ms)
    sheet = papers.load(live=live, shard=shard, attempt_id=attempt_id)
    if sheet.attempt.finish is None:
        # Another server took over in between, without it.
        raise StoreUnavailable
    return sheet


def _send_marked(
    send: Callable[[Live, Shard, state.Sending], state.Answered],
    live: Live,
    shard: Shard,
    attempt_id: str,
    person: str,
    given: Sequence[Given],
    wait_ms: int,
) -> tuple[papers.Paper, Sequence[state.Item], Sequence[Rejected], state.Answered]:
    """Mark answers and send them by state's `answer` or `finish`; again where another kit marks by now.

    Returns the paper by whose kit they were marked in the end. Raises NotFound, Paused, StoreUnavailable.
    """
    paper = papers.paper_of(live=live, shard=shard, attempt_id=attempt_id, person=person)
    for _try in range(MARK_TRIES):
        items, rejected = _mark_all(paper, given)
        reply = send(live, shard, _sending(paper, attempt_id, items, wait_ms))
        if reply.word == "paused":
            raise Paused
        if reply.word != "stale":
            return paper, items, rejected, reply
        paper = papers.renewed(live, shard, attempt_id, paper, version=reply.kit)
    raise StoreUnavailable


def _sending(paper: papers.Paper, attempt_id: str, items: Sequence[state.Item], wait_ms: int) -> state.Sending:
    return state.Sending(attempt_id, paper.person, paper.kit.version, items, paper.at_once.answers, wait_ms)


def _over(finish: str) -> DomainError:
    return AttemptExpired() if finish == rules.EXPIRED else AttemptFinished()


def _confirmed_finish(live: Live, shard: Shard, attempt_id: str, reply: state.Answered) -> str:
    """How an attempt ended, also one that Redis has let go, once replicas know it: a phone then forgets its answers.

    Raises NotFound, StoreUnavailable.
    """
    if reply.finish and not live.replicas:
        return reply.finish
    finish = papers.load(live=live, shard=shard, attempt_id=attempt_id).attempt.finish
    if finish is None:
        # Another server took over in between, without it.
        raise StoreUnavailable
    return finish


def _mark_all(paper: papers.Paper, given: Sequence[Given]) -> tuple[list[state.Item], list[Rejected]]:
    items, rejected = [], []
    for one in given:
        try:
            items.append(_mark(paper, one))
        except BadResponse as refusal:
            rejected.append(Rejected(one.question, refusal.code))
    return items, rejected


def _mark(paper: papers.Paper, given: Given) -> state.Item:
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
