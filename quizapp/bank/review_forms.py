"""Forms of the pages of review."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import HiddenField, TextAreaField
from wtforms.validators import DataRequired, Length

from quizapp.bank.forms import strip
from quizapp.core.i18n import _l

TOO_LONG = Length(max=1000, message=_l("意见最多 1000 个字。"))


class VerdictForm(FlaskForm):
    """A word on the revision that its reader saw; another one has come since then if the numbers differ."""

    comment = TextAreaField(_l("意见"), [TOO_LONG], filters=[strip], description=_l("退回时必须写明原因。"))
    revision = HiddenField()


class CommentForm(FlaskForm):
    comment = TextAreaField(_l("意见"), [DataRequired(_l("请写下意见。")), TOO_LONG], filters=[strip])
