"""Backups are complete while others write, are checked to the last byte, and the way back is one rename."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from models.audit import AuditEvent, Installation
from models.database import Database
from models.people import User
from models.responses import EvidenceFile, NationalResponse, Revision
from services.backup import DATABASE, BackupError, copy_database, open_backup, put_back, write_backup
from services.installation import new_epoch
from services.permissions import Permission
from services.responses import open_response
from services.restore import check_content, mark_restored
from services.submissions import Declaration, submit
from settings import Settings, load_secrets
from tests.builders import World, actor_for, answer, make_world

ROOT = Path(__file__).parents[2]
EVIDENCE = b"%PDF-1.7 a decree"


class Place:
    """An installation with a submitted response, an evidence file and secrets."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.settings = Settings(instance=folder)
        self.secrets = load_secrets(self.settings)
        self.database = database
        self.world = self._fill()

    def _fill(self) -> World:
        self.settings.evidence_folder.mkdir()
        (self.settings.evidence_folder / "evidence-file-01").write_bytes(EVIDENCE)
        with self.database.transaction() as session:
            world = make_world(session)
            new_epoch(session)
            user = session.get_one(User, world.focal_point)
            actor = actor_for(user, session.get_one(NationalResponse, world.response_id))
            answer(session, actor, world.response_id, {"op13d.status_practice": "fully_implemented"})
            session.add(EvidenceFile(
                id="evidence-file-01", national_response_id=world.response_id, item_id="op13d.evidence", name="decree.pdf",
                media_type="application/pdf", size=len(EVIDENCE), added_by=world.focal_point,
                sha256=sha256(EVIDENCE),
            ))  # fmt: skip
            opened = open_response(session, world.response_id, actor, Permission.RESPONSE_SUBMIT, lock=True)
            submit(session, opened, Declaration("A. Minister", "Minister"), private_key=self.secrets.receipt_key)
        return world

    def write(self, name: str = "backup.tar.gz") -> Path:
        target = self.settings.instance / "backups" / name
        write_backup(self.settings, self.secrets, target)
        return target

    def problems(self, archive: Path) -> list[str]:
        with open_backup(archive, self.settings.instance) as opened:
            return check_content(opened, self.secrets)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def place(sqlite_database: Database, tmp_path: Path) -> Place:
    return Place(tmp_path, sqlite_database)


def repack(archive: Path, change: dict[str, bytes | None], target: Path) -> Path:
    """The archive with some members replaced, added (both by content) or left out (None)."""
    with tarfile.open(archive) as old, tarfile.open(target, "w:gz") as new:
        members = {member.name: old.extractfile(member).read() for member in old}  # type: ignore[union-attr]
        for name, content in {**members, **change}.items():
            if content is not None:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                new.addfile(info, io.BytesIO(content))
    return target


def member(archive: Path, name: str) -> bytes:
    with tarfile.open(archive) as tar:
        found = tar.extractfile(name)
        assert found is not None
        return found.read()


def test_a_backup_holds_database_evidence_and_manifest_but_no_secrets(place: Place) -> None:
    archive = place.write()
    with tarfile.open(archive) as tar:
        assert sorted(tar.getnames()) == ["database.sqlite", "evidence/evidence-file-01", "manifest.json"]
        assert {(member.uid, member.uname, member.mode) for member in tar} == {(0, "", 0o600)}
    assert archive.stat().st_mode & 0o777 == 0o600
    whole = archive.read_bytes() + b"".join(member(archive, name) for name in ("database.sqlite", "manifest.json"))
    for secret in place.secrets.model_dump().values():
        assert secret.encode() not in whole
    assert [path.name for path in archive.parent.iterdir()] == ["backup.tar.gz"]


def test_the_manifest_says_what_is_in_it(place: Place) -> None:
    manifest = json.loads(member(place.write(), "manifest.json"))
    assert (manifest["responses"], manifest["revisions"], manifest["submissions"]) == (2, 1, 1)
    assert (manifest["rehearsal"], manifest["missing_evidence"]) == ("", [])
    evidence = next(entry for entry in manifest["files"] if entry["name"] == "evidence/evidence-file-01")
    assert (evidence["size"], evidence["sha256"]) == (len(EVIDENCE), sha256(EVIDENCE))


def test_a_sound_backup_has_no_problems(place: Place) -> None:
    assert place.problems(place.write()) == []


def test_an_existing_file_is_never_overwritten(place: Place) -> None:
    target = place.write()
    before = target.read_bytes()
    with pytest.raises(BackupError, match="exists already"):
        place.write()
    assert target.read_bytes() == before


