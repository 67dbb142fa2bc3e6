"""Word documents made for one test: the body in XML, or a line of text a paragraph."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from xml.sax.saxutils import escape

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_SPACES = " ".join(
    (
        f'xmlns:w="{W}" xmlns:r="{R}"',
        'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"',
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"',
        'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"',
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"',
        'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"',
        'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"',
        'xmlns:v="urn:schemas-microsoft-com:vml"',
    )
)
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def part(root: str, body: str) -> bytes:
    return f'<?xml version="1.0"?><w:{root} {_SPACES}>{body}</w:{root}>'.encode()


def relationships(*entries: tuple[str, str, str, bool]) -> bytes:
    """Each: id, kind, target, whether it is outside."""
    body = "".join(
        f'<Relationship Id="{identity}" Type="{R}/{kind}" Target="{target}"'
        + (' TargetMode="External"' if is_outside else "")
        + "/>"
        for identity, kind, target, is_outside in entries
    )
    return f'<Relationships xmlns="{_PACKAGE}">{body}</Relationships>'.encode()


def docx(
    body: str,
    *,
    parts: Mapping[str, bytes] | None = None,
    relations: tuple[tuple[str, str, str, bool], ...] = (),
) -> bytes:
    """A document with this body; `parts` by their names below word/."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", relationships(("rId1", "officeDocument", "word/document.xml", False)))
        archive.writestr("word/document.xml", part("document", f"<w:body>{body}</w:body>"))
        kinds = tuple((f"k{name}", name.removesuffix(".xml"), name, False) for name in parts or () if "/" not in name)
        archive.writestr("word/_rels/document.xml.rels", relationships(*kinds, *relations))
        for name, content in (parts or {}).items():
            archive.writestr(f"word/{name}", content)
    return file.getvalue()


def run(text: str, properties: str = "") -> str:
    """A run; in its text, | is a line break and \\t a tab."""
    inner = "".join(f'<w:t xml:space="preserve">{escape(bit)}</w:t>' if bit else "" for bit in [text])
    inner = inner.replace("|", "</w:t><w:br/><w:t>").replace("\t", "</w:t><w:tab/><w:t>")
    return f"<w:r>{f'<w:rPr>{properties}</w:rPr>' if properties else ''}{inner}</w:r>"


def p(*runs: str, number: tuple[int, int] | None = None, style: str = "") -> str:
    """A paragraph of runs or plain texts."""
    properties = f'<w:pStyle w:val="{style}"/>' if style else ""
    if number:
        properties += f'<w:numPr><w:ilvl w:val="{number[1]}"/><w:numId w:val="{number[0]}"/></w:numPr>'
    inside = "".join(each if each.startswith("<") else run(each) for each in runs)
    return f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}{inside}</w:p>"


def lines(*texts: str) -> str:
    return "".join(p(text) for text in texts)


OPTIONS = lines("A. 甲", "B. 乙", "C. 丙")


def table(*rows: tuple[str, ...]) -> str:
    """A table; a cell is text, or paragraphs in XML."""
    body = "".join(
        "<w:tr>" + "".join(f"<w:tc>{cell if cell.startswith('<') else p(cell)}</w:tc>" for cell in row) + "</w:tr>"
        for row in rows
    )
    return f"<w:tbl>{body}</w:tbl>"


def numbering(*levels: tuple[str, str], start_again: bool = False) -> bytes:
    """One definition with these levels (form, text); instances 1 and 2, the second starting anew if asked for."""
    body = "".join(
        f'<w:lvl w:ilvl="{place}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'
        for place, (form, text) in enumerate(levels)
    )
    again = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>' if start_again else ""
    return part(
        "numbering",
        f'<w:abstractNum w:abstractNumId="7">{body}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>'
        f'<w:num w:numId="2"><w:abstractNumId w:val="7"/>{again}</w:num>',
    )


def picture(identity: str = "rIdP", alt: str = "") -> str:
    """A run with an inline picture."""
    return (
        f'<w:r><w:drawing><wp:inline><wp:docPr id="1" name="x" descr="{alt}"/><a:graphic><a:graphicData>'
        f'<pic:pic><pic:blipFill><a:blip r:embed="{identity}"/></pic:blipFill></pic:pic>'
        "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )
