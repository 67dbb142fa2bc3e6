"""JSON of other systems, one document or one object a line: whatever has a stem and what can hold a key is a question.

Names of fields are read like the headers of a table; options may be a list or an object, of texts or of objects, and
may say themselves which is right. Lists in lists, chapters and cases are gone through. Open Trivia Database is one of
the shapes: right and wrong answers apart, entities in the texts.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from quizapp.bank.formats import options as option_spellings
from quizapp.bank.formats.answers import LETTERS, read_numbers
from quizapp.bank.formats.characters import clean, fold, shorten
from quizapp.bank.formats.coding import read_coding
from quizapp.bank.formats.collect import Collected
from quizapp.bank.formats.columns import Columns, role_named
from quizapp.bank.formats.decoding import decode
from quizapp.bank.formats.draft import Draft
from quizapp.bank.formats.kinds import CHOICE, Hint, kind_named
from quizapp.bank.formats.layout import SheetLayout
from quizapp.bank.formats.parsed import Parsed, Problem, ReadOptions, Refused
from quizapp.bank.formats.places import FILE
from quizapp.bank.formats.row_draft import draft_of_row
from quizapp.bank.formats.rows import Row
from quizapp.bank.formats.workbook import cell_text

NAME = "other-json"
MOST_VALUES = 1_000_000
MOST_QUESTIONS = 100_000
_WEAK_STEMS = frozenset(("TITLE", "CONTENT", "标题", "内容"))
_WRONG = re.compile(r"(?:INCORRECT|WRONG)(?:ANSWERS?|OPTIONS?)?|DISTRACTORS?[1-9]?")
_IS_RIGHT = re.compile(r"(?:IS|ISTHE)?(?:CORRECT|RIGHT|ANSWER|TRUE)(?:ANSWER|OPTION)?")
_TEXT_OF_OPTION = ("TEXT", "CONTENT", "OPTIONCONTENT", "OPTIONTEXT", "VALUE", "BODY", "TITLE", "DESCRIPTION", "OPTION")
_ID_OF_OPTION = ("ID", "KEY", "OPTIONID", "INDEX", "NO", "CODE", "VALUE", "LABEL")
_YES = ("TRUE", "1", "YES", "Y", "是", "对", "正确")
_LONGEST_NAME = 40
_LEAST_PASSAGE = 40
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")


def read(content: bytes, options: ReadOptions) -> Parsed:
    """Read the questions of a document."""
    collected = Collected(options)
    try:
        drafts: list[Draft] = []
        for where, item in _items(decode(content), collected):
            drafts.append(_draft(item, where))
            if len(drafts) > MOST_QUESTIONS:
                raise Refused(FILE, "json_too_many_questions", limit=str(MOST_QUESTIONS))
    except Refused as refusal:
        return Parsed(NAME, (), (refusal.problem,))
    told = options.sheet("")
    drafts = collected.corrected(drafts, told)
    answered = [(read_numbers(draft.answer), len(draft.options), len(draft.options)) for draft in drafts]
    if drafts:
        collected.take(drafts, read_coding(answered, told), SheetLayout("", "text", len(drafts)))
    return collected.parsed(NAME, nothing_found="no_json_questions")


@dataclass(frozen=True, slots=True)
class _Item:
    """An object that is a question, and what stands around it."""

    fields: Mapping[str, Any]
    passage: str = ""
    section: Hint | None = None


# Finding questions --------------------------------------------------------------------------------------------


def _items(text: str, collected: Collected) -> Iterator[tuple[str, _Item]]:
    if sum(text.count(mark) for mark in "[{,") > MOST_VALUES:
        raise Refused(FILE, "json_too_many_values", limit=str(MOST_VALUES))
    try:
        document = _load(text)
    except json.JSONDecodeError as fault:
        if not _is_of_lines(text):
            raise Refused(f"line {fault.lineno}", "json_broken", found=shorten(str(fault), 60)) from None
        yield from _items_of_lines(text, collected)
        return
    except RecursionError:
        raise Refused(FILE, "json_too_deep") from None
    for number, item in enumerate(_walk(document), 1):
        yield f"question {number}", item


def _items_of_lines(text: str, collected: Collected) -> Iterator[tuple[str, _Item]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                found = list(_walk(_load(line)))
            except (json.JSONDecodeError, RecursionError) as fault:
                problem = Problem(f"line {number}", "json_broken_line", {"found": shorten(str(fault), 60)})
                collected.report(problem)
                continue
            if not found:
                collected.report(Problem(f"line {number}", "line_not_read", {"text": shorten(line)}))
            for place, item in enumerate(found):
                yield f"line {number}" + (f" field {place + 1}" if place else ""), item


def _is_of_lines(text: str) -> bool:
    first = next((line for line in text.split("\n") if line.strip()), "")
    try:
        return isinstance(_load(first), dict) and first.strip() != text.strip()
    except (json.JSONDecodeError, RecursionError):
        return False


def _load(text: str) -> Any:
    """Numbers come as texts, as a table has them."""
    return json.loads(text.lstrip("\ufeff"), parse_int=str, parse_float=lambda number: cell_text(float(number)))


def _walk(document: Any) -> Iterator[_Item]:
    """The questions of a document in their order; what stands in no question is only gone through."""
    waiting: list[tuple[Any, str, Hint | None]] = [(document, "", None)]
    while waiting:
        value, passage, section = waiting.pop()
        if isinstance(value, list):
            waiting.extend((part, passage, section) for part in reversed(value))
        elif isinstance(value, dict):
            if _is_question(value) and not _has_parts(value):
                yield _Item(value, passage, section)
                continue
            passage = _passage(value) or passage
            section = _named_section(_first(value, "kind")) or section
            for name, inner in reversed(list(value.items())):
                if isinstance(inner, (list, dict)):
                    waiting.append((inner, passage, _named_section(name) or section))


def _is_question(fields: Mapping[str, Any]) -> bool:
    roles = {_role(name) for name in fields}
    return "stem" in roles and bool(roles & {"answer", "options", "kind", "wrong", "option A"})


def _has_parts(fields: Mapping[str, Any]) -> bool:
    """A case or a chapter: questions stand inside."""
    return any(
        isinstance(part, dict) and _is_question(part)
        for value in fields.values()
        if isinstance(value, list)
        for part in value[:1]
    )


def _passage(fields: Mapping[str, Any]) -> str:
    """The text that the questions inside share: a field for it, or the stem of what has questions inside."""
    own = _text(_first(fields, "passage"))
    if own or not _has_parts(fields):
        return own
    stem = _text(_first(fields, "stem"))
    is_title = all(fold(name) in _WEAK_STEMS for name in fields if _role(name) == "stem")
    return "" if is_title and len(stem) < _LEAST_PASSAGE else stem


def _named_section(words: Any) -> Hint | None:
    kind = kind_named(words) if isinstance(words, str) and len(words) <= _LONGEST_NAME else None
    return Hint(kind, insists=False, words=shorten(words, 20)) if kind else None


@lru_cache(maxsize=4096)
def _role(name: str) -> str:
    """What a field is, by its name: a role as in tables, or "wrong" for wrong answers that stand apart."""
    if len(name) > _LONGEST_NAME:
        return ""
    return "wrong" if _WRONG.fullmatch(re.sub(r"[\s_-]+", "", fold(name))) else role_named(name)


def _first(fields: Mapping[str, Any], role: str) -> Any:
    """The value of the first field of a role that has one; for stems, a field that says so before a title."""
    names = [name for name in fields if _role(name) == role and fields[name] not in (None, "", [], {})]
    names.sort(key=lambda name: role == "stem" and fold(name) in _WEAK_STEMS)
    return fields[names[0]] if names else None


# One question -------------------------------------------------------------------------------------------------


def _draft(item: _Item, where: str) -> Draft:
    fields = dict(item.fields)
    stem = _first(fields, "stem")
    if isinstance(stem, dict) and not _text(stem):  # {"question": {"stem": …, "choices": …}}
        fields = {**{name: value for name, value in fields.items() if value is not stem}, **stem}
    wrong = [text for name in fields if _role(name) == "wrong" for text in _texts(fields[name])]
    read = _decoder(fields) if wrong else clean
    roles = sorted({_role(name) for name in fields} - {"", "number", "wrong", "options"})
    values = [_first(fields, role) for role in roles]
    cells = [read(_joined(role, value)) for role, value in zip(roles, values, strict=True)]
    places = {role: place for place, role in enumerate(roles)}
    columns = Columns(
        {role: place for role, place in places.items() if " " not in role},
        {role[-1]: place for role, place in places.items() if role.startswith("option ")},
        [place for role, place in places.items() if role.startswith("blank ")],
    )
    given = _first(fields, "options")
    if isinstance(given, str):
        columns = replace(columns, role={**columns.role, "options": len(cells)})
        cells.append(clean(given))
    draft = draft_of_row(Row(0, cells), columns, where=where, section=item.section)
    draft.passage = draft.passage or item.passage
    if wrong:
        _take_wrong_answers(draft, [read(text) for text in wrong])
    elif isinstance(given, (list, dict)):
        _take_options(draft, given, _first(fields, "answer"))
    return draft


def _take_wrong_answers(draft: Draft, wrong: Sequence[str]) -> None:
    """Right and wrong answers stand apart: they become options, in an order that does not tell the right one."""
    right = draft.answer
    texts = sorted({*wrong, right} - {""}, key=lambda text: (len(text) if text.isdigit() else 0, fold(text)))
    draft.options = [(LETTERS[place], text) for place, text in enumerate(texts[: len(LETTERS)])]
    draft.answer = next((letter for letter, text in draft.options if text == right), "")
    if draft.hint and draft.hint.kind == "multiple":  # of several choices, one is right
        draft.hint = replace(draft.hint, kind=CHOICE)


def _take_options(draft: Draft, given: list[Any] | dict[str, Any], answer: Any) -> None:
    entries = _entries(given)
    letters = [entry.letter for entry in entries]
    are_named = all(letters) and len(set(letters)) == len(letters)
    named = letters if are_named else list(LETTERS[: len(entries)])
    draft.options = option_spellings.without_labels(
        [(letter, entry.text) for letter, entry in zip(named, entries, strict=False)]
    )
    if not draft.answer:
        draft.answer = "".join(letter for letter, entry in zip(named, entries, strict=False) if entry.is_right)
        return
    letter_of = {entry.id: letter for letter, entry in zip(named, entries, strict=False) if entry.id}
    said = _texts(answer)
    if said and not are_named and all(text in letter_of for text in said):
        draft.answer = "".join(letter_of[text] for text in said)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One option as it stands."""

    text: str
    letter: str = ""
    id: str = ""
    is_right: bool = False


