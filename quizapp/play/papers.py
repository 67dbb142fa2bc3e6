"""Papers and sheets: an attempt as each worker keeps it, and as it stands now."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from threading import Lock
from weakref import WeakKeyDictionary

from quizapp.contests.kit import Kit, KitQuestion
from quizapp.contests.kits import get_kit
from quizapp.contests.rules import DrawnQuestion
from quizapp.core.errors import NotFound, StoreUnavailable
from quizapp.core.live import Live
from quizapp.play import packing, queries, rules, state
from quizapp.play.hashes import LiveAttempt
from quizapp.play.state import Shard

KEPT_QUESTIONS = 500_000
"""Drawn questions that a worker keeps papers of: with some 200 bytes each, about 100 MB."""


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


@dataclass(slots=True)
class _Kept:
    """The papers of one store, the longest kept first, and how many questions they have together."""

    papers: OrderedDict[tuple[Shard, str], Paper] = field(default_factory=OrderedDict)
    questions: int = 0

    def add(self, key: tuple[Shard, str], paper: Paper) -> None:
        known = self.papers.get(key)
        self.questions += len(paper.drawn) - (len(known.drawn) if known else 0)
        self.papers[key] = paper
        while self.questions > KEPT_QUESTIONS and len(self.papers) > 1:
            self.questions -= len(self.papers.popitem(last=False)[1].drawn)


_papers: WeakKeyDictionary[Live, _Kept] = WeakKeyDictionary()
_lock = Lock()


def make_paper(person: str, kit: Kit, drawn: tuple[DrawnQuestion, ...]) -> Paper:
    return Paper(person, kit, drawn, {question.question_id: place for place, question in enumerate(drawn)})


def kept(live: Live, shard: Shard, attempt_id: str) -> Paper | None:
    kept = _papers.get(live)
    return kept.papers.get((shard, attempt_id)) if kept is not None else None


def keep(live: Live, shard: Shard, attempt_id: str, paper: Paper) -> Paper:
    with _lock:
        _papers.setdefault(live, _Kept()).add((shard, attempt_id), paper)
    return paper


def renewed(live: Live, shard: Shard, attempt_id: str, paper: Paper, *, version: int) -> Paper:
    """The paper with the kit that marks now."""
    kit = get_kit(contest_id=shard.contest_id, version=version)
    return keep(live, shard, attempt_id, replace(paper, kit=kit))


def paper_of(*, live: Live, shard: Shard, attempt_id: str, person: str) -> Paper:
    """The paper of a person's attempt; somebody else's and unknown ones are not found. Raises NotFound."""
    paper = kept(live, shard, attempt_id)
    if paper is None:
        paper = load(live=live, shard=shard, attempt_id=attempt_id).paper
    if paper.person != person:
        raise NotFound
    return paper


def load(*, live: Live, shard: Shard, attempt_id: str) -> Sheet:
    """An attempt as it stands, from Redis, else from SQL; raises NotFound."""
    reading = state.read(live, shard, attempt_id=attempt_id)
    if reading is None:
        return load_recorded(live, shard, attempt_id)
    attempt = reading.attempt
    kit = get_kit(contest_id=shard.contest_id, version=reading.kit)
    paper = make_paper(attempt.person, kit, packing.unpack_paper(kit=kit, packed=attempt.paper))
    keep(live, shard, attempt_id, paper)
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
    return seen.settled_ms if are_settled(live, others) else state.NEVER


def are_settled(live: Live, shards: Iterable[Shard]) -> bool:
    """Whether nobody's answers are taken any more in any of these shards.

    One that does not reply might take some, unless the records say that all has been settled.
    """
    return all(_is_settled(live, shard) for shard in shards)


def _is_settled(live: Live, shard: Shard) -> bool:
    try:
        look = state.look(live, shard, person="")
    except StoreUnavailable:
        return queries.is_settled(shard)
    return look.now_ms >= look.settled_ms


def load_recorded(live: Live, shard: Shard, attempt_id: str) -> Sheet:
    row = queries.get_attempt(attempt_id)
    if row is None or (row.contest_id, row.shard) != shard or row.finish is None:
        raise NotFound
    look = state.look(live, shard, person=row.person)
    kit = get_kit(contest_id=shard.contest_id, version=look.kit)
    drawn = queries.paper_of(row)
    attempt = queries.as_live(row, queries.answers_of(attempt_id), kit=kit, paper=drawn)
    settled_ms = _settled_ms(live, shard, kit, look)
    return Sheet(shard, attempt, make_paper(row.person, kit, drawn), look.now_ms, settled_ms, row.finished_ms or 0)
