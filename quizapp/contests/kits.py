"""Kits: compiled from approved revisions, stored in SQL, copied to Redis, cached in each worker."""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy import insert, select

from quizapp.bank.languages import LANGUAGES
from quizapp.bank.law_queries import HoldCause, held_among
from quizapp.bank.models import PLAYABLE_KINDS, Bank, Question, QuestionRevision
from quizapp.bank.queries import held_ids, usable_questions
from quizapp.bank.uses import Use
from quizapp.contests import state
from quizapp.contests.kit import Basis, Kit, KitMedium, KitQuestion, KitSection, KitTranslation
from quizapp.contests.models import Contest, KitRevision, Section, SectionQuestion, StoredKit
from quizapp.core.db import db
from quizapp.core.errors import DomainError
from quizapp.core.i18n import _
from quizapp.core.live import Live, LiveStoreDown, get_live

CACHED_KITS = 32

_decoder = msgspec.msgpack.Decoder(Kit)
_caches: WeakKeyDictionary[Live, OrderedDict[tuple[int, int], Kit]] = WeakKeyDictionary()
_lock = Lock()


class KitMissing(DomainError):
    """There is no such version of this contest."""

    status, code = 404, "not_found"

    def message(self) -> str:
        return _("没有找到这场竞赛，可能尚未发布。")


def get_kit(*, contest_id: int, version: int) -> Kit:
    """A published kit: from this process, else from Redis, else from SQL (which refills Redis); raises KitMissing."""
    live = get_live()
    with _lock:
        cache = _caches.setdefault(live, OrderedDict())
        kit = cache.get((contest_id, version))
        if kit is not None:
            cache.move_to_end((contest_id, version))
            return kit
    kit = decode(_fetch(live, contest_id, version))
    with _lock:
        cache[contest_id, version] = kit
        while len(cache) > CACHED_KITS:
            cache.popitem(last=False)
    return kit


def _fetch(live: Live, contest_id: int, version: int) -> bytes:
    try:
        copy = state.read_kit_copy(live, contest_id=contest_id, version=version)
    except LiveStoreDown:
        return _stored(contest_id, version)
    if copy is None:
        copy = _stored(contest_id, version)
        state.write_kit_copy(live, contest_id=contest_id, version=version, body=copy)
    return copy


def _stored(contest_id: int, version: int) -> bytes:
    body = db.session.scalar(
        select(StoredKit.body).where(StoredKit.contest_id == contest_id, StoredKit.version == version)
    )
    if body is None:
        raise KitMissing
    return body


def store_kit(*, kit: Kit, now: datetime) -> StoredKit:
    """Add a kit to SQL; a version that exists already breaks the table's rule."""
    body = encode(kit)
    stored = StoredKit(
        contest_id=kit.contest_id, version=kit.version, body=body, sha256=sha256(body).hexdigest(), created_at=now
    )
    db.session.add(stored)
    db.session.flush()
    held = [
        {"kit_id": stored.id, "question_id": question.id, "revision_id": question.revision}
        for question in kit.questions.values()
    ]
    if held:
        db.session.execute(insert(KitRevision), held)
    return stored


def encode(kit: Kit) -> bytes:
    return zlib.compress(msgspec.msgpack.encode(kit))


def decode(body: bytes) -> Kit:
    return _decoder.decode(zlib.decompress(body))


def compile_kit(*, contest: Contest, version: int) -> Kit:
    """Compile a contest as it stands now: approved revisions only, without held and retired questions.

    Whether the sections are filled is not asked here; publishing checks that before.
    """
    questions: dict[int, KitQuestion] = {}
    sections = []
    for section in contest.sections:
        pool = pool_of(contest=contest, section=section)
        questions |= {question.id: _kit_question(question) for question in pool if question.id not in questions}
        sections.append(
            KitSection(
                kind=section.kind,
                count=section.count,
                points_hundredths=section.points_hundredths,
                question_ids=tuple(question.id for question in pool),
            )
        )
    return Kit(
        contest_id=contest.id,
        version=version,
        slug=contest.slug,
        title=contest.title,
        host_name=contest.host_name,
        introduction=contest.introduction,
        timezone=contest.timezone,
        paper=contest.paper,
        shuffle_questions=contest.shuffle_questions,
        shuffle_options=contest.shuffle_options,
        limit_seconds=contest.limit_seconds,
        attempts_total=contest.attempts_total,
        attempts_per_day=contest.attempts_per_day,
        pass_mark_hundredths=contest.pass_mark_hundredths,
        feedback=contest.feedback,
        feedback_time=contest.feedback_time,
        entry_mode=contest.entry_mode,
        accent=contest.accent,
        sections=tuple(sections),
        questions=questions,
        languages=_languages(questions.values()),
        shard_count=contest.shard_count,
    )


def keep_questions(contest: Contest) -> None:
    """Let nobody delete questions of the contest's banks until it is published: undoing an import waits for this."""
    banks = sorted({section.bank_id for section in contest.sections})
    db.session.scalars(select(Bank.id).where(Bank.id.in_(banks)).order_by(Bank.id).with_for_update(read=True)).all()


def questions_in_use(ids: Collection[int]) -> set[int]:
    """Those of these questions that a fixed paper has chosen or that stand in a published kit."""
    wanted = set(ids)
    chosen = db.session.scalars(select(SectionQuestion.question_id))
    published = db.session.scalars(select(KitRevision.question_id).distinct())
    return wanted & {*chosen, *published}


def uses_of_question(question_id: int) -> list[Use]:
    """The published contests whose present kit holds a question, the one that opens last first."""
    rows = db.session.execute(
        select(Contest, KitRevision.revision_id)
        .join(StoredKit, (StoredKit.contest_id == Contest.id) & (StoredKit.version == Contest.kit_version))
        .join(KitRevision, KitRevision.kit_id == StoredKit.id)
        .where(KitRevision.question_id == question_id, Contest.state == "published")
        .order_by(Contest.opens_at.desc(), Contest.id)
    )
    return [Use(contest.title, "contests.show", {"slug": contest.slug}, revision_id) for contest, revision_id in rows]


def pool_of(*, contest: Contest, section: Section) -> Sequence[Question]:
    """What a section may draw, by id; for a fixed paper its chosen questions in order, as far as they are usable."""
    if contest.paper == "random":
        return usable_questions(
            bank_id=section.bank_id, kind=section.kind, topic_id=section.topic_id, difficulty=section.difficulty
        )
    return [chosen.question for chosen in section.questions if is_usable(chosen.question)]


def held_questions(contest: Contest) -> list[HoldCause]:
    """The questions on hold that concern a contest, by what put them there.

    Of a published contest those in its kit, which keeps them; of a draft those that its sections would hold.
    """
    if contest.is_published:
        return held_among(get_kit(contest_id=contest.id, version=contest.kit_version).questions)
    ids: set[int] = set()
    for section in contest.sections:
        if contest.paper == "fixed":
            ids |= {chosen.question_id for chosen in section.questions}
        else:
            ids |= set(
                held_ids(
                    bank_id=section.bank_id,
                    kind=section.kind,
                    topic_id=section.topic_id,
                    difficulty=section.difficulty,
                )
            )
    return held_among(ids)


def is_usable(question: Question) -> bool:
    """Whether a contest published now may contain it."""
    return (
        question.approved is not None
        and question.state != "retired"
        and not question.held_reason
        and question.kind in PLAYABLE_KINDS
    )


def _kit_question(question: Question) -> KitQuestion:
    revision = question.approved
    if revision is None:
        raise ValueError("a pool holds approved questions only")
    return KitQuestion(
        id=question.id,
        revision=revision.id,
        kind=question.kind,
        stem=revision.stem,
        options=tuple((option["id"], option["text"]) for option in revision.options),
        key=revision.key,
        explanation=revision.explanation,
        basis=_basis(revision),
        topics=tuple(topic.name for topic in question.topics),
        passage=revision.passage,
        media=tuple(_kit_medium(medium) for medium in revision.media),
        translations=tuple(
            KitTranslation(
                language=language,
                stem=texts.get("stem", ""),
                options=dict(texts.get("options", {})),
                passage=texts.get("passage", ""),
                explanation=texts.get("explanation", ""),
            )
            for language, texts in sorted(revision.translations.items(), key=_language_place)
        ),
    )


def _kit_medium(medium: Mapping[str, Any]) -> KitMedium:
    return KitMedium(
        at=medium["at"],
        kind=medium["kind"],
        file=f"{medium['sha256']}.{medium['ending']}",
        alt=medium["alt"],
        width=medium["width"],
        height=medium["height"],
    )


def _language_place(item: tuple[str, Any]) -> tuple[int, str]:
    """Where a language stands among several: as bank.languages lists them, then by code."""
    codes = list(LANGUAGES)
    return (codes.index(item[0]) if item[0] in LANGUAGES else len(codes), item[0])


def _languages(questions: Iterable[KitQuestion]) -> tuple[str, ...]:
    found = {translation.language: None for question in questions for translation in question.translations}
    return tuple(language for language, _none in sorted(found.items(), key=_language_place))


def _basis(revision: QuestionRevision) -> tuple[Basis, ...]:
    return tuple(
        Basis(
            law=article.law.title,
            article=article.label,
            effective_on=article.law.effective_on.isoformat() if article.law.effective_on else "",
        )
        for article in revision.articles
    )
