from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from werkzeug.test import TestResponse

from quizapp.accounts.models import User
from quizapp.bank.actions import add_questions
from quizapp.bank.models import Bank, Question
from quizapp.contests.actions import choose_questions
from quizapp.contests.drafts import SectionDraft
from quizapp.contests.models import Contest
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from tests.cast import csrf_token, sign_in
from tests.contests.makers import NOW, approve, make_bank, make_content, make_contest, make_published

Post = Callable[..., TestResponse]


@pytest.fixture
def bank(app: Flask) -> Bank:
    bank = make_bank(single=20, multiple=10)
    db.session.commit()
    return bank


@pytest.fixture
def draft(bank: Bank) -> Contest:
    contest = make_contest(bank)
    db.session.commit()
    return contest


@pytest.fixture
def organiser(client: FlaskClient, olga: User) -> FlaskClient:
    sign_in(client, "olga")
    return client


@pytest.fixture
def post(organiser: FlaskClient) -> Post:
    def send(path: str, fields: dict[str, Any]) -> TestResponse:
        return organiser.post(path, data={"csrf_token": csrf_token(organiser)} | fields)

    return send


def fields_of(bank: Bank, **changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "title": "宪法知识竞赛",
        "slug": "xianfa",
        "timezone": "Asia/Shanghai",
        "opens_at": "2030-12-04T08:00",
        "closes_at": "2030-12-11T22:00",
        "paper": "random",
        "sections-0-bank_id": str(bank.id),
        "sections-0-kind": "",
        "sections-0-topic_id": "",
        "sections-0-difficulty": "",
        "sections-0-count": "10",
        "sections-0-points": "10",
        "shuffle_questions": "y",
        "limit_minutes": "10",
        "attempts_per_day": "3",
        "feedback": "explanations",
        "feedback_time": "after_finish",
        "entry_mode": "nickname",
        "unit_root_id": "",
        "retention_days": "180",
    }
    return {name: value for name, value in (fields | changes).items() if value is not None}


def stems(page: str) -> list[str]:
    return re.findall(r'class="sample-stem">([^<]+)<', page)


def contests() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(Contest.id))) or 0


PATHS = [
    "/contests/",
    "/contests/new",
    "/contests/usable?bank_id=1",
    "/contests/autumn",
    "/contests/autumn/edit",
    "/contests/autumn/preview",
    "/contests/autumn/check",
    "/contests/autumn/publish",
    "/contests/autumn/delete",
    "/contests/winter/poster",
    "/contests/winter/qr.svg",
    "/contests/winter/qr.png",
]


@pytest.mark.parametrize(("name", "status"), [("", 303), ("rita", 403), ("olga", 200), ("ada", 200)])
def test_only_organisers_and_administrators_open_the_pages(
    client: FlaskClient, draft: Contest, ada: User, olga: User, rita: User, name: str, status: int
) -> None:
    make_published(make_bank("冬季", single=10), slug="winter")
    if name:
        sign_in(client, name)
    assert {path: client.get(path).status_code for path in PATHS} == dict.fromkeys(PATHS, status)


@pytest.mark.parametrize("path", ["new", "autumn/edit", "autumn/publish", "autumn/copy", "autumn/delete"])
@pytest.mark.parametrize(("name", "status"), [("", 303), ("rita", 403)])
def test_nobody_else_changes_anything(
    client: FlaskClient, draft: Contest, rita: User, path: str, name: str, status: int
) -> None:
    if name:
        sign_in(client, name)
    answer = client.post(f"/contests/{path}", data={"csrf_token": csrf_token(client), "title": "x"})
    assert answer.status_code == status
    assert db.session.get_one(Contest, draft.id).title == "秋季法律知识竞赛"


def test_nothing_is_changed_without_a_csrf_token(organiser: FlaskClient, draft: Contest) -> None:
    for path in ("new", "autumn/edit", "autumn/publish", "autumn/copy", "autumn/delete"):
        assert organiser.post(f"/contests/{path}", data={"confirm": "y"}).status_code == 403
    assert contests() == 1


