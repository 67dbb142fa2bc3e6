"""Asking for a correction: what it will change is shown first, what follows is done by rescoring in a job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from quizapp.accounts import audit
from quizapp.accounts.models import User
from quizapp.contests.actions import NotPublished, StaleVersion
from quizapp.contests.correcting import KEY, VOID, BadKey, clean_key, corrected
from quizapp.contests.kit import KitQuestion
from quizapp.contests.kits import get_kit
from quizapp.contests.models import Contest
from quizapp.core.background import enqueue
from quizapp.core.clock import to_ms
from quizapp.core.db import db, reading, release
from quizapp.core.errors import DomainError, Invalid
from quizapp.core.i18n import _
from quizapp.core.postgresql import lengthy
from quizapp.play import queries
from quizapp.play.impact import Impact, impact_of
from quizapp.play.models import Correction
from quizapp.play.rescoring import RESCORE, RecordingHalted


class NotInContest(DomainError):
    """The published contest has no such question."""

    status, code = 404, "not_in_contest"

    def message(self) -> str:
        return _("这场竞赛里没有这道题。")


class AlreadyVoid(DomainError):
    """A voided question cannot be voided again, and needs no key."""

    status, code = 409, "already_void"

    def message(self) -> str:
        return _("这道题已经作废，试卷上有这道题的人都得了满分，不能再作废，也不需要更正答案。")


class StillWaiting(DomainError):
    """The last correction of this question is not carried through yet."""

    status, code = 409, "still_waiting"

    def message(self) -> str:
        return _("这道题上一次的更正还没有处理完，请等它完成再试。")


def key_sentence(code: str) -> str:
    """What is wrong with a key, in words."""
    match code:
        case "empty":
            return _("请写出新的正确答案。")
        case "same":
            return _("这就是现在的答案，没有变化。")
        case "one_option":
            return _("这类题只有一个正确答案，请只选一个。")
        case "two_options":
            return _("多选题至少有两个正确答案；只有一个是对的，请考虑作废。")
        case "all_options":
            return _("请按正确顺序写出全部选项的字母，每个一次。")
        case "all_pairs":
            return _("左边的每一项都要写一对，如 A2 B1 C3。")
        case "blanks":
            return _("请一空一行，空数要与题目一致；同一空的几种答案用 | 隔开。")
        case _:
            return _("答案里有这道题没有的选项，请只写题目里的字母。")


def question_of(contest: Contest, question_id: int) -> KitQuestion:
    """A question as the contest marks it now; raises NotPublished, NotInContest."""
    if not contest.is_published:
        raise NotPublished
    question = get_kit(contest_id=contest.id, version=contest.kit_version).questions.get(question_id)
    if question is None:
        raise NotInContest
    return question


def preview(*, contest: Contest, question_id: int, what: str, key: Sequence[Any], now: datetime) -> Impact:
    """What a correction would change in the attempts that are recorded; what is on its way is not in it.

    All attempts are read, which may take a minute, in a transaction of its own that locks nobody out: whatever the
    caller has not committed is undone.
    Raises NotPublished, NotInContest, AlreadyVoid, StillWaiting, RecordingHalted, Invalid (a key that cannot be).
    """
    release()
    with reading(), lengthy(db.session.connection()):
        before = _checked(contest, question_id, what, key)
        kit = get_kit(contest_id=contest.id, version=contest.kit_version)
        new = corrected(
            kit, question_id=question_id, what=what, key=key, reason="", version=kit.version + 1, at_ms=to_ms(now)
        )
        found = impact_of(contest=contest, before=before, after=new.questions[question_id])
        release()
    return found


def _checked(contest: Contest, question_id: int, what: str, key: Sequence[Any]) -> KitQuestion:
    question = question_of(contest, question_id)
    if question.is_void:
        raise AlreadyVoid
    if any(found.is_waiting and found.question_id == question_id for found in corrections_of(contest.id)):
        raise StillWaiting
    if any(position.halted_reason for position in queries.positions(contest_id=contest.id)):
        raise RecordingHalted
    if what == KEY:
        try:
            clean_key(question, key)
        except BadKey as refusal:
            raise Invalid({"key": key_sentence(refusal.code)}) from refusal
    return question


def ask(
    *,
    contest: Contest,
    question_id: int,
    what: str,
    key: Sequence[Any],
    reason: str,
    lock_version: int,
    actor: User | None,
    now: datetime,
) -> Correction:
    """Have a question voided (`what` is void, `key` empty) or its key corrected; done in the background.

    `lock_version` is the contest's when it was seen what this will change. Of several who ask at once one comes after
    the other, and looks at what the one before has left. What the trail tells of the change is read before the contest
    is locked, since people enter and begin meanwhile; whatever the caller has not committed is undone.
    Raises StaleVersion, and what `preview` raises.
    """
    found = preview(contest=contest, question_id=question_id, what=what, key=key, now=now)
    db.session.refresh(contest, with_for_update=True)
    if lock_version != contest.lock_version:
        raise StaleVersion
    _checked(contest, question_id, what, key)
    correction = Correction(
        contest_id=contest.id,
        question_id=question_id,
        what=what,
        key=list(key),
        reason=reason,
        asked_by_id=actor.id if actor else None,
        asked_at=now,
    )
    db.session.add(correction)
    for position in queries.positions(contest_id=contest.id):
        position.is_settled = False
    db.session.flush()
    audit.record(
        action="play.void_question" if what == VOID else "play.correct_key",
        subject_kind="contest",
        subject_id=str(contest.id),
        detail={"question": question_id, "key": list(key), "reason": reason} | found.document(),
        now=now,
        actor=actor,
    )
    enqueue(kind=RESCORE, params={"correction": correction.id}, now=now)
    return correction


def corrections_of(contest_id: int) -> Sequence[Correction]:
    """The corrections of a contest, the newest first."""
    query = select(Correction).where(Correction.contest_id == contest_id)
    return db.session.scalars(query.order_by(Correction.id.desc())).all()


def voided_questions(contest: Contest) -> set[int]:
    """The questions of a contest that are voided."""
    query = select(Correction.question_id).where(
        Correction.contest_id == contest.id, Correction.what == VOID, Correction.kit_version.is_not(None)
    )
    return set(db.session.scalars(query))
