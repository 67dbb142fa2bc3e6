"""A person's own data in a contest: shown, handed out as a file, taken away on request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from quizapp.accounts import audit
from quizapp.accounts.models import Consent
from quizapp.accounts.queries import unit_tree
from quizapp.accounts.rules import mask_phone
from quizapp.bank.rules import split_pair
from quizapp.contests.kit import Kit, KitQuestion
from quizapp.contests.kits import get_kit
from quizapp.contests.models import Contest, Entry
from quizapp.contests.queries import own_fields
from quizapp.contests.words import ENTRY_FIELD_WORDS
from quizapp.core.clock import from_ms
from quizapp.core.db import db
from quizapp.core.errors import StoreUnavailable
from quizapp.core.live import Live
from quizapp.play import papers, queries, rules, state
from quizapp.play.access import Participant
from quizapp.play.actions import forget
from quizapp.play.hashes import LiveAttempt
from quizapp.play.models import Answer, Attempt
from quizapp.play.shown import moment, points


@dataclass(frozen=True, slots=True)
class OwnAttempt:
    """One line of the list of own attempts; `score_hundredths` is None while the feedback rule hides it."""

    id: str
    number: int
    started_at: datetime
    finish: str | None
    duration_ms: int | None
    score_hundredths: int | None
    is_best: bool = False


def own_attempts(*, live: Live, contest: Contest, participant: Participant) -> list[OwnAttempt]:
    """A person's attempts, the newest first; the last one as it stands now, which may not be recorded yet."""
    is_closed = _is_closed(live, contest)
    recorded = queries.attempts_of(contest_id=contest.id, person=participant.person)
    found = {attempt.id: _own_attempt(contest, attempt, is_closed) for attempt in recorded}
    try:
        last = _last_attempt(live, contest, participant, is_closed)
        found |= {last.id: last} if last else {}
    except StoreUnavailable:
        pass
    attempts = sorted(found.values(), key=lambda attempt: attempt.number, reverse=True)
    ranked = [attempt for attempt in attempts if attempt.score_hundredths is not None]
    best = max(ranked, key=lambda attempt: (attempt.score_hundredths or 0, -(attempt.duration_ms or 0)), default=None)
    return [replace(attempt, is_best=attempt is best and len(ranked) > 1) for attempt in attempts]


def _is_closed(live: Live, contest: Contest) -> bool:
    """Whether what waits for the close may be shown; not asked where nothing does."""
    return contest.feedback_time != "after_close" or papers.are_settled(live, contest.shards)


def _own_attempt(contest: Contest, attempt: Attempt | LiveAttempt, is_closed: bool) -> OwnAttempt:
    return OwnAttempt(
        id=attempt.id,
        number=attempt.number,
        started_at=from_ms(attempt.started_ms),
        finish=attempt.finish,
        duration_ms=attempt.duration_ms,
        score_hundredths=_score(contest, attempt, is_closed),
    )


def _last_attempt(live: Live, contest: Contest, participant: Participant, is_closed: bool) -> OwnAttempt | None:
    """The attempt begun last, from live memory; raises StoreUnavailable."""
    attempt_id = state.look(live, participant.shard, person=participant.person).person.last_attempt
    reading = state.read(live, participant.shard, attempt_id=attempt_id) if attempt_id else None
    return _own_attempt(contest, reading.attempt, is_closed) if reading else None


def _score(contest: Contest, attempt: Attempt | LiveAttempt, is_closed: bool) -> int | None:
    shown = rules.shown_of(
        feedback=contest.feedback,
        feedback_time=contest.feedback_time,
        is_finished=attempt.finish is not None,
        is_closed=is_closed,
    )
    return attempt.score_hundredths if shown.score else None


def personal_fields(*, contest: Contest, entry: Entry) -> list[tuple[str, str]]:
    """(label, text) of what is kept of a person, the phone number masked as on every page."""
    fields = own_fields(entry)
    found = [(str(ENTRY_FIELD_WORDS["nickname" if contest.entry_mode == "nickname" else "name"]), fields.name or "—")]
    if fields.phone:
        found.append((str(ENTRY_FIELD_WORDS["phone"]), mask_phone(fields.phone)))
    if fields.unit_id is not None:
        found.append((str(ENTRY_FIELD_WORDS["unit"]), unit_tree().path(fields.unit_id, below=None)))
    if fields.audience:
        found.append((str(ENTRY_FIELD_WORDS["audience"]), fields.audience))
    return found


def own_document(*, live: Live, contest: Contest, entry: Entry) -> dict[str, Any]:
    """Everything that is kept of a person in a contest, as JSON; keys and scores only where the rule shows them."""
    is_closed = _is_closed(live, contest)
    fields = own_fields(entry)
    consents = db.session.scalars(
        select(Consent).where(Consent.subject == entry.person, Consent.purpose == f"contest:{contest.id}")
    )
    attempts = queries.attempts_of(contest_id=contest.id, person=entry.person)
    return {
        "contest": {"slug": contest.slug, "title": contest.title},
        "entry": {
            "id": entry.person,
            "name": fields.name,
            "phone": fields.phone,
            "unit": unit_tree().path(fields.unit_id, below=None) if fields.unit_id is not None else None,
            "audience": fields.audience,
            "shown_as": entry.masked_name,
            "entered_at": fields.entered_at.isoformat(),
        },
        "consents": [
            {"notice_version": consent.notice_version, "given_at": consent.given_at.isoformat()} for consent in consents
        ],
        "attempts": [_attempt_document(contest, attempt, is_closed) for attempt in attempts],
    }


def _attempt_document(contest: Contest, attempt: Attempt, is_closed: bool) -> dict[str, Any]:
    kit = get_kit(contest_id=contest.id, version=attempt.kit_version)
    score = _score(contest, attempt, is_closed)
    return {
        "id": attempt.id,
        "number": attempt.number,
        "started_at": moment(attempt.started_ms),
        "finished_at": moment(attempt.finished_ms) if attempt.finished_ms is not None else None,
        "finish": attempt.finish,
        "duration_ms": attempt.duration_ms,
        "score": points(score) if score is not None else None,
        "answers": _answer_documents(kit, queries.answers_of(attempt.id)),
    }


def _answer_documents(kit: Kit, answers: Sequence[Answer]) -> list[dict[str, Any]]:
    return [
        {
            "question": kit.questions[answer.question_id].stem,
            "response": _response_texts(kit.questions[answer.question_id], answer.response),
            "answered_at": moment(answer.answered_ms),
            "spent_ms": answer.spent_ms,
        }
        for answer in answers
    ]


def _response_texts(question: KitQuestion, response: Sequence[str]) -> list[str]:
    texts = dict(question.options)
    if question.kind == "matching":
        return [" → ".join(texts.get(part, part) for part in split_pair(pair)) for pair in response]
    return [texts.get(part, part) for part in response]


def erase(*, contest: Contest, entry: Entry, now: datetime) -> None:
    """Take away a person's fields by their own wish; raises Recovering or LiveStoreDown, and then nothing changed."""
    forget(contest=contest, entry=entry, now=now)
    audit.record(
        action="play.erase_own",
        subject_kind="contest",
        subject_id=str(contest.id),
        detail={"person": entry.person},
        now=now,
        actor=None,
        by="participant",
    )