@pytest.mark.parametrize("path", ["nothing", "nothing/edit", "nothing/poster", "autumn/poster", "autumn/qr.gif"])
def test_what_does_not_exist_is_not_found(organiser: FlaskClient, draft: Contest, path: str) -> None:
    assert organiser.get(f"/contests/{path}").status_code == 404


def test_a_contest_is_made_edited_checked_and_published(post: Post, organiser: FlaskClient, bank: Bank) -> None:
    made = post("/contests/new", fields_of(bank))
    assert (made.status_code, made.location) == (303, "/contests/xianfa")
    assert "检查没有发现问题" not in organiser.get("/contests/xianfa").text
    changes = fields_of(bank, title="宪法知识竞赛（修订）", lock_version="1", **{"sections-0-points": "2.5"})
    assert post("/contests/xianfa/edit", changes).status_code == 303
    contest = db.session.scalars(select(Contest)).one()
    assert (contest.title, contest.sections[0].points_hundredths) == ("宪法知识竞赛（修订）", 250)
    assert "满分 25 分" in organiser.get("/contests/xianfa/check").text
    assert post("/contests/xianfa/publish", {"lock_version": "2"}).status_code == 422
    assert post("/contests/xianfa/publish", {"lock_version": "2", "confirm": "y"}).status_code == 303
    db.session.expire_all()
    assert db.session.scalars(select(Contest)).one().kit_version == 1


def test_a_contest_without_an_address_gets_one(post: Post, bank: Bank) -> None:
    day = f"{utc_now():%Y%m%d}"
    assert post("/contests/new", fields_of(bank, slug="")).location == f"/contests/quiz-{day}"
    assert post("/contests/new", fields_of(bank, slug="")).location == f"/contests/quiz-{day}-2"
    assert post("/contests/new", fields_of(bank, slug="", title="Law Quiz 2030")).location == "/contests/law-quiz-2030"


BAD_INPUT: list[tuple[dict[str, Any], str]] = [
    ({"title": ""}, "请填写竞赛名称"),
    ({"title": None}, "请填写竞赛名称"),
    ({"title": "字" * 129}, "名称最多 128 个字"),
    ({"title": "a\u202eb"}, "不能显示的字符"),
    ({"slug": "宪法"}, "网址请用"),
    ({"slug": "a/../b"}, "网址请用"),
    ({"slug": "new"}, "网址请用"),
    ({"slug": "autumn"}, "网址已被另一场竞赛使用"),
    ({"introduction": "字" * 5001}, "说明最多 5000 个字"),
    ({"introduction": "a\x00b"}, "控制字符"),
    ({"accent": "red; }"}, "十六进制"),
    ({"opens_at": ""}, "请填写日期和时间"),
    ({"opens_at": "0000-01-01T00:00"}, "没有这样的日期"),
    ({"opens_at": "0001-01-01T00:00"}, "夏令时"),
    ({"closes_at": "9999-12-31T23:59"}, "2099"),
    ({"closes_at": "2030-02-30T08:00"}, "没有这样的日期"),
    ({"closes_at": "2030-12-04T08:00"}, "结束时间要晚于开始时间"),
    ({"closes_at": "2030-12-01T08:00"}, "结束时间要晚于开始时间"),
    ({"closes_at": "2032-12-01T08:00"}, "366"),
    ({"timezone": "Mars/Base"}, "请从列出的选项中选择"),
    ({"paper": "oral"}, "请从列出的选项中选择"),
    ({"sections-0-bank_id": None}, "请从列出的选项中选择"),
    ({"sections-0-bank_id": "999"}, "请从列出的选项中选择"),
    ({"sections-0-bank_id": "x"}, "没有保存"),
    ({"sections-0-topic_id": "999"}, "请从列出的选项中选择"),
    ({"sections-0-kind": "short_text"}, "请从列出的选项中选择"),
    ({"sections-0-difficulty": "9"}, "请从列出的选项中选择"),
    ({"sections-0-count": "0"}, "题数请填 1 到 200"),
    ({"sections-0-count": "-3"}, "题数请填 1 到 200"),
    ({"sections-0-count": "1e3"}, "请填写整数"),
    ({"sections-0-count": "9" * 5000}, "请填写整数"),
    ({"sections-0-points": "0"}, "每题分数请填"),
    ({"sections-0-points": "-1"}, "请填写数字"),
    ({"sections-0-points": "nan"}, "请填写数字"),
    ({"sections-0-points": "1e309"}, "请填写数字"),
    ({"sections-0-points": "3.333"}, "请填写数字"),
    ({"limit_minutes": "0"}, "1 到 180 分钟"),
    ({"limit_minutes": "181"}, "1 到 180 分钟"),
    ({"limit_minutes": "", "closes_at": "2031-01-11T22:00"}, "最长 24 天"),
    ({"attempts_per_day": "0"}, "次数请填 1 到 1000"),
    ({"attempts_total": "2.5"}, "请填写整数"),
    ({"pass_mark": "101"}, "合格线"),
    ({"feedback": "score", "feedback_time": "at_once"}, "每答一题立即显示"),
    ({"entry_mode": "form", "entry_fields": ["phone"]}, "要有“姓名”"),
    ({"entry_mode": "form", "entry_fields": ["name", "religion"]}, "请从列出的选项中选择"),
    ({"entry_mode": "form", "entry_fields": ["name", "audience"]}, "请写出可选的人群"),
    ({"unit_root_id": "999"}, "请从列出的选项中选择"),
    ({"unit_root_id": "' or 1=1--"}, "没有保存"),
    ({"capacity": "0"}, "同时答题人数"),
    ({"retention_days": ""}, "保留天数"),
]


