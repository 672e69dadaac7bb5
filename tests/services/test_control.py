"""The private door: commands that write are done by the running server, for its owner only."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from instruments.catalog import SHIPPED, load_instrument
from models.database import Database
from models.people import Invitation
from services import control
from services.control import COMMANDS, CommandRefused, ControlServer, NoServer, ask_server, run_command, socket_path
from services.installation import bootstrap
from settings import Settings


@pytest.fixture(params=["short", "long"])
def server(request: pytest.FixtureRequest, sqlite_database: Database, tmp_path: Path) -> Iterator[ControlServer]:
    """A listening door; once in a folder whose path is longer than a socket address can be."""
    folder = tmp_path if request.param == "short" else tmp_path / ("long" * 25)
    folder.mkdir(exist_ok=True)
    settings = Settings(instance=folder)
    with sqlite_database.transaction() as session:
        bootstrap(session, settings)
    server = ControlServer(sqlite_database, settings)
    server.start()
    yield server
    server.stop()


def raw(folder: Path, request: bytes) -> dict[str, object]:
    """What the server answers to any bytes."""
    with socket.socket(socket.AF_UNIX) as line, control._address(folder) as address:
        line.connect(address)
        line.sendall(request)
        line.shutdown(socket.SHUT_WR)
        with line.makefile("rb") as stream:
            return dict(json.loads(stream.readline()))


def test_the_running_server_makes_links(server: ControlServer, sqlite_database: Database) -> None:
    links = ask_server(server.settings.instance, "links", state="AUT")
    assert [(link["role"], link["state"]) for link in links] == [("officer", ""), ("focal_point", "Austria")]
    with sqlite_database.reading() as session:
        assert session.exec(select(Invitation).where(Invitation.state_id == "AUT")).one().used_at is None


def test_a_refusal_comes_back_with_its_reason(server: ControlServer) -> None:
    with pytest.raises(CommandRefused, match="No State 'ZZZ'"):
        ask_server(server.settings.instance, "links", state="ZZZ")
    with pytest.raises(CommandRefused, match="There is no command drop"):
        ask_server(server.settings.instance, "drop")


def test_the_server_reads_its_pragmas_back(server: ControlServer) -> None:
    assert ask_server(server.settings.instance, "ping")["pragmas"]["synchronous"] == 2


def test_the_server_publishes_a_folder_as_it_is_now(server: ControlServer, tmp_path: Path) -> None:
    folder = tmp_path / "questionnaire"
    shutil.copytree(SHIPPED, folder)
    version = load_instrument().version
    assert ask_server(server.settings.instance, "publish", folder=str(folder))["version"] == version
    following = str(int(version) + 1)
    for file in folder.glob("*.yaml"):
        text = file.read_text(encoding="utf-8").replace(f"\nversion: '{version}'\n", f"\nversion: '{following}'\n")
        file.write_text(text, encoding="utf-8")
    assert ask_server(server.settings.instance, "publish", folder=str(folder))["version"] == following
    with pytest.raises(CommandRefused, match="cannot be read"):
        ask_server(server.settings.instance, "publish", folder="/nowhere")


def test_a_failure_is_logged_and_does_not_close_the_door(
    server: ControlServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(COMMANDS, "fail", lambda _database, _settings, _given: 1 / 0)
    with pytest.raises(CommandRefused, match="its log says why"):
        ask_server(server.settings.instance, "fail")
    assert "ZeroDivisionError" in caplog.text
    assert ask_server(server.settings.instance, "ping")["pid"]


def test_only_the_owner_may_use_the_door(server: ControlServer) -> None:
    assert socket_path(server.settings.instance).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "request_",
    [b"\n", b"{}\n", b"[]\n", b"\xff\xfe\n", b'{"command": 1}\n', b"x" * 200_000 + b"\n", b'{"command": "links"'],
)
def test_bad_requests_are_answered_with_an_error_and_the_door_stays_open(
    server: ControlServer, request_: bytes
) -> None:
    try:
        assert "error" in raw(server.settings.instance, request_)
    except (ConnectionError, ValueError):
        assert len(request_) > control.LONGEST_REQUEST
    assert ask_server(server.settings.instance, "ping")["pid"]


def test_without_a_server_the_command_knows_it(tmp_path: Path, server: ControlServer) -> None:
    with pytest.raises(NoServer):
        ask_server(tmp_path / "nowhere", "ping")
    server.stop()
    assert not socket_path(server.settings.instance).exists()
    with pytest.raises(NoServer):
        ask_server(server.settings.instance, "ping")


def test_a_socket_left_by_a_killed_server_is_taken_over(sqlite_database: Database, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(socket_path(tmp_path)))
    with pytest.raises(NoServer):
        ask_server(tmp_path, "ping")
    server = ControlServer(sqlite_database, Settings(instance=tmp_path))
    server.start()
    assert ask_server(tmp_path, "ping")["pid"]
    server.stop()


def test_a_folder_that_can_hold_no_socket_does_not_stop_the_server(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delattr(socket, "AF_UNIX")
    server = ControlServer(sqlite_database, Settings(instance=tmp_path))
    server.start()
    server.stop()
    assert "will need the server to be stopped" in caplog.text


def test_every_command_works_on_postgresql_without_a_server(database: Database) -> None:
    settings = Settings()
    with database.transaction() as session:
        bootstrap(session, settings)
    given = {"links": {"state": "AUT"}, "publish": {"folder": str(SHIPPED)}, "ping": {}}
    assert set(given) == set(COMMANDS)
    for command, values in given.items():
        assert run_command(database, settings, command, **values)
