"""The pages of the import, without script."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from quizapp.bank import importing, jobs
from quizapp.bank.formats.read_options import FIELDS, ROLES
from quizapp.bank.import_forms import ROLE_WORDS, MendForm
from quizapp.bank.models import Bank, ImportRow, Question, QuestionImport
from quizapp.core.background import Job
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from tests.bank.test_importing import GOOD, HEADER, KEYLESS, OTHER
from tests.cast import post
from tests.jobs import do_jobs


def send(staff: FlaskClient, bank: Bank, *texts: str) -> list[QuestionImport]:
    """Upload files and let them be read."""
    files = [(io.BytesIO(text.encode()), f"题库{number}.csv") for number, text in enumerate(texts, 1)]
    assert post(staff, f"/bank/{bank.id}/import", files=files, format="auto").status_code == 303
    do_jobs(jobs.KINDS)
    return list(db.session.scalars(select(QuestionImport).order_by(QuestionImport.id.desc()).limit(len(texts))))[::-1]


def page(staff: FlaskClient, imported: QuestionImport, step: str = "") -> str:
    answer = staff.get(f"/bank/imports/{imported.id}{step}")
    assert answer.status_code == 200, answer.location
    return answer.text


def take(staff: FlaskClient, imported: QuestionImport, **fields: str) -> int:
    return post(staff, f"/bank/imports/{imported.id}/take", seen=imported.lock_version, **fields).status_code


def questions_stored() -> int:
    return db.session.scalar(select(func.count(Question.id))) or 0


def test_several_files_are_uploaded_at_once_and_listed(staff: FlaskClient, bank: Bank) -> None:
    first, second = send(staff, bank, HEADER + GOOD, HEADER + OTHER)
    listed = staff.get(f"/bank/{bank.id}/import").text
    assert (first.file_name, second.file_name) == ("题库1.csv", "题库2.csv")
    assert "题库1.csv" in listed
    assert "题库2.csv" in listed
    assert listed.count("尚未导入") == 2


def test_page_waits_while_the_file_is_read(staff: FlaskClient, bank: Bank) -> None:
    answer = post(
        staff, f"/bank/{bank.id}/import", files=(io.BytesIO((HEADER + GOOD).encode()), "a.csv"), format="auto"
    )
    assert "正在排队" in staff.get(answer.location).text
    found = staff.get(f"{answer.location}/progress").json
    assert found == {"state": "reading", "done": 0, "total": 0, "words": "正在排队，前面还有别的文件……"}


@pytest.mark.parametrize(("content", "name"), [(b"", "empty.xlsx"), (None, "")])
def test_upload_without_content_is_asked_for_again(
    staff: FlaskClient, bank: Bank, content: bytes | None, name: str
) -> None:
    fields = {} if content is None else {"files": (io.BytesIO(content), name)}
    assert post(staff, f"/bank/{bank.id}/import", format="auto", **fields).status_code == 422
    assert db.session.scalar(select(func.count(QuestionImport.id))) == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"\x00" * 50, "文件是空的"), (b"PK\x03\x04junk", "已损坏或不完整"), (b"%PDF-1.7", "不能导入")],
)
def test_bad_file_gets_its_reason_and_stores_no_question(
    staff: FlaskClient, bank: Bank, content: bytes, said: str
) -> None:
    post(staff, f"/bank/{bank.id}/import", format="auto", files=(io.BytesIO(content), "x.xlsx"))
    do_jobs(jobs.KINDS)
    imported = db.session.scalars(select(QuestionImport)).one()
    assert said in page(staff, imported)
    assert "再试一次" not in page(staff, imported)
    assert questions_stored() == 0


def test_file_whose_reading_was_ended_can_be_tried_again(staff: FlaskClient, bank: Bank) -> None:
    post(staff, f"/bank/{bank.id}/import", format="auto", files=(io.BytesIO((HEADER + GOOD).encode()), "a.csv"))
    imported = db.session.scalars(select(QuestionImport)).one()
    job = db.session.get_one(Job, imported.job_id)
    jobs.mark_unread(job.params, "out_of_memory", utc_now())
    job.state, job.error = "failed", "out_of_memory"
    db.session.commit()
    assert "内存超过了上限" in page(staff, imported)
    assert post(staff, f"/bank/imports/{imported.id}/retry").status_code == 303
    do_jobs(jobs.KINDS)
    assert "国家宪法日是哪一天？" in page(staff, imported)


def test_recognised_columns_are_shown_and_a_correction_is_read_at_once(staff: FlaskClient, bank: Bank) -> None:
    (imported,) = send(staff, bank, HEADER + GOOD)
    text = page(staff, imported)
    assert re.search(r'name="0-column-B">.*?<option value="stem" selected>', text, re.DOTALL)
    fields = {"0-name": "", "0-is_read": "y", "0-header_row": "1", "format": "csv", "seen": imported.lock_version}
    # The explanation is read as the stem.
    fields |= {"0-column-B": "explanation", "0-column-G": "stem"}
    answer = post(staff, f"/bank/imports/{imported.id}/layout", **fields)
    assert answer.status_code == 303
    do_jobs(jobs.KINDS)
    assert imported.options["sheets"][""]["columns"]["stem"] == "G"
    row = db.session.scalars(select(ImportRow)).one()
    assert row.content["question"]["stem"] == "十二月四日是国家宪法日。"


def test_form_sent_as_it_was_shown_corrects_nothing(staff: FlaskClient, bank: Bank) -> None:
    (imported,) = send(staff, bank, HEADER + GOOD)
    fields = {"0-name": "", "0-is_read": "y", "0-header_row": "1", "format": "csv", "seen": imported.lock_version}
    for letter, role in re.findall(
        r'name="0-column-([A-Z])">.*?(?:value="([^"]*)" selected|</select>)', page(staff, imported), re.DOTALL
    ):
        fields[f"0-column-{letter}"] = role
    assert fields["0-column-B"] == "stem"
    post(staff, f"/bank/imports/{imported.id}/layout", **fields)
    assert imported.options == {}


def test_two_columns_cannot_be_the_same(staff: FlaskClient, bank: Bank) -> None:
    (imported,) = send(staff, bank, HEADER + GOOD)
    fields = {"0-name": "", "0-is_read": "y", "0-header_row": "1", "seen": imported.lock_version}
    answer = post(staff, f"/bank/imports/{imported.id}/layout", **fields, **{"0-column-C": "stem"})
    assert (answer.status_code, "B 列和 C 列都选成了“题干”" in answer.text) == (422, True)


def test_row_is_mended_in_place(staff: FlaskClient, bank: Bank) -> None:
    (imported,) = send(staff, bank, HEADER + GOOD + KEYLESS)
    text = page(staff, imported, "/problems")
    assert "第 3 行" in text
    assert "没有答案" in text
    assert "A. 甲" in text
    fields = {"row-2-place": "row 3", "row-2-answer": "C", "row-2-stem": "这一行没有答案"}
    answer = post(staff, f"/bank/imports/{imported.id}/mend", row=2, **fields)
    assert answer.status_code == 303
    do_jobs(jobs.KINDS)
    assert imported.mends == {"row 3": {"answer": "C"}}, "only what was changed is kept"
    assert "没有不能导入的行" in page(staff, imported, "/problems?show=errors")
    assert "恢复文件里的内容" in page(staff, imported, "/problems?show=mended")
    post(staff, f"/bank/imports/{imported.id}/mend", row=2, reset="1", **{"row-2-place": "row 3"})
    do_jobs(jobs.KINDS)
    assert (imported.mends, imported.outline["counts"]["errors"]) == ({}, 1)


def test_row_that_is_not_in_the_file_is_not_mended(staff: FlaskClient, bank: Bank) -> None:
    (imported,) = send(staff, bank, HEADER + GOOD)
    answer = post(staff, f"/bank/imports/{imported.id}/mend", row=1, **{"row-1-place": "row 99", "row-1-answer": "A"})
    assert answer.status_code == 404


def test_duplicates_stand_side_by_side_and_are_decided(staff: FlaskClient, bank: Bank) -> None:
    (first,) = send(staff, bank, HEADER + GOOD)
    take(staff, first)
    do_jobs(jobs.KINDS)
    (imported,) = send(staff, bank, HEADER + GOOD + OTHER)
    text = page(staff, imported, "/duplicates")
    assert text.count("国家宪法日是哪一天？") == 2
    assert "导入这 1 题" in text
    answer = post(staff, f"/bank/imports/{imported.id}/decide", row=1, kind="same", decision="keep")
    assert answer.status_code == 303
    assert "导入这 2 题" in page(staff, imported, "/duplicates")
    post(staff, f"/bank/imports/{imported.id}/decide", kind="same", decision="skip")
    assert "导入这 1 题" in page(staff, imported, "/duplicates")


def test_file_with_errors_is_taken_only_when_the_good_rows_are_asked_for(staff: FlaskClient, bank: Bank) -> None:
    (imported,) = send(staff, bank, HEADER + GOOD + KEYLESS)
    answer = post(staff, f"/bank/imports/{imported.id}/take", seen=imported.lock_version, take_good="")
    assert (answer.status_code, "还有不能导入的行" in answer.text) == (422, True)
    assert take(staff, imported, take_good="y") == 303
    do_jobs(jobs.KINDS)
    question = db.session.scalars(select(Question)).one()
    assert question.state == "draft", "with four eyes nobody approves an own import"


def test_second_press_imports_nothing_more(staff: FlaskClient, bank: Bank) -> None:
    (imported,) = send(staff, bank, HEADER + GOOD)
    assert [take(staff, imported), take(staff, imported)] == [303, 303]
    do_jobs(jobs.KINDS)
    assert take(staff, imported) == 303
    assert do_jobs(jobs.KINDS) == 0
    assert questions_stored() == 1


def test_what_somebody_else_changed_meanwhile_is_not_taken(staff: FlaskClient, bank: Bank) -> None:
    (imported,) = send(staff, bank, HEADER + GOOD)
    seen = imported.lock_version
    importing.mend(imported=imported, mends={"row 2": {"answer": "B"}}, now=utc_now())
    do_jobs(jobs.KINDS)
    answer = post(staff, f"/bank/imports/{imported.id}/take", seen=seen)
    assert (answer.status_code, "刚刚被重新读取" in answer.text) == (409, True)


def test_file_is_compared_anew_when_the_bank_has_changed_since(staff: FlaskClient, bank: Bank) -> None:
    first, second = send(staff, bank, HEADER + GOOD, HEADER + GOOD)
    take(staff, first)
    do_jobs(jobs.KINDS)
    assert take(staff, second) == 303
    do_jobs(jobs.KINDS)
    text = page(staff, second, "/duplicates")
    assert "题库在您查看之后有了变化" in text
    assert "没有要导入的题" in text
    assert questions_stored() == 1


def test_job_that_nobody_takes_is_told(staff: FlaskClient, bank: Bank) -> None:
    imported = importing.upload(
        bank=bank, file_name="a.csv", content=b"x", format_name="auto", actor=None, now=utc_now() - timedelta(hours=1)
    )
    db.session.commit()
    assert "后台任务可能没有运行" in page(staff, imported)


def test_report_has_every_row_with_its_result(staff: FlaskClient, bank: Bank) -> None:
    (imported,) = send(staff, bank, HEADER + GOOD + GOOD + KEYLESS)
    take(staff, imported, take_good="y")
    do_jobs(jobs.KINDS)
    answer = staff.get(f"/bank/imports/{imported.id}/report.csv")
    assert answer.headers["Content-Disposition"].isascii(), "servers send nothing else"
    lines = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert [line[:2] for line in lines[1:]] == [
        ["第 2 行", "已导入"],
        ["第 3 行", "重复，已跳过"],
        ["第 4 行", "有问题，未导入"],
    ]
    assert "没有答案" in lines[3][7]
    sheet = openpyxl.load_workbook(io.BytesIO(staff.get(f"/bank/imports/{imported.id}/report.xlsx").get_data())).active
    assert sheet
    assert [row[1] for row in sheet.iter_rows(values_only=True)][1:] == [line[1] for line in lines[1:]]
    assert staff.get(f"/bank/imports/{imported.id}/report.exe").status_code == 404


def test_finished_import_is_undone_and_begun_again(staff: FlaskClient, bank: Bank) -> None:
    (imported,) = send(staff, bank, HEADER + GOOD)
    take(staff, imported)
    do_jobs(jobs.KINDS)
    assert "1 题会从题库里删除" in page(staff, imported, "/undo")
    assert post(staff, f"/bank/imports/{imported.id}/undo").status_code == 303
    assert questions_stored() == 0
    assert "重新导入这个文件" in page(staff, imported)
    answer = post(staff, f"/bank/imports/{imported.id}/repeat")
    do_jobs(jobs.KINDS)
    assert "国家宪法日是哪一天？" in staff.get(answer.location).text


def test_file_can_be_left(staff: FlaskClient, bank: Bank) -> None:
    (imported,) = send(staff, bank, HEADER + GOOD)
    assert post(staff, f"/bank/imports/{imported.id}/drop").status_code == 303
    assert db.session.scalar(select(func.count(QuestionImport.id))) == 0
    assert db.session.scalar(select(func.count(ImportRow.number))) == 0


@pytest.mark.parametrize("step", ["", "/problems?show=errors", "/problems?show=warnings", "/duplicates"])
def test_pages_need_few_statements_however_many_rows_there_are(staff: FlaskClient, bank: Bank, step: str) -> None:
    many = "".join(GOOD.replace("国家宪法日", f"国家宪法日{number}") + KEYLESS for number in range(40))
    (imported,) = send(staff, bank, HEADER + many)
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *found: statements.append(found[2]))
    page(staff, imported, step)
    assert len(statements) <= 12


def test_forms_know_every_column_and_field_that_readers_know(app: Flask) -> None:
    assert set(ROLE_WORDS) == set(ROLES)
    with app.test_request_context():
        assert set(FIELDS) <= set(MendForm()._fields)
