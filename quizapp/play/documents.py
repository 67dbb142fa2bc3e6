"""The bodies of calls and replies of the HTTP interface; openapi.py describes them from these same classes."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from quizapp.play import rules, shown
from quizapp.play.answering import Given, Taken
from quizapp.play.papers import Sheet
from quizapp.play.shown import AnswerShown, CorrectionShown, Points, QuestionReviewed, QuestionShown, moment

ANSWERS_LIMIT = 400
"""Twice the questions of the longest paper."""


class AnswersCall(Struct):
    answers: Annotated[list[Given], Meta(max_length=ANSWERS_LIMIT)] = []


class EntryCall(Struct):
    fields: dict[str, str]
    consent: str
    """The version of the privacy notice that was agreed to."""
    resume_code: str | None = None


class EntryReply(Struct):
    entry: str
    token: str
    resume_code: str | None
    """Shown once, at the first entry; needed to come back from another device."""
    attempts_left: int | None
    """None: no limit."""


class AttemptReply(Struct):
    """A begun or resumed attempt."""

    attempt: str
    state: str
    """open, or finished when a repeated begin finds that the attempt has ended meanwhile."""
    token: str | UnsetType
    number: int
    attempts_left: int | UnsetType | None
    started_at: str
    deadline: str
    server_now: str
    remaining_ms: int
    questions: list[QuestionShown]
    stored: list[AnswerShown]
    voided: list[int] | UnsetType = UNSET
    """Questions on this paper that were voided meanwhile; everybody has their points. Absent when there are none."""


class WaitingReply(Struct):
    place: int
    expected_seconds: int | None
    """How long the wait will be at the last minute's rate; null while that cannot be told."""
    retry_after: int
    """Seconds after which to begin again; who stops asking for a minute loses the place."""


class RejectedAnswer(Struct):
    question: int
    code: str


class AnswersReply(Struct):
    stored: list[AnswerShown]
    rejected: list[RejectedAnswer]
    remaining_ms: int
    voided: list[int] | UnsetType = UNSET
    """As in a begun attempt; a question may be voided while its paper is open."""


class ResultReply(Struct):
    """The result of an attempt; what the feedback rule hides is null."""

    attempt: str
    state: str
    finish: str
    """handed_in or expired."""
    finished_at: str
    score: Points | None
    full_score: Points
    right: int | None
    answered: int
    questions: int
    duration_ms: int
    place: int | None
    passed: bool | None
    review: list[QuestionReviewed] | None
    corrections: list[CorrectionShown] | UnsetType = UNSET
    """Absent when nothing on this paper was set right."""
    score_before: Points | UnsetType = UNSET
    """The score at the hand-in, where questions were set right since and scores are shown."""
    stored: list[AnswerShown] | UnsetType = UNSET
    """Every answer that was there at the end, told when the attempt is read: a reply to a phone may have been lost."""


class FieldShown(Struct):
    name: str
    label: str
    kind: str
    required: bool
    choices: list[ChoiceShown]


class ChoiceShown(Struct):
    value: str
    text: str


class RuleShown(Struct):
    label: str
    sentence: str


class PulseReply(Struct):
    visits: int
    visitors: int
    playing: int
    peak: int
    peak_at: str | None
    begun: int
    finished: int
    answers: int
    knowledge_points: int


class ContestReply(Struct):
    slug: str
    title: str
    host: str
    introduction: str
    rules: list[RuleShown]
    opens_at: str
    closes_at: str
    stage: str
    """waiting, open, paused or closed; paused also after `closes_at`, until the contest is resumed or closed."""
    server_now: str
    timezone: str
    fields: list[FieldShown]
    notice_version: str
    figures: PulseReply | None
    """null while live data is being rebuilt."""


class BoardRowShown(Struct):
    place: int
    name: str
    score: Points
    duration_ms: int
    own: bool | UnsetType = UNSET


