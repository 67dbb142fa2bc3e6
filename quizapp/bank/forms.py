"""Forms of the bank's pages; `QuestionForm.content()` gives checked content of a revision."""

from __future__ import annotations

import re
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
    widgets,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional

from quizapp.bank.actions import Content
from quizapp.bank.formats.characters import clean
from quizapp.bank.models import QuestionRevision
from quizapp.bank.rules import CHOICE_KINDS
from quizapp.bank.shelf import Citation
from quizapp.core.i18n import _, _l

LETTERS = "ABCDEFGH"
STEM_LETTERS = 2000
OPTION_LETTERS = 500
BLANK = re.compile(r"_{2,}|（\s*）|\(\s*\)")


def strip(text: str | None) -> str:
    """The text as one from a file would be: without control characters and direction overrides, edges stripped."""
    return clean(text or "").strip()


class CheckboxesField(SelectMultipleField):
    """Several of a list, each a box to tick."""

    widget = widgets.ListWidget(prefix_label=False)
    option_widget = widgets.CheckboxInput()


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


class QuestionForm(FlaskForm):
    """One question of one kind; the fields of other kinds are left out by `of_kind`."""

    stem = TextAreaField(
        _l("题干"),
        [
            DataRequired(_l("请填写题干。")),
            Length(max=STEM_LETTERS, message=_l("题干最多 2000 个字。")),
        ],
        filters=[strip],
    )
    option_a = StringField(_l("选项 A"), filters=[strip])
    option_b = StringField(_l("选项 B"), filters=[strip])
    option_c = StringField(_l("选项 C"), filters=[strip])
    option_d = StringField(_l("选项 D"), filters=[strip])
    option_e = StringField(_l("选项 E"), filters=[strip])
    option_f = StringField(_l("选项 F"), filters=[strip])
    option_g = StringField(_l("选项 G"), filters=[strip])
    option_h = StringField(_l("选项 H"), filters=[strip])
    right_options = CheckboxesField(_l("正确选项"), choices=[SelectChoice(letter, letter) for letter in LETTERS])
    right_option = RadioField(
        _l("正确选项"), choices=[SelectChoice(letter, letter) for letter in LETTERS], validate_choice=False
    )
    truth = RadioField(
        _l("正确答案"),
        choices=[SelectChoice("true", _l("正确")), SelectChoice("false", _l("错误"))],
        validate_choice=False,
    )
    blanks = TextAreaField(
        _l("各空的答案"),
        description=_l("一行写一个空的答案；一个空有几种写法时用竖线隔开，如：30|三十。题干里的空用 ____ 表示。"),
        filters=[strip],
    )
    reference = TextAreaField(_l("参考答案"), filters=[strip])
    explanation = TextAreaField(_l("解析"), [Length(max=4000, message=_l("解析最多 4000 个字。"))], filters=[strip])
    law = StringField(_l("法律、法规名称"), [Length(max=128, message=_l("名称最多 128 个字。"))], filters=[strip])
    article = StringField(
        _l("条款"),
        [Length(max=64, message=_l("条款最多 64 个字。"))],
        filters=[strip],
        description=_l("如：第三十六条、第四条第一款。"),
    )
    effective_on = DateField(_l("生效日期"), [Optional()])
    topics = StringField(_l("知识点"), filters=[strip], description=_l("几个知识点用逗号隔开。"))
    difficulty = SelectField(
        _l("难度"),
        coerce=int,
        choices=[SelectChoice(1, _l("易")), SelectChoice(2, _l("中")), SelectChoice(3, _l("难"))],
        default=2,
    )
    is_sensitive = BooleanField(_l("内容敏感，须两人审核"))

    kind: str

    @classmethod
    def of_kind(cls, kind: str, **values: Any) -> QuestionForm:
        """A form with the fields that this kind of question has."""
        form = cls(**values)
        form.kind = kind
        keep = {
            "single": {"right_option"},
            "multiple": {"right_options"},
            "indefinite": {"right_options"},
            "true_false": {"truth"},
            "fill_in": {"blanks"},
            "short_text": {"reference"},
        }[kind]
        answers = {"right_option", "right_options", "truth", "blanks", "reference"}
        options = {f"option_{letter.lower()}" for letter in LETTERS} if kind not in CHOICE_KINDS else set()
        for name in (answers - keep) | options:
            delattr(form, name)
        return form

    @property
    def option_fields(self) -> list[Any]:
        return [self[name] for name in (f"option_{letter.lower()}" for letter in LETTERS) if name in self]

    def validate_right_option(self, field: Any) -> None:
        self._check_options(field, [field.data] if field.data else [])

    def validate_right_options(self, field: Any) -> None:
        chosen = field.data or []
        self._check_options(field, chosen)
        if self.kind == "multiple" and len(chosen) < 2:
            raise ValidationError(_("多选题至少要有两个正确选项；只有一个时请改用单选题或不定项选择题。"))

    def _check_options(self, field: Any, chosen: list[str]) -> None:
        texts = {letter: self[f"option_{letter.lower()}"].data for letter in LETTERS}
        written = [letter for letter in LETTERS if texts[letter]]
        if len(written) < 2:
            raise ValidationError(_("选择题至少要有两个选项。"))
        if written != list(LETTERS[: len(written)]):
            raise ValidationError(_("选项请从 A 起连续填写，中间不要留空。"))
        if len({texts[letter] for letter in written}) != len(written):
            raise ValidationError(_("有两个选项的文字相同，请修改。"))
        if any(len(texts[letter]) > OPTION_LETTERS for letter in written):
            raise ValidationError(_("一个选项最多 500 个字。"))
        if not chosen:
            raise ValidationError(_("请勾选正确选项。"))
        if any(letter not in written for letter in chosen):
            raise ValidationError(_("勾选的正确选项没有填写文字。"))

    def validate_truth(self, field: Any) -> None:
        if field.data not in ("true", "false"):
            raise ValidationError(_("请选择正确或错误。"))

    def validate_blanks(self, field: Any) -> None:
        answers = self._blank_answers()
        if not answers or not all(answers):
            raise ValidationError(_("请为每个空写上至少一个答案，一行一个空。"))
        count = len(BLANK.findall(self.stem.data or ""))
        if count != len(answers):
            raise ValidationError(
                _(
                    "题干里有 %(stem)s 个空，答案有 %(answers)s 行，两者应当一样多。",
                    stem=str(count),
                    answers=str(len(answers)),
                )
            )

    def validate_article(self, field: Any) -> None:
        if field.data and not self.law.data:
            raise ValidationError(_("写了条款，也请写上法律、法规的名称。"))

    def validate_topics(self, field: Any) -> None:
        if any(len(name) > 64 for name in self._topic_names()):
            raise ValidationError(_("一个知识点最多 64 个字。"))

    def _blank_answers(self) -> list[list[str]]:
        lines = [line.strip() for line in (self.blanks.data or "").splitlines() if line.strip()]
        return [[part.strip() for part in line.split("|") if part.strip()] for line in lines]

    def _topic_names(self) -> list[str]:
        return [name.strip() for name in re.split(r"[,，、;；]", self.topics.data or "") if name.strip()]

    def content(self) -> Content:
        """What was written, in the shapes of a revision; call after validation."""
        citation = Citation(self.law.data, self.article.data, self.effective_on.data)
        return Content(
            kind=self.kind,
            stem=self.stem.data,
            options=[
                (letter, field.data) for letter, field in zip(LETTERS, self.option_fields, strict=False) if field.data
            ],
            key=self._key(),
            explanation=self.explanation.data,
            citations=[citation] if self.law.data else [],
            topics=self._topic_names(),
            difficulty=self.difficulty.data,
            is_sensitive=self.is_sensitive.data,
        )

    def _key(self) -> list[Any]:
        match self.kind:
            case "single":
                return [self.right_option.data]
            case "multiple" | "indefinite":
                return sorted(self.right_options.data)
            case "true_false":
                return [self.truth.data]
            case "fill_in":
                return self._blank_answers()
            case _:
                return [self.reference.data] if self.reference.data else []


def values_of(revision: QuestionRevision) -> dict[str, Any]:
    """The fields of the form as a revision fills them."""
    question = revision.question
    values: dict[str, Any] = {
        "stem": revision.stem,
        "explanation": revision.explanation,
        "topics": "，".join(topic.name for topic in question.topics),
        "difficulty": question.difficulty,
        "is_sensitive": question.is_sensitive,
    }
    for option in revision.options:
        values[f"option_{option['id'].lower()}"] = option["text"]
    if revision.articles:
        article = revision.articles[0]
        values |= {
            "law": article.law.title,
            "article": article.label,
            "effective_on": article.law.effective_on,
        }
    match question.kind:
        case "single":
            values["right_option"] = revision.key[0]
        case "multiple" | "indefinite":
            values["right_options"] = revision.key
        case "true_false":
            values["truth"] = revision.key[0]
        case "fill_in":
            values["blanks"] = "\n".join("|".join(accepted) for accepted in revision.key)
        case "short_text":
            values["reference"] = revision.key[0] if revision.key else ""
    return values
