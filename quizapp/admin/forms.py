"""Forms of the site's settings."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, IntegerField, StringField, ValidationError
from wtforms.validators import DataRequired, InputRequired, Length

from quizapp.accounts.forms import VersionedForm, one_line
from quizapp.admin.models import Site
from quizapp.admin.pictures import MOST_BYTES, UnusablePicture, clean_png
from quizapp.admin.rules import LEAST_LOG_DAYS, MOST_LOG_DAYS, is_readable, is_verification_name, normalise_colour
from quizapp.core.i18n import _, _l

COLUMNS = ("name", "host_unit", "icp_number", "police_number", "accent", "log_retention_days")
WRONG_DAYS = _l("请填写 183 至 3650 之间的整数；法律要求日志至少保留六个月。")
PICTURE_WORDS = {
    "not_png": _l("标志须是 PNG 图片，请在看图软件里另存为 PNG 再上传。"),
    "too_large": _l("标志文件太大，最多 300 KB。请缩小后再上传。"),
    "too_big": _l("标志的长、宽最多各 1024 像素，且不能是隔行扫描的 PNG。请缩小或重新保存后再上传。"),
    "damaged": _l("图片已损坏，请重新导出为 PNG 再上传。"),
}


class SiteForm(VersionedForm):
    name = StringField(
        _l("网站名称"),
        [Length(max=64, message=_l("最多 64 个字。"))],
        filters=[one_line],
        description=_l("显示在每页的左上角；不填就显示“普法知识竞赛”。"),
    )
    host_unit = StringField(_l("主办单位"), [Length(max=128, message=_l("最多 128 个字。"))], filters=[one_line])
    icp_number = StringField(
        _l("ICP 备案号"),
        [Length(max=64, message=_l("最多 64 个字。"))],
        filters=[one_line],
        description=_l("如 豫ICP备12345678号-1，显示在页面底部。"),
    )
    police_number = StringField(
        _l("公安备案号"),
        [Length(max=64, message=_l("最多 64 个字。"))],
        filters=[one_line],
        description=_l("如 豫公网安备 41010502000000号，显示在页面底部。"),
    )
    accent = StringField(
        _l("主题色"),
        description=_l("按钮和重点文字的颜色，如 #b3261e；不填就用默认的朱红。深色模式下系统会自动调亮。"),
    )
    logo = FileField(_l("标志"), description=_l("PNG 图片，透明底最好，高约 64 像素，最大 300 KB。"))
    drop_logo = BooleanField(_l("去掉现在的标志"))
    log_retention_days = IntegerField(
        _l("日志保留天数"),
        [InputRequired(WRONG_DAYS)],
        invalid_value_message=WRONG_DAYS,
        description=_l("运行日志和操作记录保留这么多天，至少 183 天（六个月）。"),
    )

    picture: bytes | None = None
    """The checked logo, after validation."""

    def validate_accent(self, field: Any) -> None:
        colour = normalise_colour(field.data or "")
        if colour is None:
            raise ValidationError(_("请用 # 加六位数字或字母 a 至 f 写颜色，如 #b3261e。"))
        if colour and not is_readable(colour):
            raise ValidationError(_("这个颜色太浅，上面的白字看不清。请选深一些的颜色，如 #b3261e、#1f5fa8、#17724f。"))
        field.data = colour

    def validate_logo(self, field: Any) -> None:
        if not field.data:
            return
        try:
            self.picture = clean_png(field.data.read(MOST_BYTES + 1))
        except UnusablePicture as reason:
            raise ValidationError(PICTURE_WORDS[reason.reason]) from None

    def validate_log_retention_days(self, field: Any) -> None:
        if field.data is not None and not LEAST_LOG_DAYS <= field.data <= MOST_LOG_DAYS:
            raise ValidationError(WRONG_DAYS)

    def changes(self) -> dict[str, str | int]:
        """The columns as the form has them, after validation."""
        return {column: self[column].data for column in COLUMNS}


def values_of(site: Site) -> dict[str, str | int]:
    """The fields of the form as the settings fill them; a state seen must be sent along and is not filled in."""
    return {column: getattr(site, column) for column in COLUMNS}


class VerificationForm(FlaskForm):
    name = StringField(
        _l("文件名"),
        [DataRequired(_l("请填写文件名。"))],
        filters=[one_line],
        description=_l("照平台给的填写，如 MP_verify_AbC123.txt。"),
    )
    content = StringField(
        _l("文件内容"),
        [DataRequired(_l("请填写文件内容。")), Length(max=512, message=_l("文件内容最多 512 个字符。"))],
        filters=[one_line],
        description=_l("用记事本打开平台给的文件，把里面的文字复制到这里。"),
    )

    def validate_name(self, field: Any) -> None:
        if not is_verification_name(field.data):
            raise ValidationError(_("文件名只能用字母、数字、- 和 _，以 .txt 或 .html 结尾，最多 64 个字符。"))