def _entries(given: list[Any] | dict[str, Any]) -> list[_Entry]:
    if isinstance(given, list):
        return [_entry(value) for value in given]
    texts, labels = given.get("text"), given.get("label")
    if isinstance(texts, list) and isinstance(labels, list) and len(texts) == len(labels):
        return [_Entry(_text(text), _letter(label)) for text, label in zip(texts, labels, strict=True)]
    return [replace(_entry(value), letter=_letter(name), id=clean(name)) for name, value in given.items()]


def _entry(value: Any) -> _Entry:
    if not isinstance(value, dict):
        return _Entry(_text(value))
    names = {re.sub(r"[\s_-]+", "", fold(name)): name for name in value}
    letter = next((_letter(each) for each in value.values() if _letter(each)), "")
    is_right = any(_IS_RIGHT.fullmatch(name) and fold(_text(value[own])) in _YES for name, own in names.items())
    texts = [_text(value[names[name]]) for name in _TEXT_OF_OPTION if name in names]
    others = sorted((_text(each) for each in value.values() if isinstance(each, str)), key=len, reverse=True)
    text = next((text for text in texts if text and text != letter), "") or next(
        (text for text in others if fold(text) != letter), ""
    )
    identity = next((_text(value[names[name]]) for name in _ID_OF_OPTION if name in names), "")
    return _Entry(text, letter, identity, is_right)


