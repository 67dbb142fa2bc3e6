"""The form of the export page."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from quizapp.core.i18n import _, _l


class ExportForm(FlaskForm):
    format = RadioField(
        _l("文件格式"),
        choices=[
            SelectChoice("xlsx", _l("Excel 工作簿：成绩和答题明细各一张表")),
            SelectChoice("csv", _l("CSV：每次作答一行")),
            SelectChoice("jsonl", _l("JSON Lines：每次作答一行，含答题明细")),
        ],
        default="xlsx",
    )
    in_full = BooleanField(_l("显示完整的姓名和手机号"))
    reason = StringField(
        _l("用途"),
        [Length(max=200, message=_l("用途最多 200 个字。"))],
        description=_l("显示完整信息时必填，会记入操作记录。"),
    )

    def validate_reason(self, field: StringField) -> None:
        if self.in_full.data and len((field.data or "").strip()) < 4:
            raise ValidationError(_("要显示完整的姓名和手机号，请写明用途（至少 4 个字），会记入操作记录。"))
