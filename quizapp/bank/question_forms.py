"""The form of one question of any kind; `content()` gives checked content of a revision."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, RadioField, SelectField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from quizapp.bank import media
from quizapp.bank.actions import Content
from quizapp.bank.form_fields import (
    MOST_ROWS,
    LanguagesField,
    LinesField,
    Medium,
    Place,
    PlaceField,
    Row,
    RowsField,
    TableField,
)
from quizapp.bank.formats.answers import LETTERS, count_blanks
from quizapp.bank.formats.characters import fold
from quizapp.bank.formats.details import LONGEST_ARTICLE, LONGEST_LAW, LONGEST_TOPIC, read_date, read_points
from quizapp.bank.formats.draft import LONGEST_TEXT
from quizapp.bank.forms import strip
from quizapp.bank.models import Media, QuestionRevision
from quizapp.bank.rules import BLANK_LETTERS, CHOICE_KINDS, sides
from quizapp.bank.shelf import Citation
from quizapp.bank.words import language_word
from quizapp.core.i18n import _, _l
from quizapp.core.web import points_text

MOST_CITATIONS = 20
MOST_CRITERIA = 30
BETWEEN_TOPICS = re.compile(r"[,，、;；]")
ONLY_FOR = {
    "option": (*CHOICE_KINDS, "ordering", "matching"),
    "partner": ("matching",),
    "truth": ("true_false",),
    "blank": ("fill_in",),
    "reference": ("short_text",),
    "rubric": ("short_text",),
}
"""Field → the kinds that have it."""


class QuestionForm(FlaskForm):
    """One question of one kind; made by `of_kind`, which leaves out the fields of other kinds."""

    passage = PlaceField(_l("案例材料"))
    stem = PlaceField(_l("题干"), required=_l("请填写题干。"))
    option = RowsField(_l("选项"))
    partner = RowsField(_l("右边各项"))
    truth = RadioField(
        _l("正确答案"),
        choices=[SelectChoice("true", _l("正确")), SelectChoice("false", _l("错误"))],
        validate_choice=False,
    )
    blank = LinesField(_l("各空的答案"))
    reference = TextAreaField(
        _l("参考答案"), [Length(max=LONGEST_TEXT, message=_l("参考答案最多 20000 个字。"))], filters=[strip]
    )
    rubric = TableField(_l("评分要点"), columns=("criterion", "criterion_points"), spare=3, most=MOST_CRITERIA)
    explanation = PlaceField(_l("解析"))
    citations = TableField(_l("法律依据"), columns=("law", "article", "effective_on"), spare=3, most=MOST_CITATIONS)
    topics = TextAreaField(
        _l("知识点"), filters=[strip], description=_l("一行写一个，也可以用逗号隔开。点下面已有的知识点可以直接加上。")
    )
    difficulty = SelectField(
        _l("难度"),
        coerce=int,
        choices=[SelectChoice(1, _l("易")), SelectChoice(2, _l("中")), SelectChoice(3, _l("难"))],
        default=2,
    )
    is_sensitive = BooleanField(_l("内容敏感，须两人审核"))
    whole_case = BooleanField(_l("案例材料有改动时，同一案例的其他题目一起改（各生成一个新修订）"))
    language = LanguagesField(_l("语言版本"))
    base = HiddenField(_l("修订"))
    """Number of the revision that was opened, so that nobody overwrites what another has written meanwhile."""

    kind: str
    known_media: Mapping[str, Media]
    """The media that the fields name, as far as they are kept; set by the view before validation."""
    original: QuestionRevision | None
    """The revision that is being changed: the ids of its options stay while the options do."""
    known_topics: Collection[str]
    """Names of topics there are: a line that is one of them is not divided at its commas."""

    @classmethod
    def of_kind(
        cls, kind: str, *, original: QuestionRevision | None = None, known_topics: Collection[str] = (), **values: Any
    ) -> QuestionForm:
        """A form with the fields that this kind of question has, filled from `original` or `values`."""
        form = cls(data=values_of(original) if original else values)
        form.kind, form.original, form.known_topics, form.known_media = kind, original, known_topics, {}
        for name, kinds in ONLY_FOR.items():
            if kind not in kinds:
                delattr(form, name)
        if kind == "fill_in":
            while len(form.blank.data) < min(count_blanks(form.stem.data.text), MOST_ROWS):
                form.blank.add()
        return form

    def places(self) -> Iterator[tuple[Any, Place]]:
        """Each text that may have media, with its field."""
        for field in self:
            if isinstance(field, PlaceField):
                yield field, field.data
            elif isinstance(field, RowsField):
                yield from ((field, row) for row in field.data)

    def digests(self) -> set[str]:
        """The media that its texts name."""
        return {medium.sha256 for _field, place in self.places() for medium in place.media}

    def act(self, act: str) -> None:
        """Change rows as a button asked: "more option", "remove option-3", "up option-3", "down option-3"."""
        verb, _space, target = act.partition(" ")
        name, _dash, number = target.partition("-")
        field = self._fields.get(name)
        if verb == "more" and isinstance(field, RowsField | LinesField | TableField):
            field.add()
        elif isinstance(field, RowsField) and number.isdecimal() and len(number) < 4:
            if verb == "remove":
                field.remove(int(number))
            elif verb in ("up", "down"):
                field.move(int(number), -1 if verb == "up" else 1)

    # Checks ---------------------------------------------------------------------------------------------------

    def validate_base(self, field: Any) -> None:
        if self.original and field.data != str(self.original.number):
            # Saving once more is then meant.
            field.data = str(self.original.number)
            raise ValidationError(
                _(
                    "打开这一页之后，有人又改了这道题（现在是第 %(number)s 次修订）。您写的都还在下面；"
                    "请先打开题目对照，确认后再按一次保存。",
                    number=str(self.original.number),
                )
            )

    def validate_passage(self, field: PlaceField) -> None:
        if field.data.is_written and not field.data.text:
            raise ValidationError(_("案例材料有图片或译文，也请写上中文的文字。"))

    def validate_language(self, field: LanguagesField) -> None:
        for code in field.data:
            if self._translation(code) and not self.stem.data.translations.get(code):
                raise ValidationError(
                    _("请填写%(language)s的题干，或者去掉这个语言版本。", language=language_word(code))
                )

    def validate_option(self, field: RowsField) -> None:
        written = field.written
        _check_rows(written, self.known_media)
        if self.kind in CHOICE_KINDS:
            right = [row for row in field.data if row.is_right]
            if not right:
                raise ValidationError(_("请勾选正确选项。"))
            if any(not row.is_written for row in right):
                raise ValidationError(_("勾选的正确选项没有填写文字。"))
            if self.kind == "single" and len(right) > 1:
                raise ValidationError(_("单选题只能有一个正确选项；有几个时请改用多选题或不定项选择题。"))
            if self.kind == "multiple" and len(right) < 2:
                raise ValidationError(_("多选题至少要有两个正确选项；只有一个时请改用单选题或不定项选择题。"))
        if self.kind == "matching":
            partners = {str(row.number) for row in self.partner.written}
            for place, row in enumerate(written, 1):
                if row.partner not in partners:
                    raise ValidationError(_("左边第 %(number)s 项还没有选它对应的右边。", number=str(place)))

    def validate_partner(self, field: RowsField) -> None:
        _check_rows(field.written, self.known_media)

    def validate_truth(self, field: Any) -> None:
        if field.data not in ("true", "false"):
            raise ValidationError(_("请选择正确或错误。"))

    def validate_blank(self, field: LinesField) -> None:
        answers = self._accepted()
        if not answers or not all(answers):
            raise ValidationError(_("请为每个空写上至少一个答案，一行一种写法。"))
        if any(len(text) > BLANK_LETTERS for accepted in answers for text in accepted):
            raise ValidationError(_("一个空的答案最多 %(limit)s 个字。", limit=str(BLANK_LETTERS)))
        count = count_blanks(self.stem.data.text)
        if count and count != len(answers):
            raise ValidationError(
                _(
                    "题干里有 %(stem)s 个空，答案写了 %(answers)s 个空的，两者应当一样多。",
                    stem=str(count),
                    answers=str(len(answers)),
                )
            )

    def validate_rubric(self, field: TableField) -> None:
        for row in field.written:
            if not row["criterion"]:
                raise ValidationError(_("写了分值的评分要点，也请写上内容。"))
            if len(row["criterion"]) > LONGEST_TEXT:
                raise ValidationError(_("文字太长，最多 %(limit)s 个字。", limit=str(LONGEST_TEXT)))
            if row["criterion_points"] and read_points(row["criterion_points"]) is None:
                raise ValidationError(_("评分要点的分值须为 0 至 1000 的数，最多两位小数。"))

    def validate_citations(self, field: TableField) -> None:
        for row in field.written:
            if not row["law"]:
                raise ValidationError(_("写了条款或日期，也请写上法律、法规的名称。"))
            if len(row["law"]) > LONGEST_LAW:
                raise ValidationError(_("法律、法规的名称最多 %(limit)s 个字。", limit=str(LONGEST_LAW)))
            if len(row["article"]) > LONGEST_ARTICLE:
                raise ValidationError(_("条款最多 %(limit)s 个字。", limit=str(LONGEST_ARTICLE)))
            if row["effective_on"] and read_date(row["effective_on"]) is None:
                raise ValidationError(
                    _("生效日期“%(text)s”不是日期，请写成 2021-01-01。", text=row["effective_on"][:20])
                )

    def validate_topics(self, field: Any) -> None:
        if any(len(name) > LONGEST_TOPIC for name in self._topic_names()):
            raise ValidationError(_("一个知识点最多 %(limit)s 个字。", limit=str(LONGEST_TOPIC)))

    # What was written -----------------------------------------------------------------------------------------

    def content(self) -> Content:
        """What was written, in the shapes of a revision; call after validation."""
        named = self._named_rows()
        places = {"stem": self.stem.data, "passage": self.passage.data, "explanation": self.explanation.data} | named
        return Content(
            kind=self.kind,
            stem=self.stem.data.text,
            options=[(option_id, row.text) for option_id, row in named.items()],
            key=self._key(named),
            explanation=self.explanation.data.text,
            citations=[
                Citation(row["law"], row["article"], _date(row["effective_on"])) for row in self.citations.written
            ],
            topics=self._topic_names(),
            difficulty=self.difficulty.data,
            is_sensitive=self.is_sensitive.data,
            passage=self.passage.data.text,
            rubric=[
                {"text": row["criterion"], "points_hundredths": read_points(row["criterion_points"])}
                for row in (self.rubric.written if "rubric" in self else ())
            ],
            media=[
                media.shown_at(self.known_media[medium.sha256], at=at, alt=medium.alt)
                for at, place in places.items()
                for medium in place.media
            ],
            translations={code: texts for code in self.language.data if (texts := self._translation(code))},
        )

    def _translation(self, code: str) -> dict[str, Any]:
        """The question's texts in a language; {} where none is written."""
        texts = {name: self[name].data.translations.get(code, "") for name in ("stem", "passage", "explanation")}
        options = {
            option_id: text for option_id, row in self._named_rows().items() if (text := row.translations.get(code))
        }
        return {**texts, "options": options} if options or any(texts.values()) else {}

    def _named_rows(self) -> dict[str, Row]:
        """The written options by their ids, in the canonical order of a revision."""
        before = [option["id"] for option in self.original.options] if self.original else []
        left, right = sides(before)
        named: dict[str, Row] = {}
        if "option" in self:
            named |= _with_ids(self.option.written, left, LETTERS, is_order=self.kind == "ordering")
        if "partner" in self:
            named |= _with_ids(self.partner.written, right, [str(number) for number in range(1, len(LETTERS) + 1)])
        return named

    def _key(self, named: Mapping[str, Row]) -> list[Any]:
        ids = {id(row): option_id for option_id, row in named.items()}
        match self.kind:
            case "true_false":
                return [self.truth.data]
            case "fill_in":
                return self._accepted()
            case "short_text":
                return [self.reference.data] if self.reference.data else []
            case "ordering":
                return [ids[id(row)] for row in self.option.written]
            case "matching":
                partners = {str(row.number): ids[id(row)] for row in self.partner.written}
                return sorted(ids[id(row)] + partners[row.partner] for row in self.option.written)
            case _:
                return [option_id for option_id, row in named.items() if row.is_right]

    def _accepted(self) -> list[list[str]]:
        """The accepted texts of each blank, up to the last blank for which something is written."""
        answers = [[line.strip() for line in text.splitlines() if line.strip()] for text in self.blank.data]
        while answers and not answers[-1]:
            answers.pop()
        return answers

    def _topic_names(self) -> list[str]:
        names: list[str] = []
        for line in (self.topics.data or "").splitlines():
            parts = [line] if line.strip() in self.known_topics else BETWEEN_TOPICS.split(line)
            names += [part.strip() for part in parts if part.strip()]
        return list(dict.fromkeys(names))


