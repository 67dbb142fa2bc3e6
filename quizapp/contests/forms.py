"""Forms of the contests' pages; `ContestForm.draft()` gives what was written as a draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields as dataclass_fields
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_wtf import FlaskForm
from wtforms import BooleanField, Form, FormField, HiddenField, StringField, TextAreaField
from wtforms.validators import InputRequired, ValidationError

from quizapp.accounts.queries import unit_choices
from quizapp.bank.models import PLAYABLE_KINDS, Bank
from quizapp.bank.queries import count_usable, topics_of_bank
from quizapp.bank.words import DIFFICULTY_WORDS, KIND_WORDS
from quizapp.contests import rules
from quizapp.contests.drafts import SECTIONS_LIMIT, Complaint, Draft, SectionDraft, is_zone
from quizapp.contests.form_fields import (
    WHEN,
    FieldList,
    LocalTimeField,
    MultiCheckboxField,
    PointsField,
    RadioField,
    SelectField,
    WholeNumberField,
    choices_of,
    number_or_none,
    strip,
)
from quizapp.contests.models import ENTRY_FIELDS, Contest
from quizapp.contests.words import (
    COMPLAINTS,
    ENTRY_FIELD_WORDS,
    ENTRY_MODE_WORDS,
    FEEDBACK_TIME_WORDS,
    FEEDBACK_WORDS,
    PAPER_WORDS,
)
from quizapp.core.i18n import _, _l
from quizapp.core.web import zone_name

ZONES = ("Asia/Shanghai", "Asia/Urumqi", "Asia/Hong_Kong", "Asia/Macau", "Asia/Taipei")
# Fields of the form that stand for a field of the draft under another name.
FORM_NAMES = {"limit_seconds": "limit_minutes", "pass_mark_hundredths": "pass_mark"}


class SectionForm(Form):
    """A row of the paper."""

    id = HiddenField()
    bank_id = SelectField(_l("题库"), coerce=int)
    kind = SelectField(_l("题型"))
    topic_id = SelectField(_l("知识点"), coerce=number_or_none)
    difficulty = SelectField(_l("难度"), coerce=number_or_none)
    count = WholeNumberField(_l("抽几题"), [InputRequired(COMPLAINTS["count"])])
    points = PointsField(_l("每题几分"), [InputRequired(COMPLAINTS["points"])])

    usable = 0
    """How many questions of the bank fit this row now."""

    def offer(self, banks: Sequence[Bank]) -> None:
        """Set the choices, and count what fits the row."""
        self.bank_id.choices = choices_of((bank.id, bank.name) for bank in banks)
        kinds = [(kind, str(KIND_WORDS[kind])) for kind in PLAYABLE_KINDS]
        self.kind.choices = choices_of([("", _("所有题型")), *kinds])
        self.difficulty.choices = [
            ("", _("所有难度")),
            *((level, str(word)) for level, word in DIFFICULTY_WORDS.items()),
        ]
        bank_id = self.bank_id.data if self.bank_id.data in {bank.id for bank in banks} else None
        topics = topics_of_bank(bank_id) if bank_id else []
        self.topic_id.choices = choices_of(
            [("", _("所有知识点")), *((topic.id, "　" * depth + topic.name) for depth, topic in topics)]
        )
        if bank_id:
            has_topic = self.topic_id.data in {topic.id for _depth, topic in topics}
            self.usable = count_usable(
                bank_id=bank_id,
                kind=self.kind.data or None,
                topic_id=self.topic_id.data if has_topic else None,
                difficulty=self.difficulty.data,
            )

    def section(self) -> SectionDraft:
        stored = str(self.id.data or "")
        return SectionDraft(
            id=int(stored) if stored.isascii() and stored.isdigit() and len(stored) < 10 else None,
            bank_id=self.bank_id.data,
            kind=self.kind.data or None,
            topic_id=self.topic_id.data,
            difficulty=self.difficulty.data,
            count=self.count.data or 0,
            points_hundredths=self.points.data or 0,
        )


class ContestForm(FlaskForm):
    """All of a draft on one page."""

    title = StringField(
        _l("竞赛名称"),
        [InputRequired(COMPLAINTS["title_empty"])],
        filters=[strip],
        description=_l("如：民族宗教政策法规知识竞赛"),
    )
    host_name = StringField(_l("主办单位"), filters=[strip], description=_l("显示在竞赛页面和海报上。"))
    slug = StringField(
        _l("网址中的名字"),
        filters=[strip],
        description=_l("参赛网址的最后一段，印在海报上；用小写字母、数字和连字符。留空时自动取名。"),
    )
    introduction = TextAreaField(_l("说明"), filters=[strip], description=_l("竞赛的目的、奖项、联系方式等。"))
    accent = StringField(_l("主题色"), filters=[strip], description=_l("如 #b3261e；留空时用全站的颜色。"))

    timezone = SelectField(_l("时区"))
    opens_at = LocalTimeField(_l("开始时间"), [InputRequired(WHEN)])
    closes_at = LocalTimeField(
        _l("结束时间"), [InputRequired(WHEN)], description=_l("到这一刻停止答题，未交的试卷由系统自动交卷。")
    )

    paper = RadioField(_l("出题方式"), choices=choices_of(PAPER_WORDS.items()), default="random")
    sections = FieldList(FormField(SectionForm), _l("试卷的各个部分"), max_entries=SECTIONS_LIMIT)
    shuffle_questions = BooleanField(
        _l("每个部分内打乱题目顺序"), default=True, description=_l("同一案例的几道题总是排在一起。")
    )
    shuffle_options = BooleanField(
        _l("打乱选项顺序（判断题除外）"),
        default=True,
        description=_l("排序题要排的内容和匹配题右边的内容总是打乱的，与此无关。"),
    )

    limit_minutes = WholeNumberField(
        _l("答题时间（分钟）"), description=_l("从开始答题算起，1 到 180 分钟；留空为不限时。"), default=10
    )
    attempts_per_day = WholeNumberField(_l("每人每天可答次数"), description=_l("留空为不限。"))
    attempts_total = WholeNumberField(_l("每人一共可答次数"), description=_l("留空为不限。"))
    pass_mark = PointsField(_l("合格线（分）"), description=_l("留空为不设合格线。"))
    feedback = SelectField(_l("给参与者看什么"), choices=choices_of(FEEDBACK_WORDS.items()), default="explanations")
    feedback_time = SelectField(
        _l("什么时候看"), choices=choices_of(FEEDBACK_TIME_WORDS.items()), default="after_finish"
    )

    entry_mode = RadioField(_l("怎样参赛"), choices=choices_of(ENTRY_MODE_WORDS.items()), default="nickname")
    entry_fields = MultiCheckboxField(
        _l("报名表里填什么"),
        choices=choices_of((name, ENTRY_FIELD_WORDS[name]) for name in ENTRY_FIELDS),
        description=_l("只要真正用得上的。姓名和手机号加密保存，到期自动删除。"),
        default=["name", "phone"],
    )
    audience_groups = TextAreaField(
        _l("可选的人群"), filters=[strip], description=_l("报名表里有“人群”时填写，每行一个，如：机关干部。")
    )
    unit_root_id = SelectField(_l("可选的单位"), coerce=number_or_none)
    capacity = WholeNumberField(_l("同时答题人数上限"), description=_l("超过时后来的人排队等候；留空为不限。"))
    retention_days = WholeNumberField(
        _l("个人信息保留天数"),
        [InputRequired(COMPLAINTS["retention_days"])],
        default=180,
        description=_l("竞赛结束这么多天后，自动删除姓名和手机号，成绩保留。"),
    )
    lock_version = HiddenField()

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.paper_errors: list[str] = []
        """What is wrong with the paper as a whole."""

    def offer(self, banks: Sequence[Bank], *, site_timezone: str) -> None:
        """Set the choices that depend on what there is."""
        zones = dict.fromkeys(
            [site_timezone, *ZONES, *([self.timezone.data] if is_zone(self.timezone.data or "") else [])]
        )
        self.timezone.choices = [(zone, zone_name(zone)) for zone in zones]
        self.unit_root_id.choices = choices_of([("", _("全部单位")), *unit_choices(root_id=None)])
        for row in self.sections:
            row.form.offer(banks)

    def add_row(self, bank_id: int) -> None:
        if len(self.sections.entries) < SECTIONS_LIMIT:
            self.sections.append_entry({"bank_id": bank_id, "kind": "", "count": 10, "points": 1000})

    def remove_row(self, place: int) -> None:
        if 0 <= place < len(self.sections.entries):
            self.sections.entries.pop(place)

    def validate_opens_at(self, field: Any) -> None:
        self._check_local_time(field)

    def validate_closes_at(self, field: Any) -> None:
        self._check_local_time(field)

    def _check_local_time(self, field: Any) -> None:
        if field.data is None or not is_zone(self.timezone.data or ""):
            return
        try:
            rules.from_local(local=field.data, timezone=self.timezone.data)
        except rules.NoSuchLocalTime:
            raise ValidationError(str(COMPLAINTS["no_such_local_time"])) from None

    def draft(self, *, slug: str) -> Draft:
        """What was written; call after validation. `slug` is used when none was written."""
        groups = [line.strip() for line in self.audience_groups.data.splitlines()]
        is_form = self.entry_mode.data == "form"
        return Draft(
            slug=self.slug.data.lower() or slug,
            title=self.title.data,
            host_name=self.host_name.data,
            introduction=self.introduction.data.replace("\r\n", "\n"),
            accent=self.accent.data.lower(),
            timezone=self.timezone.data,
            opens_at=rules.from_local(local=self.opens_at.data, timezone=self.timezone.data),
            closes_at=rules.from_local(local=self.closes_at.data, timezone=self.timezone.data),
            paper=self.paper.data,
            sections=[row.form.section() for row in self.sections],
            shuffle_questions=self.shuffle_questions.data,
            shuffle_options=self.shuffle_options.data,
            limit_seconds=None if self.limit_minutes.data is None else self.limit_minutes.data * 60,
            attempts_total=self.attempts_total.data,
            attempts_per_day=self.attempts_per_day.data,
            pass_mark_hundredths=self.pass_mark.data,
            feedback=self.feedback.data,
            feedback_time=self.feedback_time.data,
            entry_mode=self.entry_mode.data,
            entry_fields=[name for name in ENTRY_FIELDS if name in self.entry_fields.data] if is_form else [],
            audience_groups=[group for group in groups if group],
            unit_root_id=self.unit_root_id.data,
            capacity=self.capacity.data,
            retention_days=self.retention_days.data or 0,
        )

    def blame(self, complaints: Sequence[Complaint]) -> None:
        """Put each complaint next to its field."""
        for complaint in complaints:
            sentence = str(COMPLAINTS[complaint.code])
            place, _dash, name = complaint.field.removeprefix("sections-").partition("-")
            if complaint.field == "sections":
                self.paper_errors.append(sentence)
            elif name:
                row = self.sections.entries[int(place)].form
                _add_error(row["points" if name == "points_hundredths" else name], sentence)
            else:
                _add_error(self[FORM_NAMES.get(complaint.field, complaint.field)], sentence)
        rows = [row.form.errors for row in self.sections if row.form.errors]
        self.sections.errors = [*self.paper_errors, *rows]


def _add_error(field: Any, sentence: str) -> None:
    field.errors = [*field.errors, sentence]


class PublishedForm(FlaskForm):
    """What may still change after publishing."""

    host_name = StringField(_l("主办单位"), filters=[strip])
    introduction = TextAreaField(_l("说明"), filters=[strip])
    capacity = WholeNumberField(_l("同时答题人数上限"), description=_l("超过时后来的人排队等候；留空为不限。"))
    lock_version = HiddenField()

    def blame(self, complaints: Sequence[Complaint]) -> None:
        for complaint in complaints:
            _add_error(self[complaint.field], str(COMPLAINTS[complaint.code]))


class ActForm(FlaskForm):
    """A button that acts on what its reader saw."""

    lock_version = HiddenField()


class PublishForm(ActForm):
    confirm = BooleanField(_l("我已看过样卷和检查结果，知道发布后题目和规则不能再改。"))

    def validate_confirm(self, field: Any) -> None:
        if not field.data:
            raise ValidationError(_("请先勾选确认。"))


def number_of(text: str | int | None) -> int:
    """A lock version or row number from a hidden field or button; what is not one matches nothing.

    A number instead of a text is what the form was filled with: the field was not sent.
    """
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 10 else -1


def values_of(draft: Draft) -> dict[str, Any]:
    """The fields of ContestForm as a draft fills them."""
    values: dict[str, Any] = {field.name: getattr(draft, field.name) for field in dataclass_fields(draft)}
    values["opens_at"] = rules.to_local(moment=draft.opens_at, timezone=draft.timezone)
    values["closes_at"] = rules.to_local(moment=draft.closes_at, timezone=draft.timezone)
    values["limit_minutes"] = draft.limit_seconds // 60 if draft.limit_seconds else None
    values["pass_mark"] = draft.pass_mark_hundredths
    values["audience_groups"] = "\n".join(draft.audience_groups)
    values["entry_fields"] = list(draft.entry_fields)
    values["sections"] = [
        {
            "id": section.id,
            "bank_id": section.bank_id,
            "kind": section.kind or "",
            "topic_id": section.topic_id,
            "difficulty": section.difficulty,
            "count": section.count,
            "points": section.points_hundredths,
        }
        for section in draft.sections
    ]
    return values


def values_of_new(*, now: datetime, timezone: str) -> dict[str, Any]:
    """Sensible defaults: a week from the next full hour on."""
    start = now.astimezone(ZoneInfo(timezone)).replace(minute=0, second=0, microsecond=0, tzinfo=None)
    opens_at = start + timedelta(hours=1)
    return {
        "timezone": timezone,
        "opens_at": opens_at,
        "closes_at": (opens_at + timedelta(days=7)).replace(hour=22),
        "attempts_per_day": 3,
    }


def values_of_published(contest: Contest) -> dict[str, Any]:
    return {
        "host_name": contest.host_name,
        "introduction": contest.introduction,
        "capacity": contest.capacity,
        "lock_version": contest.lock_version,
    }
