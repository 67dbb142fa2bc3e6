"""Fields of the contests' forms, whose messages say how to mend what was typed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import wtforms
from wtforms import DateTimeLocalField, Field, IntegerField, SelectMultipleField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput, ListWidget, NumberInput, TextInput

from quizapp.contests.words import COMPLAINTS
from quizapp.core.i18n import _, _l
from quizapp.core.web import points_text

POINTS = re.compile(r"[0-9]{1,7}(\.[0-9]{1,2})?")
ROW_DIGITS = 3
WHEN = _l("请填写日期和时间，如 2026-12-04 08:00。")


class WholeNumberField(IntegerField):
    """A whole number; empty is None."""

    widget = NumberInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        text = _typed(valuelist)
        self.data = None
        if text:
            if not re.fullmatch(r"-?[0-9]{1,12}", text):
                raise ValueError(_("请填写整数。"))
            self.data = int(text)


class PointsField(Field):
    """Points with at most two decimals, in whole hundredths; empty is None."""

    widget = TextInput()

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else points_text(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        text = _typed(valuelist)
        self.data = None
        if text:
            if not POINTS.fullmatch(text):
                raise ValueError(_("请填写数字，最多两位小数，如 10 或 2.5。"))
            self.data = int(Decimal(text) * 100)


class LocalTimeField(DateTimeLocalField):
    """A date and time as the clocks of the contest's zone show it, without zone."""

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        text = _typed(valuelist).replace(" ", "T")
        self.data = None
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?", text):
            raise ValueError(str(WHEN))
        try:
            self.data = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(_("没有这样的日期或时间，请检查。")) from None

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return f"{self.data:%Y-%m-%dT%H:%M}" if self.data else ""


def _typed(valuelist: list[str]) -> str:
    return unicodedata.normalize("NFKC", valuelist[0]).strip() if valuelist else ""


class SelectField(wtforms.SelectField):
    """A choice of several in a list."""

    def pre_validate(self, form: Any) -> None:
        _check_choice(self)


class RadioField(wtforms.RadioField):
    """A choice of several, all in view."""

    def pre_validate(self, form: Any) -> None:
        _check_choice(self)


def choices_of(pairs: Iterable[tuple[Any, Any]]) -> list[SelectChoice]:
    """(value, text) as WTForms wants them."""
    return [SelectChoice(value, text) for value, text in pairs]


def _check_choice(field: wtforms.SelectField) -> None:
    if not any(choice.selected for choice in field.iter_choices()):
        raise ValidationError(str(COMPLAINTS["choice"]))


class MultiCheckboxField(SelectMultipleField):
    """Any number of choices."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def pre_validate(self, form: Any) -> None:
        allowed = {choice.value for choice in self.iter_choices()}
        if not set(self.data or ()) <= allowed:
            raise ValidationError(str(COMPLAINTS["choice"]))


class FieldList(wtforms.FieldList):
    """Rows of one form; other digits than 0 to 9 in a row's number are not read."""

    def _extract_indices(self, prefix: str, formdata: Any) -> Iterator[int]:
        offset = len(prefix) + 1
        for name in formdata:
            number = name[offset:].split("-", 1)[0] if name.startswith(f"{prefix}-") else ""
            if number.isascii() and number.isdigit() and len(number) <= ROW_DIGITS:
                yield int(number)


def number_or_none(text: Any) -> int | None:
    """For choices whose first one, the empty one, means any."""
    return int(text) if text not in (None, "", "None") else None


def strip(text: str | None) -> str:
    return (text or "").strip()
