"""Forms of the import's pages; what a form says of how a file is to be read is read here too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import MultipleFileField
from werkzeug.datastructures import FileStorage, MultiDict
from wtforms import BooleanField, IntegerField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import HiddenInput

from quizapp.bank import formats
from quizapp.bank.formats.characters import clean
from quizapp.bank.formats.read_options import FIELDS, ROLES, BadOptions, ReadOptions, SheetOptions
from quizapp.bank.import_rows import WITHOUT_MEDIA
from quizapp.bank.models import QuestionImport
from quizapp.bank.words import KIND_WORDS
from quizapp.core.errors import DomainError
from quizapp.core.i18n import _, _l

FILES_AT_ONCE = 20
OPTION_COLUMNS = "ABCDEFGH"
BLANK_COLUMNS = "123456"
ROLE_WORDS = {
    "stem": _l("题干"),
    "kind": _l("题型"),
    "answer": _l("答案"),
    "explanation": _l("解析"),
    "law": _l("法律、法规"),
    "article": _l("条款"),
    "effective": _l("生效日期"),
    "topics": _l("知识点"),
    "difficulty": _l("难度"),
    "points": _l("分值"),
    "passage": _l("案例材料"),
    "options": _l("全部选项（在一格里）"),
    "matches": _l("匹配项（右侧）"),
    "rubric": _l("评分标准"),
}
READ_AS_WORDS = {"table": _l("按表格读取"), "text": _l("按一行行文字读取"), "": _l("没有读取")}
LONGEST_FIELD = 20_000


class WrongLayout(DomainError):
    """What was said of the columns or codings of a file contradicts itself; `sentence` says where."""

    status, code = 422, "wrong_layout"

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence

    def message(self) -> str:
        return self.sentence


def format_choices() -> list[SelectChoice]:
    return [
        SelectChoice(formats.AUTO, _("自动识别")),
        *(SelectChoice(name, entry.label) for name, entry in formats.FORMATS.items()),
    ]


class UploadForm(FlaskForm):
    files = MultipleFileField(_l("题库文件"))
    format = SelectField(_l("文件格式"), choices=format_choices)

    def validate_files(self, field: Any) -> None:
        field.data = [file for file in field.data or [] if isinstance(file, FileStorage) and file.filename]
        if not field.data:
            raise ValidationError(_("请先选择文件。"))
        if len(field.data) > FILES_AT_ONCE:
            raise ValidationError(_("一次最多 %(most)s 个文件，请分几次上传。", most=FILES_AT_ONCE))


class TakeForm(FlaskForm):
    seen = IntegerField(validators=[InputRequired()], widget=HiddenInput())
    take_good = BooleanField()
    approve = BooleanField(_l("导入后直接审核通过，可用于竞赛"))


class MendForm(FlaskForm):
    """The fields of a row as they are written in files; what is left as it was read is not kept."""

    place = StringField(validators=[InputRequired()], widget=HiddenInput())
    kind = SelectField(_l("题型"), choices=lambda: [SelectChoice("", "—"), *_kind_choices()], validate_choice=False)
    stem = TextAreaField(_l("题干"), [Optional()])
    options = TextAreaField(
        _l("选项"), [Optional()], description=_l("一行一个，以字母开头，如“A. 十六周岁”。判断、填空和简答题不写。")
    )
    answer = StringField(
        _l("答案"),
        [Optional()],
        description=_l("选择题写字母，如 ABD；判断题写“正确”或“错误”；填空题各空用“；”隔开。"),
    )
    matches = TextAreaField(_l("匹配项（右侧）"), [Optional()], description=_l("匹配题写：一行一个，答案写成 A2、B1。"))
    passage = TextAreaField(_l("案例材料"), [Optional()])
    explanation = TextAreaField(_l("解析"), [Optional()])
    law = StringField(_l("法律、法规"), [Optional()])
    article = StringField(_l("条款"), [Optional()])
    effective = StringField(_l("生效日期"), [Optional()])
    topics = StringField(_l("知识点"), [Optional()])
    difficulty = StringField(_l("难度"), [Optional()])
    points = StringField(_l("分值"), [Optional()])
    rubric = TextAreaField(
        _l("评分标准"), [Optional()], description=_l("简答题写：一行一条，如“说出宪法的最高效力（2分）”。")
    )

    def fields(self, before: Mapping[str, str]) -> dict[str, str]:
        """What was written otherwise than it was read; `before` are the fields of the row."""
        written = {name: _written(self[name].data) for name in FIELDS if self[name].raw_data}
        return {name: text for name, text in written.items() if text != _written(before.get(name, ""))}


def _written(text: str | None) -> str:
    return clean((text or "").replace("\r\n", "\n")).strip()[:LONGEST_FIELD]


def _kind_choices() -> Iterator[SelectChoice]:
    return (SelectChoice(kind, word) for kind, word in KIND_WORDS.items())


def mends_of(imported: QuestionImport, place: str) -> dict[str, str]:
    """What people have written at a place so far, without decisions that are no text."""
    return {name: text for name, text in imported.mends.get(place, {}).items() if name != WITHOUT_MEDIA}


# How a file is read


@dataclass(frozen=True, slots=True)
class RoleChoice:
    role: str
    label: str


def role_choices() -> list[RoleChoice]:
    """What a column can be, for a select."""
    plain = [RoleChoice(role, str(ROLE_WORDS[role])) for role in ROLES]
    options = [RoleChoice(f"option {letter}", _("选项 %(letter)s", letter=letter)) for letter in OPTION_COLUMNS]
    blanks = [RoleChoice(f"blank {number}", _("第 %(number)s 空", number=number)) for number in BLANK_COLUMNS]
    return [*plain[:2], *options, *plain[2:], *blanks]


def options_from(form: MultiDict[str, str], imported: QuestionImport) -> ReadOptions:
    """How the file is to be read by what the layout form says; raises WrongLayout.

    What stays as it was recognised is left to recognition, so that correcting one thing fixes no other.
    """
    before = ReadOptions.from_document(imported.options)
    sheets = dict(before.sheets)
    for number, layout in enumerate(imported.outline.get("sheets", [])):
        if f"{number}-name" in form:
            name = layout["name"]
            sheets[name] = _sheet_from(form, f"{number}-", layout, before.sheet(name))
    kept = {name: sheet for name, sheet in sheets.items() if sheet != SheetOptions()}
    try:
        document = replace(before, sheets=kept, default_kind=form.get("default_kind") or None).as_document()
        return ReadOptions.from_document(document)
    except BadOptions:
        raise WrongLayout(_("这些设置不完整或前后矛盾，请检查表头行和两种判断写法（要么都填，要么都不填）。")) from None


def _sheet_from(
    form: MultiDict[str, str], prefix: str, layout: Mapping[str, Any], before: SheetOptions
) -> SheetOptions:
    said = {key: form.get(prefix + key, "").strip() for key in ("header_row", "kind", "numbers_from", "right", "wrong")}
    if not (said["header_row"] or "0").isdigit() or said["numbers_from"] not in ("", "0", "1"):
        raise WrongLayout(_("表头行要写数字；没有表头写 0。"))
    was_read = bool(layout["read_as"])
    is_read = f"{prefix}is_read" in form
    header_row = int(said["header_row"] or "0")
    columns = _columns_from(form, prefix, layout)
    by_role = {column["role"]: column["letter"] for column in layout["columns"] if column["role"]}
    moved = header_row != layout["header_row"]
    return SheetOptions(
        is_read=is_read if is_read != was_read else before.is_read,
        header_row=header_row if moved else before.header_row,
        # Under another header the columns are recognised anew, unless they were chosen in the same go.
        columns=columns if columns != by_role else (None if moved else before.columns),
        kind=said["kind"] or None,
        numbers_from=int(said["numbers_from"]) if said["numbers_from"] else None,
        right=said["right"],
        wrong=said["wrong"],
    )


def _columns_from(form: MultiDict[str, str], prefix: str, layout: Mapping[str, Any]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for column in layout["columns"]:
        role = form.get(f"{prefix}column-{column['letter']}", column["role"])
        if role in columns:
            word = next((choice.label for choice in role_choices() if choice.role == role), role)
            raise WrongLayout(
                _(
                    "%(first)s 列和 %(second)s 列都选成了“%(role)s”，请只留一列。",
                    first=columns[role],
                    second=column["letter"],
                    role=word,
                )
            )
        if role:
            columns[role] = column["letter"]
    return columns
