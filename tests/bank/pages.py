"""Forms of pages as a browser without script would send them."""

from __future__ import annotations

from typing import Any

from lxml import html
from werkzeug.datastructures import MultiDict


def fields_of(page: str) -> MultiDict[str, Any]:
    """What the form of a question sends when nothing is changed in it, its token included; buttons send nothing."""
    document = html.document_fromstring(page)
    for template in document.xpath("//template"):
        template.drop_tree()
    [form] = document.xpath("//form[@data-write]")
    return MultiDict([(name, _sent(value or "")) for name, value in form.form_values()])


def _sent(value: str) -> str:
    """With the line ends that a browser sends, without the one that HTML ignores at the start of a text area."""
    lines = value.replace("\r\n", "\n").removeprefix("\n").split("\n")
    return "\r\n".join(lines)
