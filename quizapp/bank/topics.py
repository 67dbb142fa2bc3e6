"""Knowledge points (知识点) as a tree: reading it and changing its shape. Everything flushes and never commits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import func, select, update

from quizapp.bank.models import Question, Topic, question_topic
from quizapp.core.db import db
from quizapp.core.errors import DomainError
from quizapp.core.i18n import _

NAME_LETTERS = 64
MOST_DEPTH = 6


class TopicNameTaken(DomainError):
    """Another topic has this name; `extra["name"]`."""

    status, code = 409, "topic_name_taken"

    def message(self) -> str:
        return _("已经有名为“%(name)s”的知识点。两个知识点是一回事时，请用“合并到”。", name=self.extra["name"])


class BadTopicPlace(DomainError):
    """The topic would stand below itself, or too deep."""

    status, code = 422, "bad_topic_place"

    def message(self) -> str:
        return _("不能移到那里：知识点不能放在自己下面，最多 %(depth)s 层。", depth=str(MOST_DEPTH))


class TopicInUse(DomainError):
    """Questions carry the topic, or topics stand below it; `extra` counts both."""

    status, code = 409, "topic_in_use"

    def message(self) -> str:
        return _("这个知识点还有 %(questions)s 道题、%(below)s 个下级，不能删除。请先合并到别的知识点。", **self.extra)


@dataclass(slots=True)
class TopicTree:
    """All topics by id, and the ids below each one (None: at the top) in their order."""

    topics: dict[int, Topic]
    children: dict[int | None, list[int]] = field(default_factory=lambda: defaultdict(list))

    def walk(self, below: int | None = None, depth: int = 0) -> Iterator[tuple[int, Topic]]:
        """Depth (0 for the first level) and topic of everything below one, from top to bottom."""
        for topic_id in self.children.get(below, ()):
            yield depth, self.topics[topic_id]
            yield from self.walk(topic_id, depth + 1)

    def with_below(self, topic_id: int) -> list[int]:
        """The ids of a topic and of all below it."""
        return [topic_id, *(topic.id for _depth, topic in self.walk(topic_id))]

    def depth(self, topic_id: int | None) -> int:
        """How many topics stand above the children of this one."""
        depth = 0
        while topic_id is not None:
            topic_id, depth = self.topics[topic_id].parent_id, depth + 1
        return depth

    def height(self, topic_id: int) -> int:
        """How many levels a topic and what is below it take."""
        return 1 + max((depth + 1 for depth, _topic in self.walk(topic_id)), default=0)


def read_tree() -> TopicTree:
    """The whole tree in one statement; topics of one parent by place, then name."""
    topics = list(db.session.scalars(select(Topic).order_by(Topic.place, Topic.name)))
    tree = TopicTree({topic.id: topic for topic in topics})
    for topic in topics:
        tree.children[topic.parent_id].append(topic.id)
    return tree


def count_questions() -> dict[int, int]:
    """Topic id → questions that carry it itself; topics without one are missing."""
    rows = db.session.execute(select(question_topic.c.topic_id, func.count()).group_by(question_topic.c.topic_id))
    return dict(rows.all())


def find_or_add(name: str, *, parent_id: int | None = None) -> Topic:
    """The topic of this name, wherever it stands, or a new last one below `parent_id`."""
    topic = db.session.scalar(select(Topic).where(Topic.name == name))
    return topic or add_topic(name=name, parent_id=parent_id)


def add_topic(*, name: str, parent_id: int | None) -> Topic:
    """Add a last topic below another one; raises TopicNameTaken, BadTopicPlace."""
    _refuse_taken(name)
    tree = read_tree()
    if tree.depth(parent_id) >= MOST_DEPTH:
        raise BadTopicPlace
    topic = Topic(name=name, parent_id=parent_id, place=len(tree.children[parent_id]))
    db.session.add(topic)
    db.session.flush()
    return topic


def rename_topic(*, topic: Topic, name: str) -> None:
    if name != topic.name:
        _refuse_taken(name)
        topic.name = name
        db.session.flush()


def _refuse_taken(name: str) -> None:
    if db.session.scalar(select(Topic.id).where(Topic.name == name)):
        raise TopicNameTaken({"name": name})


def place_topic(*, topic: Topic, parent_id: int | None, before_id: int | None) -> None:
    """Put a topic, with all below it, below `parent_id` and before another one there (None: as the last).

    Raises BadTopicPlace.
    """
    tree = read_tree()
    if parent_id is not None and parent_id not in tree.topics:
        raise BadTopicPlace
    if parent_id in tree.with_below(topic.id) or tree.depth(parent_id) + tree.height(topic.id) > MOST_DEPTH:
        raise BadTopicPlace
    order = [topic_id for topic_id in tree.children[parent_id] if topic_id != topic.id]
    if before_id is not None and before_id not in order:
        raise BadTopicPlace
    order.insert(order.index(before_id) if before_id is not None else len(order), topic.id)
    topic.parent_id = parent_id
    for place, topic_id in enumerate(order):
        tree.topics[topic_id].place = place
    db.session.flush()


def step_topic(*, topic: Topic, step: str) -> None:
    """Move a topic as the keyboard does: "up" and "down" among its neighbours, "in" below the one above it, "out"
    behind its parent. A step that leads nowhere changes nothing.
    """
    tree = read_tree()
    order = tree.children[topic.parent_id]
    at = order.index(topic.id)
    if step == "up" and at > 0:
        place_topic(topic=topic, parent_id=topic.parent_id, before_id=order[at - 1])
    elif step == "down" and at + 1 < len(order):
        place_topic(topic=topic, parent_id=topic.parent_id, before_id=order[at + 2] if at + 2 < len(order) else None)
    elif step == "in" and at > 0:
        place_topic(topic=topic, parent_id=order[at - 1], before_id=None)
    elif step == "out" and topic.parent_id is not None:
        parent = tree.topics[topic.parent_id]
        after = tree.children[parent.parent_id]
        behind = after.index(parent.id) + 1
        place_topic(topic=topic, parent_id=parent.parent_id, before_id=after[behind] if behind < len(after) else None)


def merge_topic(*, topic: Topic, into: Topic) -> int:
    """Let everything that carries `topic`, and all below it, carry `into`, and delete `topic`.

    Return how many questions changed. Raises BadTopicPlace where `into` stands below `topic`, or levels are too many.
    """
    tree = read_tree()
    deepest = max((tree.height(child) for child in tree.children[topic.id]), default=0)
    if into.id in tree.with_below(topic.id) or tree.depth(into.id) + deepest > MOST_DEPTH:
        raise BadTopicPlace
    carriers = list(db.session.scalars(select(Question).where(Question.topics.any(Topic.id == topic.id))))
    for question in carriers:
        question.topics = [*(kept for kept in question.topics if kept not in (topic, into)), into]
    first = len(tree.children[into.id])
    for place, child in enumerate(tree.children[topic.id], first):
        db.session.execute(update(Topic).where(Topic.id == child).values(parent_id=into.id, place=place))
    db.session.flush()
    db.session.expire(topic)
    db.session.delete(topic)
    db.session.flush()
    return len(carriers)


def delete_topic(*, topic: Topic) -> None:
    """Delete a topic that nothing carries; raises TopicInUse."""
    tree = read_tree()
    questions = count_questions().get(topic.id, 0)
    if questions or tree.children[topic.id]:
        raise TopicInUse({"questions": str(questions), "below": str(len(tree.children[topic.id]))})
    db.session.delete(topic)
    db.session.flush()
