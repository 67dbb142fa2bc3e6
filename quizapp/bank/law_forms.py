"""Forms of the pages of laws."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired, MultipleFileField
from wtforms import BooleanField, DateField, RadioField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from quizapp.bank.forms import strip
from quizapp.bank.laws import FACTS
from quizapp.core.i18n import _, _l

EARLIEST_DAY, LATEST_DAY = date(1900, 1, 1), date(2100, 12, 31)
WRONG_DAY = _l("请填写 1900 年至 2100 年之间的日期，如 2026-11-23。")


def day_in_range(_form: Any, field: Any) -> None:
    if field.data and not EARLIEST_DAY <= field.data <= LATEST_DAY:
        raise ValidationError(str(WRONG_DAY))


def one_line(text: str | None) -> str:
    return " ".join(strip(text).split())


class LawForm(FlaskForm):
    """What is known of a law without its text."""

    title = StringField(
        _l("名称"),
        [DataRequired(_l("请填写名称。")), Length(max=128, message=_l("名称最多 128 个字。"))],
        filters=[one_line, lambda text: text.strip("《》")],
    )
    number = StringField(_l("文号"), [Length(max=64, message=_l("文号最多 64 个字。"))], filters=[one_line])
    issuing_body = StringField(
        _l("发布机关"), [Length(max=128, message=_l("发布机关最多 128 个字。"))], filters=[one_line]
    )
    issued_on = DateField(_l("公布日期"), [Optional(), day_in_range], invalid_value_message=WRONG_DAY)
    effective_on = DateField(_l("施行日期"), [Optional(), day_in_range], invalid_value_message=WRONG_DAY)

    def facts(self) -> dict[str, Any]:
        return {name: self[name].data for name in FACTS}


class StatuteForm(LawForm):
    """A statute that was read, before it is stored; several stand in one form of the page."""

    class Meta:
        csrf = False

    take = BooleanField(_l("存入"))
    adopt = BooleanField(_l("把没有注明日期的引用并入这一版本"))
    mark = BooleanField(_l("把旧版本中有变动的条文标记出来，暂停使用引用它们的题目"))


class StatutesForm(FlaskForm):
    files = MultipleFileField(_l("法律全文"))
    text = TextAreaField(
        _l("或者把全文粘贴在这里"),
        description=_l("从名称、沿革到最后一条；条文以“第一条”这样的字样开头。"),
    )

    def validate_files(self, field: Any) -> None:
        if not any(file.filename for file in field.data or ()) and not (self.text.data or "").strip():
            raise ValidationError(_("请选择文件，或者粘贴全文。"))


class LawListForm(FlaskForm):
    list_file = FileField(_l("法律目录"), [FileRequired(_l("请先选择一个文件。"))])


class ChangeForm(FlaskForm):
    """What happened to a law or some of its articles."""

    status = RadioField(
        _l("变动"),
        [InputRequired(_l("请选择修改还是废止。"))],
        choices=[SelectChoice("amended", _l("修改")), SelectChoice("repealed", _l("废止"))],
        validate_choice=True,
    )
    on = DateField(_l("从哪天起"), [InputRequired(_l("请选择日期。")), day_in_range], invalid_value_message=WRONG_DAY)
    note = StringField(
        _l("说明"),
        [Length(max=100, message=_l("说明最多 100 个字。"))],
        filters=[one_line],
        description=_l("如：国务院令第 800 号。"),
    )


class ArticleTextForm(FlaskForm):
    text = TextAreaField(_l("条文"), [Length(max=20_000, message=_l("条文最多 20000 个字。"))], filters=[strip])


class SettleForm(FlaskForm):
    comment = StringField(_l("核对意见"), [Length(max=500, message=_l("意见最多 500 个字。"))], filters=[one_line])
