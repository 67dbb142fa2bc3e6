"""The export page: what it says beforehand, the file it gives, and a bank that comes back equal in another one."""

from __future__ import annotations

import html
import io
import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from quizapp.accounts.models import AuditEvent
from quizapp.bank import exporting, jobs
from quizapp.bank.exporting import Wanted
from quizapp.bank.finding import Filter
from quizapp.bank.formats import FORMATS, ParsedQuestion, read, template, write
from quizapp.bank.formats.carrying import carried
from quizapp.bank.formats.parsed import ParsedMedia, ParsedOption, ParsedTranslation
from quizapp.bank.list_forms import filter_of, values_of_filter
from quizapp.bank.models import Bank, QuestionImport
from quizapp.core.db import db
from tests.bank.formats.strategies import png, same, wav
from tests.bank.makers import make_bank, make_question
from tests.cast import make_user, post, sign_in
from tests.jobs import do_jobs

SINGLE, *OTHERS = template.EXAMPLES
WITH_ALL = replace(
    SINGLE,
    stem="=下列<b>哪一项</b>是（A）？\n请选择。",
    media=(ParsedMedia("stem", png(7), "picture", "国徽"), ParsedMedia("B", wav(90), "audio")),
    translations=(
        ParsedTranslation(
            "ug", "سوئال", tuple(ParsedOption(option.id, f"جاۋاب {option.id}") for option in SINGLE.options)
        ),
    ),
)
SEVERAL = (WITH_ALL, *OTHERS)


@pytest.fixture
def bank(app: Flask) -> Bank:
    bank = make_bank("普法 题库")
    make_question(bank=bank)
    return bank


def fetch(staff: FlaskClient, bank: Bank, name: str, *, query: str = "", content: str = "newest") -> TestResponse:
    """Send the form and follow to the file."""
    answer = post(staff, f"/bank/{bank.id}/export{query}", format=name, content=content)
    assert answer.status_code == 303, answer.text
    return staff.get(answer.location + "&confirmed=1")


def bring_in(staff: FlaskClient, bank: Bank, content: bytes, file_name: str) -> None:
    """Import a file through the pages."""
    answer = post(staff, f"/bank/{bank.id}/import", files=(io.BytesIO(content), file_name), format="auto")
    assert answer.status_code == 303
    do_jobs(jobs.KINDS)
    imported = db.session.scalars(select(QuestionImport).order_by(QuestionImport.id.desc())).first()
    assert imported is not None and imported.state == "staged", imported and imported.state
    assert post(staff, f"/bank/imports/{imported.id}/take", seen=imported.lock_version).status_code == 303
    do_jobs(jobs.KINDS)
    db.session.expire_all()
    assert imported.state == "imported"


def said_by(bank: Bank) -> list[ParsedQuestion]:
    chosen = exporting.choose(bank=bank, wanted=Wanted())
    with exporting.collect(chosen.ids, approved=False, with_media=True) as collected:
        return list(collected)


def test_page_says_what_each_format_cannot_carry_of_this_bank(staff: FlaskClient, bank: Bank) -> None:
    matching = next(question for question in OTHERS if question.kind == "matching")
    bring_in(staff, bank, write([WITH_ALL, matching], format="json").content, "a.json")
    page = staff.get(f"/bank/{bank.id}/export").text
    for entry in exporting.writable():
        assert entry.label in page
    assert "带不上：图片 1 题、录音 1 题、其他语言的译文 1 题" in page
    assert "匹配题 1 题" in page
    assert "题目的内容全部带上" in page


def test_file_is_named_typed_and_never_sniffed(staff: FlaskClient, bank: Bank) -> None:
    answer = fetch(staff, bank, "xlsx")
    assert answer.status_code == 200
    assert answer.content_type == FORMATS["xlsx"].content_type
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment;")
    assert "filename*=UTF-8''%E6%99%AE%E6%B3%95%20%E9%A2%98%E5%BA%93-" in disposition
    assert len(read(answer.data).questions) == 1


@pytest.mark.parametrize("name", [entry.name for entry in exporting.writable()])
def test_bank_comes_back_equal_in_another_one(staff: FlaskClient, bank: Bank, name: str) -> None:
    first, second = make_bank("甲库"), make_bank("乙库")
    db.session.commit()
    bring_in(staff, first, write(SEVERAL, format="json").content, "全部.json")
    exported = fetch(staff, first, name)
    bring_in(staff, second, exported.data, f"题库.{FORMATS[name].ending}")
    rest = [
        carried(question, number=1, kinds=FORMATS[name].kinds, fields=FORMATS[name].fields)[0]
        for question in said_by(first)
    ]
    expected = [question for question in rest if question is not None]
    found = [replace(question, difficulty=None) for question in said_by(second)]
    assert len(found) == len(expected) > 0
    for question, back in zip(expected, found, strict=True):
        changed = replace(question, stem=question.stem.replace("\n", " ")) if name == "aiken" else question
        assert same(without_sound(replace(changed, difficulty=None)), without_sound(back))


