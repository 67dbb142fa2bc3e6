"""docs/settings.md and docs/commands.md name every setting and every command, and nothing else."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import click
import pytest

from quizapp.cli import main
from quizapp.core.settings import PREFIX, Settings, WrongSetting, load_settings

DOCS = Path(__file__).parents[1] / "docs"


def known_settings() -> set[str]:
    """The variables that are read, as the refusal of an unknown one lists them."""
    with pytest.raises(WrongSetting) as refusal:
        load_settings({f"{PREFIX}COLOUR": "red"})
    first = str(refusal.value).splitlines()[0]
    return set(re.findall(rf"{PREFIX}\w+", first.partition("the known ones are")[2]))


def default_of(name: str) -> str:
    """As the page writes it."""
    fields = {PREFIX + field.name.upper(): field.default for field in dataclasses.fields(Settings)}
    value = fields[name]
    if value is dataclasses.MISSING:
        return "needed"
    if value is True:
        return "`on`"
    return "none" if value in ("", (), None) else f"`{value}`"


def test_the_page_has_every_setting_with_its_default() -> None:
    page = (DOCS / "settings.md").read_text().partition("\n## ")[0]
    rows = dict(re.findall(rf"^\| `({PREFIX}\w+)` \| (.+?) \|", page, re.MULTILINE))
    assert rows == {name: default_of(name) for name in known_settings()}


def commands(group: click.Group, *before: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *before, name)
        else:
            yield " ".join((*before, name))


def test_the_page_has_every_command() -> None:
    rows = re.findall(r"^\| `quizapp ([^`]+)` \| \S", (DOCS / "commands.md").read_text(), re.MULTILINE)
    named = [" ".join(takewhile(lambda word: re.fullmatch("[a-z][a-z-]*", word), row.split())) for row in rows]
    assert sorted(named) == sorted(commands(main))


def test_the_page_names_the_options_that_a_command_has() -> None:
    """And arguments of a file or a name are written large."""
    page = (DOCS / "commands.md").read_text()
    for name in commands(main):
        command: click.Command = main
        for word in name.split():
            assert isinstance(command, click.Group)
            command = command.commands[word]
        row = re.search(rf"^\| `quizapp {name}(?! [a-z])([^`]*)` \|", page, re.MULTILINE)
        assert row, name
        options = {option for one in command.params if isinstance(one, click.Option) for option in one.opts}
        assert set(re.findall(r"--[a-z-]+", row[1])) == options - {"--data"}, name
