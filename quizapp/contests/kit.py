"""The kit: a contest as published, compiled from approved revisions; immutable, versioned, all that play needs.

Participants' views are made from it by explicit fields; keys and explanations are in it and must not pass
those views before the feedback rule allows it.
"""

from __future__ import annotations

import msgspec

from quizapp.contests.shards import Shards


class Basis(msgspec.Struct, frozen=True):
    """A cited article."""

    law: str
    article: str
    effective_on: str
    """ISO date, or "" when unknown."""


class KitMedium(msgspec.Struct, frozen=True, omit_defaults=True):
    """A picture or a recording, shown below the text it belongs to."""

    at: str
    """stem, passage, explanation, or an option's canonical id."""
    kind: str
    """picture or audio."""
    file: str
    """The digest and ending by which it is found: "<sha256>.<ending>"."""
    alt: str = ""
    width: int | None = None
    height: int | None = None

    @property
    def url(self) -> str:
        """Where it is served; nobody can guess the address of what they have not been shown."""
        return f"/media/{self.file}"


class KitTranslation(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a question says in a further language; what it does not say is empty."""

    language: str
    stem: str
    options: dict[str, str] = {}
    """Canonical id → text."""
    passage: str = ""
    explanation: str = ""


class KitQuestion(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is beyond the plain question is left out of the stored form where there is none of it."""

    id: int
    revision: int
    kind: str
    stem: str
    options: tuple[tuple[str, str], ...]
    """(canonical id, text) in canonical order."""
    key: list[str | list[str]]
    """As in bank.models.QuestionRevision.key."""
    explanation: str
    basis: tuple[Basis, ...]
    topics: tuple[str, ...]
    passage: str = ""
    """The case it is about; the questions of one case carry the same text."""
    media: tuple[KitMedium, ...] = ()
    translations: tuple[KitTranslation, ...] = ()
    is_void: bool = False
    """Voided after publishing: everybody on whose paper it stands has its full points, whatever they answered."""

    @property
    def knowledge_points(self) -> int:
        """How many knowledge points one answered question spreads; at least one."""
        return max(1, len(self.topics))


class KitSection(msgspec.Struct, frozen=True):
    kind: str | None
    count: int
    points_hundredths: int
    question_ids: tuple[int, ...]
    """The pool of a random paper, or the very questions of a fixed one, in order."""
    scoring: str = "exact"


class KitCorrection(msgspec.Struct, frozen=True):
    """What was set right about a question after publishing; the kit holds all of them, the oldest first."""

    question: int
    version: int
    """The first version of the kit that it holds for."""
    what: str
    """void, or key."""
    reason: str
    at_ms: int
    key_before: list[str | list[str]]


class Kit(msgspec.Struct, frozen=True):
    contest_id: int
    version: int
    slug: str
    title: str
    host_name: str
    introduction: str
    timezone: str
    paper: str
    shuffle_questions: bool
    shuffle_options: bool
    limit_seconds: int | None
    attempts_total: int | None
    attempts_per_day: int | None
    pass_mark_hundredths: int | None
    feedback: str
    feedback_time: str
    entry_mode: str
    accent: str
    sections: tuple[KitSection, ...]
    questions: dict[int, KitQuestion]
    languages: tuple[str, ...] = ()
    """The further languages in which some of the questions can be read."""
    corrections: tuple[KitCorrection, ...] = ()
    shard_count: int = 1
    """As Contest.shard_count; here for those who must not ask SQL."""

    @property
    def shards(self) -> Shards:
        return Shards(self.contest_id, self.shard_count)

    @property
    def question_count(self) -> int:
        return sum(section.count for section in self.sections)

    @property
    def full_hundredths(self) -> int:
        """The score of an all-right paper; sections have one value a question, so every paper's is the same."""
        return sum(section.count * section.points_hundredths for section in self.sections)