def without_sound(question: ParsedQuestion) -> ParsedQuestion:
    """Recordings are encoded anew when they come in, and then are not the same bytes."""
    media = [replace(medium, content=b"") if medium.kind == "audio" else medium for medium in question.media]
    return replace(question, media=tuple(media))


def test_export_is_on_the_audit_trail(staff: FlaskClient, bank: Bank) -> None:
    fetch(staff, bank, "csv")
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "bank.export")).one()
    assert event.detail == {"bank": "普法 题库", "format": "csv", "content": "newest", "questions": 1}


def test_only_what_the_list_showed_is_exported(staff: FlaskClient, bank: Bank) -> None:
    make_question(bank=bank, kind="true_false", options=[], key=["true"], stem="判断这一题")
    assert f"/bank/{bank.id}/export?kind=true_false" in staff.get(f"/bank/{bank.id}?kind=true_false&page=1").text
    answer = fetch(staff, bank, "json", query="?kind=true_false")
    assert [question.stem for question in read(answer.data).questions] == ["判断这一题"]


def test_change_to_single_questions_is_shown_before_the_file(staff: FlaskClient, bank: Bank) -> None:
    make_question(bank=bank, stem="第一行\n第二行")
    told = staff.get(post(staff, f"/bank/{bank.id}/export", format="aiken", content="newest").location)
    assert (told.status_code, told.mimetype) == (200, "text/html")
    assert "第 2 题“第一行 第二行”：这种格式里一段文字只能写成一行" in told.text
    address = re.search(r'href="([^"]+confirmed=1)"', told.text)
    assert address
    file = staff.get(html.unescape(address[1]))
    assert "attachment" in file.headers["Content-Disposition"]
    assert "第一行 第二行" in file.text


@pytest.mark.parametrize(("format_name", "content"), [("docx", "newest"), ("", "newest"), ("json", "all")])
def test_unknown_choice_is_refused(staff: FlaskClient, bank: Bank, format_name: str, content: str) -> None:
    assert post(staff, f"/bank/{bank.id}/export", format=format_name, content=content).status_code == 422


def test_empty_bank_has_nothing_to_export(staff: FlaskClient) -> None:
    bank = make_bank("空库")
    db.session.commit()
    assert "没有可以导出的题目" in staff.get(f"/bank/{bank.id}/export").text
    assert post(staff, f"/bank/{bank.id}/export", format="json", content="newest").status_code == 422


def test_approved_content_of_an_unreviewed_bank_is_nothing(staff: FlaskClient, bank: Bank) -> None:
    assert post(staff, f"/bank/{bank.id}/export", format="json", content="approved").status_code == 422
    assert db.session.scalar(select(AuditEvent).where(AuditEvent.action == "bank.export")) is None


@pytest.mark.parametrize("change", ["other bank", "other person", "changed", "none"])
def test_ticket_opens_one_file_for_one_person(app: Flask, staff: FlaskClient, bank: Bank, change: str) -> None:
    location = post(staff, f"/bank/{bank.id}/export", format="json", content="newest").location
    client = staff
    if change == "other bank":
        other = make_bank("别的题库")
        db.session.commit()
        location = location.replace(f"/bank/{bank.id}/", f"/bank/{other.id}/")
    elif change == "other person":
        make_user("otto", "organiser")
        client = app.test_client()
        sign_in(client, "otto")
    else:
        location = location[:-3] if change == "changed" else location.split("?")[0]
    assert client.get(location).status_code == 403


def test_template_is_a_workbook_to_fill_in(staff: FlaskClient) -> None:
    answer = staff.get("/bank/template")
    assert answer.content_type == FORMATS["xlsx"].content_type
    assert "attachment" in answer.headers["Content-Disposition"]
    assert [problem.code for problem in read(answer.data).problems] == ["examples_left", "no_questions"]


def test_import_page_offers_the_template(staff: FlaskClient, bank: Bank) -> None:
    assert "/bank/template" in staff.get(f"/bank/{bank.id}/import").text


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(),
        Filter(words="宪法 国家", kind="single", state="held", topic_id=0, law="宪法 第一条", difficulty=3),
        Filter(use="unused", rate="low", sensitive=True, import_id=7, order="rate", descending=False),
    ],
)
def test_filter_survives_its_way_through_an_address(app: Flask, wanted: Filter) -> None:
    assert filter_of(MultiDict(values_of_filter(wanted))) == wanted