def test_bad_input_is_told_next_to_its_field_and_not_stored(post: Post, draft: Contest, bank: Bank) -> None:
    for changes, sentence in BAD_INPUT:
        answer = post("/contests/new", fields_of(bank, **changes))
        assert (answer.status_code, sentence in answer.text) == (422, True), changes
        assert "{&#39;" not in answer.text, changes
    assert contests() == 1


def test_a_time_that_summer_time_skips_is_refused_with_its_reason(
    post: Post, organiser: FlaskClient, draft: Contest, bank: Bank
) -> None:
    draft.timezone = "America/New_York"
    db.session.commit()
    fields = fields_of(bank, timezone="America/New_York", opens_at="2030-03-10T02:30", closes_at="2030-03-12T08:00")
    answer = post("/contests/autumn/edit", fields | {"lock_version": "1"})
    assert answer.status_code == 422 and "夏令时" in answer.text


@pytest.mark.parametrize(
    "name", ["sections-²-count", "sections-99999-count", "sections--count", "sections-" + "9" * 5000]
)
def test_rows_with_odd_numbers_are_not_read(post: Post, bank: Bank, name: str) -> None:
    assert post("/contests/new", fields_of(bank) | {name: "5"}).status_code == 303
    contest = db.session.scalars(select(Contest)).one()
    assert len(contest.sections) == 1


def test_a_paper_without_rows_is_refused(post: Post, bank: Bank) -> None:
    fields = {name: value for name, value in fields_of(bank).items() if not name.startswith("sections")}
    answer = post("/contests/new", fields)
    assert answer.status_code == 422 and "试卷至少要有一个部分" in answer.text


def test_rows_are_added_and_removed_without_script_and_without_saving(post: Post, bank: Bank) -> None:
    added = post("/contests/new", fields_of(bank) | {"add_row": "1", "title": "还没写完"})
    assert added.status_code == 200
    assert 'name="sections-1-count"' in added.text and "还没写完" in added.text
    second = {name.replace("-0-", "-1-"): value for name, value in fields_of(bank).items() if "-0-" in name}
    second["sections-1-count"] = "7"
    removed = post("/contests/new", fields_of(bank) | second | {"remove_row": "0"})
    assert removed.text.count("data-section>") == 1 and 'value="7"' in removed.text
    counted = post("/contests/new", fields_of(bank, **{"sections-0-kind": "multiple"}) | {"count_rows": "1"})
    assert "可用 10 题" in counted.text
    assert contests() == 0


