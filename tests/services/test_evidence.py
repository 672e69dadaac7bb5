"""Evidence: accepted by content, named in its own script, on disk before it is named."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from models.database import Database
from models.people import User
from models.responses import EvidenceFile, NationalResponse
from services.evidence import RefusedFile, check_file, display_name, open_evidence, orphans, store_evidence
from services.permissions import NotFound, Permission
from services.responses import open_response
from tests.builders import World, actor_for, make_world

PDF = b"%PDF-1.4\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 32


def office(*names: str, content: bytes = b"x") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return buffer.getvalue()


DOCX = office("[Content_Types].xml", "word/document.xml")
XLSX = office("[Content_Types].xml", "xl/workbook.xml")
ODT = office("mimetype", "content.xml")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", PDF),
        ("a.png", PNG),
        ("a.docx", DOCX),
        ("a.xlsx", XLSX),
        ("a.odt", ODT),
        ("a.txt", "نص".encode()),
        ("A.PDF", PDF),
    ],
)
def test_the_accepted_kinds(name: str, content: bytes) -> None:
    assert check_file(name, content)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.exe", b"MZ", "type"), ("a.svg", b"<svg/>", "type"), ("a.html", b"<html>", "type"), ("a", PDF, "type"),
        ("a.pdf", b"", "empty"), ("a.pdf", PNG, "mismatch"), ("a.png", PDF, "mismatch"), ("a.docx", XLSX, "mismatch"),
        ("a.xlsx", DOCX, "mismatch"), ("a.docx", PDF, "mismatch"), ("a.txt", b"\xff\xfe\x00", "mismatch"),
        ("a.docx", office("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "unsafe"),
        ("a.xlsx", office("[Content_Types].xml", "xl/workbook.xml", content=b"0" * 5_000_000), "unsafe"),
    ],
)  # fmt: skip
def test_what_is_refused_and_why(name: str, content: bytes, code: str) -> None:
    with pytest.raises(RefusedFile) as refused:
        check_file(name, content)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("قانون.pdf", "قانون.pdf"), ("数据.xlsx", "数据.xlsx"), ("../../etc/passwd.txt", "passwd.txt"), ("C:\\x\\Закон.docx", "Закон.docx"),
        ("a\u202efdp.exe.pdf", "afdp.exe.pdf"), ("a\r\nb.pdf", "ab.pdf"), ("x" * 400 + ".pdf", "x" * 146 + ".pdf"), ("", "file"),
    ],
)  # fmt: skip
def test_a_name_keeps_its_script_and_loses_its_tricks(given: str, shown: str) -> None:
    assert display_name(given) == shown


def put(database: Database, world: World, folder: Path, name: str = "a.pdf", content: bytes = PDF, **given: int) -> str:
    with database.transaction() as session:
        actor = actor_for(
            session.get_one(User, world.focal_point), session.get_one(NationalResponse, world.response_id)
        )
        opened = open_response(session, world.response_id, actor, Permission.RESPONSE_EDIT, lock=True)
        limits = {"limit_mb": 1, "most": 2, **given}
        return store_evidence(session, opened, "op13d.evidence", name, content, folder=folder, **limits).row_id


def test_a_stored_file_has_a_random_name_and_its_own_bytes(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        world = make_world(session)
    file_id = put(database, world, tmp_path / "evidence")
    stored = tmp_path / "evidence" / file_id
    assert stored.read_bytes() == PDF
    assert stored.stat().st_mode & 0o077 == 0
    with database.reading() as session:
        row, file = open_evidence(session, world.response_id, file_id, tmp_path / "evidence")
        with file:
            assert (row.name, file.read()) == ("a.pdf", PDF)
        with pytest.raises(NotFound):
            open_evidence(session, world.other_response_id, file_id, tmp_path / "evidence")


def test_a_file_that_is_too_large_is_refused_and_nothing_is_stored(sqlite_database: Database, tmp_path: Path) -> None:
    with sqlite_database.transaction() as session:
        world = make_world(session)
    with pytest.raises(RefusedFile) as refused:
        put(sqlite_database, world, tmp_path / "evidence", content=PDF + b"0" * 1_100_000)
    assert refused.value.code == "too_large"
    assert not (tmp_path / "evidence").exists()


def test_a_file_without_a_row_is_an_orphan(sqlite_database: Database, tmp_path: Path) -> None:
    with sqlite_database.transaction() as session:
        world = make_world(session)
    folder = tmp_path / "evidence"
    put(sqlite_database, world, folder)
    (folder / "left-behind").write_bytes(b"x")
    with sqlite_database.reading() as session:
        assert [path.name for path in orphans(session, folder)] == ["left-behind"]
        assert session.get(EvidenceFile, "left-behind") is None
