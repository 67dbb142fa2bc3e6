"""Every sentence of the interface has its English, with the same variables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent
KEYWORDS = {"_": None, "_l": None, "N_": None}
VARIABLE = re.compile(r"%\(\w+\)s")
CHINESE = re.compile(r"[\u2018-\u201f\u3000-\u303f\u3400-\u9fff\uff01-\uff65]")
"""Characters, and the marks of Chinese and full-width writing; curly quotes are full-width in Chinese fonts."""
MEANT = ("豫ICP备12345678号-1", "豫公网安备 41010502000000号")
"""What is Chinese for English readers too: the shape of filing numbers."""


@pytest.fixture(scope="module")
def messages() -> set[str]:
    """All message ids of the code and the templates."""
    with (ROOT / "translations" / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found = extract_from_dir(ROOT, methods, options, keywords=KEYWORDS)
    return {message for _file, _line, message, _comments, _context in found if isinstance(message, str)}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    with (ROOT / "translations" / "en" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale="en", abort_invalid=True)


@pytest.fixture(scope="module")
def english(catalog: Catalog) -> dict[str, str]:
    return {str(entry.id): str(entry.string) for entry in catalog if entry.id and not entry.fuzzy}


def test_messages_are_found(messages: set[str]) -> None:
    assert len(messages) > 300


def test_every_message_has_its_english(messages: set[str], english: dict[str, str]) -> None:
    assert sorted(message for message in messages if not english.get(message, "").strip()) == []


def test_no_english_is_left_over(messages: set[str], catalog: Catalog) -> None:
    """Neither among the messages nor kept aside as an obsolete or fuzzy one."""
    ids = {str(entry.id) for entry in catalog if entry.id}
    assert sorted(ids - messages) == []
    assert list(catalog.obsolete) == []
    assert [entry.id for entry in catalog if entry.id and entry.fuzzy] == []


def test_translation_keeps_the_variables(english: dict[str, str]) -> None:
    wrong = [
        message for message, text in english.items() if set(VARIABLE.findall(message)) != set(VARIABLE.findall(text))
    ]
    assert wrong == []


def test_translation_with_variables_has_no_other_percent_sign(english: dict[str, str]) -> None:
    """It would be read as one more variable, and the page would fail."""
    wrong = [text for text in english.values() if VARIABLE.search(text) and "%" in VARIABLE.sub("", text)]
    assert wrong == []


def test_english_has_no_chinese(english: dict[str, str]) -> None:
    """Except where a Chinese word itself is meant."""
    assert [text for text in english.values() if CHINESE.search(_without_meant(text))] == []


def _without_meant(text: str) -> str:
    for words in MEANT:
        text = text.replace(words, "")
    return text