def _letter(value: Any) -> str:
    letter = fold(value).strip("()[].、 ") if isinstance(value, str) and len(value) <= 4 else ""
    return letter if len(letter) == 1 and letter in LETTERS else ""


# Texts --------------------------------------------------------------------------------------------------------


def _text(value: Any) -> str:
    """One value as text; true and false as a sheet writes them, the text of an object that has one, else nothing."""
    if isinstance(value, dict):
        value = value.get("text")
    if isinstance(value, str):
        return clean(value)
    return str(value).upper() if isinstance(value, bool) else ""


def _texts(value: Any) -> list[str]:
    return [text for part in (value if isinstance(value, list) else [value]) if (text := _text(part))]


def _joined(role: str, value: Any) -> str:
    """A list as the text that a cell would have."""
    if not isinstance(value, list):
        return _text(value)
    if role == "answer":
        blanks = ["|".join(_texts(part)) for part in value]
        is_key = all(len(text) <= 1 for text in blanks)
        return ("、" if is_key else "；").join(filter(None, blanks))
    return ("、" if role == "topics" else "\n").join(_texts(value))


def _decoder(fields: Mapping[str, Any]) -> Callable[[str], str]:
    """How texts of the Open Trivia Database are encoded: entities, or as in addresses."""
    stem = _text(_first(fields, "stem"))
    if "%20" in stem and " " not in stem:
        return lambda text: clean(unquote(text))
    return lambda text: clean(html.unescape(text) if _ENTITY.search(text) else text)
