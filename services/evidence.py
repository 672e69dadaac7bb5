"""Evidence files: accepted by content, stored under a random name, on disk before the row that names them."""

from __future__ import annotations

import hashlib
import io
import os
import re
import secrets
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import filetype
from sqlmodel import Session

from instruments.values import EvidenceReference
from models.responses import EvidenceFile
from services.permissions import NotFound
from services.responses import OpenResponse

TYPES: dict[str, str] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "png": "image/png",
    "jpg": "image/jpeg",
    "txt": "text/plain",
}
"""Accepted kinds by extension. Extension, first bytes and container must agree."""

_CONTAINERS = {
    "docx": ("[Content_Types].xml", "word/document.xml"),
    "xlsx": ("[Content_Types].xml", "xl/workbook.xml"),
    "odt": ("content.xml", "mimetype"),
}
_MACROS = ("vbaProject.bin", "vbaData.xml", "xl/macrosheets/", "word/activeX", "xl/activeX")
LONGEST_NAME = 150
LARGEST_EXPANDED = 100 * 1024 * 1024
LARGEST_RATIO = 250


class RefusedFile(Exception):
    """A file was not added; `code` says why (empty, too_large, too_many, type, mismatch, unsafe), `name` which one."""

    def __init__(self, code: str, name: str) -> None:
        super().__init__(f"{name}: {code}")
        self.code, self.name = code, name


def display_name(name: str) -> str:
    """The name shown to people: its own script kept; paths, controls and direction overrides taken out; 150 characters."""
    base = re.split(r"[\\/]", unicodedata.normalize("NFC", name))[-1]
    kept = "".join(
        letter for letter in base if unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
    ).strip()
    stem, dot, extension = kept.rpartition(".")
    if not dot:
        return kept[:LONGEST_NAME] or "file"
    return f"{stem[: LONGEST_NAME - len(extension) - 1] or 'file'}.{extension[:10]}"


def check_file(name: str, content: bytes) -> str:
    """The media type of an accepted file. Raises RefusedFile (type, mismatch, unsafe, empty)."""
    extension = name.rpartition(".")[2].lower().replace("jpeg", "jpg")
    if not content:
        raise RefusedFile("empty", name)
    if extension not in TYPES:
        raise RefusedFile("type", name)
    if extension in _CONTAINERS:
        _check_container(name, extension, content)
    elif extension == "txt":
        _check_text(name, content)
    else:
        found = filetype.guess(content)
        if found is None or found.extension != extension:
            raise RefusedFile("mismatch", name)
    return TYPES[extension]


def _check_text(name: str, content: bytes) -> None:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise RefusedFile("mismatch", name) from None
    if "\x00" in text:
        raise RefusedFile("mismatch", name)


def _check_container(name: str, extension: str, content: bytes) -> None:
    """Office files are ZIP archives: look at the directory only, never unpack."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        raise RefusedFile("mismatch", name) from None
    names = [member.filename for member in members]
    if not all(part in names for part in _CONTAINERS[extension]):
        raise RefusedFile("mismatch", name)
    expanded = sum(member.file_size for member in members)
    encrypted = any(member.flag_bits & 0x1 for member in members)
    if (
        expanded > LARGEST_EXPANDED or expanded > LARGEST_RATIO * len(content) or len(members) > 2000 or encrypted
        or len(set(names)) != len(names) or any(part in entry for entry in names for part in _MACROS)
    ):  # fmt: skip
        raise RefusedFile("unsafe", name)


def store_evidence(
    session: Session,
    opened: OpenResponse,
    item_id: str,
    name: str,
    content: bytes,
    *,
    folder: Path,
    limit_mb: int,
    most: int,
) -> EvidenceReference:
    """Check and store a file, and give what the answer to the item will hold. Raises RefusedFile; then nothing is stored."""
    shown = display_name(name)
    if len(content) > limit_mb * 1024 * 1024:
        raise RefusedFile("too_large", shown)
    media_type = check_file(shown, content)
    stored = [value for value in (opened.values.get(item_id) or ()) if isinstance(value, EvidenceReference)]
    if len(stored) >= most:
        raise RefusedFile("too_many", shown)
    file_id = secrets.token_urlsafe(12)
    digest = hashlib.sha256(content).hexdigest()
    write_durably(folder, file_id, content)
    session.add(EvidenceFile(
        id=file_id, national_response_id=opened.response.id, item_id=item_id, name=shown, media_type=media_type,
        size=len(content), sha256=digest, added_by=opened.actor.user_id,
    ))  # fmt: skip
    return EvidenceReference(row_id=file_id, name=shown, media_type=media_type, size=len(content), sha256=digest)


def write_durably(folder: Path, file_id: str, content: bytes) -> None:
    """Keep a file for its owner alone (0600): bytes, then name, then folder are on disk before anything refers to them."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = folder / f".{file_id}.part"
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    scratch.rename(folder / file_id)
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def open_evidence(session: Session, response_id: str, file_id: str, folder: Path) -> tuple[EvidenceFile, BinaryIO]:
    """The row and the open file. Raises NotFound for an absent file and for one of another response."""
    row = session.get(EvidenceFile, file_id)
    if row is None or row.national_response_id != response_id:
        raise NotFound(file_id)
    path = folder / row.id
    if not path.exists():
        raise NotFound(file_id)
    return row, path.open("rb")


def orphans(session: Session, folder: Path) -> Iterator[Path]:
    """Stored files that no row names: left by a process that died between file and row."""
    for path in folder.glob("*") if folder.exists() else ():
        if path.name.startswith(".") or session.get(EvidenceFile, path.name) is None:
            yield path
