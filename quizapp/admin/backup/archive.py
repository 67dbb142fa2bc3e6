"""The file of a backup: written whole or not at all, and checked whole before anything is taken from it."""

from __future__ import annotations

import errno
import hmac
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import msgspec

from quizapp.core.crypto import blind_index, token_key
from quizapp.core.portable import KINDS, Columns

FORMAT, VERSION = "quizapp-backup", 1
MANIFEST, SIGNATURE, EVENTS = "manifest.json", "signature", "events.jsonl"
MOST_MANIFEST_BYTES = 1_000_000
CHUNK = 1 << 20
CANNOT = (errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EMLINK)
"""How a file system says that it does not do what was asked of it."""
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


class UnusableBackup(Exception):
    """The file cannot be restored here; the message says why and what to do."""


class BackupNotWritten(Exception):
    """The file could not be written; the message says why."""


class Member(msgspec.Struct, frozen=True):
    name: str
    bytes: int
    sha256: str
    rows: int


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    version: int
    made_at: datetime
    release: str
    """The version of the program that made it."""
    database: str
    revision: str
    """The newest migration of the database."""
    field_key: str
    """What tells field keys apart without telling anything of them."""
    secret_key: str
    tables: list[Columns]
    """In the order in which they can be filled."""
    members: list[Member]


def field_key_mark() -> str:
    return blind_index("backup", "mark of the key")


def secret_key_mark() -> str:
    return sha256(token_key("backup")).hexdigest()


def _sign(manifest: bytes) -> str:
    return blind_index("backup manifest", sha256(manifest).hexdigest())


# Writing


class Writer:
    """Members are added one after the other; `seal` comes last."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.members: list[Member] = []

    def add(self, name: str, lines: Iterable[bytes]) -> None:
        digest, size, rows = sha256(), 0, 0
        with self._archive.open(name, "w", force_zip64=True) as member:
            for line in lines:
                member.write(line)
                digest.update(line)
                size, rows = size + len(line), rows + 1
        self.members.append(Member(name, size, digest.hexdigest(), rows))

    def seal(self, manifest: Manifest) -> None:
        text = msgspec.json.encode(manifest)
        self._archive.writestr(MANIFEST, text)
        self._archive.writestr(SIGNATURE, _sign(text))


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """A new archive for its owner alone, at `path` when the block ends well and nowhere otherwise.

    Raises BackupNotWritten; a file that is there already is not touched.
    """
    if path.exists():
        raise BackupNotWritten(f"{path} exists already; name another file")
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise BackupNotWritten(f"{path.parent} cannot be written: {error.strerror}") from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                yield Writer(archive)
            file.flush()
            os.fsync(file.fileno())
        _put_in_place(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise BackupNotWritten(f"{path} could not be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _put_in_place(temporary: Path, path: Path) -> None:
    """Give the whole file its name; a file that came there meanwhile is not touched. Raises OSError."""
    try:
        # Unlike a rename a link never takes the place of another file.
        path.hardlink_to(temporary)
    except OSError as error:
        if error.errno not in CANNOT:
            raise
        # Memory sticks and some shares know no links: take the name with an empty file that is surely ours.
        path.touch(0o600, exist_ok=False)
        try:
            temporary.replace(path)
        except OSError:
            path.unlink(missing_ok=True)
            raise


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some shares sync files alone.
        if error.errno not in CANNOT:
            raise
    finally:
        os.close(handle)


# Reading


class Reader:
    """A checked archive."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._archive, self.manifest = archive, manifest

    def lines(self, name: str) -> Iterator[bytes]:
        with self._archive.open(name) as member:
            yield from member


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    """Open an archive after all of it has been checked; raises UnusableBackup."""
    try:
        archive = zipfile.ZipFile(path)
    except UNREADABLE as error:
        raise UnusableBackup(f"{path} is not a backup, or only a part of one: {error}") from error
    with archive:
        try:
            manifest = _manifest(archive)
            _check_members(archive, manifest)
        except UNREADABLE as error:
            raise UnusableBackup(f"{path} is damaged: {error}") from error
        yield Reader(archive, manifest)


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    try:
        size = archive.getinfo(MANIFEST).file_size
        signature = archive.read(SIGNATURE) if archive.getinfo(SIGNATURE).file_size < CHUNK else b""
    except KeyError as error:
        raise UnusableBackup(f"{archive.filename} is a ZIP file, but not a backup of this program") from error
    if size > MOST_MANIFEST_BYTES:
        raise UnusableBackup(f"{archive.filename} is not a backup of this program: its manifest is too large")
    text = archive.read(MANIFEST)
    try:
        known = msgspec.json.decode(text)
        if (known["format"], known["version"]) != (FORMAT, VERSION):
            raise UnusableBackup(
                f"{archive.filename} has the format {known['format']} {known['version']}; "
                f"this release reads {FORMAT} {VERSION}"
            )
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise UnusableBackup(f"{archive.filename} has a manifest that cannot be read: {error}") from error
    if manifest.field_key != field_key_mark():
        raise UnusableBackup(
            "the backup was made with another field key, so names and phone numbers could not be read: put the keys "
            "of that installation in place first (keys.json in the data folder, or QUIZAPP_FIELD_KEY)"
        )
    if not hmac.compare_digest(signature, _sign(text).encode()):
        raise UnusableBackup(f"{archive.filename} was changed after it was made: its signature is wrong")
    return manifest


def _check_members(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    wanted = [EVENTS, *(table_member(columns.table) for columns in manifest.tables)]
    if sorted(member.name for member in manifest.members) != sorted(wanted):
        raise UnusableBackup(f"{archive.filename} is not whole: tables and members of its manifest differ")
    if sorted(archive.namelist()) != sorted([MANIFEST, SIGNATURE, *wanted]):
        raise UnusableBackup(f"{archive.filename} was changed after it was made: members are missing or added")
    if any(kind not in KINDS for columns in manifest.tables for _name, kind in columns.columns):
        raise UnusableBackup(f"{archive.filename} has columns of a kind that this release does not know")
    for member in manifest.members:
        if not _is_whole(archive, member):
            raise UnusableBackup(f"{archive.filename} is damaged: {member.name} is not what was written")


def _is_whole(archive: zipfile.ZipFile, member: Member) -> bool:
    digest, size = sha256(), 0
    with archive.open(member.name) as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            if size > member.bytes:
                return False
    return size == member.bytes and digest.hexdigest() == member.sha256


def table_member(table: str) -> str:
    return f"tables/{table}.jsonl"
