"""The form of a question: what it is opened with it gives back, and what is wrong is said."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from lxml import html
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from quizapp.bank import actions, importing, media
from quizapp.bank.formats.parsed import ParsedQuestion
from quizapp.bank.models import KINDS, Bank, Media, Question, QuestionRevision
from quizapp.bank.shelf import Citation
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from tests.bank.formats.strategies import questions
from tests.bank.makers import make_question
from tests.bank.media_makers import animation, picture, recording
from tests.bank.pages import fields_of
from tests.cast import csrf_token

NOW = utc_now()
SINGLE: dict[str, Any] = {
    "stem": "甲与乙订立合同？",
    "option": ["0", "1"],
    "option-0": "有效",
    "option-1": "无效",
    "option.right": "0",
    "difficulty": "2",
}
PAIRS: dict[str, Any] = {
    "option": ["0", "1"],
    "option-0": "成年",
    "option-0.partner": "1",
    "option-1": "限制行为能力",
    "option-1.partner": "0",
    "partner": ["0", "1", "2"],
    "partner-0": "八周岁",
    "partner-1": "十八周岁",
    "partner-2": "二十周岁",
}
BY_KIND: dict[str, dict[str, Any]] = {
    "single": {},
    "multiple": {"option.right": ["0", "1"]},
    "indefinite": {"option.right": ["1"]},
    "true_false": {"truth": "false"},
    "fill_in": {"stem": "年满____周岁", "blank": ["18\r\n十八"]},
    "ordering": {},
    "matching": PAIRS,
    "short_text": {"reference": "要点", "criterion": ["说到年龄", ""], "criterion_points": ["2.5", ""]},
}
KEYS: dict[str, list[Any]] = {
    "single": ["A"],
    "multiple": ["A", "B"],
    "indefinite": ["B"],
    "true_false": ["false"],
    "fill_in": [["18", "十八"]],
    "ordering": ["A", "B"],
    "matching": ["A2", "B1"],
    "short_text": ["要点"],
}


def store(bank: Bank, parsed: ParsedQuestion) -> Question:
    """A question of a file in the bank, with its media."""
    shown = [
        media.shown_at(media.store(media.clean(medium), now=NOW), at=medium.at, alt=medium.alt)
        for medium in parsed.media
    ]
    content = replace(importing.content_of(parsed), media=shown)
    question = actions.add_questions(bank=bank, contents=[content], actor=None, now=NOW)[0]
    db.session.commit()
    return question


def send(client: FlaskClient, path: str, fields: Mapping[str, Any]) -> TestResponse:
    """Send a form with a fresh token; a value may be a list."""
    items = fields.items(multi=True) if isinstance(fields, MultiDict) else fields.items()
    sent = MultiDict([(name, one) for name, value in items for one in (value if isinstance(value, list) else [value])])
    sent["csrf_token"] = csrf_token(client)
    return client.post(path, data=sent, content_type="multipart/form-data")


def new(bank: Bank, kind: str = "single") -> str:
    return f"/bank/{bank.id}/questions/new?kind={kind}"


def only_question() -> Question:
    db.session.expire_all()
    return db.session.scalars(select(Question)).one()


def count(table: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


OPTIONS = [("A", "有效"), ("B", "无效"), ("C", "可撤销")]
SIDES = [("A", "成年"), ("B", "限制行为能力"), ("1", "八周岁"), ("2", "十八周岁"), ("3", "二十周岁")]
FULL: dict[str, dict[str, Any]] = {
    "single": {"options": OPTIONS, "key": ["B"]},
    "multiple": {"options": OPTIONS, "key": ["A", "C"]},
    "indefinite": {"options": OPTIONS, "key": ["C"]},
    "true_false": {"options": [], "key": ["false"]},
    "fill_in": {"stem": "年满____周岁，或____周岁", "options": [], "key": [["18", "十八"], ["16"]]},
    "ordering": {"options": OPTIONS, "key": ["C", "A", "B"]},
    "matching": {"options": SIDES, "key": ["A2", "B1"]},
    "short_text": {
        "options": [],
        "key": ["要点一\n要点二"],
        "rubric": [{"text": "说到年龄", "points_hundredths": 250}, {"text": "说到智力", "points_hundredths": None}],
    },
}
"""By kind what is of that kind alone."""


def make_full(kind: str, bank: Bank) -> Question:
    """A question that has everything that one of its kind can have."""
    red = media.store(media.clean_picture(picture(colour="red")), now=NOW)
    sound = media.store(media.clean_audio(recording()), now=NOW)
    ids = [option_id for option_id, _text in FULL[kind]["options"]]
    shown = [
        media.shown_at(red, at="stem", alt="红色方块"),
        media.shown_at(sound, at="stem"),
        media.shown_at(red, at="passage"),
        media.shown_at(sound, at="explanation", alt="讲解录音"),
        *(media.shown_at(red, at=option_id, alt=f"图 {option_id}") for option_id in ids),
    ]
    versions = {
        code: {
            "stem": f"{code} stem ____ ____",
            "passage": f"{code} passage",
            "explanation": "",
            "options": {option_id: f"{code} {option_id}" for option_id in ids},
        }
        for code in ("ug", "fr")
    }
    return make_question(
        bank=bank,
        kind=kind,
        passage="甲十七周岁。\n以自己的劳动收入为主要生活来源。",
        citations=[
            Citation("民法典", "第十七条", date(2021, 1, 1)),
            Citation("民法典", "", None),
            Citation("宪法", "", None),
        ],
        topics=["民事行为能力", "婚姻、家庭"],
        is_sensitive=True,
        media=shown,
        translations=versions,
        **FULL[kind],
    )


def refusals(answer: TestResponse) -> list[str]:
    """What a form that came back says is wrong."""
    document = html.document_fromstring(answer.text)
    return [" ".join(item.text_content().split()) for item in document.xpath("//*[@role='alert']//li")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_question_opened_and_saved_unchanged_is_unchanged(staff: FlaskClient, bank: Bank, kind: str) -> None:
    question = make_full(kind, bank)
    path = f"/bank/questions/{question.id}/edit"
    fields = fields_of(staff.get(path).text)
    assert send(staff, path, fields).status_code == 303
    db.session.expire_all()
    assert question.latest.number == 1, "what did not change is no new revision"
    fields["difficulty"] = "3"
    assert send(staff, path, fields).status_code == 303
    db.session.expire_all()
    before, after = question.revisions
    same = replace(actions.content_of(before), difficulty=3)
    assert actions.content_of(after) == same


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_written(staff: FlaskClient, bank: Bank, kind: str) -> None:
    answer = send(staff, new(bank, kind), SINGLE | BY_KIND[kind])
    assert answer.status_code == 303, refusals(answer)
    revision = only_question().latest
    assert revision.key == KEYS[kind]
    if kind == "short_text":
        assert revision.rubric == [{"text": "说到年龄", "points_hundredths": 250}]


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_a_file_held_is_not_lost_in_the_form(staff: FlaskClient, bank: Bank, kind: str) -> None:
    @settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(questions(kinds=[kind]))
    def holds(parsed: ParsedQuestion) -> None:
        question = store(bank, parsed)
        path = f"/bank/questions/{question.id}/edit"
        answer = send(staff, path, fields_of(staff.get(path).text))
        assert answer.status_code == 303, refusals(answer)
        db.session.expire_all()
        assert question.latest.number == 1

    holds()


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("single", {"stem": " "}, "请填写题干"),
        ("single", {"stem": "长" * 20_001}, "最多 20000 个字"),
        ("single", {"option-1": ""}, "至少要写两项"),
        ("single", {"option-1": "有 效".replace(" ", "")}, "文字相同"),
        ("single", {"option-1": "长" * 20_001}, "第 2 项：文字太长"),
        ("single", {"option.right": ""}, "请勾选正确选项"),
        ("single", {"option": ["0", "1", "2"], "option.right": "2"}, "没有填写文字"),
        ("single", {"option.right": ["0", "1"]}, "只能有一个正确选项"),
        ("multiple", {}, "至少要有两个正确选项"),
        ("true_false", {}, "请选择正确或错误"),
        ("fill_in", {"blank": ""}, "至少一个答案"),
        ("fill_in", {"blank": ["", "十八"]}, "至少一个答案"),
        ("fill_in", {"blank": "长" * 201}, "最多 200 个字"),
        ("fill_in", {"stem": "年满____周岁或____周岁", "blank": "十八"}, "题干里有 2 个空，答案写了 1 个空的"),
        ("ordering", {"option": ["0"]}, "至少要写两项"),
        ("matching", PAIRS | {"option-1.partner": "7"}, "左边第 2 项还没有选它对应的右边"),
        ("matching", PAIRS | {"partner-1": ""}, "左边第 1 项还没有选它对应的右边"),
        ("matching", PAIRS | {"partner": ["1"]}, "至少要写两项"),
        ("short_text", {"criterion": "", "criterion_points": "2"}, "也请写上内容"),
        ("short_text", {"criterion": "要点", "criterion_points": "两分"}, "最多两位小数"),
        ("single", {"article": "第一条"}, "也请写上法律"),
        ("single", {"law": "宪法", "effective_on": "2021-13-01"}, "“2021-13-01”不是日期"),
        ("single", {"law": "长" * 129}, "最多 128 个字"),
        ("single", {"difficulty": "9"}, "难度"),
        ("single", {"topics": "长" * 65}, "最多 64 个字"),
        ("single", {"passage@ug": "ug", "language": "ug", "stem@ug": "ug"}, "也请写上中文的文字"),
        ("single", {"option-0@ug": "ug", "language": "ug"}, "请填写维吾尔文的题干"),
        ("single", {"stem.media": "0" * 64, "stem.alt": ""}, "已被清理"),
    ],
)
def test_a_bad_question_is_refused_with_a_clear_word(
    staff: FlaskClient, bank: Bank, kind: str, changes: dict[str, Any], words: str
) -> None:
    good = {name: value for name, value in BY_KIND[kind].items() if name not in ("truth", "blank", "option.right")}
    answer = send(staff, new(bank, kind), SINGLE | good | changes)
    assert answer.status_code == 422
    assert words in " ".join(refusals(answer))
    assert count(QuestionRevision) == 0


def test_a_row_left_empty_is_no_option(staff: FlaskClient, bank: Bank) -> None:
    changes = {"option": ["0", "5", "1"], "option-5": " ", "option.right": "1"}
    assert send(staff, new(bank), SINGLE | changes).status_code == 303
    revision = only_question().latest
    assert (revision.options, revision.key) == ([{"id": "A", "text": "有效"}, {"id": "B", "text": "无效"}], ["B"])


def test_an_option_taken_away_takes_its_translation_and_picture_along(staff: FlaskClient, bank: Bank) -> None:
    question = make_full("single", bank)
    path = f"/bank/questions/{question.id}/edit"
    fields = fields_of(staff.get(path).text)
    fields.setlist("option", [number for number in fields.getlist("option") if number != "0"])
    assert send(staff, path, fields).status_code == 303
    db.session.expire_all()
    revision = question.latest
    assert [option["text"] for option in revision.options] == ["无效", "可撤销"]
    assert revision.key == ["A"]
    assert revision.translations["ug"]["options"] == {"A": "ug B", "B": "ug C"}
    assert [one["alt"] for one in revision.media if one["at"] in ("A", "B")] == ["图 B", "图 C"]


def test_the_right_order_changes_while_the_options_keep_their_ids(staff: FlaskClient, bank: Bank) -> None:
    question = make_full("ordering", bank)
    path = f"/bank/questions/{question.id}/edit"
    fields = fields_of(staff.get(path).text)
    rows = fields.getlist("option")
    fields.setlist("option", [rows[1], rows[0], *rows[2:]])
    send(staff, path, fields)
    db.session.expire_all()
    assert question.latest.options == question.revisions[0].options
    assert (question.revisions[0].key, question.latest.key) == (["C", "A", "B"], ["A", "C", "B"])


def test_several_articles_are_cited(staff: FlaskClient, bank: Bank) -> None:
    cited = {"law": ["民法典", "宪法", ""], "article": ["第十七条", "", ""], "effective_on": ["2021-01-01", "", ""]}
    send(staff, new(bank), SINGLE | cited)
    found = [(one.law.title, one.label, one.law.effective_on) for one in only_question().latest.articles]
    assert found == [("民法典", "第十七条", date(2021, 1, 1)), ("宪法", "", None)]


def test_topics_are_divided_by_lines_and_commas_but_known_names_are_not(staff: FlaskClient, bank: Bank) -> None:
    make_full("single", bank)
    send(staff, new(bank), SINGLE | {"topics": "婚姻、家庭\r\n合同，物权"})
    question = db.session.scalars(select(Question).order_by(Question.id.desc())).first()
    assert question is not None
    assert {topic.name for topic in question.topics} == {"婚姻、家庭", "合同", "物权"}


def test_a_language_dropped_is_gone(staff: FlaskClient, bank: Bank) -> None:
    question = make_full("single", bank)
    path = f"/bank/questions/{question.id}/edit"
    fields = fields_of(staff.get(path).text)
    fields["drop_language"] = "ug"
    send(staff, path, fields)
    db.session.expire_all()
    assert set(question.latest.translations) == {"fr"}


# Buttons that change the form ------------------------------------------------------------------------------------


def act(client: FlaskClient, path: str, fields: Mapping[str, Any], verb: str) -> MultiDict[str, Any]:
    answer = send(client, path, {**fields, "act": verb})
    assert answer.status_code == 200
    return fields_of(answer.text)


def test_a_row_more_keeps_what_is_written(staff: FlaskClient, bank: Bank) -> None:
    fields = act(staff, new(bank), SINGLE | {"topics": "合同"}, "more option")
    assert fields.getlist("option") == ["0", "1", "2", "3", "4"]
    assert (fields["option-1"], fields["option.right"], fields["topics"]) == ("无效", "0", "合同")
    assert count(Question) == 0


@pytest.mark.parametrize(
    ("verb", "rows"),
    [
        ("down option-0", ["1", "0", "2", "3"]),
        ("up option-1", ["1", "0", "2", "3"]),
        ("up option-0", ["0", "1", "2", "3"]),
        ("remove option-1", ["0", "2", "3"]),
        ("remove option-99", ["0", "1", "2", "3"]),
        ("remove csrf_token-1", ["0", "1", "2", "3"]),
        ("remove option-x", ["0", "1", "2", "3"]),
        ("nonsense", ["0", "1", "2", "3"]),
    ],
)
def test_rows_move_and_go_without_script(staff: FlaskClient, bank: Bank, verb: str, rows: list[str]) -> None:
    sent = SINGLE | {"option": ["0", "1", "2", "3"]}
    assert [row for row in act(staff, new(bank), sent, verb).getlist("option") if row in rows] == rows


def test_a_language_added_has_fields_that_run_its_way(staff: FlaskClient, bank: Bank) -> None:
    answer = send(staff, new(bank), SINGLE | {"act": "languages", "add_language": "ug"})
    document = html.document_fromstring(answer.text)
    [field] = document.xpath("//textarea[@name='option-1@ug']")
    assert (field.get("lang"), field.get("dir")) == ("ug", "rtl")
    assert fields_of(answer.text).getlist("language") == ["ug"]


def test_as_many_blanks_are_shown_as_the_stem_has(staff: FlaskClient, bank: Bank) -> None:
    fields = act(staff, new(bank, "fill_in"), {"stem": "____和____和____", "blank": ["甲"]}, "more blank")
    assert fields.getlist("blank") == ["甲", "", "", ""]


# Files -----------------------------------------------------------------------------------------------------------


def file(content: bytes, name: str = "../图.png") -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


def test_a_picture_comes_with_the_question(staff: FlaskClient, bank: Bank) -> None:
    files = {"option-1.file": file(picture()), "option-1.file_alt": "红色", "stem.file": file(recording(), "a.wav")}
    assert send(staff, new(bank), SINGLE | files).status_code == 303
    found = only_question().latest.media
    assert [(one["at"], one["kind"], one["ending"], one["alt"]) for one in found] == [
        ("stem", "audio", "mp3", ""),
        ("B", "picture", "png", "红色"),
    ]
    page = staff.get(f"/bank/questions/{only_question().id}").text
    assert f"/media/{found[1]['sha256']}.png" in page
    assert 'alt="红色"' in page


def test_an_option_may_be_a_picture_alone(staff: FlaskClient, bank: Bank) -> None:
    assert send(staff, new(bank), SINGLE | {"option-1": "", "option-1.file": file(picture())}).status_code == 303
    assert send(staff, new(bank), SINGLE | {"option-1": "", "option-1.file": file(recording())}).status_code == 422


@pytest.mark.parametrize("how", ["refused", "act", "preview"])
def test_a_file_sent_is_not_lost_when_the_form_comes_back(staff: FlaskClient, bank: Bank, how: str) -> None:
    changes: dict[str, Any] = {
        "refused": {"stem": ""},
        "act": {"act": "more option"},
        "preview": {"preview": "1"},
    }[how]
    sent = SINGLE | changes | {"option-0.file": file(picture()), "option-0.file_alt": "红色"}
    answer = send(staff, new(bank), sent)
    assert answer.status_code == (422 if how == "refused" else 200)
    db.session.rollback()
    fields = fields_of(answer.text)
    assert (fields["option-0.alt"], count(Media), count(Question)) == ("红色", 1, 0)
    fields["stem"] = "补上的题干"
    assert send(staff, new(bank), fields).status_code == 303
    assert [one["at"] for one in only_question().latest.media] == ["A"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<svg/>", "另存为 PNG"),
        (b"", "文件是空的"),
        (b"#!AMR\n" + b"\x00" * 90, "导出为 MP3"),
        (b"zzz", "不是能用的图片"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_by_name(
    staff: FlaskClient, bank: Bank, content: bytes, words: str
) -> None:
    answer = send(staff, new(bank), SINGLE | {"stem.file": file(content)})
    assert answer.status_code == 422
    assert words in " ".join(refusals(answer))
    assert (count(Question), count(Media)) == (0, 0)


def test_what_is_ticked_goes_from_the_question(staff: FlaskClient, bank: Bank) -> None:
    question = make_full("true_false", bank)
    path = f"/bank/questions/{question.id}/edit"
    fields = fields_of(staff.get(path).text)
    fields["stem.drop"] = fields.getlist("stem.media")[0]
    send(staff, path, fields)
    db.session.expire_all()
    assert [(one["at"], one["kind"]) for one in question.latest.media] == [
        ("stem", "audio"),
        ("passage", "picture"),
        ("explanation", "audio"),
    ]


def test_the_script_sends_a_file_at_once(staff: FlaskClient, bank: Bank) -> None:
    headers = {"X-CSRFToken": csrf_token(staff)}
    answer = staff.post("/bank/media", data={"file": file(animation("GIF", 3))}, headers=headers)
    assert (answer.status_code, answer.json["kind"], answer.json["width"]) == (201, "picture", 16)  # type: ignore[index]
    assert "第一帧" in answer.json["note"]  # type: ignore[index]
    assert staff.get(answer.json["address"]).status_code == 200  # type: ignore[index]
    refused = staff.post("/bank/media", data={"file": file(b"zzz")}, headers=headers)
    assert (refused.status_code, count(Media)) == (422, 1)
    assert "不是能用的图片" in refused.json["message"]  # type: ignore[index]
    assert staff.post("/bank/media", headers=headers).status_code == 422


# Preview, what counts as equal, two people at once -----------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_preview_shows_both_sides_and_stores_nothing(staff: FlaskClient, bank: Bank, kind: str) -> None:
    answer = send(staff, new(bank, kind), SINGLE | BY_KIND[kind] | {"preview": "1"})
    assert answer.status_code == 200
    assert "还没有保存" in answer.text
    document = html.document_fromstring(answer.text)
    [asked] = document.find_class("asked")
    [shown] = document.find_class("question-card")
    assert "甲与乙" in asked.text_content() or "年满" in asked.text_content()
    for tell in ("正确选项", "参考答案", "十八", "→"):
        assert kind == "matching" or tell not in asked.text_content()
    assert shown.text_content() != asked.text_content()
    assert count(Question) == 0


def test_what_a_blank_counts_as_equal_is_told(staff: FlaskClient) -> None:
    query = {"accepted": "１８ 周岁\n十八周岁", "response": "18周岁。"}
    answer = staff.get("/bank/blank", query_string=query)
    assert answer.json == {"compared": [["１８ 周岁", "18周岁"], ["十八周岁", "十八周岁"]], "is_right": True}
    assert staff.get("/bank/blank").json == {"compared": [], "is_right": None}


def test_nobody_overwrites_what_another_has_written_meanwhile(staff: FlaskClient, bank: Bank) -> None:
    question = make_full("single", bank)
    path = f"/bank/questions/{question.id}/edit"
    mine, others = fields_of(staff.get(path).text), fields_of(staff.get(path).text)
    others["stem"] = "同事的题干"
    send(staff, path, others)
    mine["stem"] = "我的题干"
    refused = send(staff, path, mine)
    assert refused.status_code == 422
    assert "现在是第 2 次修订" in " ".join(refusals(refused))
    mine = fields_of(refused.text)
    assert mine["stem"] == "我的题干"
    assert send(staff, path, mine).status_code == 303
    db.session.expire_all()
    assert [one.stem for one in question.revisions[1:]] == ["同事的题干", "我的题干"]
