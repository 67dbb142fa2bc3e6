"""Drawing a paper, what a blueprint can and cannot give, local times, colours and names. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import shake_256
from struct import unpack
from typing import TypeVar
from zoneinfo import ZoneInfo

from quizapp.bank.rules import CHOICE_KINDS, sides
from quizapp.contests.kit import Kit, KitQuestion

FULL_LIMIT_HUNDREDTHS = 2**22 - 1
"""41,943.03 points: the score's 22 bits in the packed rank."""
UNTIMED_WINDOW_LIMIT = timedelta(milliseconds=2**31 - 1)
"""24.8 days: the tie value's 31 bits of milliseconds in the packed rank, when only the window limits an attempt."""
WINDOW_LIMIT = timedelta(days=366)
READABLE_CONTRAST = 4.5
"""WCAG 2.2, success criterion 1.4.3, for text of normal size."""
DARK_TEXT, LIGHT_TEXT = "#1f2329", "#ffffff"
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
SLUG_LETTERS = 64
RESERVED_SLUGS = ("new", "usable")
COLOUR = re.compile(r"#[0-9a-f]{6}")
JOINERS = "\u200c\u200d"
"""They shape letters in some scripts and hold emoji together."""
INVISIBLE_LETTERS = "\u115f\u1160\u2800\u3164\uffa0"
"""Fillers and the empty braille pattern: letters and symbols by their category, but nothing is seen of them."""
MARKS_IN_A_ROW = 4

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

KEPT_POOLS = 64
"""Of so many kits, what their pools say is kept; a pool of 5,000 questions takes a megabyte."""

Item = TypeVar("Item", int, str)


# Drawing


@dataclass(frozen=True, slots=True)
class DrawnQuestion:
    """A question on a paper; `option_ids` are canonical ids in the order shown, () for kinds without options.

    Those of matching are first the ones on the left, then the ones on the right.
    """

    question_id: int
    revision_id: int
    points_hundredths: int
    option_ids: tuple[str, ...]


class PaperCannotBeFilled(Exception):
    """The pools hold too few questions; publishing refuses such a contest, so this is a fault, not a refusal."""


def draw_paper(*, kit: Kit, seen: Mapping[int, int], seed: str) -> tuple[DrawnQuestion, ...]:
    """Draw one paper: the same kit, history and seed always give the same one.

    `seen` says how often this person has had each question (absent: never). A random paper takes the
    least-seen questions first, ties broken by the seed, and holds no question twice, also when sections
    share questions. Sections keep their order; inside a section questions are shuffled if the kit says so.
    The questions of a case that are in one section stand next to each other by id, but in a fixed paper that
    is not shuffled, which stays as it was put together. Raises PaperCannotBeFilled.
    """
    chosen = _given(kit) if kit.paper == "fixed" else _choose(kit, seen, seed)
    paper = []
    for section, question_ids in zip(kit.sections, chosen, strict=True):
        if kit.shuffle_questions or kit.paper == "random":
            question_ids = _by_case(kit, question_ids, seed)
        paper += [
            DrawnQuestion(
                question_id,
                kit.questions[question_id].revision,
                section.points_hundredths,
                _option_order(kit, question_id, seed),
            )
            for question_id in question_ids
        ]
    return tuple(paper)


def _given(kit: Kit) -> list[list[int]]:
    return [list(section.question_ids) for section in kit.sections]


def _choose(kit: Kit, seen: Mapping[int, int], seed: str) -> list[list[int]]:
    pools = tuple(section.question_ids for section in kit.sections)
    counts = [section.count for section in kit.sections]
    candidates = shuffled(_all_of(pools), f"{seed} draw")
    if seen:
        candidates.sort(key=lambda question_id: seen.get(question_id, 0))
    filling = fill_sections(pools=pools, counts=counts, candidates=candidates)
    if filling.shortage is not None:
        raise PaperCannotBeFilled(kit.contest_id, kit.version)
    return [
        sorted(questions, key=_places(pool).__getitem__)
        for questions, pool in zip(filling.questions, pools, strict=True)
    ]


# What depends on the pools alone is the same for all papers of a kit.


