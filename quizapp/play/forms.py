"""Forms of the acts on a running contest."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from wtforms import BooleanField, StringField
from wtforms.validators import InputRequired, Optional, ValidationError

from quizapp.contests import rules
from quizapp.contests.form_fields import LocalTimeField, WholeNumberField
from quizapp.contests.forms import ActForm
from quizapp.contests.words import COMPLAINTS
from quizapp.core.i18n import _, _l
from quizapp.play.actions import GIFT_LIMIT

GIFT_MINUTES = int(GIFT_LIMIT.total_seconds()) // 60
REASON_LETTERS = 200


class Reason:
    """Asks for a line of text that can be shown."""

    field_flags: ClassVar[dict[str, bool]] = {"required": True}

    def __call__(self, form: ActForm, field: Any) -> None:
        sentences = {
            "empty": _("请写明原因，会记入操作记录。"),
            "too_long": _("原因最多 %(most)s 个字。", most=str(REASON_LETTERS)),
            "bad_characters": str(COMPLAINTS["bad_characters"]),
        }
        try:
            field.data = rules.clean_name(field.data or "", letters=REASON_LETTERS)
        except rules.BadName as found:
            raise ValidationError(sentences[found.code]) from None


def reason_field(hint: str) -> StringField:
    return StringField(_l("原因"), [Reason()], description=hint)


class PauseForm(ActForm):
    reason = reason_field(_l("如：学校网络中断。记入操作记录，参赛者看不到。"))


class CorrectionForm(ActForm):
    reason = reason_field(_l("如：第二款已修正，原答案有误。参赛者看得到，请不要写个人信息。"))


class EmptyOrLocalTime(LocalTimeField):
    """A date and time, or nothing."""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        if valuelist and valuelist[0].strip():
            super().process_formdata(valuelist)


class EndForm(ActForm):
    """Asks for a new end. `timezone` is the contest's."""

    closes_at = EmptyOrLocalTime(_l("新的结束时间"), [Optional()])

    def __init__(self, *args: Any, timezone: str, **values: Any) -> None:
        super().__init__(*args, **values)
        self.timezone = timezone

    def validate_closes_at(self, field: Any) -> None:
        if field.data is not None:
            try:
                rules.from_local(local=field.data, timezone=self.timezone)
            except rules.NoSuchLocalTime:
                raise ValidationError(str(COMPLAINTS["no_such_local_time"])) from None

    def end(self) -> datetime | None:
        """The new end in UTC; None when none was written or asked for."""
        local = self.data.get("closes_at")
        return None if local is None else rules.from_local(local=local, timezone=self.timezone)


class ResumeForm(EndForm):
    """The new end is asked for only where the old one has passed, and needed there."""

    closes_at = EmptyOrLocalTime(
        _l("新的结束时间"),
        [InputRequired(_l("暂停期间结束时间已经过了：请填写新的结束时间，或者不恢复，立即结束竞赛。"))],
    )


class ExtendForm(EndForm):
    """A new end, more time for those who are answering, or both."""

    gift = WholeNumberField(_l("给正在答题的人加时（分钟）"), [Optional()])

    def validate_gift(self, field: Any) -> None:
        if field.data is not None and not 1 <= field.data <= GIFT_MINUTES:
            raise ValidationError(_("加时请填 1 到 %(most)s 分钟，不加时请留空。", most=str(GIFT_MINUTES)))

    def gift_time(self) -> timedelta:
        return timedelta(minutes=self.gift.data or 0)


class CloseForm(ActForm):
    reason = reason_field(_l("如：按通知提前结束。记入操作记录，参赛者看不到。"))
    confirm = BooleanField(_l("我知道正在答题的人会被立即交卷。"))

    def validate_confirm(self, field: Any) -> None:
        if not field.data:
            raise ValidationError(_("请先勾选确认。"))


class CapacityForm(ActForm):
    capacity = WholeNumberField(_l("同时答题人数上限"), [Optional()], description=_l("留空为不限。"))