def _check_rows(written: list[Row], known_media: Mapping[str, Media]) -> None:
    if len(written) < 2:
        raise ValidationError(_("至少要写两项。"))
    pictures = {digest for digest, medium in known_media.items() if medium.content_type.startswith("image/")}
    texts: dict[str, int] = {}
    for place, row in enumerate(written, 1):
        if not row.text and not any(medium.sha256 in pictures for medium in row.media):
            raise ValidationError(_("第 %(number)s 项没有中文文字，也没有图片。", number=str(place)))
        same = texts.setdefault(fold(row.text), place) if row.text else place
        if same != place:
            raise ValidationError(
                _("第 %(first)s 项和第 %(second)s 项的文字相同，请修改。", first=str(same), second=str(place))
            )


def _with_ids(rows: list[Row], before: list[str], names: Collection[str], *, is_order: bool = False) -> dict[str, Row]:
    """The rows by their ids: those they had while no option came or went, else the next names in order.

    `is_order`: the rows stand in the right order, which is not the order of the options.
    """
    ids = [row.id for row in rows]
    if before and (ids == before or (is_order and sorted(ids) == sorted(before))):
        by_id = dict(zip(ids, rows, strict=True))
        return {option_id: by_id[option_id] for option_id in before}
    return dict(zip(names, rows, strict=False))