@lru_cache(maxsize=KEPT_POOLS)
def _all_of(pools: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
    """Every question of the pools once, by id."""
    return tuple(sorted({question_id for pool in pools for question_id in pool}))


@lru_cache(maxsize=KEPT_POOLS)
def _places(pool: tuple[int, ...]) -> Mapping[int, int]:
    """Question id → place in the pool."""
    return {question_id: place for place, question_id in enumerate(pool)}


def _by_case(kit: Kit, question_ids: Sequence[int], seed: str) -> list[int]:
    """The questions with those of each case together; cases and single questions are shuffled if the kit says so."""
    cases: dict[str | int, list[int]] = {}
    for question_id in question_ids:
        cases.setdefault(kit.questions[question_id].passage or question_id, []).append(question_id)
    groups = {group[0]: group for group in map(sorted, cases.values())}
    order = shuffled(list(groups), f"{seed} questions") if kit.shuffle_questions else list(groups)
    return [question_id for first in order for question_id in groups[first]]


def _option_order(kit: Kit, question_id: int, seed: str) -> tuple[str, ...]:
    """The options as shown; what is to be put in order or matched is always shuffled, as the bank's order may tell."""
    question = kit.questions[question_id]
    option_ids, option_seed = [option_id for option_id, _text in question.options], f"{seed} options {question_id}"
    if question.kind in CHOICE_KINDS:
        return tuple(shuffled(option_ids, option_seed) if kit.shuffle_options else option_ids)
    if question.kind == "ordering":
        return tuple(shuffled(option_ids, option_seed))
    if question.kind == "matching":
        left, right = sides(option_ids)
        return (*left, *shuffled(right, option_seed))
    return ()


def keys_shown(*, question: KitQuestion, drawn: DrawnQuestion) -> list[str]:
    """The keys under which a phone shows `drawn.option_ids`, in the same order.

    Letters, and numbers for what is on the right of matching: by the order shown alone, so that they tell
    nothing of the bank's ids.
    """
    count = len(drawn.option_ids)
    if question.kind != "matching":
        return list(LETTERS[:count])
    right = sum(option_id.isdigit() for option_id in drawn.option_ids)
    return [*LETTERS[: count - right], *map(str, range(1, right + 1))]


def shuffled(items: Sequence[Item], seed: str) -> list[Item]:
    """The items in an order in which every permutation is equally likely over all seeds."""
    tags = unpack(f">{len(items)}Q", shake_256(seed.encode()).digest(8 * len(items)))
    return [item for _tag, item in sorted(zip(tags, items, strict=True))]


# Filling sections from pools that may overlap


@dataclass(frozen=True, slots=True)
class Shortage:
    """Sections (places from 0) that together need more questions than their pools hold together."""

    sections: tuple[int, ...]
    needed: int
    available: int


@dataclass(frozen=True, slots=True)
class Filling:
    questions: list[list[int]]
    """The question ids of each section, as far as they go."""
    shortage: Shortage | None


def fill_sections(*, pools: Sequence[Collection[int]], counts: Sequence[int], candidates: Iterable[int]) -> Filling:
    """Give each section its number of questions, none twice, preferring earlier candidates.

    A candidate that fits only a full section moves an earlier one on to another section where that one
    fits too (an augmenting path), so that a wide section never starves a narrow one. The sets of
    questions that can be placed together form a transversal matroid, so taking candidates greedily in
    order of preference gives the best paper there is (Edmonds and Fulkerson 1965), and what cannot be
    placed when its turn comes cannot be placed later. Sections that such a failure touched are full with
    every question they could share; they are not asked again.
    """
    homes = _homes(tuple(map(tuple, pools)))
    placed: list[dict[int, None]] = [{} for _pool in pools]
    closed: set[int] = set()
    missing = sum(counts)
    for question_id in candidates:
        if not missing:
            break
        starts = [section for section in homes.get(question_id, ()) if section not in closed]
        if not starts:
            continue
        came_from: dict[int, tuple[int, int] | None] = dict.fromkeys(starts)
        free = _find_room(starts, came_from, homes, placed, counts, closed)
        if free is None:
            closed.update(came_from)
            continue
        _move_along(question_id, free, came_from, placed)
        missing -= 1
    return Filling([list(questions) for questions in placed], _shortage(pools, counts, placed) if missing else None)


@lru_cache(maxsize=KEPT_POOLS)
def _homes(pools: tuple[tuple[int, ...], ...]) -> Mapping[int, Sequence[int]]:
    """Question id → the sections it fits, the narrowest pool first."""
    homes: dict[int, list[int]] = {}
    for section in sorted(range(len(pools)), key=lambda place: len(pools[place])):
        for question_id in pools[section]:
            homes.setdefault(question_id, []).append(section)
    return homes


def _find_room(
    starts: Sequence[int],
    came_from: dict[int, tuple[int, int] | None],
    homes: Mapping[int, Sequence[int]],
    placed: Sequence[Mapping[int, None]],
    counts: Sequence[int],
    closed: Collection[int],
) -> int | None:
    """Search breadth-first for a section with room; `came_from` gets (section, question to move) of each step."""
    queue = deque(starts)
    while queue:
        section = queue.popleft()
        if len(placed[section]) < counts[section]:
            return section
        for question_id in placed[section]:
            for other in homes[question_id]:
                if other not in came_from and other not in closed:
                    came_from[other] = (section, question_id)
                    queue.append(other)
    return None


def _move_along(
    question_id: int,
    free: int,
    came_from: Mapping[int, tuple[int, int] | None],
    placed: Sequence[dict[int, None]],
) -> None:
    section = free
    while (step := came_from[section]) is not None:
        before, moved = step
        del placed[before][moved]
        placed[section][moved] = None
        section = before
    placed[section][question_id] = None


def _shortage(
    pools: Sequence[Collection[int]], counts: Sequence[int], placed: Sequence[Mapping[int, None]]
) -> Shortage:
    """The sections that share the first one's lack: whatever stands in them fits only in them (Hall's condition)."""
    lacking = next(place for place, questions in enumerate(placed) if len(questions) < counts[place])
    group, pool = {lacking}, set(pools[lacking])
    while True:
        holders = {place for place, questions in enumerate(placed) if place not in group and pool & questions.keys()}
        if not holders:
            break
        group |= holders
        pool = pool.union(*(pools[place] for place in holders))
    return Shortage(tuple(sorted(group)), sum(counts[place] for place in group), len(pool))


def find_shortage(*, pools: Sequence[Collection[int]], counts: Sequence[int]) -> Shortage | None:
    """Whether the pools can fill a paper: None, or sections that together lack questions."""
    everything = sorted({question_id for pool in pools for question_id in pool})
    return fill_sections(pools=pools, counts=counts, candidates=everything).shortage


# What to expect of a blueprint


def chances(*, pools: Sequence[Collection[int]], counts: Sequence[int]) -> dict[int, float]:
    """Question id → the chance p to stand on a first paper.

    p = Σ count ÷ pool size over the sections the question fits, at most 1: exact when no pools overlap,
    else a close estimate (the sum over all questions is still the number of questions on a paper).
    """
    chance: dict[int, float] = {}
    for pool, count in zip(pools, counts, strict=True):
        for question_id in pool:
            chance[question_id] = min(1.0, chance.get(question_id, 0.0) + count / len(pool))
    return chance


def expected_overlap(*, chance: Mapping[int, float]) -> float:
    """How many questions the first papers of two people have in common on average: Σ p², since they are independent."""
    return sum(p * p for p in chance.values())


def expected_exposure(*, chance: Mapping[int, float], papers: int) -> tuple[float, float]:
    """How often the least and the most drawn question is shown when `papers` papers are drawn: papers × p."""
    return (papers * min(chance.values()), papers * max(chance.values())) if chance else (0.0, 0.0)


# Local times


class NoSuchLocalTime(Exception):
    """The clocks of the zone are put forward over this time: it never is."""


def from_local(*, local: datetime, timezone: str) -> datetime:
    """The UTC moment of a time without zone, read in `timezone`; raises NoSuchLocalTime.

    When the clocks are put back a time comes twice; the first is meant.
    """
    zone = ZoneInfo(timezone)
    try:
        moment = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
        exists = moment.astimezone(zone).replace(tzinfo=None) == local
    except OverflowError:
        # At the very ends of the calendar the same moment has no date in the other zone.
        exists = False
    if not exists:
        raise NoSuchLocalTime
    return moment


def to_local(*, moment: datetime, timezone: str) -> datetime:
    """A moment as the clocks of `timezone` show it, without zone, for a form's field."""
    return moment.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)


