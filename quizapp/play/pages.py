"""What participants' pages show of live data; a page stands, with gaps, also while the live store is away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from msgspec import UNSET

from quizapp.contests.kit import Kit
from quizapp.contests.models import Contest
from quizapp.core.clock import to_ms
from quizapp.core.errors import StoreUnavailable
from quizapp.core.live import Live
from quizapp.play import figures, rules, state
from quizapp.play.access import Participant
from quizapp.play.figures import BoardRow, Pulse
from quizapp.play.shown import MediumShown, OptionShown, QuestionReviewed, TranslationShown

BOARD, TOP_ROWS = "overall", 3


@dataclass(frozen=True, slots=True)
class Turn:
    """What the countdown runs to: opening or closing; `at_ms` is None when nothing is to come."""

    kind: str
    at_ms: int | None


def turn_of(contest: Contest, *, stage: str) -> Turn:
    if stage == "waiting":
        return Turn("opening", to_ms(contest.opens_at))
    return Turn("closing", to_ms(contest.closes_at) if stage == "open" else None)


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody who entered stands in a contest."""

    name: str
    """As boards show it."""
    has_open_attempt: bool = False
    attempts_used: int = 0
    attempts_left: int | None = None
    """Today; None: as many as one likes."""
    is_used_up: bool = False
    """No attempt is left, and none will come with a new day."""
    best_hundredths: int | None = None
    """None also where scores are not shown yet."""


def standing_of(live: Live, *, kit: Kit, participant: Participant) -> Standing:
    """Raises Recovering, LiveStoreDown."""
    look = state.look(live, participant.shard, person=participant.person)
    person = look.person
    is_same_day = person.day_ms == rules.day_start(moment_ms=look.now_ms, timezone=kit.timezone)
    best = figures.own_rank(live, kit.shards, board=BOARD, person=participant.person) if person.begun else None
    return Standing(
        name=participant.name,
        has_open_attempt=person.is_playing,
        attempts_used=person.begun,
        attempts_left=rules.attempts_left(
            kit=kit, begun=person.begun, begun_today=person.begun_that_day if is_same_day else 0
        ),
        is_used_up=kit.attempts_total is not None and person.begun >= kit.attempts_total,
        best_hundredths=best.score_hundredths if best else None,
    )


@dataclass(frozen=True, slots=True)
class LiveView:
    """The moving parts of a contest's page."""

    pulse: Pulse | None
    """None while it cannot be read."""
    standing: Standing | None
    """None for who has not entered."""
    top: Sequence[BoardRow]


def live_view(live: Live, *, contest: Contest, kit: Kit, participant: Participant | None) -> LiveView:
    """Each part stands while another cannot be read: how somebody stands is known by the own shard alone."""
    pulse: Pulse | None = None
    top: Sequence[BoardRow] = ()
    with suppress(StoreUnavailable):
        pulse = figures.pulse(live, contest.shards)
        top = figures.board(live, contest.shards, board=BOARD, top=TOP_ROWS).rows
    return LiveView(pulse, _standing(live, kit, participant) if participant else None, top)


def _standing(live: Live, kit: Kit, participant: Participant) -> Standing:
    try:
        return standing_of(live, kit=kit, participant=participant)
    except StoreUnavailable:
        return Standing(participant.name)


def place_now(live: Live, *, contest: Contest, person: str) -> int | None:
    """The own place as of now; None without one, while places are hidden, and while they cannot be read."""
    try:
        row = figures.own_row(live, contest.shards, board=BOARD, person=person)
    except StoreUnavailable:
        return None
    return row.place if row else None


@dataclass(frozen=True, slots=True)
class Pair:
    """One on the left of a matching question."""

    left: OptionShown
    own: OptionShown | None
    right: OptionShown
    """What belongs to it."""


@dataclass(frozen=True, slots=True)
class Review:
    """A question of a finished attempt as the page of the result shows it."""

    number: int
    question: QuestionReviewed
    begins_case: bool
    """Whether the passage is to be read now: the question before was about another one."""
    also: TranslationShown | None
    """The question in the further language that the reader chose."""

    def also_of(self, key: str) -> str:
        """An option in the further language; "" where it is not translated."""
        options = self.also.options if self.also else []
        return next((option.text for option in options if option.key == key), "")

    def media_at(self, place: str) -> list[MediumShown]:
        """The media of the stem, passage, explanation or an option."""
        return [medium for medium in self.question.media or () if medium.at == place]

    def in_order(self, keys: Iterable[str]) -> list[OptionShown]:
        """The options of an ordering question in this order."""
        options = {option.key: option for option in self.question.options}
        return [options[key] for key in keys]

    @property
    def pairs(self) -> list[Pair]:
        """The things on the left of a matching question, none for other kinds."""
        options = {option.key: option for option in self.question.options}
        own, key = self.question.response, self.question.key
        if not isinstance(own, dict) or not isinstance(key, dict):
            return []
        return [Pair(options[left], options.get(own.get(left, "")), options[right]) for left, right in key.items()]


def reviews(questions: Sequence[QuestionReviewed], *, language: str) -> list[Review]:
    shown = []
    for number, question in enumerate(questions, start=1):
        before = questions[number - 2].passage if number > 1 else UNSET
        also = next((texts for texts in question.translations or () if texts.language == language), None)
        shown.append(Review(number, question, bool(question.passage) and question.passage != before, also))
    return shown


@dataclass(frozen=True, slots=True)
class Opening:
    """Results that are hidden wait for the end; `at` is None once that has passed and papers may still come in."""

    at: datetime | None


def opening_of_results(contest: Contest, *, now: datetime) -> Opening | None:
    """When results are shown that are hidden now; None when they never are."""
    if contest.feedback_time != "after_close" or contest.feedback == "nothing":
        return None
    return Opening(contest.closes_at if now < contest.closes_at else None)
