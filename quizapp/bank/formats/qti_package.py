"""The files of a QTI package: a zip with imsmanifest.xml, with other files of XML, or a single file of XML.

A zip is looked at before anything of it is unpacked; every member is read against its declared size and check sum.
A path in a package leads to a member of it or to nothing.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self
from urllib.parse import unquote

from lxml import etree

from quizapp.bank.formats.archive import DAMAGE, check_directory
from quizapp.bank.formats.characters import shorten
from quizapp.bank.formats.parsed import Problem, Refused
from quizapp.bank.formats.places import FILE, member_place
from quizapp.bank.formats.qti_names import attribute, child, children, descendants, name
from quizapp.bank.formats.xml_tree import root_of

MOST_MEMBERS = 20_000
"""An item is a file of its own."""
MANIFEST = "imsmanifest.xml"
_PACKAGE_CODES = {
    "damaged_file": "damaged_package",
    "unsafe_archive": "unsafe_package",
    "unpacks_too_large": "package_too_large",
}
_JUNK = re.compile(r"(?:^|/)(?:__MACOSX/|\._|\.DS_Store|Thumbs\.db)")
_XML = re.compile(r".*\.(?:xml|qti|dat)", re.IGNORECASE | re.DOTALL)
_QTI = re.compile(
    rb"<(?:[\w.-]{1,40}:)?(?:(?:questestinterop|(?:qti-)?assessment-?(?:item|stimulus|test))[\s/>]|manifest\s[^>]{0,2000}imscp)",
    re.IGNORECASE,
)
_OF_OTHERS = ("[content_types].xml", "mimetype", "meta-inf/", "word/", "xl/", "ppt/", "content.xml")
_HEAD = 64 * 1024
_DOCTYPE = re.compile(
    rb"""(?>\s+|<\?.*?\?>|<!--.*?-->)*+(<!DOCTYPE\s++[\w.:-]{1,80}+"""
    rb"""(?:\s++(?:SYSTEM|PUBLIC)(?:\s++(?:"[^"<>]{0,300}"|'[^'<>]{0,300}')){1,2})?\s*>)""",
    re.DOTALL,
)
_WHOLE = "non_cc_assessments/"
"""Where Canvas puts its assessments as they are; those of the same identifiers elsewhere are without the kinds that
Common Cartridge has not."""
_BASES = ("$IMS-CC-FILEBASE$", "$IMS_CC_FILEBASE$", "$IMS_CC_FILE_BASE$", "%24IMS-CC-FILEBASE%24")
"""What stands before addresses in a Common Cartridge, for its folder web_resources."""


def looks_like_qti(beginning: bytes | str) -> bool:
    """Whether the beginning of a file is that of items, assessments, stimuli or a manifest, in any encoding."""
    head = beginning[:_HEAD]
    content = head.encode("utf-8", "replace") if isinstance(head, str) else head.replace(b"\x00", b"")
    return _QTI.search(content) is not None


def is_package(names: Sequence[str]) -> bool:
    """Whether a zip's directory is that of a package, or of plain XML files: none of an office program or a book."""
    own = [member.lower() for member in names if not _JUNK.search(member)]
    if any(posixpath.basename(member) == MANIFEST for member in own):
        return True
    return any(map(_XML.fullmatch, own)) and not any(member.startswith(_OF_OTHERS) for member in own)


@dataclass(frozen=True, slots=True)
class Document:
    """One file of XML with items, or with a stimulus."""

    path: str
    """Inside the package; "" for a file that is no package."""
    root: etree._Element
    metadata: etree._Element | None = None
    """What the manifest says about the file."""

    def where(self, element: etree._Element | None = None, *, item: str = "", part: int = 0) -> str:
        line = 0 if element is None else int(element.sourceline or 0)
        return member_place(self.path, item=shorten(item, 80), line=line, part=part)


@dataclass(slots=True)
class Package:
    """A file as it was uploaded, open for reading."""

    content: bytes
    _faults: list[Problem] = field(init=False, default_factory=list)
    _archive: zipfile.ZipFile | None = field(init=False, default=None)
    _members: dict[str, zipfile.ZipInfo] = field(init=False, default_factory=dict)
    _by_lower: dict[str, str] = field(init=False, default_factory=dict)
    _metadata: dict[str, etree._Element] = field(init=False, default_factory=dict)
    _stimuli: dict[str, Document | None] = field(init=False, default_factory=dict)
    _media: dict[str, bytes] = field(init=False, default_factory=dict)

    def __enter__(self) -> Self:
        """Open the package; raise Refused for one that is not safe to read."""
        if self.content.startswith(b"PK"):
            try:
                self._archive = zipfile.ZipFile(io.BytesIO(self.content))
                members = self._archive.infolist()
                check_directory(members, len(self.content), most_members=MOST_MEMBERS)
            except Refused as refusal:
                raise _renamed(refusal) from None
            except DAMAGE:
                raise Refused(FILE, "damaged_package") from None
            self._members = {member.filename: member for member in members if not member.is_dir()}
            self._by_lower = {posixpath.normpath(path).lower(): path for path in self._members}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._archive is not None:
            self._archive.close()

    @property
    def is_zip(self) -> bool:
        return self._archive is not None

    def documents(self) -> Iterator[Document]:
        """The files with items, in the order of the manifest, then those that no manifest names.

        A broken one becomes a problem, and the others follow. Raises Refused for a broken single file.
        """
        if not self.is_zip:
            yield Document("", _root(self.content))
            return
        whole: set[str] = set()
        for path, is_listed in sorted(self._paths(), key=lambda found: _WHOLE not in found[0]):
            document = self._document(path, is_listed=is_listed)
            if document is None or name(document.root) == "assessmentstimulus":
                continue
            identifier = attribute(next(descendants(document.root, "assessment"), document.root), "ident")
            if _WHOLE in path:
                whole.add(identifier)
            elif identifier in whole:
                continue
            yield document

    def faults(self) -> list[Problem]:
        """What was found wrong with members since it was asked last."""
        found, self._faults = self._faults, []
        return found

    def stimulus(self, href: str, document: Document) -> Document | None:
        """The stimulus that an item refers to; None where it is not in the package."""
        path = self.find(href, document)
        if path is None:
            return None
        if path not in self._stimuli:
            self._stimuli[path] = self._document(path, is_listed=True)
        return self._stimuli[path]

    def find(self, address: str, document: Document) -> str | None:
        """The member that a relative address in a document leads to."""
        address = re.split("[?#]", address)[0] if address not in self._members else address
        folder = posixpath.dirname(document.path)
        for base in _BASES:
            if base in address:
                address = address.partition(base)[2].lstrip("/")
                candidates = [f"web_resources/{address}", address, posixpath.join(folder, address)]
                break
        else:
            candidates = [posixpath.join(folder, address), address]
        for candidate in [*candidates, *map(unquote, candidates)]:
            path = self._by_lower.get(posixpath.normpath(candidate).lower())
            if path is not None:
                return path
        return None

    def read(self, path: str, most: int = -1) -> bytes:
        """The content of a member, or the beginning of it; raise Refused where it is damaged."""
        member, archive = self._members[path], self._archive
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused(member_place(path), "unsafe_package", found=f"compression {member.compress_type}")
        try:
            if archive is None:
                raise zipfile.BadZipFile
            with archive.open(member) as opened:
                return opened.read(most)
        except DAMAGE:
            raise Refused(member_place(path), "damaged_package") from None

    def media(self, path: str) -> bytes:
        """The content of a picture or recording, kept since several items may show it."""
        if path not in self._media:
            self._media[path] = self.read(path)
        return self._media[path]

    def _paths(self) -> Iterator[tuple[str, bool]]:
        """Members to look into, each with whether a manifest says that it holds items."""
        seen = set()
        for path in self._listed():
            if path not in seen:
                seen.add(path)
                yield path, True
        for path in self._members:
            if path not in seen and _XML.fullmatch(path) and not _JUNK.search(path):
                seen.add(path)
                if posixpath.basename(path).lower() != MANIFEST:
                    yield path, False

    def _listed(self) -> Iterator[str]:
        """The members that manifests list as items or as assessments of version 1.2."""
        for manifest in self._members:
            if posixpath.basename(manifest).lower() != MANIFEST or _JUNK.search(manifest):
                continue
            document = self._document(manifest, is_listed=True)
            for resource in descendants(document.root if document else None, "resource"):
                kind = attribute(resource, "type").lower()
                if "qti" not in kind or "test" in kind or "stimulus" in kind or document is None:
                    continue
                hrefs = [attribute(one, "href") for one in (resource, *children(resource, "file"))]
                wanted = [href for href in hrefs if _XML.fullmatch(href)][:1] or hrefs[:1]
                for href in filter(None, wanted):
                    path = self.find(href, document)
                    if path is not None:
                        metadata = child(resource, "metadata")
                        if metadata is not None:
                            self._metadata[path] = metadata
                        yield path
                    else:
                        where = document.where(resource, item=attribute(resource, "identifier"))
                        self._faults.append(Problem(where, "member_missing", {"file": href}))

    def _document(self, path: str, *, is_listed: bool) -> Document | None:
        """Read one member. What is not listed and does not begin like QTI is of no concern."""
        try:
            if not is_listed and not looks_like_qti(self.read(path, _HEAD)):
                return None
            return Document(path, _root(self.read(path)), self._metadata.get(path))
        except Refused as refusal:
            where = refusal.problem.where
            line = int(where.removeprefix("line ")) if where.startswith("line ") else 0
            self._faults.append(replace(refusal.problem, where=member_place(path, line=line)))
            return None


def _root(content: bytes) -> etree._Element:
    """A document type without rules of its own, as QTI 1.2 has it, is no danger: nothing is fetched for it."""
    found = _DOCTYPE.match(content)
    if found:
        content = content[: found.start(1)] + b"\n" * found[1].count(b"\n") + content[found.end() :]
    return root_of(content, keep_blanks=True)


def _renamed(refusal: Refused) -> Refused:
    problem = refusal.problem
    return Refused(problem.where, _PACKAGE_CODES.get(problem.code, problem.code), **problem.params)