@pytest.mark.parametrize("place", ["99", "-1", "x", ""])
def test_removing_a_row_that_is_not_there_changes_nothing(post: Post, bank: Bank, place: str) -> None:
    assert post("/contests/new", fields_of(bank) | {"remove_row": place}).text.count("data-section>") == 1


def test_no_more_rows_are_added_than_a_paper_may_have(post: Post, bank: Bank) -> None:
    rows = {
        name.replace("-0-", f"-{number}-"): value
        for number in range(20)
        for name, value in fields_of(bank).items()
        if "-0-" in name
    }
    answer = post("/contests/new", fields_of(bank) | rows | {"add_row": "1"})
    assert answer.text.count("data-section>") == 20


def test_the_second_of_two_editors_is_told(post: Post, bank: Bank, draft: Contest) -> None:
    first = post("/contests/autumn/edit", fields_of(bank, slug="autumn", title="第一位改的", lock_version="1"))
    second = post("/contests/autumn/edit", fields_of(bank, slug="autumn", title="第二位改的", lock_version="1"))
    assert (first.status_code, second.status_code) == (303, 409)
    assert "另一位同事" in second.text
    db.session.expire_all()
    assert db.session.get_one(Contest, draft.id).title == "第一位改的"


def test_extra_fields_change_nothing(post: Post, bank: Bank) -> None:
    extra = {"state": "published", "kit_version": "9", "created_by_id": "1", "id": "77", "sections-0-id": "5"}
    assert post("/contests/new", fields_of(bank) | extra).status_code == 303
    contest = db.session.scalars(select(Contest)).one()
    assert (contest.state, contest.kit_version) == ("draft", 0) and contest.id != 77


def test_markup_in_texts_is_shown_as_text(post: Post, organiser: FlaskClient, bank: Bank) -> None:
    nasty = "<script>alert(1)</script>{{ 7*7 }}"
    post("/contests/new", fields_of(bank, title=nasty, host_name=nasty, introduction=nasty))
    for path in ("", "xianfa", "xianfa/edit", "xianfa/check", "xianfa/publish", "xianfa/delete"):
        page = organiser.get(f"/contests/{path}").text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}" in page


@pytest.mark.parametrize(
    "query",
    [
        "page=-1",
        "page=a",
        "page=999999999",
        "stage=nothing",
        "words=%25%25%25",
        "words=' or 1=1--",
        "words=" + "x" * 5000,
    ],
)
def test_odd_filters_of_the_list_are_no_fault(organiser: FlaskClient, draft: Contest, query: str) -> None:
    assert organiser.get(f"/contests/?{query}").status_code in (200, 404)


def test_the_list_is_narrowed_by_state_and_words(organiser: FlaskClient, draft: Contest) -> None:
    make_published(make_bank("冬季", single=10), slug="winter", title="冬季宪法竞赛")
    assert "冬季宪法竞赛" not in organiser.get("/contests/?stage=draft").text
    assert "秋季法律" not in organiser.get("/contests/?words=宪法").text
    assert "秋季法律" in organiser.get("/contests/?words=autumn&stage=draft").text


@pytest.mark.parametrize("query", ["", "bank_id=x", "bank_id=999", "bank_id=1&topic_id=x", "bank_id=1&difficulty=a"])
def test_counting_a_row_that_makes_no_sense_is_not_found(organiser: FlaskClient, bank: Bank, query: str) -> None:
    assert organiser.get(f"/contests/usable?{query}").status_code == 404


def test_a_row_is_counted_with_the_topics_of_its_bank(organiser: FlaskClient, bank: Bank) -> None:
    answer = organiser.get(f"/contests/usable?bank_id={bank.id}&kind=multiple&topic_id=&difficulty=2").get_json()
    assert (answer["count"], answer["text"]) == (10, "可用 10 题")
    assert [topic["name"] for topic in answer["topics"]] == ["宪法"]


