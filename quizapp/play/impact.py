"""What a corrected key or a voided question does to the attempts that are recorded. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import String, case, cast, func, select

from quizapp.contests.kit import Kit, KitQuestion
from quizapp.contests.models import Contest
from quizapp.core.db import db
from quizapp.core.postgresql import lengthy
from quizapp.play import queries
from quizapp.play.models import Answer, Attempt
from quizapp.play.rules import mark_answer

ROWS_AT_ONCE = 2000


@dataclass
class Impact:
    """How recorded attempts change; scores are those of ended ones, in hundredths."""

    papers: int = 0
    """Attempts with the question on their paper, open ones included."""
    open: int = 0
    """Those of them that go on; they are marked anew as well, but nobody knows their scores yet."""
    raised: int = 0
    lowered: int = 0
    raised_by_hundredths: int = 0
    """The most that one score rises."""
    lowered_by_hundredths: int = 0
    score_before_hundredths: int = 0
    """The sum over the ended attempts with the question."""
    score_after_hundredths: int = 0
    passed_before: int = 0
    passed_after: int = 0

    @property
    def ended(self) -> int:
        return self.papers - self.open

    @property
    def same(self) -> int:
        return self.ended - self.raised - self.lowered

    @property
    def mean_before_hundredths(self) -> int | None:
        return round(self.score_before_hundredths / self.ended) if self.ended else None

    @property
    def mean_after_hundredths(self) -> int | None:
        return round(self.score_after_hundredths / self.ended) if self.ended else None

    def document(self) -> dict[str, int]:
        return asdict(self)


def impact_of(
    *, contest: Contest, before: KitQuestion, after: KitQuestion, between: Callable[[], None] = lambda: None
) -> Impact:
    """What would change if a question were marked like `after` instead of `before`.

    It looks through all attempts, which may take a minute; `between` is called after each portion.
    """
    found, mark = Impact(), contest.pass_mark_hundredths
    for finish, score, response, worth in _papers_with(contest.id, before.id, between):
        found.papers += 1
        if finish is None:
            found.open += 1
            continue
        step = worth_of(after, response, worth) - worth_of(before, response, worth)
        found.raised += step > 0
        found.lowered += step < 0
        found.raised_by_hundredths = max(found.raised_by_hundredths, step)
        found.lowered_by_hundredths = max(found.lowered_by_hundredths, -step)
        found.score_before_hundredths += score
        found.score_after_hundredths += score + step
        if mark is not None:
            found.passed_before += score >= mark
            found.passed_after += score + step >= mark
    return found


def worth_of(question: KitQuestion, response: list[str], points_hundredths: int) -> int:
    """What a question brings to a score, with the points that everybody has of a voided one."""
    if question.is_void:
        return points_hundredths
    return mark_answer(question, response, points_hundredths=points_hundredths).points_hundredths


def _papers_with(
    contest_id: int, question_id: int, between: Callable[[], None]
) -> Iterator[tuple[str | None, int, list[str], int]]:
    """(finish, score, response, points of the question) of every attempt on whose paper it stands."""
    query = (
        select(Attempt.finish, Attempt.score_hundredths, queries.paper_text, Answer.response)
        .outerjoin(Answer, (Answer.attempt_id == Attempt.id) & (Answer.question_id == question_id))
        .where(Attempt.contest_id == contest_id)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    for portion in db.session.execute(query).partitions():
        for finish, score, text, response in portion:
            paper = queries.paper_with(question_id, text)
            if paper is not None:
                yield finish, score or 0, response or [], queries.worth_of(question_id, paper)
        between()


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A question of a contest with how it was answered in ended attempts."""

    number: int
    question: KitQuestion
    answered: int
    right: int

    @property
    def percent(self) -> float | None:
        """Of those who answered; None without any, and for a voided question."""
        return self.right / self.answered * 100 if self.answered and not self.question.is_void else None


def question_rows(*, contest: Contest, kit: Kit) -> list[QuestionRow]:
    """All questions of a kit by id, with their answers in ended attempts."""
    query = (
        select(Answer.question_id, func.count(), func.sum(case((Answer.is_right, 1), else_=0)))
        .join(Attempt, Attempt.id == Answer.attempt_id)
        .where(Attempt.contest_id == contest.id, Attempt.finish.is_not(None), is_given())
        .group_by(Answer.question_id)
    )
    with lengthy(db.session.connection()):
        counted = {question_id: (answered, int(right)) for question_id, answered, right in db.session.execute(query)}
    return [
        QuestionRow(number, question, *counted.get(question.id, (0, 0)))
        for number, (_id, question) in enumerate(sorted(kit.questions.items()), 1)
    ]


def is_given() -> Any:
    """That an answer was not cleared."""
    return cast(Answer.response, String) != "[]"
