"""Fields of the question form that hold more than one line: a text with its media and translations, rows of them.

Names in the form, for a text called `stem`: the Chinese `stem`, in Uyghur `stem@ug`; of its media, one after the
other, `stem.media` (digests) and `stem.alt`; `stem.drop` names the digests to be taken away; new files come as
`stem.file` with `stem.file_alt`. Rows called `option` name themselves in their order, `option=0`, `option=7`; row 7
is a text called `option-7`. What was sent stays in the field also when it is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from werkzeug.datastructures import FileStorage
from wtforms import Field, ValidationError

from quizapp.bank.formats.draft import LONGEST_TEXT
from quizapp.bank.forms import strip
from quizapp.bank.languages import is_language
from quizapp.bank.words import language_word
from quizapp.core.i18n import _

LONGEST_ALT = 500
MOST_MEDIA = 10
"""At one text."""
MOST_ROWS = 26


class Sent(Protocol):
    """What came with the request: forms and files."""

    def getlist(self, name: str) -> Sequence[Any]: ...


@dataclass
class Medium:
    """A picture or recording that is kept already."""

    sha256: str
    alt: str = ""


@dataclass
class Place:
    """One text of a question in Chinese and other languages, with what is shown below it."""

    text: str = ""
    translations: dict[str, str] = field(default_factory=dict)
    media: list[Medium] = field(default_factory=list)
    files: list[tuple[FileStorage, str]] = field(default_factory=list)
    """Files just sent, with what they show; the view keeps them and makes media of them."""

    @property
    def is_written(self) -> bool:
        return bool(self.text or self.media or any(self.translations.values()))


@dataclass
class Row(Place):
    """An option, or one of the two sides of a matching question."""

    number: int = 0
    """In the names of its fields; the place in the list is another thing."""
    id: str = ""
    """The id that it has in the question being revised; "" for a new one."""
    is_right: bool = False
    partner: str = ""
    """For the left side: number of the row on the right that belongs to it."""


def read_languages(sent: Sent) -> list[str]:
    """The languages whose versions were on the page, without those to be dropped, with the one to be added."""
    dropped = sent.getlist("drop_language")
    named = [*sent.getlist("language"), *sent.getlist("add_language")]
    return [code for code in dict.fromkeys(named) if is_language(code) and code not in dropped]


def read_place(sent: Sent, name: str, into: Place) -> None:
    """Fill a place with what was sent under its name."""

    def one(key: str) -> str:
        return strip(next(iter(sent.getlist(key)), ""))

    into.text = one(name)
    into.translations = {code: one(f"{name}@{code}") for code in read_languages(sent)}
    dropped = sent.getlist(f"{name}.drop")
    alts = [*sent.getlist(f"{name}.alt")]
    digests = sent.getlist(f"{name}.media")
    alts += [""] * (len(digests) - len(alts))
    into.media = [
        Medium(digest, strip(alt)) for digest, alt in zip(digests, alts, strict=False) if digest not in dropped
    ]
    files = [file for file in sent.getlist(f"{name}.file") if isinstance(file, FileStorage) and file.filename]
    into.files = [(file, one(f"{name}.file_alt")) for file in files]


class PlaceField(Field):
    """A text with its media and translations; `data` is a Place."""

    def __init__(self, label: Any, *, required: Any = "", **options: Any) -> None:
        super().__init__(label, **options)
        self.required = required
        """The sentence for an empty text; without one it may stay empty."""
        self.flags.required = bool(required)

    def process(self, formdata: Sent | None, data: Any = None, extra_filters: Any = None) -> None:
        self.process_errors: list[str] = []
        self.data = data if isinstance(data, Place) else Place()
        if formdata is not None:
            self.data = Place()
            read_place(formdata, self.name, self.data)

    def pre_validate(self, form: Any) -> None:
        if self.required and not self.data.text:
            raise ValidationError(self.required)
        for reason in faults(self.data, form.known_media):
            raise ValidationError(reason)


class RowsField(Field):
    """Rows of texts, some perhaps empty; `data` is a list of Row in order."""

    def __init__(self, label: Any, *, least_shown: int = 4, **options: Any) -> None:
        super().__init__(label, **options)
        self.least_shown = least_shown

    def process(self, formdata: Sent | None, data: Any = None, extra_filters: Any = None) -> None:
        self.process_errors: list[str] = []
        self.data: list[Row] = list(data or [])
        if formdata is not None:
            self.data = [self._read(formdata, number) for number in _numbers(formdata.getlist(self.name))]
        while len(self.data) < self.least_shown:
            self.add()

    def _read(self, sent: Sent, number: int) -> Row:
        name = f"{self.name}-{number}"
        row = Row(number=number, is_right=str(number) in sent.getlist(f"{self.name}.right"))
        row.id, row.partner = (next(iter(sent.getlist(f"{name}.{part}")), "") for part in ("id", "partner"))
        read_place(sent, name, row)
        return row

    def add(self) -> None:
        if len(self.data) < MOST_ROWS:
            number = max((row.number for row in self.data), default=-1) + 1
            # Sides are mostly written one beside the other.
            self.data.append(Row(number=number, partner=str(number)))

    def remove(self, number: int) -> None:
        self.data = [row for row in self.data if row.number != number]

    def move(self, number: int, by: int) -> None:
        """Put a row one further up (-1) or down (1)."""
        at = next((at for at, row in enumerate(self.data) if row.number == number), None)
        if at is not None and 0 <= at + by < len(self.data):
            self.data[at], self.data[at + by] = self.data[at + by], self.data[at]

    @property
    def written(self) -> list[Row]:
        """The rows that hold something."""
        return [row for row in self.data if row.is_written]

    def pre_validate(self, form: Any) -> None:
        for place, row in enumerate(self.data, 1):
            for reason in faults(row, form.known_media):
                raise ValidationError(_("第 %(number)s 项：%(reason)s", number=str(place), reason=reason))


class LanguagesField(Field):
    """The codes of the further languages that the question has versions in."""

    def process(self, formdata: Sent | None, data: Any = None, extra_filters: Any = None) -> None:
        self.process_errors: list[str] = []
        self.data: list[str] = list(data or []) if formdata is None else read_languages(formdata)


class LinesField(Field):
    """Several texts of one kind, one field each; `data` is the list of them, empty ones included."""

    def process(self, formdata: Sent | None, data: Any = None, extra_filters: Any = None) -> None:
        self.process_errors: list[str] = []
        self.data: list[str] = list(data or [""])
        if formdata is not None:
            self.data = [strip(text) for text in formdata.getlist(self.name)[:MOST_ROWS]] or [""]

    def add(self) -> None:
        if len(self.data) < MOST_ROWS:
            self.data.append("")


class TableField(Field):
    """Rows of several inputs called `columns`; `data` is a list of one dict of texts a row, empty rows included."""

    def __init__(self, label: Any, *, columns: Sequence[str], spare: int, most: int, **options: Any) -> None:
        super().__init__(label, **options)
        self.columns, self.spare, self.most = columns, spare, most

    def process(self, formdata: Sent | None, data: Any = None, extra_filters: Any = None) -> None:
        self.process_errors: list[str] = []
        self.data: list[dict[str, str]] = []
        if formdata is None:
            self.data += data or []
            for _spare in range(self.spare):
                self.add()
            return
        sent = [formdata.getlist(column) for column in self.columns]
        for place in range(min(self.most, max(map(len, sent)))):
            texts = [strip(column[place]) if place < len(column) else "" for column in sent]
            self.data.append(dict(zip(self.columns, texts, strict=True)))

    def add(self) -> None:
        if len(self.data) < self.most:
            self.data.append(dict.fromkeys(self.columns, ""))

    @property
    def written(self) -> list[dict[str, str]]:
        return [row for row in self.data if any(row.values())]


def faults(place: Place, known_media: Iterable[str]) -> Iterator[str]:
    """What is wrong with a text, its translations or its media, whatever text it is."""
    if len(place.text) > LONGEST_TEXT:
        yield _("文字太长，最多 %(limit)s 个字。", limit=str(LONGEST_TEXT))
    for code, text in place.translations.items():
        if len(text) > LONGEST_TEXT:
            yield _(
                "%(language)s文字太长，最多 %(limit)s 个字。", language=language_word(code), limit=str(LONGEST_TEXT)
            )
    if len(place.media) > MOST_MEDIA:
        yield _("一处最多放 %(limit)s 个图片或录音。", limit=str(MOST_MEDIA))
    if any(medium.sha256 not in known_media for medium in place.media):
        yield _("有一个图片或录音放得太久，已被清理。请去掉它，重新上传。")
    if any(len(medium.alt) > LONGEST_ALT for medium in place.media):
        yield _("图片的文字说明最多 %(limit)s 个字。", limit=str(LONGEST_ALT))


def _numbers(sent: Iterable[str]) -> list[int]:
    numbers = [int(number) for number in sent if number.isascii() and number.isdigit() and len(number) < 4]
    return list(dict.fromkeys(numbers))[:MOST_ROWS]
