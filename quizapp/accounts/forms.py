"""Forms of sign-in, staff, units and privacy notices."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    DateField,
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
    widgets,
)
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from quizapp.accounts.models import ROLES, UNIT_KINDS
from quizapp.accounts.rules import clean_line
from quizapp.accounts.strength import MOST_LETTERS
from quizapp.accounts.words import ROLE_WORDS, UNIT_KIND_WORDS
from quizapp.core.errors import DomainError, Invalid
from quizapp.core.i18n import _, _l

MOST_PEOPLE = 100_000_000
EARLIEST_DAY = date(1949, 10, 1)
LATEST_DAY = date(2100, 12, 31)
ROLE_CHOICES = [SelectChoice(role, ROLE_WORDS[role]) for role in ROLES]
KIND_CHOICES = [SelectChoice(kind, UNIT_KIND_WORDS[kind]) for kind in UNIT_KINDS]
WRONG_PEOPLE = _l("人数须为 0 至 1 亿之间的整数，如 1200。")
WRONG_DAY = _l("请填写 1949 年至 2100 年之间的日期，如 2026-11-23。")


def one_line(text: str | None) -> str:
    return clean_line(text or "")


def show_refusal(form: FlaskForm, error: DomainError, *, field: str) -> None:
    """Put a refusal beside the fields it is about; one that names none goes to `field`."""
    reasons = error.fields if isinstance(error, Invalid) else {field: error.message()}
    for name, reason in reasons.items():
        form[name if name in form else field].errors = [reason]


class VersionedForm(FlaskForm):
    """A form that says which state of the thing its reader has seen."""

    lock_version = IntegerField(
        _l("页面版本"),
        [InputRequired(_l("页面已经过时，请刷新后再试。"))],
        invalid_value_message=_l("页面已经过时，请刷新后再试。"),
        widget=widgets.HiddenInput(),
    )


class SignInForm(FlaskForm):
    name = StringField(_l("登录名"), [DataRequired(_l("请填写登录名。")), Length(max=256, message=_l("登录名太长。"))])
    password = PasswordField(_l("密码"), [InputRequired(_l("请填写密码。"))])
    next = HiddenField()


class OwnAccountForm(FlaskForm):
    display_name = StringField(
        _l("姓名或称呼"),
        [DataRequired(_l("请填写姓名或称呼。")), Length(max=64, message=_l("最多 64 个字。"))],
        filters=[one_line],
        description=_l("同事在审核记录和操作记录里看到的名字。"),
    )


class OwnPasswordForm(FlaskForm):
    current = PasswordField(_l("现在的密码"), [InputRequired(_l("请填写现在的密码。"))])
    password = PasswordField(
        _l("新密码"),
        [InputRequired(_l("请填写新密码。"))],
        description=_l("至少 8 个字符，建议 15 个以上；用几个不相干的词连成一句，比夹杂符号更好记也更安全。"),
    )
    again = PasswordField(_l("再输入一次新密码"), [InputRequired(_l("请再输入一次新密码。"))])

    def validate_password(self, field: Any) -> None:
        if len(field.data) > MOST_LETTERS:
            raise ValidationError(_("密码最多 128 个字符。"))
        if field.data == self.current.data:
            raise ValidationError(_("新密码与现在的密码相同，请换一个。"))

    def validate_again(self, field: Any) -> None:
        if field.data != self.password.data:
            raise ValidationError(_("两次输入的新密码不一样，请重新输入。"))


class NewStaffForm(FlaskForm):
    name = StringField(
        _l("登录名"),
        [DataRequired(_l("请填写登录名。")), Length(max=64, message=_l("登录名最多 64 个字符。"))],
        description=_l("登录时输入的名字，如 zhangsan 或 张三；建好以后不能更改。"),
    )
    display_name = StringField(
        _l("姓名或称呼"),
        [DataRequired(_l("请填写姓名或称呼。")), Length(max=64, message=_l("最多 64 个字。"))],
        filters=[one_line],
    )
    role = RadioField(
        _l("角色"),
        choices=ROLE_CHOICES,
        validate_choice=False,
    )

    def validate_role(self, field: Any) -> None:
        check_role(field)


class RoleForm(VersionedForm):
    role = SelectField(_l("角色"), choices=ROLE_CHOICES, validate_choice=False)

    def validate_role(self, field: Any) -> None:
        check_role(field)


def check_role(field: Any) -> None:
    if field.data not in ROLES:
        raise ValidationError(_("请从管理员、组织者、审核员中选择一个角色。"))


class UnitForm(VersionedForm):
    name = StringField(
        _l("名称"),
        [DataRequired(_l("请填写名称。")), Length(max=128, message=_l("名称最多 128 个字。"))],
        filters=[one_line],
    )
    kind = SelectField(
        _l("类型"),
        choices=KIND_CHOICES,
        default="unit",
        validate_choice=False,
    )
    code = StringField(
        _l("编码"),
        [Length(max=64, message=_l("编码最多 64 个字符。"))],
        filters=[one_line],
        description=_l("如行政区划代码或统一社会信用代码，没有可以不填。"),
    )

    def validate_kind(self, field: Any) -> None:
        if field.data not in UNIT_KINDS:
            raise ValidationError(_("请从地区、部门、单位中选择一个类型。"))


def people_in_range(_form: FlaskForm, field: Any) -> None:
    if field.data is not None and not 0 <= field.data <= MOST_PEOPLE:
        raise ValidationError(WRONG_PEOPLE)


def day_in_range(_form: FlaskForm, field: Any) -> None:
    if field.data is not None and not EARLIEST_DAY <= field.data <= LATEST_DAY:
        raise ValidationError(WRONG_DAY)


class NewUnitForm(UnitForm):
    lock_version = None
    parent_id = HiddenField()
    people = IntegerField(
        _l("应参人数"),
        [Optional(), people_in_range],
        invalid_value_message=WRONG_PEOPLE,
        description=_l("应当参加的人数，用来计算参与率；还不知道可以先不填。"),
    )

    def validate_parent_id(self, field: Any) -> None:
        if field.data and not (field.data.isascii() and field.data.isdigit() and len(field.data) < 10):
            raise ValidationError(_("没有找到上级单位，请从列表里重新进入。"))

    @property
    def parent(self) -> int | None:
        return int(self.parent_id.data) if self.parent_id.data else None


class HeadcountForm(FlaskForm):
    people = IntegerField(
        _l("应参人数"),
        [InputRequired(_l("请填写人数。")), people_in_range],
        invalid_value_message=WRONG_PEOPLE,
    )
    valid_from = DateField(
        _l("从哪天起"),
        [InputRequired(_l("请选择日期。")), day_in_range],
        invalid_value_message=WRONG_DAY,
    )


class UnitImportForm(FlaskForm):
    file = FileField(_l("单位名单"), [FileRequired(_l("请先选择一个文件。"))])


class NoticeForm(FlaskForm):
    after_version = HiddenField()
    body = TextAreaField(
        _l("中文"),
        [DataRequired(_l("请填写中文说明。")), Length(max=20_000, message=_l("说明最多 20000 个字。"))],
    )
    body_en = TextAreaField(_l("英文"), [Length(max=20_000, message=_l("说明最多 20000 个字。"))])