def test_a_sample_paper_changes_with_its_seed_and_shows_the_key_to_staff(
    organiser: FlaskClient, draft: Contest
) -> None:
    page = organiser.get("/contests/autumn/preview?seed=1").text
    assert page.count('class="sample-stem"') == 10 and "依据宪法第五条" in page
    assert stems(page) == stems(organiser.get("/contests/autumn/preview?seed=1").text)
    assert stems(page) != stems(organiser.get("/contests/autumn/preview?seed=2").text)


def test_a_paper_that_cannot_be_filled_says_so_in_the_preview(organiser: FlaskClient, app: Flask) -> None:
    make_contest(make_bank("小", single=3), slug="small")
    db.session.commit()
    assert "组不成一份试卷" in organiser.get("/contests/small/preview").text
    assert "必须修改" in organiser.get("/contests/small/publish").text


@pytest.mark.parametrize("people", ["0", "-5", "x", "99999999999999999999", ""])
def test_an_odd_number_of_people_is_no_fault(organiser: FlaskClient, draft: Contest, people: str) -> None:
    assert organiser.get(f"/contests/autumn/check?people={people}").status_code == 200


def test_publishing_what_is_not_ready_or_not_confirmed_or_changed_is_refused(
    post: Post, draft: Contest, app: Flask
) -> None:
    make_contest(make_bank("小", single=3), slug="small")
    db.session.commit()
    assert post("/contests/small/publish", {"lock_version": "1", "confirm": "y"}).status_code == 422
    assert post("/contests/autumn/publish", {"lock_version": "1"}).status_code == 422
    for version in ("0", "", "x", "2"):
        assert post("/contests/autumn/publish", {"lock_version": version, "confirm": "y"}).status_code == 409
    assert db.session.scalar(select(func.count()).where(Contest.state == "published")) == 0


def test_a_published_contest_shows_only_what_may_still_change(post: Post, organiser: FlaskClient, bank: Bank) -> None:
    make_published(bank, slug="winter")
    page = organiser.get("/contests/winter/edit").text
    assert 'name="capacity"' in page and 'name="title"' not in page
    fields = {"host_name": "示例市司法局", "introduction": "说明", "capacity": "200", "lock_version": "2"}
    assert post("/contests/winter/edit", fields).status_code == 303
    assert post("/contests/winter/edit", fields).status_code == 409
    bad = post("/contests/winter/edit", fields | {"capacity": "-1", "lock_version": "3"})
    assert bad.status_code == 422 and "同时答题人数" in bad.text
    assert organiser.get("/contests/winter/publish").status_code == 409
    assert post("/contests/winter/delete", {}).status_code == 409


def test_a_published_contest_is_shown_as_it_was_published(organiser: FlaskClient, bank: Bank) -> None:
    make_published(bank, slug="winter")
    make_bank(single=40)
    db.session.commit()
    page = organiser.get("/contests/winter").text
    assert "从 30 道题中抽 10 题" in page and "/play/winter/monitor" in page


def test_a_copy_opens_for_editing_and_a_draft_is_deleted(post: Post, draft: Contest) -> None:
    assert post("/contests/autumn/copy", {}).location == "/contests/autumn-2/edit"
    assert post("/contests/autumn-2/delete", {}).location == "/contests/"
    assert contests() == 1


def test_questions_of_a_fixed_paper_are_chosen_on_their_page(post: Post, organiser: FlaskClient, bank: Bank) -> None:
    row = SectionDraft(bank_id=bank.id, kind="single", count=3, points_hundredths=100)
    contest = make_contest(bank, paper="fixed", sections=[row])
    db.session.commit()
    path = f"/contests/autumn/sections/{contest.sections[0].id}"
    question_id = db.session.scalars(select(Question.id).where(Question.kind == "single")).first()
    assert post(path, {"add": [str(question_id)], "lock_version": "1", "page": "1"}).status_code == 303
    assert post(path, {"draw": "1", "lock_version": "2"}).status_code == 303
    assert "已选 3 题" in organiser.get(path).text
    for fields in ({"add": "x"}, {"add": "99999999999999999999"}, {"remove": "²"}, {"page": "x"}):
        assert post(path, fields | {"lock_version": "3"}).status_code in (303, 422, 409)
    assert organiser.get(f"{path}?page=-5").status_code == organiser.get(f"{path}?page=x").status_code == 200
    assert organiser.get("/contests/autumn/sections/99999").status_code == 404