def test_evidence_that_is_missing_is_named_in_the_manifest_and_by_the_check(place: Place) -> None:
    (place.settings.evidence_folder / "evidence-file-01").unlink()
    archive = place.write()
    assert json.loads(member(archive, "manifest.json"))["missing_evidence"] == ["evidence-file-01"]
    assert any("already missing" in problem for problem in place.problems(archive))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"evidence/evidence-file-01": b"%PDF-1.7 a decrEe"}, "evidence/evidence-file-01 was altered"),
        ({"evidence/evidence-file-01": None}, "evidence/evidence-file-01 is missing"),
        ({"evidence/another": b"x"}, "evidence/another is not in the manifest"),
        ({DATABASE: b"SQLite format 3\x00 nothing"}, "database.sqlite was altered"),
        ({DATABASE: None}, "database.sqlite is missing"),
    ],
)
def test_every_altered_missing_or_added_file_is_found(place: Place, change: dict[str, Any], said: str) -> None:
    altered = repack(place.write(), change, place.settings.instance / "altered.tar.gz")
    assert said in place.problems(altered)


@pytest.mark.parametrize(
    "change",
    [
        {"manifest.json": None},
        {"manifest.json": b"{}"},
        {"manifest.json": b"["},
        {"../evil": b"x"},
        {"evidence/../x": b"x"},
    ],
)
def test_an_archive_that_is_none_of_ours_is_refused(place: Place, change: dict[str, Any]) -> None:
    altered = repack(place.write(), change, place.settings.instance / "altered.tar.gz")
    with pytest.raises(BackupError):
        place.problems(altered)
    assert not (place.settings.instance / "evil").exists()


def test_a_link_in_an_archive_is_refused(place: Place) -> None:
    target = place.settings.instance / "link.tar.gz"
    with tarfile.open(target, "w:gz") as tar:
        info = tarfile.TarInfo("manifest.json")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(info)
    with pytest.raises(BackupError, match=r"holds 'manifest.json'"):
        place.problems(target)


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9, 0.999])
def test_a_cut_off_archive_is_refused(place: Place, keep: float) -> None:
    archive = place.write()
    content = archive.read_bytes()
    archive.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(BackupError, match="not a complete backup"):
        place.problems(archive)
    assert not list(place.settings.instance.glob(".restore-*"))


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE revision SET value = '\"not_implemented\"'", "the content of revision 1 was altered"),
        ("UPDATE revision SET at = '2020-01-01 00:00:00.000000'", "revision 1 was altered"),
        ("DELETE FROM revision", "its history does not end where the response says"),
        ("UPDATE submission SET document = document || ' '", "the sealed document was altered"),
        ("UPDATE submission SET receipt = replace(receipt, '\"round\":1', '\"round\":2')", "the receipt was altered"),
        ("UPDATE evidence_file SET sha256 = 'ff'", "evidence file evidence-file-01 is not the one that was added"),
        ("DELETE FROM reporting_state WHERE id = 'XAA'", "refers to a row that is not there"),
    ],
)
def test_what_was_altered_inside_the_database_is_found(place: Place, statement: str, said: str) -> None:
    """The manifest is made after the alteration, so only the content can tell."""
    place.database.close()
    with closing(sqlite3.connect(place.settings.instance / "tracker.db")) as connection:
        connection.execute(statement)
        connection.commit()
    try:
        problems = place.problems(place.write())
    except BackupError as error:
        problems = [str(error)]
    assert any(said in problem for problem in problems), problems


def test_a_backup_of_other_secrets_is_named_with_the_remedy(place: Place, tmp_path: Path) -> None:
    archive = place.write()
    elsewhere = load_secrets(Settings(instance=tmp_path / "elsewhere"))
    with open_backup(archive, tmp_path) as opened:
        assert any("put the kept copy of its secrets.json" in problem for problem in check_content(opened, elsewhere))


def test_restoring_brings_back_the_state_of_the_backup_with_a_new_epoch_and_keeps_what_was_there(place: Place) -> None:
    archive = place.write()
    with place.database.transaction() as session:
        epoch = session.get_one(Installation, "epoch").value
        session.get_one(NationalResponse, place.world.other_response_id).reopen_reason = "after the backup"
    place.database.close()
    (place.settings.evidence_folder / "evidence-file-01").unlink()
    with open_backup(archive, place.settings.instance) as opened:
        assert check_content(opened, place.secrets) == []
        mark_restored(opened)
        kept = put_back(opened, place.settings)
    restored = Database(place.settings.url)
    with restored.reading() as session:
        assert session.get_one(NationalResponse, place.world.other_response_id).reopen_reason == ""
        assert session.get_one(Installation, "epoch").value != epoch
        assert "restored" in session.exec(select(AuditEvent.event)).all()
    restored.close()
    assert (place.settings.evidence_folder / "evidence-file-01").read_bytes() == EVIDENCE
    with closing(sqlite3.connect(kept / "tracker.db")) as connection:
        rows = connection.execute("SELECT reopen_reason FROM national_response").fetchall()
    assert ("after the backup",) in rows
    assert not list(place.settings.instance.glob(".restore-*"))


