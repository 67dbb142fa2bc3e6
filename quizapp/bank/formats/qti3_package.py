"""The package of a QTI 3.0 export: items, stimuli and media, and the manifest that lists them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from lxml import etree

from quizapp.bank.formats.parsed import ParsedMedia, ParsedQuestion
from quizapp.bank.formats.qti_details import DIFFICULTIES

_MANIFEST = "http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1"
_MANIFEST_SCHEMA = "https://purl.imsglobal.org/spec/qti/v3p0/schema/xsd/imsqtiv3p0_imscpv1p2_v1p0.xsd"
_LOM = "http://ltsc.ieee.org/xsd/LOM"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NO_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest moment that a zip knows: the same questions give the same file."""
_ENDINGS = (
    (b"\x89PNG", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF8", "gif"),
    (b"OggS", "ogg"),
    (b"fLaC", "flac"),
    (b"ID3", "mp3"),
    (b"\xff\xfb", "mp3"),
    (b"\xff\xf3", "mp3"),
)


@dataclass(slots=True)
class _Resource:
    identifier: str
    kind: str
    path: str
    content: bytes
    needed: Sequence[str] = ()
    question: ParsedQuestion | None = None


@dataclass(slots=True)
class Packing:
    """What goes into a package, in order."""

    resources: dict[str, _Resource] = field(default_factory=dict)

    def add_item(self, identifier: str, content: bytes, *, question: ParsedQuestion, needed: Sequence[str]) -> None:
        path = f"items/{identifier}.xml"
        self._add(_Resource(identifier, "imsqti_item_xmlv3p0", path, content, list(dict.fromkeys(needed)), question))

    def add_stimulus(self, identifier: str, content: bytes, *, needed: Sequence[str]) -> None:
        path = f"stimuli/{identifier}.xml"
        self._add(_Resource(identifier, "imsqti_stimulus_xmlv3p0", path, content, list(dict.fromkeys(needed))))

    def add_medium(self, medium: ParsedMedia) -> tuple[str, str]:
        """The identifier and the path of a picture or recording; one that is there already is not added again."""
        digest = sha256(medium.content).hexdigest()
        identifier = f"M{digest[:32]}"
        path = f"media/{digest[:32]}.{_ending(medium.content)}"
        self._add(_Resource(identifier, "webcontent", path, medium.content))
        return identifier, path

    def path_of(self, identifier: str) -> str:
        return self.resources[identifier].path

    def zipped(self) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            _put(archive, "imsmanifest.xml", self._manifest())
            for resource in self.resources.values():
                _put(archive, resource.path, resource.content)
        return file.getvalue()

    def _add(self, resource: _Resource) -> None:
        self.resources.setdefault(resource.identifier, resource)

    def _manifest(self) -> bytes:
        root = etree.Element(f"{{{_MANIFEST}}}manifest", nsmap={None: _MANIFEST, "lom": _LOM, "xsi": _XSI})
        root.set(f"{{{_XSI}}}schemaLocation", f"{_MANIFEST} {_MANIFEST_SCHEMA}")
        root.set("identifier", "QUESTIONS")
        metadata = _child(root, _MANIFEST, "metadata")
        _child(metadata, _MANIFEST, "schema", "QTI Package")
        _child(metadata, _MANIFEST, "schemaversion", "3.0.0")
        _child(root, _MANIFEST, "organizations")
        resources = _child(root, _MANIFEST, "resources")
        for one in self.resources.values():
            resource = _child(resources, _MANIFEST, "resource")
            resource.attrib.update({"identifier": one.identifier, "type": one.kind, "href": one.path})
            if one.question is not None:
                _describe(resource, one.question)
            _child(resource, _MANIFEST, "file").set("href", one.path)
            for needed in one.needed:
                _child(resource, _MANIFEST, "dependency").set("identifierref", needed)
        etree.indent(root)
        return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _describe(resource: etree._Element, question: ParsedQuestion) -> None:
    """Learning-object metadata: keywords, difficulty, and the articles that the question refers to."""
    if not question.topics and not question.difficulty and not question.citations:
        return
    lom = _child(_child(resource, _MANIFEST, "metadata"), _LOM, "lom")
    if question.topics:
        general = _child(lom, _LOM, "general")
        for topic in question.topics:
            _child(_child(general, _LOM, "keyword"), _LOM, "string", topic)
    if question.difficulty:
        _vocabulary(_child(lom, _LOM, "educational"), "difficulty", DIFFICULTIES[question.difficulty])
    for citation in question.citations:
        relation = _child(lom, _LOM, "relation")
        _vocabulary(relation, "kind", "references")
        law = _child(relation, _LOM, "resource")
        identifier = _child(law, _LOM, "identifier")
        _child(identifier, _LOM, "catalog", citation.law)
        _child(identifier, _LOM, "entry", citation.article)
        if citation.effective_on is not None:
            _child(_child(law, _LOM, "description"), _LOM, "string", citation.effective_on.isoformat())


def _vocabulary(parent: etree._Element, tag: str, value: str) -> None:
    element = _child(parent, _LOM, tag)
    _child(element, _LOM, "source", "LOMv1.0")
    _child(element, _LOM, "value", value)


def _child(parent: etree._Element, namespace: str, tag: str, text: str = "") -> etree._Element:
    element = etree.SubElement(parent, f"{{{namespace}}}{tag}")
    element.text = text or None
    return element


def _put(archive: zipfile.ZipFile, path: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(path, _NO_TIME), content, zipfile.ZIP_DEFLATED)


def _ending(content: bytes) -> str:
    if content[:4] == b"RIFF":
        return "webp" if content[8:12] == b"WEBP" else "wav"
    return next((ending for beginning, ending in _ENDINGS if content.startswith(beginning)), "bin")
