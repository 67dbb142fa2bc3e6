"""Pages in docs/zh-CN have the headings and the code of the English ones, and their links lead to files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted((DOCS / "zh-CN").glob("*.md"))


def outline(page: Path) -> tuple[list[int], list[str]]:
    """The levels of its headings, and its code: each fenced block, and lines indented by four or more spaces."""
    levels: list[int] = []
    blocks: list[str] = []
    fenced = indented = False
    for line in page.read_text(encoding="utf-8").splitlines():
        fence = line.lstrip().startswith("```")
        code = not fenced and not fence and bool(re.match(r" {4,}\S", line))
        if fenced or (code and indented):
            blocks[-1] += f"\n{line}"
        elif fence or code:
            blocks.append(line)
        elif heading := re.match(r"(#+) ", line):
            levels.append(len(heading[1]))
        fenced, indented = fenced != fence, code
    return levels, blocks


def test_there_are_chinese_pages() -> None:
    assert PAGES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_headings_and_code_are_those_of_the_english_page(page: Path) -> None:
    english_levels, english_blocks = outline(DOCS / page.name)
    levels, blocks = outline(page)
    assert levels == english_levels
    assert blocks == english_blocks


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_page_begins_with_the_way_to_the_english_one(page: Path) -> None:
    title, link = [line for line in page.read_text(encoding="utf-8").splitlines() if line][:2]
    assert title.startswith("# ")
    assert link == f"[English](../{page.name})"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_its_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []
