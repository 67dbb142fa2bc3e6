"""Pages of laws: list, import, marks, holds."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from quizapp.accounts.models import User
from quizapp.bank import laws
from quizapp.bank.models import Article, Law, LawImport, Question
from quizapp.core.db import db
from tests.bank.law_makers import RULES, SINCE, TITLE, article_of, cite, store
from tests.bank.makers import make_approved, make_question
from tests.bank.test_laws import NEXT
from tests.cast import csrf_token, post, sign_in


def upload(staff: FlaskClient, *texts: str | bytes) -> str:
    """Upload statutes; return the address of the page that shows them."""
    files = [
        (io.BytesIO(text.encode() if isinstance(text, str) else text), f"{number}.md")
        for number, text in enumerate(texts)
    ]
    data: dict[str, Any] = {"csrf_token": csrf_token(staff), "files": files}
    answer = staff.post("/bank/laws/import", data=data)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def fields(place: int = 0, /, **changes: str) -> dict[str, str]:
    values = {
        "title": TITLE,
        "number": "国务院令第686号",
        "issuing_body": "国务院",
        "issued_on": "2017-08-26",
        "effective_on": "2018-02-01",
        "take": "y",
    }
    return {f"law{place}-{name}": value for name, value in (values | changes).items() if value}


def test_statute_is_looked_at_and_then_stored(staff: FlaskClient) -> None:
    address = upload(staff, RULES)
    page = staff.get(address).text
    assert "5 条，从第一条到第四条；2 个编章节标题" in page
    assert 'value="2018-02-01"' in page
    assert 'value="国务院令第686号"' in page
    assert "第三条之一" in staff.get(f"{address}/0").text
    assert db.session.scalar(select(func.count(Law.id))) == 0
    answer = post(staff, address, **fields())
    law = db.session.scalars(select(Law)).one()
    assert (answer.status_code, answer.location) == (303, f"/bank/laws/{law.id}")
    page = staff.get(answer.location).text
    for words in ("第一章 总则", "公民有宗教信仰自由。", "5 条", "2017-08-26"):
        assert words in page
    assert db.session.scalar(select(func.count(LawImport.id))) == 0


def test_pasted_text_is_read_too(staff: FlaskClient) -> None:
    answer = post(staff, "/bank/laws/import", text=RULES)
    assert "5 条，从第一条" in staff.get(answer.location).text


def test_problems_are_named_and_stop_only_their_own_file(staff: FlaskClient) -> None:
    address = upload(staff, "# 某法\n\n第一条 甲。\n\n第一条 乙。", b"%PDF-1.7", RULES)
    page = staff.get(address).text
    assert "第 5 行：第一条出现了两次" in page
    assert "这种文件（PDF）不能读取" in page
    post(staff, address, **fields(2), **{"law0-take": "y", "law0-title": "某法"})
    assert [law.title for law in db.session.scalars(select(Law))] == [TITLE]


def test_parts_of_a_code_are_one_candidate(staff: FlaskClient, shared_data: Path) -> None:
    folder = shared_data / "laws" / "民法典"
    page = staff.get(upload(staff, *(path.read_bytes() for path in sorted(folder.glob("*.md"))))).text
    assert page.count('name="law0-title"') == 1
    assert "law1-title" not in page
    assert "474 条" in page
    assert "缺 784 条" in page


def test_unsure_date_is_taken_from_the_version_that_is_cited(staff: FlaskClient, shared_data: Path) -> None:
    make_question(citations=cite("第十八条第二款", law="国旗法", effective_on=date(2021, 1, 1)))
    address = upload(staff, (shared_data / "laws" / "国旗法(2020-10-17).md").read_bytes())
    page = staff.get(address).text
    assert 'value="2021-01-01"' in page
    assert "题库里已有这一版本" in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": ""}, "请填写名称"),
        ({"title": "长" * 129}, "最多 128 个字"),
        ({"effective_on": "2018-02-31"}, "1900 年至 2100 年"),
        ({"effective_on": "0001-01-01"}, "1900 年至 2100 年"),
        ({"number": "长" * 65}, "最多 64 个字"),
    ],
)
def test_wrong_fact_is_refused_beside_its_field(staff: FlaskClient, changes: dict[str, str], words: str) -> None:
    answer = post(staff, upload(staff, RULES), **fields(**changes))
    assert (answer.status_code, words in answer.text) == (422, True)
    assert db.session.scalar(select(func.count(Law.id))) == 0


def test_nothing_chosen_stores_nothing(staff: FlaskClient) -> None:
    answer = post(staff, upload(staff, RULES), **fields(take=""))
    assert answer.status_code == 422
    assert db.session.scalar(select(func.count(Law.id))) == 0


@pytest.mark.parametrize("data", [{}, {"text": "  "}, {"list": "1"}])
def test_upload_without_a_file_is_refused(staff: FlaskClient, data: dict[str, str]) -> None:
    assert post(staff, "/bank/laws/import", **data).status_code == 422


def test_upload_belongs_to_its_uploader(staff: FlaskClient, ada: User) -> None:
    address = upload(staff, RULES)
    sign_in(staff, "ada")
    assert staff.get(address).status_code == 404
    assert post(staff, f"{address}/drop").status_code == 404


def test_upload_can_be_left(staff: FlaskClient) -> None:
    assert post(staff, f"{upload(staff, RULES)}/drop").status_code == 303
    assert db.session.scalar(select(func.count(LawImport.id))) == 0


# A new version


def test_new_version_shows_what_changed_and_holds_what_rests_on_it(staff: FlaskClient, rita: User) -> None:
    changed = make_approved(reviewer=rita, stem="一", citations=cite("第三条第一款"))
    same = make_approved(reviewer=rita, stem="二", citations=cite("第二条"))
    old = store()
    new_text = NEXT.replace("第四条 本条例自", "第五条 本条例自").replace("第三条之一", "第四条")
    address = upload(staff, new_text)
    page = staff.get(address).text
    assert "与 2018-02-01 起施行的版本相比" in page
    assert "<ins>" in page
    assert "暂停使用 1 道题" in page
    answer = post(staff, address, **fields(effective_on="2027-01-01", mark="y"))
    assert answer.location == "/bank/holds"
    db.session.expire_all()
    assert (bool(changed.held_reason), same.held_reason) == (True, "")
    states = {article.label: article.status for article in old.articles}
    assert states == {
        "第一条": "in_force",
        "第二条": "in_force",
        "第三条": "amended",
        "第三条之一": "amended",
        "第四条": "amended",
        "第三条第一款": "in_force",
    }
    page = staff.get("/bank/holds").text
    assert "1 道题因《宗教事务条例》第三条修改而暂停使用" in page
    assert "新版本 2027-01-01 起施行" in page
    assert "法律和" in page


def test_new_version_without_the_mark_holds_nothing(staff: FlaskClient, rita: User) -> None:
    question = make_approved(reviewer=rita, citations=cite("第三条"))
    store()
    post(staff, upload(staff, NEXT), **fields(effective_on="2027-01-01"))
    db.session.expire_all()
    assert question.held_reason == ""
    assert [law.effective_on for law in laws.versions_of(TITLE)] == [SINCE, date(2027, 1, 1)]


def test_looking_again_compares_with_the_corrected_date_and_stores_nothing(staff: FlaskClient) -> None:
    store(RULES.replace("每年报告一次", "每年报告三次"))
    address = upload(staff, RULES)
    assert "以文件为准" in staff.get(address).text
    page = post(staff, address, **fields(effective_on="2027-01-01"), look="1")
    assert (page.status_code, "与 2018-02-01 起施行的版本相比" in page.text) == (200, True)
    assert db.session.scalar(select(func.count(Law.id))) == 1


def test_citations_without_a_date_are_adopted_when_asked(staff: FlaskClient) -> None:
    question = make_question(citations=cite("第三条第一款", effective_on=None))
    address = upload(staff, RULES)
    assert "law0-adopt" in staff.get(address).text
    post(staff, address, **fields(adopt="y"))
    db.session.expire_all()
    assert [law.effective_on for law in laws.versions_of(TITLE)] == [SINCE]
    assert question.latest.articles[0].law.effective_on == SINCE


def test_part_of_a_code_does_not_call_the_other_parts_gone(staff: FlaskClient) -> None:
    head = "# 民法典\n\n施行日期：{}\n\n"
    store(head.format("2021-01-01") + "第一条 甲。\n\n第五条 戊。\n\n第六条 己。")
    page = staff.get(upload(staff, head.format("2027-01-01") + "第五条 戊。\n\n第六条 庚。")).text
    assert "修改 1 条" in page
    assert "删去" not in page.replace("删去：", "")


# Laws and articles


def test_law_is_written_corrected_and_deleted_by_hand(staff: FlaskClient) -> None:
    answer = post(staff, "/bank/laws/new", title="《某条例》", effective_on="2020-01-01")
    law = db.session.scalars(select(Law)).one()
    assert (law.title, answer.location) == ("某条例", f"/bank/laws/{law.id}")
    assert "已有同名" in post(staff, "/bank/laws/new", title="某条例", effective_on="2020-01-01").text
    post(staff, f"/bank/laws/{law.id}/edit", title="某条例", number="某令第1号", effective_on="2020-01-01")
    db.session.expire_all()
    assert law.number == "某令第1号"
    assert post(staff, f"/bank/laws/{law.id}/delete").status_code == 303
    assert db.session.scalar(select(func.count(Law.id))) == 0


def test_cited_law_is_not_deleted(staff: FlaskClient) -> None:
    make_question(citations=cite("第二条"))
    law = store()
    assert post(staff, f"/bank/laws/{law.id}/delete").status_code == 409


def test_article_shows_its_questions_and_other_versions(staff: FlaskClient) -> None:
    question = make_question(citations=cite("第三条第一款"))
    law = store()
    store(NEXT)
    page = staff.get(f"/bank/laws/{law.id}/articles/第三条").text
    assert f"/bank/questions/{question.id}" in page
    assert "第三条第一款" in page
    assert "与 2027-01-01 起施行的版本相比" in page
    assert staff.get(f"/bank/laws/{law.id}/articles/第九条").status_code == 404


def test_text_of_an_article_is_corrected(staff: FlaskClient) -> None:
    make_question(citations=cite("第三条第一款"))
    law = db.session.scalars(select(Law)).one()
    post(staff, f"/bank/laws/{law.id}/articles/第三条", text="宗教团体依照章程开展活动。")
    article = db.session.scalars(select(Article).where(Article.label == "第三条")).one()
    assert (article.text, article.place) == ("宗教团体依照章程开展活动。", 1)
    assert post(staff, f"/bank/laws/{law.id}/articles/第三条", text="长" * 20_001).status_code == 422


def test_articles_are_marked_on_the_page_of_their_law_and_the_mark_taken_back(staff: FlaskClient, rita: User) -> None:
    question = make_approved(reviewer=rita, citations=cite("第三条第一款"))
    law = store()
    answer = post(
        staff,
        f"/bank/laws/{law.id}/changes",
        label=["第二条", "第三条", "第九百条"],
        status="amended",
        on="2027-01-01",
        note="国务院令第800号",
    )
    assert answer.location == "/bank/holds"
    db.session.expire_all()
    assert question.held_reason == "《宗教事务条例》第三条自 2027-01-01 起修改：国务院令第800号"
    assert "已修改" in staff.get(f"/bank/laws/{law.id}").text
    post(staff, f"/bank/laws/{law.id}/changes/withdraw", label=["第二条", "第三条"])
    db.session.expire_all()
    assert (question.held_reason, article_of(law, "第三条").status) == ("", "in_force")


def test_reviewer_may_mark_but_not_import(client: FlaskClient, rita: User) -> None:
    law = store()
    sign_in(client, "rita")
    assert (
        post(client, f"/bank/laws/{law.id}/changes", label="第二条", status="repealed", on="2027-01-01").status_code
        == 303
    )
    db.session.expire_all()
    assert article_of(law, "第二条").status == "repealed"
    assert client.get("/bank/laws/import").status_code == 403


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"on": "2027-01-01"}, "请选择修改还是废止"),
        ({"status": "gone", "on": "2027-01-01"}, "Not a valid choice"),
        ({"status": "amended"}, "请选择日期"),
        ({"status": "amended", "on": "0001-01-01"}, "1900 年至 2100 年"),
        ({"status": "amended", "on": "2027-01-01", "note": "长" * 101}, "最多 100 个字"),
    ],
)
def test_incomplete_mark_changes_nothing(staff: FlaskClient, data: dict[str, str], words: str) -> None:
    law = store()
    answer = post(staff, f"/bank/laws/{law.id}/changes", label="第二条", **data)
    assert (answer.status_code, answer.location) == (303, f"/bank/laws/{law.id}")
    page = staff.get(answer.location).text
    assert words in page or words == "Not a valid choice"
    assert article_of(law, "第二条").status == "in_force"


def test_mark_of_no_article_is_refused(staff: FlaskClient) -> None:
    law = store()
    assert post(staff, f"/bank/laws/{law.id}/changes", status="amended", on="2027-01-01").status_code == 422


def test_whole_law_is_marked(staff: FlaskClient, rita: User) -> None:
    question = make_approved(reviewer=rita, citations=cite("第二条"))
    law = store()
    post(staff, f"/bank/laws/{law.id}/changes", whole="1", status="repealed", on="2027-01-01")
    db.session.expire_all()
    assert (law.status, bool(question.held_reason)) == ("repealed", True)
    assert "1 道题因《宗教事务条例》废止而暂停使用" in staff.get("/bank/holds").text
    post(staff, f"/bank/laws/{law.id}/changes/withdraw", whole="1")
    db.session.expire_all()
    assert (law.status, question.held_reason) == ("in_force", "")


@pytest.mark.parametrize("effective_on", [None, date(2017, 8, 26)])
def test_citations_with_no_date_or_a_wrong_one_are_merged_on_the_page(
    staff: FlaskClient, effective_on: date | None
) -> None:
    question = make_question(citations=cite("第三条第一款", effective_on=effective_on))
    wrong = db.session.scalars(select(Law)).one()
    law = store()
    assert "并入本版本" in staff.get(f"/bank/laws/{law.id}").text
    assert post(staff, f"/bank/laws/{law.id}/merge", source=str(wrong.id)).status_code == 303
    db.session.expire_all()
    assert [version.effective_on for version in laws.versions_of(TITLE)] == [SINCE]
    assert question.latest.articles[0].law_id == law.id


def test_version_with_a_text_is_not_merged_away(staff: FlaskClient) -> None:
    old, new = store(), store(NEXT)
    assert "并入本版本" not in staff.get(f"/bank/laws/{new.id}").text
    for source in (str(old.id), "", "x", "999"):
        assert post(staff, f"/bank/laws/{new.id}/merge", source=source).status_code == 404
    assert db.session.scalar(select(func.count(Law.id))) == 2


# Holds


def hold_two(rita: User) -> tuple[Law, list[Question]]:
    questions = [make_approved(reviewer=rita, stem=stem, citations=cite("第三条")) for stem in ("第一题", "第二题")]
    return store(), questions


def test_questions_that_are_still_right_are_released_together(staff: FlaskClient, rita: User) -> None:
    law, (one, two) = hold_two(rita)
    post(staff, f"/bank/laws/{law.id}/changes", label="第三条", status="amended", on="2027-01-01")
    page = staff.get("/bank/holds").text
    assert page.index("第一题") < page.index("第二题")
    assert "宗教团体依照章程开展活动。" in page
    answer = post(staff, "/bank/holds", question=[str(one.id)], comment="未涉及修改处")
    assert answer.status_code == 303
    db.session.expire_all()
    assert (one.held_reason, bool(two.held_reason)) == ("", True)
    assert "未涉及修改处" in one.reviews[-1].comment
    assert post(staff, "/bank/holds", question=[str(one.id)]).status_code == 409


def test_question_retired_from_the_list_leads_back_to_it(staff: FlaskClient, rita: User) -> None:
    law, (one, two) = hold_two(rita)
    post(staff, f"/bank/laws/{law.id}/changes", label="第三条", status="amended", on="2027-01-01")
    assert post(staff, f"/bank/questions/{one.id}/retire", holds="1").location == "/bank/holds"
    page = staff.get("/bank/holds").text
    assert ("第一题" in page, two.latest.stem in page) == (False, True)


@pytest.mark.parametrize("question", [[], ["x"], ["999999999999999999"], ["-1"]])
def test_release_of_nothing_changes_nothing(staff: FlaskClient, rita: User, question: list[str]) -> None:
    law, (one, _two) = hold_two(rita)
    post(staff, f"/bank/laws/{law.id}/changes", label="第三条", status="amended", on="2027-01-01")
    assert post(staff, "/bank/holds", question=question).status_code in (303, 409)
    db.session.expire_all()
    assert one.held_reason


def test_holds_are_narrowed_to_one_cause(staff: FlaskClient, rita: User) -> None:
    law, _questions = hold_two(rita)
    other = make_approved(reviewer=rita, stem="别的题", citations=cite("第二条"))
    post(staff, f"/bank/laws/{law.id}/changes", label="第三条", status="amended", on="2027-01-01")
    post(staff, f"/bank/questions/{other.id}/hold", reason="等待答复")
    article = article_of(law, "第三条").id
    assert "别的题" not in staff.get(f"/bank/holds?article={article}").text
    assert "第一题" not in staff.get("/bank/holds?article=0").text
    assert staff.get("/bank/holds?article=x").status_code == 200


def test_manual_release_forgets_the_article(staff: FlaskClient, rita: User) -> None:
    law, (one, _two) = hold_two(rita)
    post(staff, f"/bank/laws/{law.id}/changes", label="第三条", status="amended", on="2027-01-01")
    post(staff, f"/bank/questions/{one.id}/hold")
    db.session.expire_all()
    assert (one.held_reason, one.held_article_id) == ("", None)


# Search, lists, files


def test_search_answers_with_articles_for_the_question_form(staff: FlaskClient) -> None:
    store()
    found = staff.get("/bank/laws/search?q=宗教 3").get_json()
    assert found["articles"][0] == {
        "law": TITLE,
        "article": "第三条",
        "effective_on": "2018-02-01",
        "text": "宗教团体依照章程开展活动。",
        "status": "in_force",
    }
    assert staff.get("/bank/laws/search").get_json() == {"articles": []}


def test_list_is_searched_by_title_and_by_text(staff: FlaskClient) -> None:
    store()
    store("# 某法\n\n施行日期：2020-01-01\n\n第一条 别的。")
    page = staff.get("/bank/laws?words=宗教").text
    assert (TITLE in page, "某法" in page) == (True, False)
    assert "任何组织或者个人不得强制公民信仰宗教" in staff.get("/bank/laws?words=强制").text
    assert "没有找到" in staff.get("/bank/laws?words=没有的").text
    assert staff.get("/bank/laws?status=x&page=0").status_code in (200, 404)


def test_statute_is_downloaded_as_markdown_and_json(staff: FlaskClient) -> None:
    law = store()
    answer = staff.get(f"/bank/laws/{law.id}/statute.md")
    assert answer.text.startswith("# 宗教事务条例")
    assert "filename*=UTF-8''" in answer.headers["Content-Disposition"]
    assert json.loads(staff.get(f"/bank/laws/{law.id}/statute.json").text)["title"] == TITLE
    assert staff.get(f"/bank/laws/{law.id}/statute.exe").status_code == 404


def test_list_is_downloaded_and_taken_in_again(staff: FlaskClient) -> None:
    store()
    content = staff.get("/bank/laws/list.xlsx").data
    answer = staff.post(
        "/bank/laws/import",
        data={"csrf_token": csrf_token(staff), "list": "1", "list_file": (io.BytesIO(content), "目录.xlsx")},
    )
    assert "完全一样" in staff.get(answer.location).text
    text = "名称,施行日期\n某法,2020-01-01\n"
    answer = staff.post(
        "/bank/laws/import",
        data={"csrf_token": csrf_token(staff), "list": "1", "list_file": (io.BytesIO(text.encode()), "a.csv")},
    )
    assert "新增" in staff.get(answer.location).text
    assert post(staff, answer.location).status_code == 303
    assert {law.title for law in db.session.scalars(select(Law))} == {TITLE, "某法"}


def test_bad_list_is_refused_with_its_rows(staff: FlaskClient) -> None:
    text = "名称,施行日期\n某法,昨天\n"
    answer = staff.post(
        "/bank/laws/import",
        data={"csrf_token": csrf_token(staff), "list": "1", "list_file": (io.BytesIO(text.encode()), "a.csv")},
    )
    assert "不是日期" in staff.get(answer.location).text
    assert post(staff, answer.location).status_code == 422
    for content in (b"", b"a,b\n1,2\n", b"\x89PNG"):
        data = {"csrf_token": csrf_token(staff), "list": "1", "list_file": (io.BytesIO(content), "a.csv")}
        assert staff.post("/bank/laws/import", data=data).status_code == 422


def test_text_of_a_law_is_shown_as_text(staff: FlaskClient) -> None:
    law = store("# <script>alert(1)</script>法\n\n施行日期：2020-01-01\n\n第一条 <script>alert(2)</script>")
    for path in ("/bank/laws", f"/bank/laws/{law.id}", f"/bank/laws/{law.id}/articles/第一条"):
        assert "<script>alert" not in staff.get(path).text
    address = upload(staff, "# <script>alert(1)</script>法\n\n第一条 <script>alert(2)</script>")
    assert "<script>alert" not in staff.get(address).text + staff.get(f"{address}/0").text


def test_long_law_is_shown_page_by_page(app: Flask, staff: FlaskClient) -> None:
    text = "# 某法\n\n施行日期：2020-01-01\n\n" + "\n\n".join(
        f"第{number}条 条文{number}。" for number in range(1, 302)
    )
    law = store(text)
    assert "条文201。" not in staff.get(f"/bank/laws/{law.id}").text
    assert "条文201。" in staff.get(f"/bank/laws/{law.id}?page=2").text
    assert "还没有条文" in staff.get(f"/bank/laws/{law.id}?cited=1").text
