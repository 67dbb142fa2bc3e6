"""Pages of knowledge points: the tree, and what changes it."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from quizapp.accounts import audit
from quizapp.accounts.access import current_staff, require
from quizapp.bank import topics
from quizapp.bank.blueprint import blueprint
from quizapp.bank.list_forms import TopicForm
from quizapp.bank.models import Topic
from quizapp.core.clock import utc_now
from quizapp.core.db import db, release
from quizapp.core.errors import DomainError, NotFound
from quizapp.core.i18n import _

STEPS = ("up", "down", "in", "out")


def topic_or_404(topic_id: int | None) -> Topic:
    topic = db.session.get(Topic, topic_id) if topic_id is not None else None
    if topic is None:
        raise NotFound
    return topic


@blueprint.get("/topics", endpoint="topics")
@require("organiser", "reviewer")
def show_topics() -> ResponseReturnValue:
    tree, own = topics.read_tree(), topics.count_questions()
    counts = {topic_id: sum(own.get(each, 0) for each in tree.with_below(topic_id)) for topic_id in tree.topics}
    return render_template("bank/topics.html", tree=tree, own=own, counts=counts, form=TopicForm(formdata=None))


@blueprint.post("/topics")
@require("organiser")
def add_topic() -> ResponseReturnValue:
    form, parent_id = TopicForm(), request.form.get("parent", type=int)
    if parent_id is not None:
        topic_or_404(parent_id)
    return _try(form, lambda: topics.add_topic(name=form.name.data, parent_id=parent_id).id)


@blueprint.post("/topics/<int:topic_id>/rename")
@require("organiser")
def rename_topic(topic_id: int) -> ResponseReturnValue:
    topic, form = topic_or_404(topic_id), TopicForm()

    def rename() -> int:
        before = topic.name
        topics.rename_topic(topic=topic, name=form.name.data)
        _note("bank.rename_topic", topic, {"before": before, "after": topic.name})
        return topic.id

    return _try(form, rename)


@blueprint.post("/topics/<int:topic_id>/move")
@require("organiser")
def move_topic(topic_id: int) -> ResponseReturnValue:
    """One step by a button, or to a place (`parent`, `before`; nothing: top, last) by dragging."""
    topic, step = topic_or_404(topic_id), request.form.get("step", "")

    def move() -> int:
        if step in STEPS:
            topics.step_topic(topic=topic, step=step)
        else:
            parent_id, before_id = (request.form.get(name, type=int) for name in ("parent", "before"))
            topics.place_topic(topic=topic, parent_id=parent_id, before_id=before_id)
        return topic.id

    return _try(None, move)


@blueprint.post("/topics/<int:topic_id>/merge")
@require("organiser")
def merge_topic(topic_id: int) -> ResponseReturnValue:
    topic, into = topic_or_404(topic_id), topic_or_404(request.form.get("into", type=int))

    def merge() -> int:
        before = topic.name
        count = topics.merge_topic(topic=topic, into=into)
        _note("bank.merge_topic", into, {"before": before, "after": into.name, "questions": count})
        words = {"before": before, "into": into.name, "count": str(count)}
        flash(_("已把“%(before)s”合并到“%(into)s”，%(count)s 题随之改动。", **words), "success")
        return into.id

    return _try(None, merge)


@blueprint.post("/topics/<int:topic_id>/delete")
@require("organiser")
def delete_topic(topic_id: int) -> ResponseReturnValue:
    topic = topic_or_404(topic_id)

    def delete() -> None:
        topics.delete_topic(topic=topic)
        _note("bank.delete_topic", topic, {"before": topic.name})

    return _try(None, delete)


def _try(form: TopicForm | None, act: Callable[[], int | None]) -> ResponseReturnValue:
    """Do an act on the tree, or say why not; either way back to the tree, to the topic that `act` returns."""
    topic_id = None
    if form is not None and not form.validate():
        flash(form.name.errors[0], "danger")
    else:
        try:
            topic_id = act()
        except DomainError as refusal:
            release()
            flash(refusal.message(), "danger")
    return redirect(url_for("bank.topics", _anchor=f"topic-{topic_id}" if topic_id else None), 303)


def _note(action: str, topic: Topic, detail: dict[str, object]) -> None:
    audit.record(
        action=action,
        subject_kind="topic",
        subject_id=str(topic.id),
        detail=detail,
        now=utc_now(),
        actor=current_staff(),
    )
