"""QTI made for one test: items of 1.2, 2.1 and 3.0, and packages."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from quizapp.bank.formats import Parsed, read

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a4944415478da6360000000020001e221bc330000000049454e44ae426082"
)


def qti2(
    body: str,
    declarations: str = "",
    *,
    processing: str = "",
    feedback: str = "",
    attributes: str = 'identifier="Q1" title="标题" adaptive="false" timeDependent="false"',
    version: str = "2p1",
) -> bytes:
    """An item of version 2."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v{version}" {attributes}>
{declarations}
<outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float"/>
<itemBody>{body}</itemBody>
{processing}{feedback}
</assessmentItem>""".encode()


def declared(
    *values: str, identifier: str = "RESPONSE", cardinality: str = "single", base: str = "identifier", mapping: str = ""
) -> str:
    """A response declaration with its correct response and mapping."""
    correct = "".join(f"<value>{value}</value>" for value in values)
    correct = f"<correctResponse>{correct}</correctResponse>" if values else ""
    mapped = f"<mapping defaultValue='0'>{mapping}</mapping>" if mapping else ""
    return (
        f'<responseDeclaration identifier="{identifier}" cardinality="{cardinality}" baseType="{base}">'
        f"{correct}{mapped}</responseDeclaration>"
    )


def entries(**values: float) -> str:
    return "".join(f'<mapEntry mapKey="{key}" mappedValue="{value}"/>' for key, value in values.items())


def outcome(identifier: str, default: str) -> str:
    value = f"<defaultValue><value>{default}</value></defaultValue>"
    attributes = f'identifier="{identifier}" cardinality="single" baseType="float"'
    return f"<outcomeDeclaration {attributes}>{value}</outcomeDeclaration>"


def choices(*texts: str, prompt: str = "题？", most: int = 1, identifier: str = "RESPONSE") -> str:
    """A choice interaction with the identifiers C1, C2, …"""
    inside = "".join(f'<simpleChoice identifier="C{n}">{text}</simpleChoice>' for n, text in enumerate(texts, 1))
    prompt = f"<prompt>{prompt}</prompt>" if prompt else ""
    return (
        f'<choiceInteraction responseIdentifier="{identifier}" shuffle="false" maxChoices="{most}">'
        f"{prompt}{inside}</choiceInteraction>"
    )


def qti12(*items: str) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<questestinterop xmlns="http://www.imsglobal.org/xsd/ims_qtiasiv1p2"><assessment ident="a" title="t"><section ident="s">
{"".join(items)}</section></assessment></questestinterop>""".encode()


def item12(
    presentation: str, processing: str = "", *, kind: str = "", after: str = "", fields: Mapping[str, str] | None = None
) -> str:
    """An item of version 1.2, as Canvas writes it."""
    named = {"question_type": kind, **(fields or {})} if kind else dict(fields or {})
    metadata = "".join(
        f"<qtimetadatafield><fieldlabel>{label}</fieldlabel><fieldentry>{entry}</fieldentry></qtimetadatafield>"
        for label, entry in named.items()
    )
    metadata = f"<itemmetadata><qtimetadata>{metadata}</qtimetadata></itemmetadata>" if metadata else ""
    processing = f"<resprocessing><outcomes><decvar varname='SCORE'/></outcomes>{processing}</resprocessing>"
    return (
        f'<item ident="i1" title="标题">{metadata}<presentation>{presentation}</presentation>{processing}{after}</item>'
    )


def text12(text: str, kind: str = "text/plain") -> str:
    return f'<material><mattext texttype="{kind}">{text}</mattext></material>'


def labels12(**texts: str) -> str:
    return (
        "<render_choice>"
        + "".join(f'<response_label ident="{ident}">{text12(text)}</response_label>' for ident, text in texts.items())
        + "</render_choice>"
    )


def gives(test: str, points: float = 100, *, action: str = "Set", more: str = "") -> str:
    """A condition of version 1.2."""
    setting = f'<setvar action="{action}" varname="SCORE">{points}</setvar>'
    return f"<respcondition{more}><conditionvar>{test}</conditionvar>{setting}</respcondition>"


def is_(value: str, response: str = "r1") -> str:
    return f'<varequal respident="{response}">{value}</varequal>'


def package(files: Mapping[str, bytes | str], *, manifest: str | None = None) -> bytes:
    """A zip; `manifest` are the resources of an imsmanifest.xml, None for none."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        if manifest is not None:
            archive.writestr(
                "imsmanifest.xml",
                f'<manifest xmlns="http://www.imsglobal.org/xsd/imscp_v1p1" identifier="M"><organizations/>'
                f"<resources>{manifest}</resources></manifest>",
            )
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def resource(path: str, kind: str = "imsqti_item_xmlv2p1") -> str:
    return f'<resource identifier="R" type="{kind}" href="{path}"><file href="{path}"/></resource>'


def warnings(parsed: Parsed) -> list[str]:
    return [problem.code for problem in parsed.problems if problem.severity == "warning"]


def read_qti(content: bytes) -> Parsed:
    """Read, and see that the format was told by content."""
    parsed = read(content)
    assert parsed.format == "qti"
    return parsed