RICH: dict[str, Any] = {
    "passage": "甲、乙二人相邻，共用一墙。",
    "media": [
        {
            "at": "1",
            "sha256": "0a" * 32,
            "ending": "jpg",
            "kind": "picture",
            "alt": "界桩",
            "width": 64,
            "height": 48,
            "duration_ms": None,
        }
    ],
    "translations": {"ug": {"stem": "تام كىمنىڭ؟", "options": {"B": "ئۇنىڭ", "A": ""}}},
}


def test_a_question_of_a_case_is_chosen_and_previewed_with_all_that_belongs_to_it(organiser: FlaskClient) -> None:
    bank = make_bank(ordering=1)
    content = make_content(2, kind="matching", **RICH)
    approve(add_questions(bank=bank, contents=[content], actor=None, now=NOW)[0])
    row = SectionDraft(bank_id=bank.id, count=2, points_hundredths=100)
    contest = make_contest(bank, paper="fixed", sections=[row])
    choose_questions(section=contest.sections[0], add=[1, 2], remove=[], lock_version=1)
    db.session.commit()
    chosen = organiser.get(f"/contests/autumn/sections/{contest.sections[0].id}").text
    assert "案例：甲、乙二人相邻，共用一墙。" in chosen
    page = organiser.get("/contests/autumn/preview").text
    assert page.count("共用一墙") == 1
    assert f'<img src="/media/{"0a" * 32}.jpg" alt="界桩" width="64" height="48" loading="lazy">' in page
    assert re.findall(r'<span class="also" lang="ug" dir="rtl">(.*?)</span>', page) == ["تام كىمنىڭ؟", "ئۇنىڭ"]
    assert re.search(r"[A-D] → [A-D] → [A-D] → [A-D]", page)
    assert re.search(r"A → [1-4]；B → [1-4]；C → [1-4]", page)


def test_the_questions_of_a_random_paper_cannot_be_chosen(organiser: FlaskClient, draft: Contest) -> None:
    assert organiser.get(f"/contests/autumn/sections/{draft.sections[0].id}").status_code == 404


def test_the_poster_carries_the_public_address_and_its_code(organiser: FlaskClient, bank: Bank) -> None:
    make_published(bank, slug="winter")
    page = organiser.get("/contests/winter/poster").text
    assert "http://localhost/play/winter" in page and "只有本机能打开" in page
    svg, png = organiser.get("/contests/winter/qr.svg"), organiser.get("/contests/winter/qr.png?download=1")
    assert svg.mimetype == "image/svg+xml" and svg.data.startswith(b"<svg") and b"style=" not in svg.data
    assert png.data.startswith(b"\x89PNG") and png.headers["Content-Disposition"] == 'attachment; filename="winter.png"'


def test_without_questions_the_next_step_is_the_bank(organiser: FlaskClient) -> None:
    page = organiser.get("/contests/new").text
    assert "题库里还没有题目" in page and "/bank/" in page


def test_a_preset_fills_the_form(organiser: FlaskClient, bank: Bank) -> None:
    page = organiser.get("/contests/new?preset=henan").text
    assert 'name="sections-1-count"' in page and 'value="40"' in page
    assert organiser.get("/contests/new?preset=../x").status_code == 200


def test_reading_pages_writes_nothing(organiser: FlaskClient, draft: Contest, app: Flask) -> None:
    make_published(make_bank("冬季", single=10), slug="winter")
    writes: list[str] = []
    event.listen(
        db.engine,
        "before_cursor_execute",
        lambda _connection, _cursor, text, *_rest: (
            writes.append(text) if not text.startswith(("SELECT", "BEGIN")) else None
        ),
    )
    for path in PATHS:
        assert organiser.get(path).status_code == 200
    assert writes == []