def test_a_restore_on_a_new_machine_needs_no_database_there(place: Place, tmp_path: Path) -> None:
    archive = place.write()
    new = Settings(instance=tmp_path / "new")
    new.instance.mkdir()
    shutil.copy2(place.settings.secrets_file, new.secrets_file)
    with open_backup(archive, new.instance) as opened:
        assert check_content(opened, load_secrets(new)) == []
        put_back(opened, new)
    database = Database(new.url)
    with database.reading() as session:
        assert len(session.exec(select(Revision)).all()) == 1
    database.close()


BACKUP = """
import sys
from pathlib import Path
from services.backup import copy_database
copy_database(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def storm_of_backups(database: Database, folder: Path, rounds: int) -> int:
    """Back up while four threads save; how many changes were acknowledged before the last backup began."""
    acknowledged: set[str] = set()
    stop = threading.Event()

    def save(number: int) -> None:
        count = 0
        while not stop.is_set():
            name = f"{number}-{count}"
            with database.transaction() as session:
                session.add(Installation(name=name, value="x" * 150))
            acknowledged.add(name)
            count += 1

    threads = [threading.Thread(target=save, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    before: set[str] = set()
    try:
        for number in range(rounds):
            before = set(acknowledged)
            target = folder / f"copy-{number}.sqlite"
            # As the command does it: from another process.
            subprocess.run(
                [sys.executable, "-c", BACKUP, str(folder / "tracker.db"), str(target)], cwd=ROOT, check=True
            )
            with closing(sqlite3.connect(target)) as connection:
                there = {row[0] for row in connection.execute("SELECT name FROM installation")}
            assert before <= there, "an acknowledged change is missing"
            target.unlink()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return len(before)


def test_a_backup_under_load_misses_no_acknowledged_change(sqlite_database: Database, tmp_path: Path) -> None:
    assert storm_of_backups(sqlite_database, tmp_path, rounds=3) > 0


@pytest.mark.prove
def test_many_backups_under_load(sqlite_database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changes = storm_of_backups(sqlite_database, tmp_path, rounds=25)
    with capsys.disabled():
        print(f"\n25 backups under load, {changes} changes before the last, 0 missing")


def test_a_plain_copy_of_the_file_misses_acknowledged_changes_and_passes_every_check(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """Why the operations page forbids it; the copy is taken by another program, never by the server."""
    with sqlite_database.transaction() as session:
        session.add(Installation(name="acknowledged", value="yes"))
    subprocess.run(["cp", str(tmp_path / "tracker.db"), str(tmp_path / "plain.db")], check=True)
    copy_database(tmp_path / "tracker.db", tmp_path / "complete.db")
    found = {}
    for name in ("plain.db", "complete.db"):
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            found[name] = connection.execute("SELECT count(*) FROM installation").fetchone()[0]
    assert found == {"plain.db": 0, "complete.db": 1}


def test_a_damaged_database_is_not_copied_silently(sqlite_database: Database, tmp_path: Path) -> None:
    sqlite_database.close()
    path = tmp_path / "tracker.db"
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 6] = b"\xff" * (4096 * 3)
    path.write_bytes(content)
    with pytest.raises(BackupError):
        copy_database(path, tmp_path / "copy.sqlite")


def test_no_code_of_ours_opens_the_living_database_file_itself(place: Place) -> None:
    """Closing any descriptor of it drops SQLite's locks in the process, and later saves can be lost without an error."""
    program = (
        "import sys\nfrom pathlib import Path\nsettings_folder = Path(sys.argv[1])\nopened = []\n"
        "def hook(event, arguments):\n"
        "    if event == 'open' and str(arguments[0]).startswith(str(settings_folder / 'tracker.db')): opened.append(arguments[0])\n"
        "sys.addaudithook(hook)\n"
        "from services.backup import write_backup, open_backup\nfrom services.restore import check_content\n"
        "from settings import Settings, load_secrets\n"
        "settings = Settings(instance=settings_folder)\nsecrets = load_secrets(settings)\n"
        "write_backup(settings, secrets, settings_folder / 'b.tar.gz')\n"
        "with open_backup(settings_folder / 'b.tar.gz', settings_folder) as found: assert not check_content(found, secrets)\n"
        "assert not opened, opened\n"
    )
    subprocess.run([sys.executable, "-c", program, str(place.settings.instance)], cwd=ROOT, check=True)
