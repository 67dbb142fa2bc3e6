"""The tree of knowledge points."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.accounts.models import AuditEvent, User
from quizapp.bank import topics
from quizapp.bank.models import Topic
from quizapp.bank.queries import topics_of_bank
from quizapp.core.db import db
from tests.bank.makers import make_question
from tests.cast import post, sign_in


@pytest.fixture
def tree(app: Flask) -> dict[str, Topic]:
    """刑法; 民法 with 婚姻 and 合同, 合同 with 买卖."""
    made: dict[str, Topic] = {}
    for name, parent in (("刑法", ""), ("民法", ""), ("婚姻", "民法"), ("合同", "民法"), ("买卖", "合同")):
        made[name] = topics.add_topic(name=name, parent_id=made[parent].id if parent else None)
    return made


def drawn() -> str:
    """The tree on one line: each name behind as many dots as it is deep."""
    return " ".join("." * depth + topic.name for depth, topic in topics.read_tree().walk())


def test_topics_stand_in_the_order_they_were_added(tree: dict[str, Topic]) -> None:
    assert drawn() == "刑法 民法 .婚姻 .合同 ..买卖"


@pytest.mark.parametrize(
    ("name", "step", "expected"),
    [
        ("民法", "up", "民法 .婚姻 .合同 ..买卖 刑法"),
        ("刑法", "down", "民法 .婚姻 .合同 ..买卖 刑法"),
        ("婚姻", "down", "刑法 民法 .合同 ..买卖 .婚姻"),
        ("合同", "in", "刑法 民法 .婚姻 ..合同 ...买卖"),
        ("买卖", "out", "刑法 民法 .婚姻 .合同 .买卖"),
        ("婚姻", "out", "刑法 民法 .合同 ..买卖 婚姻"),
        ("刑法", "up", "刑法 民法 .婚姻 .合同 ..买卖"),
        ("刑法", "out", "刑法 民法 .婚姻 .合同 ..买卖"),
        ("买卖", "in", "刑法 民法 .婚姻 .合同 ..买卖"),
        ("合同", "down", "刑法 民法 .婚姻 .合同 ..买卖"),
    ],
)
def test_step_moves_a_topic_with_all_below_it(tree: dict[str, Topic], name: str, step: str, expected: str) -> None:
    topics.step_topic(topic=tree[name], step=step)
    assert drawn() == expected


def test_topic_is_placed_before_another_one(tree: dict[str, Topic]) -> None:
    topics.place_topic(topic=tree["刑法"], parent_id=tree["民法"].id, before_id=tree["合同"].id)
    assert drawn() == "民法 .婚姻 .刑法 .合同 ..买卖"


@pytest.mark.parametrize("below", ["民法", "合同", "买卖"])
def test_topic_is_never_placed_below_itself(tree: dict[str, Topic], below: str) -> None:
    with pytest.raises(topics.BadTopicPlace):
        topics.place_topic(topic=tree["民法"], parent_id=tree[below].id, before_id=None)


def test_tree_does_not_grow_too_deep(tree: dict[str, Topic]) -> None:
    parent = tree["买卖"]
    for number in range(topics.MOST_DEPTH - 3):
        parent = topics.add_topic(name=f"更深{number}", parent_id=parent.id)
    with pytest.raises(topics.BadTopicPlace):
        topics.add_topic(name="太深", parent_id=parent.id)
    with pytest.raises(topics.BadTopicPlace):
        topics.place_topic(topic=tree["民法"], parent_id=tree["刑法"].id, before_id=None)


def test_merged_topic_gives_its_questions_and_what_is_below_it(tree: dict[str, Topic]) -> None:
    question, both = make_question(topics=["合同"]), make_question(stem="另一道", topics=["合同", "婚姻"])
    assert topics.merge_topic(topic=tree["合同"], into=tree["婚姻"]) == 2
    db.session.expire_all()
    assert drawn() == "刑法 民法 .婚姻 ..买卖"
    assert [topic.name for topic in question.topics] == [topic.name for topic in both.topics] == ["婚姻"]


def test_topic_is_not_merged_into_one_below_it(tree: dict[str, Topic]) -> None:
    with pytest.raises(topics.BadTopicPlace):
        topics.merge_topic(topic=tree["民法"], into=tree["买卖"])


def test_only_an_unused_topic_is_deleted(tree: dict[str, Topic]) -> None:
    make_question(topics=["买卖"])
    for name in ("买卖", "民法"):
        with pytest.raises(topics.TopicInUse):
            topics.delete_topic(topic=tree[name])
    topics.delete_topic(topic=tree["刑法"])
    assert drawn() == "民法 .婚姻 .合同 ..买卖"


def test_name_that_another_topic_has_is_refused(tree: dict[str, Topic]) -> None:
    with pytest.raises(topics.TopicNameTaken):
        topics.add_topic(name="婚姻", parent_id=None)
    with pytest.raises(topics.TopicNameTaken):
        topics.rename_topic(topic=tree["刑法"], name="婚姻")


def test_bank_shows_its_topics_with_those_above_them(tree: dict[str, Topic]) -> None:
    question = make_question(topics=["买卖"])
    assert [(depth, topic.name) for depth, topic in topics_of_bank(question.bank_id)] == [
        (0, "民法"),
        (1, "合同"),
        (2, "买卖"),
    ]


def test_pages_change_the_tree(tree: dict[str, Topic], client: FlaskClient, olga: User) -> None:
    sign_in(client, "olga")
    civil, contract = tree["民法"].id, tree["合同"].id
    assert post(client, "/bank/topics", name="继承", parent=civil).status_code == 303
    assert post(client, f"/bank/topics/{contract}/rename", name="契约").status_code == 303
    assert post(client, f"/bank/topics/{contract}/move", step="up").status_code == 303
    assert post(client, f"/bank/topics/{civil}/move", before=tree["刑法"].id).status_code == 303
    assert post(client, f"/bank/topics/{tree['婚姻'].id}/merge", into=contract).status_code == 303
    assert post(client, f"/bank/topics/{tree['刑法'].id}/delete").status_code == 303
    db.session.expire_all()
    assert drawn() == "民法 .契约 ..买卖 .继承"
    assert db.session.query(AuditEvent).count() == 3
    assert "继承" in client.get("/bank/topics").text


def test_page_says_why_a_move_is_refused(tree: dict[str, Topic], client: FlaskClient, olga: User) -> None:
    sign_in(client, "olga")
    post(client, f"/bank/topics/{tree['民法'].id}/move", parent=tree["买卖"].id)
    assert "不能移到那里" in client.get("/bank/topics").text
    post(client, "/bank/topics", name="  ")
    assert "请填写知识点的名称" in client.get("/bank/topics").text
    assert drawn() == "刑法 民法 .婚姻 .合同 ..买卖"
