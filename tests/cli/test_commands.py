"""The commands: each does its work beside a running server or says in one line what has to be done first."""

from __future__ import annotations

import shutil
import sqlite3
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlmodel import func, select

from cli import checks, init_cli
from cli.backups import backup, restore
from cli.checks import doctor, file_system
from cli.instruments import instrument
from cli.links import links
from cli.receipts import receipt_key
from models.audit import Installation
from models.database import Database, SingleWriter
from models.people import Invitation
from services.control import ControlServer
from services.installation import bootstrap
from services.receipts import public_key
from settings import Settings, load_secrets

ALL: dict[str, tuple[click.Command, list[str]]] = {
    "links": (links, []), "backup": (backup, []), "doctor": (doctor, []), "publish": (instrument, ["publish"]),
    "receipt-key": (receipt_key, []),
}  # fmt: skip


@pytest.fixture
def settings(sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation after its first start, which the commands find through the environment."""
    monkeypatch.setenv("TRACKER_INSTANCE", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    tmp_path.chmod(0o700)
    settings = Settings(instance=tmp_path)
    load_secrets(settings)
    with sqlite_database.transaction() as session:
        bootstrap(session, settings)
    return settings


@pytest.fixture
def locked(settings: Settings) -> Iterator[SingleWriter]:
    """Somebody else is the one writing process."""
    writer = SingleWriter(settings.instance)
    writer.take()
    yield writer
    writer.release()


@pytest.fixture
def server(settings: Settings, locked: SingleWriter, sqlite_database: Database) -> Iterator[ControlServer]:
    """The running server, as far as commands can tell."""
    server = ControlServer(sqlite_database, settings)
    server.start()
    yield server
    server.stop()


def run(command: click.Command, *arguments: str) -> Result:
    result = CliRunner().invoke(command, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def invitations(database: Database) -> int:
    with database.reading() as session:
        return session.exec(select(func.count()).select_from(Invitation)).one()


def test_every_command_is_registered() -> None:
    app = Flask("commands")
    init_cli(app)
    wanted = {"links", "backup", "restore", "doctor", "instrument", "receipt", "receipt-key", "export"}
    assert wanted <= set(app.cli.commands)


def test_links_are_made_here_when_no_server_runs(settings: Settings, sqlite_database: Database) -> None:
    result = run(links, "--state", "AUT")
    assert result.exit_code == 0
    assert "Focal point of Austria" in result.output
    assert result.output.count("http://localhost:8000/invitations/") == 2
    assert invitations(sqlite_database) == 4
    writer = SingleWriter(settings.instance)
    writer.take()
    writer.release()


def test_links_are_made_by_the_server_when_it_runs(server: ControlServer, sqlite_database: Database) -> None:
    result = run(links)
    assert result.exit_code == 0
    assert "Secretariat officer" in result.output
    assert invitations(sqlite_database) == 4


def test_links_say_stop_the_server_first_when_the_writer_does_not_answer(
    locked: SingleWriter, sqlite_database: Database
) -> None:
    result = run(links)
    assert result.exit_code == 3
    assert result.output.strip().endswith("Stop the server first.")
    assert invitations(sqlite_database) == 2


@pytest.mark.parametrize("running", [False, True])
def test_links_for_an_unknown_state_are_one_line(
    request: pytest.FixtureRequest, settings: Settings, running: bool
) -> None:
    if running:
        request.getfixturevalue("server")
    result = run(links, "--state", "ZZZ")
    assert result.exit_code == 1
    assert result.output == "Error: No State 'ZZZ' is in the open cycle. Give its three-letter code, such as AFG.\n"


@pytest.mark.parametrize("name", ALL)
def test_a_wrong_setting_is_one_line_for_every_command(
    settings: Settings, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_PROT", "1")
    command, arguments = ALL[name]
    result = run(command, *arguments)
    assert result.exit_code == 1
    assert result.output == "Error: Unknown setting TRACKER_PROT. The nearest known name is TRACKER_PORT.\n"


@pytest.mark.parametrize("name", ["links", "backup", "publish"])
def test_without_an_installation_a_command_says_so_and_makes_no_database(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_INSTANCE", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    command, arguments = ALL[name]
    result = run(command, *arguments)
    assert result.exit_code == 1
    assert result.output == f"Error: There is no database in {tmp_path} yet. Remedy: make run, which makes it.\n"
    assert not (tmp_path / "tracker.db").exists()


def of_another_version(settings: Settings) -> None:
    with closing(sqlite3.connect(settings.instance / "tracker.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()


def not_a_database(settings: Settings) -> None:
    (settings.instance / "tracker.db").write_bytes(b"no database " * 1000)


@pytest.mark.parametrize("damage", [of_another_version, not_a_database])
@pytest.mark.parametrize("name", ["links", "backup", "publish", "doctor"])
def test_a_database_that_cannot_be_used_is_one_line(
    settings: Settings, sqlite_database: Database, name: str, damage: Callable[[Settings], None]
) -> None:
    sqlite_database.close()
    damage(settings)
    command, arguments = ALL[name]
    result = run(command, *arguments)
    assert result.exit_code == 1
    if name == "doctor":
        assert sum(line.startswith("problem") for line in result.output.splitlines()) == 1
    else:
        assert result.output.startswith("Error: The database ")
        assert result.output.count("\n") == 1


def test_a_backup_is_made_while_the_server_runs_and_is_sound(server: ControlServer, settings: Settings) -> None:
    result = run(backup)
    assert result.exit_code == 0
    assert "198 responses" in result.output
    assert f"Not in it: {settings.secrets_file}" in result.output
    (archive,) = (settings.instance / "backups").iterdir()
    checked = run(restore, str(archive), "--verify")
    assert (checked.exit_code, f"{archive} is sound" in checked.output) == (0, True)
    again = run(backup, str(archive))
    assert again.exit_code == 1
    assert "exists already" in again.output


def test_restoring_needs_the_server_to_be_stopped(server: ControlServer, settings: Settings) -> None:
    archive = str(settings.instance / "b.tar.gz")
    assert run(backup, archive).exit_code == 0
    result = run(restore, archive, "--apply")
    assert result.exit_code == 3
    assert "Stop the server first." in result.output
    assert not list(settings.instance.glob("replaced-*"))


def test_restoring_puts_the_backup_in_place(settings: Settings, sqlite_database: Database) -> None:
    archive = str(settings.instance / "b.tar.gz")
    assert run(backup, archive).exit_code == 0
    with sqlite_database.transaction() as session:
        epoch = session.get_one(Installation, "epoch").value
        session.add(Installation(name="later", value="than the backup"))
    sqlite_database.close()
    result = run(restore, archive, "--apply")
    assert result.exit_code == 0, result.output
    with sqlite_database.reading() as session:
        assert session.get(Installation, "later") is None
        assert session.get_one(Installation, "epoch").value != epoch
    assert run(doctor).exit_code == 0


def test_a_damaged_backup_is_never_put_in_place(settings: Settings, sqlite_database: Database) -> None:
    archive = settings.instance / "b.tar.gz"
    assert run(backup, str(archive)).exit_code == 0
    archive.write_bytes(archive.read_bytes()[:-200])
    for option in ("--verify", "--apply"):
        result = run(restore, str(archive), option)
        assert result.exit_code == 1
        assert "not a complete backup" in result.output
    assert not list(settings.instance.glob("replaced-*"))


def test_checking_and_replacing_at_once_is_refused(settings: Settings) -> None:
    (settings.instance / "b").write_bytes(b"")
    assert run(restore, str(settings.instance / "b"), "--verify", "--apply").exit_code == 2


def test_on_postgresql_backups_are_left_to_its_own_tools(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@localhost:1/none")
    result = run(backup)
    assert result.exit_code == 1
    assert "pg_dump" in result.output


def test_the_doctor_finds_a_sound_installation_sound(settings: Settings) -> None:
    result = run(doctor)
    assert result.exit_code == 0, result.output
    for said in (
        "Python 3",
        "SQLite 3",
        "journal_mode=wal, synchronous=2, foreign_keys=1",
        "the newest",
        "the server is stopped",
    ):
        assert said in result.output


def test_the_doctor_speaks_with_the_running_server(server: ControlServer) -> None:
    result = run(doctor)
    assert result.exit_code == 0
    assert "the server runs (process " in result.output


def test_the_doctor_sees_a_lock_whose_holder_does_not_answer(locked: SingleWriter) -> None:
    assert "holds the writer lock and does not answer" in run(doctor).output


def test_the_doctor_names_an_open_folder_with_the_remedy(settings: Settings) -> None:
    settings.instance.chmod(0o755)
    result = run(doctor)
    assert result.exit_code == 1
    assert f"Remedy: chmod 700 {settings.instance}" in result.output


def test_the_doctor_names_a_network_file_system(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "file_system", lambda _folder: "nfs4")
    result = run(doctor)
    assert result.exit_code == 1
    assert "network file system (nfs4)" in result.output


def test_the_doctor_names_a_full_disk(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        free = 50_000_000

    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Full)
    result = run(doctor)
    assert result.exit_code == 1
    assert "free disk space: 0.1 GB. Remedy: make room" in result.output


def test_the_doctor_names_the_wrong_kind_of_database(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKER_REHEARSAL", "1")
    result = run(doctor)
    assert result.exit_code == 1
    assert "Remedy: change TRACKER_REHEARSAL" in result.output


def test_secrets_that_others_can_read_stop_every_command(settings: Settings) -> None:
    settings.secrets_file.chmod(0o644)
    for command, arguments in ALL.values():
        result = run(command, *arguments)
        assert result.exit_code == 1
        assert "Remedy: chmod 600" in result.output


def test_the_file_system_of_a_folder_is_that_of_the_innermost_mount() -> None:
    assert file_system(Path("/proc")) in {"proc", "unknown"}
    assert file_system(Path("/")) != ""


def test_the_shipped_questionnaire_is_sound(settings: Settings) -> None:
    result = run(instrument, "check")
    assert result.exit_code == 0
    assert result.output.startswith("tip-protocol-resolution 2: 28 questions")


def test_a_questionnaire_with_errors_is_refused_with_file_and_line(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "questionnaire"
    folder.mkdir()
    (folder / "instrument.yaml").write_text("instrument: a\ninstrument: b\n", encoding="utf-8")
    for arguments in (["check", str(folder)], ["publish", str(folder)]):
        result = run(instrument, *arguments)
        assert result.exit_code == 1
        assert "instrument.yaml, line 2" in result.output


@pytest.mark.parametrize("running", [False, True])
def test_publishing_what_is_published_changes_nothing(
    request: pytest.FixtureRequest, settings: Settings, running: bool
) -> None:
    if running:
        request.getfixturevalue("server")
    result = run(instrument, "publish")
    assert result.exit_code == 0
    assert result.output.startswith("tip-protocol-resolution version 2 is published: ")


def test_the_receipt_key_is_the_public_one(settings: Settings) -> None:
    secrets = load_secrets(settings)
    result = run(receipt_key)
    assert result.output.split()[0] == b64encode(public_key(secrets.receipt_key)).decode()
    assert secrets.receipt_key not in result.output
