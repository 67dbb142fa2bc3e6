"""IMS QTI of any version: 1.2, 2.0 to 2.2 and 3.0, as a package (.zip) or as a file of XML. The version is told by
content; written is 3.0."""

from __future__ import annotations

from quizapp.bank.formats import qti12, qti_item
from quizapp.bank.formats.parsed import Parsed, ReadOptions, Refused
from quizapp.bank.formats.qti3_write import write
from quizapp.bank.formats.qti_names import name
from quizapp.bank.formats.qti_package import Package, is_package, looks_like_qti
from quizapp.bank.formats.qti_question import Reading
from quizapp.bank.formats.typed import Typed

NAME = "qti"


def is_document(text: str) -> bool:
    """Whether a text is XML with items, assessments or a manifest of QTI."""
    return text.lstrip("\ufeff \t\r\n").startswith("<") and looks_like_qti(text)


def read(content: bytes, options: ReadOptions) -> Parsed:
    """Read the questions of a package or of a single file."""
    typed = Typed(NAME, options)
    try:
        with Package(content) as package:
            for document in package.documents():
                reading = Reading(package, document, typed)
                if name(document.root) == "questestinterop":
                    qti12.read_items(reading)
                else:
                    qti_item.read_items(reading)
                typed.problems += package.faults()
            typed.problems += package.faults()
    except Refused as refusal:
        return Parsed(NAME, (), (refusal.problem,))
    return typed.parsed(nothing_found="no_items")


__all__ = ["NAME", "is_document", "is_package", "read", "write"]
