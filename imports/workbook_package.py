"""The archive that a workbook is: checked from outside, then read member by member as XML, within limits.

Part of the reader of `imports.workbook_reader`; like it, it needs the standard library alone.
"""

from __future__ import annotations

import struct
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Any
from xml.parsers import expat

MEGABYTE = 1 << 20
MOST_ENTRIES, MOST_SHEETS, MOST_DEPTH = 2_000, 255, 64
LONGEST_NAME = 255
LONGEST_TOKEN = MEGABYTE
"""Bytes of one tag with its attributes, or of one comment."""
SMALL = MEGABYTE
"""A member that unpacks to no more than this may be packed as tightly as it likes."""
CHUNK = 1 << 16

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END_OF_DIRECTORY = struct.Struct("<4s4H2LH")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a workbook may take: bytes of the file, bytes unpacked, how tightly packed, megabytes of memory, seconds of work."""

    file: int = 10 * MEGABYTE
    unpacked: int = 100 * MEGABYTE
    ratio: int = 250
    memory: int = 128
    seconds: int = 5


class Refused(Exception):
    """The file is not read further: a stable code, and the member or the place that it is about."""

    def __init__(self, code: str, about: str = "") -> None:
        super().__init__(code, about)
        self.code, self.about = code, about


class Package:
    """The archive: checked from outside before anything is unpacked, then read member by member."""

    def __init__(self, file: IO[bytes], limits: Limits) -> None:
        self._seconds = limits.seconds
        _check_outside(file, limits)
        self._archive = zipfile.ZipFile(file)
        self.names = {info.filename: info for info in self._archive.infolist()}
        _check_members(self._archive.infolist(), limits)

    def parse(self, name: str, start: Callable[..., None], end: Callable[..., None], text: Callable[..., None]) -> None:
        """Read a member as XML, each tag given by its local name."""
        parser, depth = self.parser(name), 0

        def start_counted(tag: str, attributes: dict[str, str]) -> None:
            nonlocal depth
            depth += 1
            if depth > MOST_DEPTH:
                raise Refused("too_much", name)
            start(tag.rpartition(":")[2], attributes)

        def end_counted(tag: str) -> None:
            nonlocal depth
            depth -= 1
            end(tag.rpartition(":")[2])

        parser.StartElementHandler, parser.EndElementHandler = start_counted, end_counted
        parser.CharacterDataHandler = text
        self.feed(name, parser)

    def parser(self, name: str) -> expat.XMLParserType:
        """A parser for a member that refuses a document type and every entity."""

        def refuse(*_given: Any) -> Any:
            raise Refused("document_type", name)

        parser = expat.ParserCreate("utf-8")
        parser.buffer_text, parser.buffer_size = True, CHUNK
        parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = parser.UnparsedEntityDeclHandler = refuse
        parser.ExternalEntityRefHandler = parser.SkippedEntityHandler = refuse
        return parser

    def feed(self, name: str, parser: expat.XMLParserType) -> None:
        """Read a member piece by piece: no long tag, and no more work than allowed."""
        if name not in self.names:
            raise Refused("damaged", name)
        fed = 0
        with self._archive.open(name) as member:
            while chunk := member.read(CHUNK):
                parser.Parse(chunk, False)
                fed += len(chunk)
                if fed - parser.CurrentByteIndex > LONGEST_TOKEN:
                    raise Refused("too_much", name)
                if time.process_time() > self._seconds:
                    raise Refused("too_much_work", name)
        parser.Parse(b"", True)

    def relations(self, name: str) -> list[dict[str, str]]:
        """The relationships in a member."""
        found: list[dict[str, str]] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == "Relationship":
                if len(found) >= 100_000:
                    raise Refused("too_much", name)
                found.append(attributes)

        self.parse(name, start, _nothing, _nothing)
        return found


def _nothing(*_given: Any) -> None:
    pass


def _check_outside(file: IO[bytes], limits: Limits) -> None:
    """What can be said without a look at any member: size, kind of file, a sound end, a directory of decent size."""
    size = file.seek(0, 2)
    if size > limits.file:
        raise Refused("too_large", str(size))
    file.seek(0)
    head = file.read(8)
    if head == _OLE:
        raise Refused("old_format")
    if head[:4] != b"PK\x03\x04":
        raise Refused("not_a_workbook")
    tail_size = min(size, _END_OF_DIRECTORY.size + 0xFFFF)
    file.seek(size - tail_size)
    tail = file.read(tail_size)
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) - place < _END_OF_DIRECTORY.size:
        raise Refused("damaged")
    *_before, entries, directory, start, comment = _END_OF_DIRECTORY.unpack_from(tail, place)
    if entries > MOST_ENTRIES or directory > MEGABYTE:
        raise Refused("too_much", str(entries))
    # Neither something before the archive nor after it: two programs would see two different files.
    beyond = size - tail_size + place
    if len(tail) - place != _END_OF_DIRECTORY.size + comment or (start != 0xFFFFFFFF and start + directory != beyond):
        raise Refused("damaged")


def _check_members(members: Sequence[zipfile.ZipInfo], limits: Limits) -> None:
    seen = set()
    unpacked = 0
    for info in members:
        name = info.filename
        plain = name.casefold()
        if len(name) > LONGEST_NAME or plain in seen or name.startswith("/") or "\\" in name or ".." in name.split("/"):
            raise Refused("damaged", name[:LONGEST_NAME])
        seen.add(plain)
        if info.flag_bits & 1:
            raise Refused("encrypted", name)
        if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise Refused("damaged", name)
        if plain.endswith("vbaproject.bin") or plain.startswith(("xl/macrosheets/", "xl/dialogsheets/")):
            raise Refused("macros", name)
        if plain == "xl/connections.xml" or plain.startswith(("xl/externallinks/", "xl/querytables/")):
            raise Refused("external_links", name)
        if plain.startswith(("xl/embeddings/", "xl/activex/")):
            raise Refused("embedded_objects", name)
        unpacked += info.file_size
        if unpacked > limits.unpacked:
            raise Refused("unpacks_too_large", name)
        if info.file_size > max(SMALL, info.compress_size * limits.ratio):
            raise Refused("unpacks_too_large", name)


@dataclass(frozen=True, slots=True)
class SheetMember:
    """A worksheet: its name, how it is shown (`visible`, `hidden`, `veryHidden`), its member of the archive."""

    name: str
    state: str
    member: str


@dataclass(frozen=True, slots=True)
class Outline:
    """What the workbook says of itself: its worksheets in order, where the shared texts are, from which year days are counted."""

    sheets: tuple[SheetMember, ...]
    strings: str
    from_1904: bool


def read_outline(package: Package) -> Outline:
    """Find the worksheets by their relationships; refuse what does more than hold cells."""
    for name in package.names:
        if name.endswith(".rels"):
            for relation in package.relations(name):
                if relation.get("TargetMode") == "External" and not relation.get("Type", "").endswith("/hyperlink"):
                    raise Refused("external_links", name)
    if "_rels/.rels" not in package.names or "[Content_Types].xml" not in package.names:
        raise Refused("not_a_workbook")
    book = next(
        (
            _target("", one)
            for one in package.relations("_rels/.rels")
            if one.get("Type", "").endswith("/officeDocument")
        ),
        "",
    )
    _check_type(package, book)
    folder, _slash, file = book.rpartition("/")
    related = {one.get("Id", ""): one for one in package.relations(f"{folder}/_rels/{file}.rels".lstrip("/"))}
    listed: list[dict[str, str]] = []
    from_1904 = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal from_1904
        if tag == "sheet":
            listed.append(attributes)
            if len(listed) > MOST_SHEETS or len(attributes.get("name", "")) > LONGEST_NAME:
                raise Refused("too_much", "sheets")
        elif tag == "workbookPr":
            from_1904 = attributes.get("date1904", "0") in {"1", "true"}

    package.parse(book, start, _nothing, _nothing)
    sheets, names = [], set()
    for attributes in listed:
        id_ = next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id" and ":" in key), "")
        relation, name = related.get(id_, {}), attributes.get("name", "")
        if not name or name.casefold() in names:
            raise Refused("damaged", name)
        names.add(name.casefold())
        if relation.get("Type", "").endswith("/worksheet"):
            sheets.append(SheetMember(name, attributes.get("state", "visible"), _target(folder, relation)))
    shared = (one for one in related.values() if one.get("Type", "").endswith("/sharedStrings"))
    return Outline(tuple(sheets), next((_target(folder, one) for one in shared), ""), from_1904)


def _check_type(package: Package, book: str) -> None:
    """The part must be a plain workbook: one with macros, a template or a binary one has another type."""
    types: dict[str, str] = {}

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Override":
            types[attributes.get("PartName", "").lstrip("/")] = attributes.get("ContentType", "")
            if len(types) > 2 * MOST_ENTRIES:
                raise Refused("too_much", "types")

    package.parse("[Content_Types].xml", start, _nothing, _nothing)
    if any("macroEnabled" in kind for kind in types.values()):
        raise Refused("macros", book)
    if not types.get(book, "").endswith("spreadsheetml.sheet.main+xml"):
        raise Refused("not_a_workbook", book)


def _target(folder: str, relation: dict[str, str]) -> str:
    """The member that a relationship leads to."""
    target = relation.get("Target", "")
    parts: list[str] = [] if target.startswith("/") else [part for part in folder.split("/") if part]
    for part in target.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)
