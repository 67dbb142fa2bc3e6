"""What may be shown when, which day counts, how an answer becomes an event. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from quizapp.bank.rules import Marked, mark
from quizapp.contests.kit import Kit, KitQuestion

GRACE_MS = 5000
"""Plain grace after the deadline: no server can know when an answer was given."""
OUTAGE_WAIT_MS = 60_000
"""After an outage nothing is handed in for others so long, and late answers are taken, so that phones can re-send."""
ONLINE_MS = 60_000
"""Who was heard within this time is playing now."""
VISIT_GAP_SECONDS = 30 * 60
"""A visitor who was away longer makes a new visit."""
SEQ_LIMIT = 2**53 - 1
SPENT_LIMIT_MS = 2**31 - 1
HANDED_IN, EXPIRED = "handed_in", "expired"


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a result a participant may see now."""

    score: bool
    answers: bool
    explanations: bool


NOTHING = Shown(False, False, False)


def shown_of(*, feedback: str, feedback_time: str, is_finished: bool, is_closed: bool) -> Shown:
    """Apply the feedback rule to a whole attempt; before it is finished nothing is shown of it as a whole."""
    if not is_finished or (feedback_time == "after_close" and not is_closed):
        return NOTHING
    return _up_to(feedback)


def shown_at_once(*, feedback: str, feedback_time: str) -> Shown:
    """What is said about one answer as soon as it is given; the answer is locked when that is anything."""
    return _up_to(feedback) if feedback_time == "at_once" and feedback in ("answers", "explanations") else NOTHING


def _up_to(feedback: str) -> Shown:
    return Shown(
        score=feedback in ("score", "answers", "explanations"),
        answers=feedback in ("answers", "explanations"),
        explanations=feedback == "explanations",
    )


def ranks_are_shown(*, kit: Kit, is_closed: bool) -> bool:
    """Whether participants may see boards: only where they may see scores."""
    return shown_of(feedback=kit.feedback, feedback_time=kit.feedback_time, is_finished=True, is_closed=is_closed).score


def mark_answer(question: KitQuestion, response: Sequence[str], *, points_hundredths: int) -> Marked:
    """Mark a response; an answer to a voided question is worth nothing, since the paper has its points already."""
    if question.is_void:
        return Marked(0, False)
    return mark(kind=question.kind, key=question.key, response=response, points_hundredths=points_hundredths)


def day_bounds(*, now: datetime, timezone: str) -> tuple[int, int, int, int]:
    """The starts of yesterday, today, tomorrow and the day after in a zone, in ms since 1970-01-01 UTC.

    The clock of the live store picks the day, which may lie one beside ours. A day has 23 or 25 hours when the
    clocks are put forward or back.
    """
    zone = ZoneInfo(timezone)
    today = now.astimezone(zone).date()
    starts = (datetime.combine(today + timedelta(days=days), time(), zone).astimezone(UTC) for days in (-1, 0, 1, 2))
    first, second, third, fourth = (round(start.timestamp() * 1000) for start in starts)
    return first, second, third, fourth


def day_start(*, moment_ms: int, timezone: str) -> int:
    """The start of the day that a moment lies in, in ms since 1970-01-01 UTC."""
    moment = datetime.fromtimestamp(moment_ms / 1000, UTC)
    bounds = day_bounds(now=moment, timezone=timezone)
    return max(start for start in bounds if start <= moment_ms)


def attempts_left(*, kit: Kit, begun: int, begun_today: int) -> int | None:
    """How many attempts may still be begun today; None: as many as one likes."""
    left = []
    if kit.attempts_total is not None:
        left.append(kit.attempts_total - begun)
    if kit.attempts_per_day is not None:
        left.append(kit.attempts_per_day - begun_today)
    return max(0, min(left)) if left else None


def add_seen(seen: Mapping[int, int], question_ids: list[int]) -> dict[int, int]:
    """A history with one more paper in it."""
    return {**seen, **{question_id: seen.get(question_id, 0) + 1 for question_id in question_ids}}


def keeps_history(kit: Kit) -> bool:
    """Whether a person's next paper depends on the earlier ones."""
    return kit.paper == "random" and kit.attempts_total != 1


def expected_wait(*, place: int, let_in_a_minute: int) -> int | None:
    """Seconds until somebody at this place is let in at the last minute's rate; None when nobody was let in."""
    return math.ceil(place * 60 / let_in_a_minute) if let_in_a_minute else None


def queue_place(*, place: int, shards: int) -> int:
    """About where somebody stands in the whole queue, given the place in the queue of the own shard.

    People are spread evenly, so each of the other queues has about as many who wait longer. Who is first in the own
    queue is told 1: the next free seat is theirs. Nobody overtakes anybody of the same queue.
    """
    return (place - 1) * shards + 1


def retry_after(*, place: int) -> int:
    """Seconds after which somebody at this place in the queue should ask again."""
    return min(20, 3 + place // 50)