def _date(text: str) -> date | None:
    return read_date(text) if text else None


# A revision in the form -----------------------------------------------------------------------------------------


def values_of(revision: QuestionRevision) -> dict[str, Any]:
    """The fields of the form as a revision fills them."""
    question = revision.question
    values: dict[str, Any] = {
        **{name: place_of(revision, name) for name in ("stem", "passage", "explanation")},
        "topics": "\n".join(topic.name for topic in question.topics),
        "difficulty": question.difficulty,
        "is_sensitive": question.is_sensitive,
        "language": list(revision.translations),
        "citations": [
            {
                "law": article.law.title,
                "article": article.label,
                "effective_on": article.law.effective_on.isoformat() if article.law.effective_on else "",
            }
            for article in revision.articles
        ],
        "rubric": [
            {"criterion": one["text"], "criterion_points": _points(one.get("points_hundredths"))}
            for one in revision.rubric
        ],
        "whole_case": True,
        "base": str(revision.number),
    }
    match question.kind:
        case "true_false":
            values["truth"] = revision.key[0]
        case "fill_in":
            values["blank"] = ["\n".join(" ".join(text.split("\n")) for text in accepted) for accepted in revision.key]
        case "short_text":
            values["reference"] = revision.key[0] if revision.key else ""
        case _:
            values |= _rows(revision)
    return values


