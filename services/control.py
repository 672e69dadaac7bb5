"""The private door to the running server on this machine: a Unix socket in the instance folder, for its owner only.

On SQLite one process alone writes. A command that has to write while the server runs asks the server through this door.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from instruments.catalog import read_document
from instruments.loader import InstrumentError
from models.database import Database
from services.installation import WrongInstallation, issue_links
from services.publishing import PublishedVersionChanged, publish
from settings import Settings

LOG = logging.getLogger("tracker.control")
LONGEST_REQUEST = 64 * 1024
PATIENCE = 30.0
"""Seconds a command waits for the answer: a long save may be before it."""

_LONGEST_ADDRESS = 100
"""Bytes of a path that every system takes as a socket address (Linux 107, others 103)."""

Command = Callable[[Database, Settings, Mapping[str, str]], Any]


class NoServer(Exception):
    """No server of this installation answers."""


class CommandRefused(Exception):
    """The command cannot be done; the message says why and what helps."""


def _links(database: Database, settings: Settings, given: Mapping[str, str]) -> Any:
    with database.transaction() as session:
        return [link.as_json() for link in issue_links(session, settings, given.get("state") or None)]


def _publish(database: Database, _settings: Settings, given: Mapping[str, str]) -> Any:
    # The files may have been changed since this process read them.
    read_document.cache_clear()
    document = read_document(Path(given["folder"]))
    with database.transaction() as session:
        version = publish(session, document)
        return {"instrument": version.instrument, "version": version.version, "sha256": version.sha256}


def _ping(database: Database, _settings: Settings, _given: Mapping[str, str]) -> Any:
    return {"pid": os.getpid(), "pragmas": database.check_pragmas()}


COMMANDS: dict[str, Command] = {"links": _links, "publish": _publish, "ping": _ping}
"""What can be asked. Each opens its own transaction and gives a JSON value."""


def run_command(database: Database, settings: Settings, command: str, /, **given: str) -> Any:
    """Do a command on this process's own database. Raises CommandRefused."""
    if command not in COMMANDS:
        raise CommandRefused(f"There is no command {command}.")
    try:
        return COMMANDS[command](database, settings, given)
    except (WrongInstallation, PublishedVersionChanged, InstrumentError) as error:
        raise CommandRefused(str(error)) from None


def ask_server(instance: Path, command: str, /, **given: str) -> Any:
    """Have the running server do a command. Raises NoServer when none answers, CommandRefused with the server's reason."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(PATIENCE)
            with _address(instance) as address:
                line.connect(address)
            line.sendall(json.dumps({"command": command, **given}).encode() + b"\n")
            with line.makefile("rb") as stream:
                answer = json.loads(stream.readline())
    except (OSError, ValueError, AttributeError) as error:
        raise NoServer(str(error)) from None
    if "error" in answer:
        raise CommandRefused(answer["error"])
    return answer["result"]


class ControlServer:
    """Listens on the socket and does one command at a time, in a thread of the server. The caller holds the writer lock."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database, self.settings = database, settings
        self._thread = threading.Thread(target=self._serve, name="control", daemon=True)
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """Begin to listen; without Unix sockets, or where the folder has none, commands then ask for the server to be stopped."""
        try:
            self._socket = self._listen()
        except (OSError, AttributeError) as error:
            LOG.warning("No control socket (%s): `flask links` will need the server to be stopped.", error)
            return
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and take the socket away."""
        if self._socket is not None:
            # Closing alone does not wake the thread that waits in accept().
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            socket_path(self.settings.instance).unlink(missing_ok=True)

    def _listen(self) -> socket.socket:
        # A socket left by a killed server is nobody's: this process holds the writer lock.
        socket_path(self.settings.instance).unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with _address(self.settings.instance) as address:
            listening.bind(address)
        socket_path(self.settings.instance).chmod(0o600)
        listening.listen(8)
        return listening

    def _serve(self) -> None:
        assert self._socket is not None  # started only after listening
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            try:
                with line:
                    line.settimeout(PATIENCE)
                    line.sendall(json.dumps(self._answer(line), ensure_ascii=False).encode() + b"\n")
            except OSError as error:
                LOG.warning("A command went away before its answer: %s", error)

    def _answer(self, line: socket.socket) -> dict[str, Any]:
        try:
            with line.makefile("rb") as stream:
                given = json.loads(stream.readline(LONGEST_REQUEST))
            command = str(given.pop("command"))
            return {
                "result": run_command(self.database, self.settings, command, **{k: str(v) for k, v in given.items()})
            }
        except CommandRefused as refusal:
            return {"error": str(refusal)}
        except Exception:
            LOG.exception("A command failed.")
            return {"error": "The server could not do it; its log says why."}


def socket_path(folder: Path) -> Path:
    """Where the socket of an installation is."""
    return folder / "control.sock"


@contextmanager
def _address(folder: Path) -> Iterator[str]:
    """The address of the socket; through the folder's descriptor where the path is too long to be one."""
    path = str(socket_path(folder))
    if len(path.encode()) <= _LONGEST_ADDRESS:
        yield path
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{descriptor}/{socket_path(folder).name}"
    finally:
        os.close(descriptor)