class BoardReply(Struct):
    board: str
    rows: list[BoardRowShown]
    people: int
    hidden: bool
    """The feedback rule hides scores now."""
    counted: bool
    """False while a board that was lost is counted anew; no rows are told meanwhile."""
    own: BoardRowShown | None
    """The caller's own row, also when it is not among the first."""


class Problem(Struct):
    """RFC 9457; further members depend on the code."""

    type: str
    title: str
    status: int
    code: str
    detail: str | UnsetType = UNSET


def attempt_reply(
    sheet: Sheet, *, token: str | UnsetType = UNSET, attempts_left: int | UnsetType | None = UNSET
) -> AttemptReply:
    """An attempt to play, or one that has ended without its result."""
    paper, attempt = sheet.paper, sheet.attempt
    return AttemptReply(
        attempt=attempt.id,
        state="open" if attempt.finish is None else "finished",
        token=token,
        number=attempt.number,
        attempts_left=attempts_left,
        started_at=moment(attempt.started_ms),
        deadline=moment(sheet.deadline_ms),
        server_now=moment(sheet.now_ms),
        remaining_ms=max(0, sheet.deadline_ms - sheet.now_ms) if attempt.finish is None else 0,
        questions=[
            shown.question_shown(question=paper.question(place), drawn=drawn) for place, drawn in enumerate(paper.drawn)
        ],
        stored=shown.answers_shown(kit=paper.kit, paper=paper.drawn, attempt=attempt, at_once=paper.at_once),
        voided=paper.voided or UNSET,
    )


def answers_reply(taken: Taken) -> AnswersReply:
    """What stands now for each question that was sent."""
    return AnswersReply(
        stored=[
            shown.answer_shown(
                question=taken.paper.kit.questions[question_id],
                drawn=taken.paper.drawn[taken.paper.places[question_id]],
                seq=outcome.seq,
                packed=outcome.response,
                is_right=outcome.is_right,
                at_once=taken.paper.at_once,
                with_response=False,
                is_conflict=outcome.word == "conflict",
            )
            for question_id, outcome in taken.outcomes
        ],
        rejected=[RejectedAnswer(bad.question, bad.code) for bad in taken.rejected],
        remaining_ms=taken.remaining_ms,
        voided=taken.paper.voided or UNSET,
    )


def result_reply(sheet: Sheet, *, place: int | None, with_stored: bool = False) -> ResultReply:
    """The result of an ended attempt by the feedback rule; `place` is shown only where scores are."""
    kit, rule, result = sheet.paper.kit, sheet.shown, sheet.attempt.result
    if result is None:
        raise ValueError("an open attempt has no result")
    passed = None
    if rule.score and kit.pass_mark_hundredths is not None:
        passed = result.score_hundredths >= kit.pass_mark_hundredths
    before = shown.score_before(kit=kit, paper=sheet.paper.drawn, attempt=sheet.attempt)
    return ResultReply(
        attempt=sheet.attempt.id,
        state="finished",
        finish=result.finish,
        finished_at=moment(result.finished_ms),
        score=shown.points(result.score_hundredths) if rule.score else None,
        full_score=shown.points(kit.full_hundredths),
        right=result.right if rule.score else None,
        answered=result.answered,
        questions=len(sheet.paper.drawn),
        duration_ms=result.duration_ms,
        place=place if rule.score else None,
        passed=passed,
        review=shown.review(kit=kit, paper=sheet.paper.drawn, attempt=sheet.attempt, shown=rule),
        corrections=shown.corrections_shown(kit=kit, paper=sheet.paper.drawn, attempt=sheet.attempt, shown=rule)
        or UNSET,
        score_before=shown.points(before) if before is not None and rule.score else UNSET,
        stored=shown.answers_shown(kit=kit, paper=sheet.paper.drawn, attempt=sheet.attempt, at_once=rules.NOTHING)
        if with_stored
        else UNSET,
    )