def _rows(revision: QuestionRevision) -> dict[str, list[Row]]:
    left, right = sides(option["id"] for option in revision.options)
    kind, key = revision.question.kind, revision.key
    partners = {pair[:1]: str(right.index(pair[1:])) for pair in key} if kind == "matching" else {}

    def row(number: int, option_id: str) -> Row:
        found = Row(**vars(place_of(revision, option_id)), number=number, id=option_id)
        found.is_right, found.partner = option_id in key, partners.get(option_id, "")
        return found

    shown = key if kind == "ordering" else left
    return {
        "option": [row(number, option_id) for number, option_id in enumerate(shown)],
        "partner": [row(number, option_id) for number, option_id in enumerate(right)],
    }


def place_of(revision: QuestionRevision, at: str) -> Place:
    """The text of a revision at "stem", "passage", "explanation" or an option id."""
    is_named = at in ("stem", "passage", "explanation")
    texts = {option["id"]: option["text"] for option in revision.options}
    return Place(
        text=getattr(revision, at) if is_named else texts[at],
        translations={
            code: (version.get(at, "") if is_named else version.get("options", {}).get(at, ""))
            for code, version in revision.translations.items()
        },
        media=[Medium(one["sha256"], one["alt"]) for one in revision.media if one["at"] == at],
    )


def _points(hundredths: int | None) -> str:
    return "" if hundredths is None else points_text(hundredths)
