"""The report of an import: every row of the file with its result, as a file to keep."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Response, send_file
from sqlalchemy import func, select

from quizapp.bank.formats import place
from quizapp.bank.import_queries import messages
from quizapp.bank.import_rows import key_in_words
from quizapp.bank.models import ImportRow, QuestionImport
from quizapp.bank.words import KIND_WORDS
from quizapp.core.db import db
from quizapp.core.i18n import _
from quizapp.core.tables import Table, write_csv, write_xlsx

FORMS = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv; charset=utf-8"}
AT_ONCE = 500


def response(imported: QuestionImport, form: str) -> Response:
    with tempfile.TemporaryDirectory(prefix="quizapp-") as folder:
        path = Path(folder, f"report.{form}")
        if form == "xlsx":
            write_xlsx(path, [_table(imported)])
        else:
            with path.open("w", encoding="utf-8-sig", newline="") as file:
                write_csv(file, _table(imported))
        content = path.read_bytes()
    name = f"{Path(imported.file_name).stem or 'import'}-{_('导入报告')}.{form}"
    return send_file(io.BytesIO(content), mimetype=FORMS[form], as_attachment=True, download_name=name)


def _table(imported: QuestionImport) -> Table:
    count = db.session.scalar(select(func.count()).where(ImportRow.import_id == imported.id)) or 0
    columns = [_("位置"), _("结果"), _("题目编号"), _("题型"), _("题干或原文"), _("选项"), _("答案"), _("说明")]
    return Table(_("导入报告"), columns, _rows(imported), count)


def _rows(imported: QuestionImport) -> Iterator[list[Any]]:
    query = select(ImportRow).where(ImportRow.import_id == imported.id).order_by(ImportRow.number)
    for row in db.session.scalars(query, execution_options={"yield_per": AT_ONCE}):
        question = row.content.get("question")
        said = [sentence for _severity, sentence in messages(row)]
        yield [
            place(row.place),
            result(imported, row),
            row.question_id,
            str(KIND_WORDS[question["kind"]]) if question else "",
            question["stem"] if question else "\n".join(row.content.get("source", [])),
            "\n".join(f"{option_id}. {text}" for option_id, text in question["options"]) if question else "",
            key_in_words(question["kind"], question["key"]) if question else "",
            "\n".join([*said, *duplicate_words(row)]),
        ]


def result(imported: QuestionImport, row: ImportRow) -> str:
    """What became of a row, in a word or two."""
    if row.state == "note":
        return _("说明")
    if row.state == "bad":
        return _("有问题，未导入")
    if row.decision == "skip":
        return _("重复，已跳过")
    if imported.state == "imported":
        return _("已导入") if row.question_id else _("已导入，后来删除")
    if imported.state == "undone":
        return _("已撤销，题目停用") if row.question_id else _("已撤销，题目删除")
    return _("可以导入")


def duplicate_words(row: ImportRow) -> list[str]:
    """What the row is a duplicate of, in a sentence; none for others."""
    if not row.duplicate:
        return []
    other = row.content.get("other", {})
    where = (
        _("题库里的第 %(id)s 号题", id=other["question"])
        if "question" in other
        else _("本文件的%(place)s", place=place(other["place"]))
    )
    words = {
        "same": _("与%(where)s完全相同。", where=where),
        "other": _("与%(where)s题干相同，选项或答案不同。", where=where),
        "similar": _("与%(where)s相似（%(percent)s）。", where=where, percent=f"{other.get('likeness', 0)}%"),
    }
    return [words[row.duplicate]]
