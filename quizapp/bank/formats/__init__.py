"""Question files: one module a format, each `read(content, options) -> Parsed`, which never raises for content, and
where it can be given out too, `write(questions) -> bytes`.

`FORMATS` is the registry. A format is told by content, never by a file's name; what is recognised but not read is
refused with a sentence that names the formats that are. These modules know neither SQL nor Redis nor a request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from quizapp.bank.formats import (
    aiken,
    clean_text,
    csv_file,
    docx,
    gift,
    gift_writer,
    json_file,
    moodle_writer,
    moodle_xml,
    other_json,
    qti,
    table_writing,
    text,
    xls,
    xlsx,
)
from quizapp.bank.formats.carrying import FIELDS, Kept, carried
from quizapp.bank.formats.characters import shorten
from quizapp.bank.formats.losses import REASONS
from quizapp.bank.formats.parsed import (
    LeftOut,
    Parsed,
    ParsedOption,
    ParsedQuestion,
    Problem,
    ReadOptions,
    SheetOptions,
    Written,
)
from quizapp.bank.formats.places import FILE, place
from quizapp.bank.formats.problems import KIND_NAMES
from quizapp.bank.formats.recognition import Found, look_at
from quizapp.core.i18n import _

AUTO = "auto"
ALL_KINDS = frozenset(KIND_NAMES)
MOST_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Format:
    """A format that can be read; `name` is the word of the command line."""

    name: str
    label: str
    """For people: what it is, with the ending its files have."""
    read: Callable[[bytes, ReadOptions], Parsed]
    write: Callable[[Sequence[ParsedQuestion]], bytes] | None = None
    """Takes only questions of `kinds`, with nothing set but `fields`; see `write` below."""
    kinds: frozenset[str] = frozenset()
    """The kinds that `write` can carry."""
    fields: frozenset[str] = frozenset()
    """Those of FIELDS that `write` can carry."""
    fault: Callable[[ParsedQuestion], str] | None = None
    """What keeps a single question from being carried as it is though its kind can be: a code of losses.REASONS, then
    it is left out, or of losses.CHANGES, then it is written all the same; "" where nothing does."""
    ending: str = ""
    content_type: str = ""


FORMATS: dict[str, Format] = {
    entry.name: entry
    for entry in (
        Format(
            xlsx.NAME,
            "Excel (.xlsx)",
            xlsx.read,
            write=xlsx.write,
            kinds=table_writing.KINDS,
            fields=table_writing.FIELDS,
            fault=table_writing.fault,
            ending="xlsx",
            content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        Format(xls.NAME, "Excel 97–2003 (.xls)", xls.read),
        Format(docx.NAME, "Word (.docx)", docx.read),
        Format(
            csv_file.NAME,
            "CSV (.csv)",
            csv_file.read,
            write=csv_file.write,
            kinds=table_writing.KINDS,
            fields=table_writing.FIELDS,
            fault=table_writing.fault,
            ending="csv",
            content_type="text/csv; charset=utf-8",
        ),
        Format(
            csv_file.NAME_WITH_TABS,
            "TSV (.tsv)",
            csv_file.read,
            write=csv_file.write_with_tabs,
            kinds=table_writing.KINDS,
            fields=table_writing.FIELDS,
            fault=table_writing.fault,
            ending="tsv",
            content_type="text/tab-separated-values; charset=utf-8",
        ),
        Format(
            text.NAME,
            "TXT (.txt)",
            text.read,
            write=clean_text.write,
            kinds=table_writing.KINDS,
            fields=table_writing.FIELDS,
            ending="txt",
            content_type="text/plain; charset=utf-8",
        ),
        Format(
            qti.NAME,
            "QTI (.zip, .xml)",
            qti.read,
            write=qti.write,
            kinds=ALL_KINDS,
            fields=frozenset(FIELDS) - {"translations"},
            ending="zip",
            content_type="application/zip",
        ),
        Format(
            gift.NAME,
            "GIFT (.gift, .txt)",
            gift.read,
            write=gift_writer.write,
            kinds=gift_writer.KINDS,
            fields=gift_writer.FIELDS,
            ending="gift",
            content_type="text/plain",
        ),
        Format(
            aiken.NAME,
            "Aiken (.txt)",
            aiken.read,
            write=aiken.write,
            kinds=aiken.KINDS,
            fault=aiken.fault,
            ending="txt",
            content_type="text/plain",
        ),
        Format(
            moodle_xml.NAME,
            "Moodle XML (.xml)",
            moodle_xml.read,
            write=moodle_writer.write,
            kinds=ALL_KINDS,
            fields=frozenset(FIELDS),
            ending="xml",
            content_type="application/xml",
        ),
        Format(
            json_file.NAME,
            "JSON (.json)",
            json_file.read,
            write=json_file.write,
            kinds=ALL_KINDS,
            fields=frozenset(FIELDS),
            ending="json",
            content_type="application/json",
        ),
        Format(
            json_file.NAME_OF_LINES,
            "JSONL (.jsonl)",
            json_file.read_lines,
            write=json_file.write_lines,
            kinds=ALL_KINDS,
            fields=frozenset(FIELDS),
            ending="jsonl",
            content_type="application/x-ndjson",
        ),
        Format(other_json.NAME, "JSON (Open Trivia DB, …)", other_json.read),
    )
}


def recognise(content: bytes) -> str | None:
    """The name of the format that the content has; None where no format here reads it."""
    found = look_at(content[:MOST_BYTES])
    return found.name if found.name in FORMATS else None


def read(content: bytes, *, format: str = AUTO, options: ReadOptions | None = None) -> Parsed:
    """Read a question file. Whatever the content, the answer is questions and problems.

    `format` is a name of FORMATS or "auto". A format asked for that the content plainly is not is refused:
    reading a workbook as text would give nothing but rubbish.
    """
    if not content.strip(b"\x00\t\n\r \xef\xbb\xbf\xff\xfe"):
        return _refused(format, Problem(FILE, "empty_file"))
    if len(content) > MOST_BYTES:
        size = {"size": str(-(-len(content) // 1024 // 1024)), "limit": str(MOST_BYTES // 1024 // 1024)}
        return _refused(format, Problem(FILE, "file_too_large", size))
    found = look_at(content)
    if found.problem is not None:
        name = found.name if found.name in FORMATS else format
        return _refused(name, Problem(FILE, found.problem, _params(found)))
    wanted = found.name if format == AUTO else format
    is_text = {csv_file.NAME, csv_file.NAME_WITH_TABS, text.NAME, gift.NAME, aiken.NAME}
    if wanted != found.name and not {wanted, found.name} <= is_text:
        params = {"wanted": FORMATS[wanted].label, "found": FORMATS[found.name].label}
        return _refused(format, Problem(FILE, "other_format", params))
    return FORMATS[wanted].read(content, options or ReadOptions())


def choose(questions: Sequence[ParsedQuestion], *, format: str) -> tuple[Kept, tuple[LeftOut, ...]]:
    """What a format takes of these questions, and what it has to leave out, as `write` does."""
    entry = FORMATS[format]
    numbers: list[int] = []
    left_out: list[LeftOut] = []
    for number, question in enumerate(questions, 1):
        rest, losses = carried(question, number=number, kinds=entry.kinds, fields=entry.fields)
        left_out.extend(losses)
        code = entry.fault(rest) if rest is not None and entry.fault else ""
        if code:
            left_out.append(LeftOut(number, shorten(question.stem), code))
        if rest is not None and code not in REASONS:
            numbers.append(number)
    return Kept(questions, numbers, kinds=entry.kinds, fields=entry.fields), tuple(left_out)


def write(questions: Sequence[ParsedQuestion], *, format: str) -> Written:
    """Make a file of a format that has a writer. What the format cannot carry is left out, and listed.

    A question of a kind that it does not know, or that it cannot hold, is left out whole; `LeftOut.number` counts all
    questions given. The questions are read several times, one after the other, and never held together.
    """
    entry = FORMATS[format]
    if entry.write is None:
        raise ValueError(f"{format} is only read")
    kept, left_out = choose(questions, format=format)
    return Written(entry.write(kept), left_out)


def accepted() -> str:
    """The formats that can be read, for sentences."""
    return _("、").join(entry.label for entry in FORMATS.values())


def _params(found: Found) -> dict[str, str]:
    params = {
        "unsupported_format": {"found": found.name, "accepted": accepted()},
        "unknown_format": {"accepted": accepted()},
    }
    return params.get(found.problem or "", {})


def _refused(name: str, problem: Problem) -> Parsed:
    return Parsed(name, (), (problem,))


__all__ = [
    "AUTO",
    "FIELDS",
    "FORMATS",
    "MOST_BYTES",
    "Format",
    "LeftOut",
    "Parsed",
    "ParsedOption",
    "ParsedQuestion",
    "Problem",
    "ReadOptions",
    "SheetOptions",
    "Written",
    "accepted",
    "choose",
    "place",
    "read",
    "recognise",
    "write",
]
