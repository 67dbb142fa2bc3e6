"""What the list of a bank's questions takes in: its filter, and an act on many questions."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from flask_wtf import FlaskForm
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from wtforms import HiddenField, SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from quizapp.bank import finding
from quizapp.bank.bulk import FIELDS, Order
from quizapp.bank.forms import strip
from quizapp.bank.models import KINDS, Bank
from quizapp.bank.topics import NAME_LETTERS
from quizapp.bank.words import BULK_WORDS, DIFFICULTY_WORDS, STATE_WORDS
from quizapp.core.db import db
from quizapp.core.i18n import _, _l

NEEDS_TOPIC = ("add_topic", "remove_topic")


def filter_of(values: MultiDict[str, str]) -> finding.Filter:
    """The filter that an address asks for; what is no value of a field does not narrow."""

    def one_of(name: str, allowed: Container[str], default: str = "") -> str:
        value = values.get(name, "")
        return value if value in allowed else default

    difficulty = values.get("difficulty", type=int)
    return finding.Filter(
        words=values.get("words", "").strip()[:100],
        kind=one_of("kind", KINDS),
        state=one_of("state", STATE_WORDS),
        topic_id=values.get("topic", type=int),
        law=values.get("law", "").strip()[:100],
        difficulty=difficulty if difficulty in DIFFICULTY_WORDS else None,
        use=one_of("use", finding.USES),
        rate=one_of("rate", finding.RATES),
        sensitive=bool(values.get("sensitive")),
        import_id=values.get("import", type=int),
        order=one_of("order", finding.ORDERS, "id"),
        descending=values.get("descending", "1") != "0",
    )


def values_of_filter(wanted: finding.Filter) -> dict[str, str]:
    """The arguments of an address for which `filter_of` gives the filter; only those that narrow or order."""
    values = {
        "words": wanted.words,
        "kind": wanted.kind,
        "state": wanted.state,
        "topic": "" if wanted.topic_id is None else str(wanted.topic_id),
        "law": wanted.law,
        "difficulty": str(wanted.difficulty or ""),
        "use": wanted.use,
        "rate": wanted.rate,
        "sensitive": "1" if wanted.sensitive else "",
        "import": "" if wanted.import_id is None else str(wanted.import_id),
        "order": "" if wanted.order == "id" else wanted.order,
        "descending": "" if wanted.descending else "0",
    }
    return {name: value for name, value in values.items() if value}


class BulkForm(FlaskForm):
    """What is to be done with the questions chosen; the fields that an act does not need are not looked at."""

    action = SelectField(_l("对选中的题目"), choices=[SelectChoice(name, BULK_WORDS[name]) for name in FIELDS])
    topic = StringField(
        _l("知识点"), [Length(max=NAME_LETTERS, message=_l("一个知识点最多 64 个字。"))], filters=[strip]
    )
    difficulty = SelectField(
        _l("难度"),
        coerce=int,
        choices=[SelectChoice(1, _l("易")), SelectChoice(2, _l("中")), SelectChoice(3, _l("难"))],
        default=2,
    )
    sensitive = SelectField(
        _l("敏感"),
        choices=[SelectChoice("1", _l("标为敏感，须两人审核")), SelectChoice("", _l("取消敏感标记"))],
        default="1",
    )
    reason = StringField(_l("暂停使用的原因"), [Length(max=255, message=_l("原因最多 255 个字。"))], filters=[strip])
    bank_id = SelectField(_l("移到题库"), coerce=int, validate_choice=False)
    ids = HiddenField()
    """Filled once the questions have been shown: ranges of ids such as 3-7,9."""

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        banks = db.session.execute(select(Bank.id, Bank.name).order_by(Bank.name))
        # Each is shown by the acts alone that cannot do without it.
        self.topic.flags.required = self.reason.flags.required = True
        self.bank_id.choices = [SelectChoice(bank_id, name) for bank_id, name in banks]

    def validate_topic(self, field: Any) -> None:
        if self.action.data in NEEDS_TOPIC and not field.data:
            raise ValidationError(_("请填写知识点的名称。"))

    def validate_reason(self, field: Any) -> None:
        if self.action.data == "hold" and not field.data:
            raise ValidationError(_("请写明暂停使用的原因。"))

    def validate_bank_id(self, field: Any) -> None:
        if self.action.data == "move" and field.data not in {choice.value for choice in field.choices}:
            raise ValidationError(_("请选择要移到哪个题库。"))

    def order(self) -> Order:
        """What was asked for; call after validation."""
        action = self.action.data
        numbers = {"set_difficulty": self.difficulty.data, "set_sensitive": int(bool(self.sensitive.data))}
        return Order(
            action=action,
            topic=self.topic.data if action in NEEDS_TOPIC else "",
            number=numbers.get(action, 0),
            reason=self.reason.data if action == "hold" else "",
            bank_id=self.bank_id.data if action == "move" else 0,
        )


class TopicForm(FlaskForm):
    name = StringField(
        _l("知识点"),
        [
            DataRequired(_l("请填写知识点的名称。")),
            Length(max=NAME_LETTERS, message=_l("一个知识点最多 64 个字。")),
        ],
        filters=[strip],
    )


def pack_ids(ids: list[int]) -> str:
    """Ids as ranges, which 20,000 of an import fill hardly at all: [3, 4, 5, 9] → "3-5,9"."""
    parts: list[list[int]] = []
    for number in sorted(set(ids)):
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(f"{first}-{last}" if last > first else str(first) for first, last in parts)


def unpack_ids(packed: str, *, most: int) -> list[int]:
    """The ids again, `most` + 1 of them at most; what is no range of ours is left out."""
    ids: list[int] = []
    for part in packed.split(","):
        first, _dash, last = part.partition("-")
        if first.isdecimal() and (last or first).isdecimal() and len(first) < 11 and len(last) < 11:
            ids.extend(range(int(first), min(int(last or first), int(first) + most) + 1))
        if len(ids) > most:
            return ids[: most + 1]
    return ids
