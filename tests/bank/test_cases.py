"""Cases: one passage and the questions that share it."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import select

from quizapp.bank import actions, cases
from quizapp.bank.models import Bank, Question
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from tests.bank.makers import make_bank, make_question
from tests.bank.pages import fields_of
from tests.bank.test_question_forms import SINGLE, make_full, send

PASSAGE = "甲十七周岁，在工厂做工。"


def make(bank: Bank, stem: str, **changes: Any) -> Question:
    return make_question(bank=bank, stem=stem, **({"passage": PASSAGE} | changes))


def test_questions_of_a_case_are_found_by_their_passage_in_their_bank(bank: Bank) -> None:
    first, second = make(bank, "其一"), make(bank, "其二", passage=f" {PASSAGE} ")
    make(bank, "别的", passage="另一段")
    make(bank, "没有案例", passage="")
    make(make_bank("别的题库"), "别处")
    left = make(bank, "离开的")
    actions.revise(
        question=left, content=actions.content_of(make(bank, "无", passage="").latest), actor=None, now=utc_now()
    )
    db.session.commit()
    assert cases.questions_of_case(first.latest) == [first, second]
    assert cases.questions_of_case(left.latest) == []


def test_page_of_a_case_shows_the_passage_once_and_every_question(staff: FlaskClient, bank: Bank) -> None:
    first = make(bank, "其一")
    make(bank, "其二")
    page = staff.get(f"/bank/questions/{first.id}/case").text
    assert (page.count(PASSAGE), page.count("其一"), page.count("其二")) == (1, 1, 1)
    assert "其二" in staff.get(f"/bank/questions/{first.id}").text
    assert staff.get(f"/bank/questions/{make(bank, '无', passage='').id}/case").status_code == 404


def test_another_question_joins_the_case(staff: FlaskClient, bank: Bank) -> None:
    first = make_full("single", bank)
    path = f"/bank/{bank.id}/questions/new?kind=single&case={first.id}"
    fields = fields_of(staff.get(path).text)
    for name, value in ({"stem@ug": "ug", "stem@fr": "fr"} | SINGLE).items():
        fields[name] = value
    assert send(staff, path, fields).status_code == 303
    db.session.expire_all()
    second = db.session.scalars(select(Question).order_by(Question.id.desc())).first()
    assert second is not None
    assert cases.questions_of_case(first.latest) == [first, second]
    assert second.latest.translations["ug"]["passage"] == "ug passage"
    assert [one["at"] for one in second.latest.media] == ["passage"]
    assert first.latest.number == 1


@pytest.mark.parametrize("other", ["of another bank", "without a passage", "nobody's"])
def test_only_a_case_of_the_bank_can_be_joined(staff: FlaskClient, bank: Bank, other: str) -> None:
    number = {
        "of another bank": lambda: make(make_bank("别的题库"), "别处").id,
        "without a passage": lambda: make(bank, "无", passage="").id,
        "nobody's": lambda: 999,
    }[other]()
    assert staff.get(f"/bank/{bank.id}/questions/new?case={number}").status_code == 404


@pytest.mark.parametrize("together", [True, False])
def test_a_changed_passage_is_changed_for_the_whole_case_if_asked(
    staff: FlaskClient, bank: Bank, together: bool
) -> None:
    first, second, retired = make(bank, "其一"), make(bank, "其二"), make(bank, "停用的")
    actions.retire(question=retired)
    other = make(bank, "别的", passage="另一段")
    db.session.commit()
    path = f"/bank/questions/{first.id}/edit"
    fields = fields_of(staff.get(path).text)
    assert fields["whole_case"] == "y"
    fields["passage"] = "甲十六周岁，在工厂做工。"
    if not together:
        del fields["whole_case"]
    answer = send(staff, path, fields)
    assert answer.status_code == 303
    db.session.expire_all()
    assert [len(question.revisions) for question in (first, second, retired, other)] == [2, 2 if together else 1, 1, 1]
    if together:
        assert "另外 1 道题" in staff.get(answer.location).text
        before, after = second.revisions
        assert (after.passage, after.stem, after.key) == (fields["passage"], before.stem, before.key)
        assert cases.questions_of_case(first.latest) == [first, second]


def test_the_case_stays_alone_while_its_passage_does(staff: FlaskClient, bank: Bank) -> None:
    first, second = make(bank, "其一"), make(bank, "其二")
    path = f"/bank/questions/{first.id}/edit"
    fields = fields_of(staff.get(path).text)
    fields["stem"] = "换了题干"
    send(staff, path, fields)
    db.session.expire_all()
    assert [len(question.revisions) for question in (first, second)] == [2, 1]


def test_a_new_passage_brings_its_pictures_and_keeps_the_versions_there_are(bank: Bank) -> None:
    source, other = make_full("single", bank), make_full("true_false", bank)
    content = actions.content_of(source.latest)
    plain = {code: version | {"passage": f"{code} new"} for code, version in content.translations.items()}
    changed = actions.Content(
        **{name: getattr(content, name) for name in content.__slots__} | {"passage": "换了", "translations": plain}
    )
    assert cases.change_passage(revision=source.latest, content=changed, actor=None, now=utc_now()) == 1
    after = other.latest
    assert after.passage == "换了"
    assert after.translations["ug"] == other.revisions[0].translations["ug"] | {"passage": "ug new"}
    assert [one["at"] for one in after.media] == ["stem", "stem", "explanation", "passage"]


def test_the_passage_stands_above_the_question(staff: FlaskClient, bank: Bank) -> None:
    page = html.document_fromstring(staff.get(f"/bank/questions/{make(bank, '其一').id}").text)
    text = page.find_class("question-card")[0].text_content()
    assert text.index(PASSAGE) < text.index("其一")
