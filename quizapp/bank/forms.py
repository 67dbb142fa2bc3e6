"""Forms of the bank's pages; that of a question is in question_forms."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from quizapp.bank.formats.characters import clean
from quizapp.core.i18n import _l


def strip(text: str | None) -> str:
    """The text as one from a file would be: without control characters and direction overrides, edges stripped."""
    return clean(text or "").strip()


class BankForm(FlaskForm):
    name = StringField(
        _l("题库名称"),
        [DataRequired(_l("请填写题库名称。")), Length(max=128, message=_l("名称最多 128 个字。"))],
        filters=[strip],
    )
    description = TextAreaField(_l("说明"), [Length(max=2000, message=_l("说明最多 2000 个字。"))], filters=[strip])


class HoldForm(FlaskForm):
    reason = StringField(
        _l("暂停使用的原因"),
        [DataRequired(_l("请写明原因。")), Length(max=255, message=_l("原因最多 255 个字。"))],
        filters=[strip],
    )
