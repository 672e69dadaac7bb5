"""One workbook as a file: made here, or by `python -m exports.maker` in a process of its own, which gives way to the server.

That process is told on standard input what to make, in one line of JSON, and ends when its standard input does: a server that
was killed leaves nobody behind. It says on standard output how far it is, and last what became of it.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from exports.formats import FORMATS
from exports.settings import SECRETARIAT, BadSettings, ExportSettings
from exports.source import ExportError, ExportSource, read_source
from exports.workbook import ExportIncomplete
from models.database import Database
from services.permissions import NotFound

Progress = Callable[[int, int], object]
"""Called with the number of States written and the number of States that submitted."""

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
MOST_NAMED = 5
"""States whose codes stand in the name of a file; more are counted."""
BEHIND = 10
"""How far the process of its own stands behind the server when both want a processor (0 to 19)."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made, and where: a file that does not exist yet."""

    database: str
    cycle_id: str
    parameters: Mapping[str, Any]
    target: str
    evidence: str
    rehearsal: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it: a whole file on the disk; or an error by its code with what it is about, and no file."""

    file_name: str = ""
    size: int = 0
    file_sha256: str = ""
    facts_sha256: str = ""
    number: str = ""
    error: str = ""
    detail: str = ""


def make_file(order: Order, progress: Progress) -> Outcome:
    """Make the workbook of an order. What trying again would not change is an error by its code; anything else is raised."""
    target = Path(order.target)
    try:
        return _write(order, target, progress)
    except BadSettings as error:
        return Outcome(error=error.code, detail=error.word)
    except NotFound as error:
        return Outcome(error="not_found", detail=str(error))
    except ExportIncomplete as error:
        return Outcome(error="rows_missing", detail=str(error))
    except ExportError as error:
        return Outcome(error="broken_seal", detail=str(error))
    except OSError as error:
        if error.errno not in FULL:
            raise
        return Outcome(error="disk_full", detail=str(_least_space(target.parent)))


def _write(order: Order, target: Path, progress: Progress) -> Outcome:
    settings = ExportSettings.from_json(order.parameters)
    database = Database(order.database, threads=1, read_only=True)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with read_source(database, order.cycle_id, settings, evidence_folder=Path(order.evidence)) as source:
            total = sum(state.seal is not None for state in source.states)
            progress(0, total)
            done = 0

            def count() -> None:
                nonlocal done
                done += 1
                progress(done, total)

            with os.fdopen(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
                write = FORMATS[settings.file_format].write
                report = write(file, source, settings.language, rehearsal=order.rehearsal, progress=count)
                file.flush()
                os.fsync(file.fileno())
                file.seek(0)
                digest, size = hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
            name = file_name(source, report.number, rehearsal=order.rehearsal)
        return Outcome(name, size, digest, report.facts_sha256, report.number)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    finally:
        database.close()


def file_name(source: ExportSource, number: str, *, rehearsal: bool) -> str:
    """The name of the file: product, preset, moment of the facts, language, export number. The same facts have the same name."""
    settings = source.settings
    mark = "rehearsal-" if rehearsal else ""
    if settings.preset != SECRETARIAT:
        states = settings.states
        named = states if len(states) <= MOST_NAMED else (str(len(states)), "states")
        mark += "-".join((settings.preset, *named)).lower() + "-"
    if report := settings.report:
        mark += report.replace("_", "-") + "-"
    ending = FORMATS[settings.file_format].ending
    return f"implementation-tracker-{mark}{source.as_at:%Y-%m-%d-%H%M}-{settings.language}-{number}.{ending}"


def _least_space(folder: Path) -> int:
    """Bytes free where the file or what is put aside for it is written, whichever is less."""
    return min(shutil.disk_usage(place).free for place in (folder, Path(tempfile.gettempdir())))


def main() -> int:
    """Make what standard input asks for; the exit code is 0 when there is an outcome, good or bad."""
    order = Order(**json.loads(sys.stdin.readline()))
    target = Path(order.target)
    threading.Thread(target=_end_with_the_server, args=(target,), daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(BEHIND)
    # All that is put aside lies where the file will: one disk can be full, and sealed answers stay in the instance folder.
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    tempfile.tempdir = str(target.parent)
    outcome = make_file(order, lambda done, total: _say({"done": done, "total": total}))
    _say(asdict(outcome))
    return 0


def _say(what: Mapping[str, Any]) -> None:
    print(json.dumps(what), flush=True)


def _end_with_the_server(target: Path) -> None:
    # Not through sys.stdin: its lock would be held while the interpreter ends.
    while os.read(0, 1024):
        pass
    target.unlink(missing_ok=True)
    os._exit(3)


if __name__ == "__main__":
    sys.exit(main())
