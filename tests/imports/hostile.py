"""Workbooks that no program writes, made in code: each by name, with the code it is refused with, or what is harmlessly read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import asdict
from io import BytesIO
from tempfile import TemporaryFile
from typing import NamedTuple
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZIP_STORED, ZipFile

from imports.workbook_package import Limits
from settings import ROOT
from tests.imports.workbooks import MAIN, OFFICE, PACKAGE, TYPES, WORKBOOK_TYPE, by_hand


def bomb(content: bytes, times: int, level: int = 9, strings: str = "") -> bytes:
    """A workbook with a sheet of this content very many times, packed."""
    target = BytesIO()
    with (
        ZipFile(BytesIO(by_hand(strings=strings))) as plain,
        ZipFile(target, "w", ZIP_DEFLATED, compresslevel=level) as archive,
    ):
        for info in plain.infolist():
            if info.filename != "xl/worksheets/one.xml":
                archive.writestr(info, plain.read(info))
        with archive.open("xl/worksheets/one.xml", "w") as member:
            member.write(f'<worksheet xmlns="{MAIN}"><sheetData>'.encode())
            for _number in range(times):
                member.write(content)
            member.write(b"</sheetData></worksheet>")
    return target.getvalue()


def patched(data: bytes, old: bytes, new: bytes) -> bytes:
    """The bytes with one piece changed in place."""
    assert old in data
    return data.replace(old, new)


def with_encrypted_flag(data: bytes) -> bytes:
    """The flag of encryption set in every entry of the directory."""
    changed = bytearray(data)
    place = -1
    while (place := changed.find(b"PK\x01\x02", place + 1)) >= 0:
        changed[place + 8] |= 1
    return bytes(changed)


def with_two_of_a_name() -> bytes:
    """Two members of one name: two programs would read two different workbooks."""
    target = BytesIO(by_hand())
    with warnings.catch_warnings(), ZipFile(target, "a") as archive:
        warnings.simplefilter("ignore")  # zipfile warns whoever does this by mistake
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return target.getvalue()


def packed_otherwise(packing: int) -> bytes:
    """A workbook with a member packed in a way that spreadsheets do not use."""
    target = BytesIO(by_hand())
    with ZipFile(target, "a", packing) as archive:
        archive.writestr("xl/more.xml", "<more/>")
    return target.getvalue()


def with_relation(type_: str) -> bytes:
    """A sheet with a relationship to a place outside."""
    relation = f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{OFFICE}/{type_}" Target="https://example.org/a" TargetMode="External"/></Relationships>'
    return by_hand(parts={"xl/worksheets/_rels/one.xml.rels": relation})


def sheet_of(content: str | bytes) -> bytes:
    """A workbook whose only sheet is this member."""
    return by_hand(parts={"xl/worksheets/one.xml": content})


def book_of(sheets: str, relations: str = "") -> bytes:
    """A workbook with this list of sheets, and more relationships."""
    return by_hand(parts={
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r9" Type="{OFFICE}/worksheet" Target="worksheets/one.xml"/>{relations}</Relationships>',
    })  # fmt: skip


def with_name(old: bytes, new: bytes) -> bytes:
    """A workbook with a member whose name was changed in the archive to what no packer writes."""
    assert len(old) == len(new)
    return patched(by_hand(parts={old.decode(): "<x/>"}), old, new)


def with_field(place: int, content: bytes) -> bytes:
    """A workbook with bytes of the first entry of its directory changed."""
    data = bytearray(by_hand(f"<row>{VALUE}</row>"))
    entry = data.find(b"PK\x01\x02")
    data[entry + place : entry + place + len(content)] = content
    return bytes(data)


def with_end(place: int, content: bytes) -> bytes:
    """A workbook with bytes of the end of its directory changed."""
    data = bytearray(by_hand())
    end = data.rfind(b"PK\x05\x06")
    data[end + place : end + place + len(content)] = content
    return bytes(data)


def many_sheets() -> bytes:
    """Two hundred names of one sheet with a long text: little in the file, much for whoever reads on."""
    rows = "".join(f"<row><c t='inlineStr'><is><t>{'y' * 30_000}</t></is></c></row>" for _number in range(60))
    names = "".join(f'<sheet name="s{n}" r:id="r9"/>' for n in range(200))
    return by_hand(
        rows,
        parts={"xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{names}</sheets></workbook>'},
    )


def open_document() -> bytes:
    """What LibreOffice writes by itself, under another name."""
    target = BytesIO()
    with ZipFile(target, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<x/>")
    return target.getvalue()


def stored(data: bytes) -> bytes:
    """The same members, not packed."""
    target = BytesIO()
    with ZipFile(BytesIO(data)) as packed, ZipFile(target, "w", ZIP_STORED) as archive:
        for name in packed.namelist():
            archive.writestr(name, packed.read(name))
    return target.getvalue()


ONE = {"One": {(1, 1): "1"}}
LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "' + "&a;" * 40 + '"><!ENTITY c "' + "&b;" * 40 + '">]>'
VALUE = "<c><v>1</v></c>"
HOSTILE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "nothing": ("not_a_workbook", lambda: b""),
    "words": ("not_a_workbook", lambda: b"State;status\nXAA;party\n"),
    "a page": ("not_a_workbook", lambda: b"<html><table><tr><td>1</td></tr></table></html>"),
    "an old workbook": ("old_format", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000)),
    "an archive of something else": ("not_a_workbook", lambda: by_hand(without=("_rels/.rels",))),
    "a document": ("not_a_workbook", lambda: by_hand(workbook_type="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml")),
    "a binary workbook": ("not_a_workbook", lambda: by_hand(workbook_type="application/vnd.ms-excel.sheet.binary.macroEnabled.main".replace("macroEnabled.", ""))),
    "a workbook with macros by its type": ("macros", lambda: by_hand(workbook_type="application/vnd.ms-excel.sheet.macroEnabled.main+xml")),
    "macros under any name": ("macros", lambda: by_hand(parts={"xl/VBAProject.bin": b"x"})),
    "a macro sheet": ("macros", lambda: by_hand(parts={"xl/macrosheets/sheet1.xml": "<x/>"})),
    "a link to another workbook": ("external_links", lambda: by_hand(parts={"xl/externalLinks/externalLink1.xml": "<x/>"})),
    "a connection": ("external_links", lambda: by_hand(parts={"xl/connections.xml": "<x/>"})),
    "a picture from elsewhere": ("external_links", lambda: with_relation("image")),
    "an embedded file": ("embedded_objects", lambda: by_hand(parts={"xl/embeddings/oleObject1.bin": b"x"})),
    "a document type with laughs": ("document_type", lambda: by_hand(head=LAUGHS)),
    "a document type from elsewhere": ("document_type", lambda: by_hand(head='<!DOCTYPE w SYSTEM "http://example.org/x.dtd">')),
    "an entity that is a file": ("document_type", lambda: by_hand(f"<row>{VALUE}</row>", head='<!DOCTYPE w [<!ENTITY f SYSTEM "file:///etc/passwd">]>')),
    "a document type in the shared texts": ("document_type", lambda: by_hand(parts={"xl/strings.xml": LAUGHS + "<sst/>"})),
    "an undefined entity": ("damaged", lambda: by_hand("<row><c><v>&f;</v></c></row>")),
    "cut in the middle": ("damaged", lambda: by_hand(f"<row>{VALUE}</row>" * 50)[:600]),
    "only the end": ("not_a_workbook", lambda: by_hand()[-300:]),
    "a flipped byte": ("damaged", lambda: patched(by_hand(f"<row>{VALUE}</row>", parts={"big.xml": os.urandom(50)}), b"", b"")[:-60] + bytes(60)),
    "something in front": ("not_a_workbook", lambda: b"#!/bin/sh\n" + by_hand()),
    "an archive in front": ("damaged", lambda: by_hand() + by_hand()),
    "something behind": ("damaged", lambda: by_hand() + b"more"),
    "two members of one name": ("damaged", with_two_of_a_name),
    "a name that leads elsewhere": ("damaged", lambda: by_hand(parts={"../../etc/x.xml": "<x/>"})),
    "a packing nobody uses": ("damaged", lambda: packed_otherwise(ZIP_LZMA)),
    "a password": ("encrypted", lambda: with_encrypted_flag(by_hand())),
    "too many members": ("too_much", lambda: by_hand(parts={f"m{number}.xml": "" for number in range(2100)})),
    "too large": ("too_large", lambda: by_hand(parts={"noise.bin": os.urandom(11 << 20)})),
    "spaces without end": ("unpacks_too_large", lambda: bomb(b" " * (1 << 20), 200)),
    "a million empty rows": ("unpacks_too_large", lambda: bomb(b"<row/>" * 1000, 1000)),
    "a hundred million bytes of texts": ("unpacks_too_large", lambda: bomb(b"<row><c t='inlineStr'><is><t>a</t></is></c></row>" * 1000, 2500)),
    "nested without end": ("too_much", lambda: by_hand("<a>" * 100_000)),
    "rows nested in rows": ("damaged", lambda: by_hand("<row>" * 10_000)),
    "a tag of two million bytes": ("too_much", lambda: by_hand(f'<row a="{os.urandom(1_200_000).hex()}"/>')),
    "a text of two million letters": ("damaged", lambda: by_hand(f"<row><c t='inlineStr'><is><t>{os.urandom(1_000_000).hex()}</t></is></c></row>")),
    "one long text shared very often": ("unpacks_too_large", lambda: by_hand("<row><c t='s'><v>0</v></c></row>" * 20_000, strings=f"<si><t>{'x' * 90_000}</t></si>")),
    "a row beyond the last": ("damaged", lambda: by_hand(f'<row r="2000000000">{VALUE}</row>')),
    "rows that go back": ("damaged", lambda: by_hand(f'<row r="5">{VALUE}</row><row r="4">{VALUE}</row>')),
    "a column beyond the last": ("damaged", lambda: by_hand('<row><c r="XFE1"><v>1</v></c></row>')),
    "columns that go back": ("damaged", lambda: by_hand('<row><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>')),
    "a shared text that is not there": ("damaged", lambda: by_hand("<row><c t='s'><v>7</v></c></row>")),
    "a negative shared text": ("damaged", lambda: by_hand("<row><c t='s'><v>-1</v></c></row>", strings="<si><t>a</t></si>")),
    "a number that is none": ("damaged", lambda: by_hand("<row><c><v>seven</v></c></row>")),
    "a number without end": ("damaged", lambda: by_hand("<row><c><v>1e999</v></c></row>")),
    "another code of letters": ("damaged", lambda: by_hand(parts={"xl/worksheets/one.xml": '<?xml version="1.0" encoding="iso-8859-1"?><worksheet a="é"/>'.encode("latin-1")})),
    "half a tag": ("damaged", lambda: by_hand("<row><c><v>1")),
    "a sheet that is not there": ("damaged", lambda: by_hand(without=("xl/worksheets/one.xml",))),
    "two sheets of one name": ("damaged", lambda: by_hand(parts={"xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="One" r:id="r9"/><sheet name="ONE" r:id="r9"/></sheets></workbook>'})),
    "a type of cell that is none": ("damaged", lambda: by_hand("<row><c t='zz'><v>1</v></c></row>")),
    "a million types": ("too_much", lambda: by_hand(parts={"[Content_Types].xml": f'<Types xmlns="{TYPES}">' + "".join(f'<Override PartName="/{n}" ContentType="{WORKBOOK_TYPE}"/>' for n in range(9_000)) + "</Types>"})),
    "quadratic entities": ("document_type", lambda: by_hand("<row><c><v>" + "&a;" * 1000 + "</v></c></row>", head='<!DOCTYPE w [<!ENTITY a "' + "1" * 50_000 + '">]>')),
    "parameter entities": ("document_type", lambda: by_hand(head='<!DOCTYPE w [<!ENTITY % p SYSTEM "http://example.org/p.dtd"> %p;]>')),
    "an entity without a value": ("document_type", lambda: by_hand(head="<!DOCTYPE w [<!NOTATION n SYSTEM 'n'><!ENTITY u SYSTEM 'u' NDATA n>]>")),
    "an empty document type": ("document_type", lambda: by_hand(head="<!DOCTYPE worksheet>")),
    "a document type in UTF-16": ("document_type", lambda: sheet_of((LAUGHS + f'<worksheet xmlns="{MAIN}"/>').encode("utf-16"))),
    "a document type in the list of types": ("document_type", lambda: by_hand(parts={"[Content_Types].xml": LAUGHS + "<Types/>"})),
    "a document type in the relationships": ("document_type", lambda: by_hand(parts={"_rels/.rels": LAUGHS + "<Relationships/>"})),
    "a document type in the list of sheets": ("document_type", lambda: by_hand(parts={"xl/workbook.xml": LAUGHS + "<workbook/>"})),
    "UTF-32": ("damaged", lambda: sheet_of(f'<worksheet xmlns="{MAIN}"/>'.encode("utf-32"))),
    "UTF-7": ("damaged", lambda: sheet_of(b'<?xml version="1.0" encoding="utf-7"?>+ADw-worksheet/+AD4-')),
    "an encoding that does not exist": ("damaged", lambda: sheet_of('<?xml version="1.0" encoding="klingon"?><worksheet é="1">')),
    "half a letter": ("damaged", lambda: sheet_of(b"<worksheet><sheetData><row><c t='inlineStr'><is><t>\xe2\x82</t></is></c></row></sheetData></worksheet>")),
    "zero bytes among the text": ("damaged", lambda: sheet_of(b"<worksheet><sheetData><row><c><v>1\x002</v></c></row></sheetData></worksheet>")),
    "zero bytes only": ("damaged", lambda: sheet_of(bytes(50_000))),
    "an empty sheet member": ("damaged", lambda: sheet_of(b"")),
    "two roots": ("damaged", lambda: sheet_of(f'<worksheet xmlns="{MAIN}"/><worksheet/>')),
    "more columns than there are": ("damaged", lambda: by_hand("<row>" + "".join(f"<c><v>{n}</v></c>" for n in range(17_000)) + "</row>")),
    "a row of minus one": ("damaged", lambda: by_hand(f'<row r="-1">{VALUE}</row>')),
    "a row of nought": ("damaged", lambda: by_hand(f'<row r="0">{VALUE}</row>')),
    "a row that is no number": ("damaged", lambda: by_hand(f'<row r="five">{VALUE}</row>')),
    "a row of forty thousand digits": ("damaged", lambda: by_hand(f'<row r="{"9" * 40_000}">{VALUE}</row>')),
    "a cell without letters": ("damaged", lambda: by_hand('<row r="1"><c r="11"><v>1</v></c></row>')),
    "a cell with four letters": ("damaged", lambda: by_hand('<row r="1"><c r="AAAA1"><v>1</v></c></row>')),
    "a cell named in small letters": ("damaged", lambda: by_hand('<row r="1"><c r="a1"><v>1</v></c></row>')),
    "a cell named in other letters": ("damaged", lambda: by_hand('<row r="1"><c r="Ａ1"><v>1</v></c></row>')),
    "a cell in another sheet": ("damaged", lambda: by_hand('<row r="1"><c r="Two!A1"><v>1</v></c></row>')),
    "a cell outside of every row": ("damaged", lambda: by_hand(VALUE)),
    "a cell in a cell": ("damaged", lambda: by_hand("<row><c><c><v>1</v></c></c></row>")),
    "a value in a value": ("damaged", lambda: by_hand("<row><c><v><v>1</v></v></c></row>")),
    "not a number": ("damaged", lambda: by_hand("<row><c><v>NaN</v></c></row>")),
    "minus infinity": ("damaged", lambda: by_hand("<row><c><v>-inf</v></c></row>")),
    "a shared text by words": ("damaged", lambda: by_hand("<row><c t='s'><v>one</v></c></row>", strings="<si><t>a</t></si>")),
    "a shared text of a thousand digits": ("damaged", lambda: by_hand(f"<row><c t='s'><v>{'9' * 10_000}</v></c></row>", strings="<si><t>a</t></si>")),
    "a shared text too long": ("too_much", lambda: by_hand(strings=f"<si><t>{'x' * 200_000}</t></si>")),
    "a text shared a quarter of a million times": ("unpacks_too_large", lambda: bomb(b"<row><c t='s'><v>0</v></c></row>" * 1000, 250, strings=f"<si><t>{'x' * 32_000}</t></si>")),
    "shared texts without end": ("unpacks_too_large", lambda: by_hand(strings="<si><t>a</t></si>" * 3_000_000)),
    "newlines without end": ("unpacks_too_large", lambda: bomb(b"\n" * (1 << 20), 101)),
    "a comment of two million bytes": ("too_much", lambda: by_hand(f"<!--{os.urandom(1_200_000).hex()}-->")),
    "an instruction of two million bytes": ("too_much", lambda: by_hand(f"<?x {os.urandom(1_200_000).hex()}?>")),
    "a tag name of two million bytes": ("too_much", lambda: by_hand(f"<x{os.urandom(1_200_000).hex()}/>")),
    "a hundred thousand attributes": ("too_much", lambda: by_hand("<row " + " ".join(f'a{n}="{n}"' for n in range(100_000)) + "/>")),
    "one attribute twice": ("damaged", lambda: by_hand(f'<row r="1" r="2">{VALUE}</row>')),
    "a deep list of types": ("too_much", lambda: by_hand(parts={"[Content_Types].xml": "<a>" * 5_000})),
    "deep shared texts": ("too_much", lambda: by_hand(strings="<r>" * 5_000)),
    "a binary sheet": ("damaged", lambda: sheet_of(os.urandom(4_000))),
    "a sheet that is the list of sheets": ("damaged", lambda: by_hand(parts={"xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r9" Type="{OFFICE}/worksheet" Target="../[Content_Types].xml/x"/></Relationships>'})),
    "a workbook that is nowhere": ("not_a_workbook", lambda: by_hand(parts={"_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="/etc/passwd"/></Relationships>'})),
    "a workbook that is itself": ("not_a_workbook", lambda: by_hand(parts={"_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="_rels/.rels"/></Relationships>'})),
    "a sheet at an absolute place": ("damaged", lambda: book_of('<sheet name="A" r:id="r7"/>', f'<Relationship Id="r7" Type="{OFFICE}/worksheet" Target="/etc/passwd"/>')),
    "a sheet above everything": ("damaged", lambda: book_of('<sheet name="A" r:id="r7"/>', f'<Relationship Id="r7" Type="{OFFICE}/worksheet" Target="../../../../etc/passwd"/>')),
    "a sheet elsewhere in the net": ("external_links", lambda: book_of('<sheet name="A" r:id="r7"/>', f'<Relationship Id="r7" Type="{OFFICE}/worksheet" Target="http://example.org/s.xml" TargetMode="External"/>')),
    "a template from elsewhere": ("external_links", lambda: with_relation("attachedTemplate")),
    "a query of the net": ("external_links", lambda: by_hand(parts={"xl/queryTables/queryTable1.xml": "<x/>"})),
    "a control": ("embedded_objects", lambda: by_hand(parts={"xl/activeX/activeX1.xml": "<x/>"})),
    "a sheet of dialogs": ("macros", lambda: by_hand(parts={"xl/dialogsheets/sheet1.xml": "<x/>"})),
    "a template with macros": ("macros", lambda: by_hand(workbook_type="application/vnd.ms-excel.template.macroEnabled.main+xml")),
    "a template": ("not_a_workbook", lambda: by_hand(workbook_type="application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml")),
    "sheets without end": ("too_much", lambda: book_of("".join(f'<sheet name="s{n}" r:id="r9"/>' for n in range(300)))),
    "a sheet with a name without end": ("too_much", lambda: book_of(f'<sheet name="{"n" * 300}" r:id="r9"/>')),
    "a sheet without a name": ("damaged", lambda: book_of('<sheet r:id="r9"/>')),
    "the same sheet very often, and large": ("unpacks_too_large", lambda: many_sheets()),
    "relationships without end": ("too_much", lambda: by_hand(parts={"xl/worksheets/_rels/one.xml.rels": f'<Relationships xmlns="{PACKAGE}">' + "".join(f'<Relationship Id="{n * n}"/>' for n in range(100_001)) + "</Relationships>"})),
    "no list of types": ("not_a_workbook", lambda: by_hand(without=("[Content_Types].xml",))),
    "no list of sheets": ("damaged", lambda: by_hand(without=("xl/workbook.xml",))),
    "no relationships of the workbook": ("damaged", lambda: by_hand(without=("xl/_rels/workbook.xml.rels",))),
    "no shared texts where they are named": ("damaged", lambda: by_hand(without=("xl/strings.xml",))),
    "a name that begins at the root": ("damaged", lambda: by_hand(parts={"/etc/passwd": "<x/>"})),
    "a name with backslashes": ("damaged", lambda: with_name(b"xl/a/b/c.xml", b"xl\\a\\b\\c.xml")),
    "a name without end": ("damaged", lambda: by_hand(parts={"n" * 300: "<x/>"})),
    "two names that differ in capitals": ("damaged", lambda: by_hand(parts={"XL/Workbook.xml": "<x/>"})),
    "a packing with blocks": ("damaged", lambda: packed_otherwise(ZIP_BZIP2)),
    "a packing that does not exist": ("damaged", lambda: with_field(10, b"\x63\x00")),
    "a version that does not exist": ("damaged", lambda: with_field(6, b"\xff\x00")),
    "a size that lies": ("damaged", lambda: with_field(24, b"\x01\x00\x00\x00")),
    "a place that lies": ("damaged", lambda: with_field(42, b"\xff\xff\xff\x00")),
    "a sum that lies": ("damaged", lambda: with_field(16, b"\x00\x00\x00\x00")),
    "entries that lie": ("too_much", lambda: with_end(10, b"\xff\xff")),
    "a directory that lies": ("too_much", lambda: with_end(12, b"\xff\xff\xff\x7f")),
    "a comment that lies": ("damaged", lambda: with_end(20, b"\xff\x00")),
    "a page in front of an archive": ("not_a_workbook", lambda: b"<html></html>" + by_hand()),
    "a PDF that is a workbook too": ("not_a_workbook", lambda: b"%PDF-1.7\n" + by_hand()),
    "another archive inside": ("not_a_workbook", lambda: by_hand(without=("xl/workbook.xml", "_rels/.rels"), parts={"book.xlsx": by_hand()})),
    "the file that a spreadsheet keeps while it is open": ("not_a_workbook", lambda: b"\x05Clerk".ljust(55, b" ") + b"\x05\x00C\x00l\x00e\x00r\x00k".ljust(110, b"\x00")),
    "a text with commas renamed": ("not_a_workbook", lambda: b"\xef\xbb\xbfid,answer\r\nop1.party,party\r\n"),
    "an OpenDocument sheet": ("not_a_workbook", open_document),
    "a workbook of before 1997 as XML": ("not_a_workbook", lambda: b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'),
    "a locked workbook": ("old_format", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(5000)),
    "cut before its end": ("damaged", lambda: by_hand(f"<row>{VALUE}</row>" * 500)[:-10]),
    "cut after its first member": ("damaged", lambda: by_hand()[:200]),
}  # fmt: skip
"""Refused: the name of each, its code, and what makes it."""

HARMLESS: dict[str, tuple[Callable[[], bytes], dict[str, dict[tuple[int, int], str]]]] = {
    "two cells in the corners": (lambda: by_hand('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'), {"One": {(1, 1): "1", (1048576, 16384): "2"}}),
    "a size that is the whole sheet": (lambda: sheet_of(f'<worksheet xmlns="{MAIN}"><dimension ref="A1:XFD1048576"/><sheetData><row>{VALUE}</row></sheetData></worksheet>'), ONE),
    "the whole sheet merged": (lambda: sheet_of(f'<worksheet xmlns="{MAIN}"><sheetData><row>{VALUE}</row></sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells></worksheet>'), ONE),
    "a column merged": (lambda: sheet_of(f'<worksheet xmlns="{MAIN}"><sheetData><row>{VALUE}</row></sheetData><mergeCells><mergeCell ref="A1:A1048576"/></mergeCells></worksheet>'), ONE),
    "a hundred thousand merges": (lambda: sheet_of(f'<worksheet xmlns="{MAIN}"><sheetData><row>{VALUE}</row></sheetData><mergeCells>' + "".join(f'<mergeCell ref="A{n}:B{n}"/>' for n in range(1, 100_001)) + "</mergeCells></worksheet>"), ONE),
    "a link over the whole sheet": (lambda: sheet_of(f'<worksheet xmlns="{MAIN}"><sheetData><row>{VALUE}</row></sheetData><hyperlinks><hyperlink ref="A1:XFD1048576" location="One!A1"/></hyperlinks></worksheet>'), ONE),
    "a format of four hundred thousand brackets": (lambda: by_hand(f"<row>{VALUE}</row>", parts={"xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="200" formatCode="{"[" * 400_000}"/></numFmts></styleSheet>'}), ONE),
    "a style that is not there": (lambda: by_hand('<row><c s="99999"><v>1</v></c></row>'), ONE),
    "a formula that asks the net": (lambda: by_hand('<row><c t="str"><f>WEBSERVICE("http://example.org")</f><v>x</v></c></row>'), {"One": {(1, 1): "x"}}),
    "a formula of a million letters": (lambda: by_hand(f"<row><c><f>{'1+' * 200_000}1</f><v>1</v></c></row>"), ONE),
    "a link that a person may follow": (lambda: with_relation("hyperlink"), {"One": {}}),
    "a negative number": (lambda: by_hand("<row><c><v>-1</v></c></row>"), {"One": {(1, 1): "-1"}}),
    "a day a thousand years on": (lambda: by_hand("<row><c><v>999999999</v></c></row>"), {"One": {(1, 1): "999999999"}}),
    "control characters by escape": (lambda: by_hand("<row><c t='inlineStr'><is><t>a_x0000__x000B_b</t></is></c></row>"), {"One": {(1, 1): "a\x00\x0bb"}}),
    "a relationship to itself": (lambda: by_hand(f"<row>{VALUE}</row>", parts={"xl/worksheets/_rels/one.xml.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{OFFICE}/worksheet" Target="one.xml"/></Relationships>'}), ONE),
    "a sheet listed under two names": (lambda: by_hand(f"<row>{VALUE}</row>", parts={"xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="One" r:id="r9"/><sheet name="Two" r:id="r9"/></sheets></workbook>'}), {"One": {(1, 1): "1"}, "Two": {(1, 1): "1"}}),
    "a sheet whose relationship is missing": (lambda: book_of('<sheet name="A" r:id="none"/>'), {}),
    "a chart in place of a sheet": (lambda: book_of('<sheet name="A" r:id="r7"/>', f'<Relationship Id="r7" Type="{OFFICE}/chartsheet" Target="c.xml"/>'), {}),
    "text outside of all cells": (lambda: by_hand(f"words<row>words{VALUE}words</row>words"), ONE),
    "elements of another kind": (lambda: by_hand('<row><c><v>1</v><x:odd xmlns:x="urn:x">2</x:odd></c></row>'), ONE),
    "words marked as such": (lambda: by_hand("<row><c t='inlineStr'><is><t><![CDATA[<a>&amp;]]></t></is></c></row>"), {"One": {(1, 1): "<a>&amp;"}}),
    "members that are not packed": (lambda: stored(by_hand(f"<row>{VALUE}</row>")), ONE),
}  # fmt: skip
"""Read, for it does no harm: what of it is read."""


class Read(NamedTuple):
    """What came of reading: the code of the refusal or "", the cells by sheet, the peak of memory in MB, and seconds of work."""

    code: str
    cells: dict[str, dict[tuple[int, int], str]]
    peak: float
    seconds: float


MEASURED = (
    "import sys, time; sys.path.append(sys.argv[1]); from imports.workbook_reader import main; main(sys.argv[2]);"
    "peak = next((line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')), '0');"
    "sys.stderr.write(peak + ' ' + str(time.process_time()))"
)
"""The program of `imports.workbook_file`, which says at its end what it took."""


def read_measured(data: bytes, limits: Limits) -> Read:
    """Read a workbook in a process of its own, as the server does, and measure that process."""
    with TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", MEASURED, str(ROOT), json.dumps({**asdict(limits), "first": []})],
            stdin=file, capture_output=True, check=False,
        )  # fmt: skip
    code, now = "crashed", ""
    cells: dict[str, dict[tuple[int, int], str]] = {}
    for text in done.stdout.splitlines():
        line = json.loads(text)
        if isinstance(line, list):
            number, columns, _kinds, texts = line
            cells[now] |= {(number, column): text for column, text in zip(columns, texts, strict=True)}
        elif "sheet" in line:
            now = line["sheet"]
            cells[now] = {}
        else:
            code = line.get("refused", "" if "end" in line else "crashed")
    peak, _space, seconds = done.stderr.decode().partition(" ")
    return Read(code if done.returncode == 0 else "crashed", cells, int(peak or 0) / 1024, float(seconds or 0))
