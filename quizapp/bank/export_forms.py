"""The form of the export page."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice

from quizapp.bank import exporting
from quizapp.core.i18n import _l

CONTENTS = {
    "newest": _l("每道题的最新内容"),
    "approved": _l("审核通过的内容，就是竞赛使用的内容"),
}
"""Which revisions are exported."""
PURPOSES = {
    "xlsx": _l("用 Excel、WPS 查看和修改"),
    "csv": _l("用各种表格软件和程序打开"),
    "tsv": _l("用制表符分隔的表格"),
    "text": _l("排版清楚的纯文本，可以打印和修改"),
    "json": _l("内容最全，适合备份和转到另一套系统"),
    "jsonl": _l("内容最全，每行一题，适合程序处理"),
    "gift": _l("用于 Moodle 等学习平台"),
    "aiken": _l("最简单的选择题格式"),
    "moodle-xml": _l("用于 Moodle"),
    "qti": _l("QTI 3.0 压缩包，用于支持 QTI 的考试平台"),
}
"""What a format is good for."""


class ExportForm(FlaskForm):
    content = RadioField(
        _l("导出哪些内容"), choices=[SelectChoice(name, words) for name, words in CONTENTS.items()], default="newest"
    )
    format = RadioField(_l("文件格式"), default="xlsx")

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.format.choices = [SelectChoice(entry.name, entry.label) for entry in exporting.writable()]