# Addresses, colours, names


def is_slug(text: str) -> bool:
    """Lower-case letters and digits, joined by single hyphens, 2 to 64 characters, not a word of our own addresses."""
    return 2 <= len(text) <= SLUG_LETTERS and bool(SLUG.fullmatch(text)) and text not in RESERVED_SLUGS


def suggest_slug(*, title: str, day: date) -> str:
    """An address from the Latin words of a title, or from the day when it has none."""
    words = re.findall(r"[a-z0-9]+", unicodedata.normalize("NFKC", title).lower())
    slug = "-".join(words)[:40].strip("-")
    has_letters = any(letter.isalpha() for letter in slug)
    return slug if has_letters and is_slug(slug) else f"quiz-{day:%Y%m%d}"


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two #rrggbb colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return 0.2126 * _linear(red) + 0.7152 * _linear(green) + 0.0722 * _linear(blue)


def _linear(channel: float) -> float:
    linear: float = channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
    return linear


def text_on(colour: str) -> str:
    """White or dark, whichever reads better on this ground."""
    return max((LIGHT_TEXT, DARK_TEXT), key=lambda text: contrast(colour, text))


def is_readable_accent(colour: str) -> bool:
    """Whether text can be read on this ground; some middling greys carry neither white nor dark text."""
    return bool(COLOUR.fullmatch(colour)) and contrast(colour, text_on(colour)) >= READABLE_CONTRAST


def ascii_digits(text: str) -> str:
    """Text as typed for a code: full-width digits made plain, spaces and hyphens left out."""
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text))


class BadName(Exception):
    """A name that cannot be shown safely; `code` is empty, too_long or bad_characters."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def clean_name(text: str, *, letters: int) -> str:
    """A name as it is stored: composed, spaces folded; raises BadName.

    Control characters, direction overrides, invisible and unassigned characters are refused (a name must
    not turn the text around it), as are more than four combining marks in a row (Tibetan stacks three).
    Joiners are kept.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        raise BadName("empty")
    if len(name) > letters:
        raise BadName("too_long")
    marks = 0
    for letter in name:
        category = unicodedata.category(letter)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > MARKS_IN_A_ROW or (category[0] == "C" and letter not in JOINERS):
            raise BadName("bad_characters")
    if not any(unicodedata.category(letter)[0] in "LNS" and letter not in INVISIBLE_LETTERS for letter in name):
        raise BadName("bad_characters")
    return name
