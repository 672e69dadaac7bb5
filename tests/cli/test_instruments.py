"""`flask instrument check` and `publish`: what is wrong is said and nothing is published; what is published never changes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlmodel import select

from cli.instruments import instrument
from instruments.catalog import DATA, read_document
from models.audit import AuditEvent
from models.cycles import Cycle, InstrumentVersion
from models.database import Database, SingleWriter
from services.control import ControlServer
from services.installation import bootstrap
from settings import Settings, load_secrets
from tests.builders import make_user
from tests.instruments.small import write_small_instrument

SAMPLE = DATA / "sample-follow-up" / "1"


@pytest.fixture
def empty(sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation in which nothing is published yet."""
    monkeypatch.setenv("TRACKER_INSTANCE", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    tmp_path.chmod(0o700)
    settings = Settings(instance=tmp_path)
    load_secrets(settings)
    return settings


@pytest.fixture
def settings(empty: Settings, sqlite_database: Database) -> Settings:
    """An installation in use: somebody has an account."""
    with sqlite_database.transaction() as session:
        bootstrap(session, empty)
        make_user(session, officer=True)
    return empty


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small, sound instrument as version 1."""
    place = tmp_path / "invented" / "1"
    place.mkdir(parents=True)
    return write_small_instrument(place)


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(instrument, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def published(database: Database) -> list[tuple[str, str, str]]:
    """Everything that is published, with its fingerprint."""
    with database.reading() as session:
        rows = session.exec(select(InstrumentVersion)).all()
        return sorted((row.instrument, row.version, row.sha256) for row in rows)


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new), encoding="utf-8")


BAD: dict[str, tuple[str, str, str, list[str]]] = {
    # name: (file, what stands there, what is written instead, what is said)
    "unknown item type": ("instrument.yaml", "type: narrative", "type: essay", ["line 24", "op1.why", "'essay' is unknown", "Known types"]),
    "duplicate id": ("instrument.yaml", "{id: op1.country,", "{id: op1.colour,", ["line 25", "op1.colour", "used twice", "The first stands in line 23"]),
    "condition on a missing item": ("instrument.yaml", "{item: op1.colour, is: blue}", "{item: op1.color, is: blue}", ["line 24", "op1.why: asked_if", "op1.color, which does not exist"]),
    "circle": ("instrument.yaml", "{item: op1.colour, is: blue}", "{item: op1.why, answered: 'yes'}", ["line 24", "asked_if depends on itself", "Break the circle"]),
    "unreachable item": ("instrument.yaml", "{item: op1.colour, is: blue}", "{all: [{item: op1.colour, is: blue}, {item: op1.colour, is: red}]}", ["line 24", "op1.why: it is never asked"]),
    "repeated code": ("instrument.yaml", "[red, blue, other]", "[red, blue, red, other]", ["line 6", "list colours", "'red' stands more than once", "Keep one"]),
    "text of an unknown id": ("text.ar.yaml", "op1.why.label", "op1.wy.label", ["text.ar.yaml, line 14", "nothing shows op1.wy.label", "Correct the key"]),
    "missing text": ("text.ar.yaml", "  op1.label: نص 7\n", "", ["text.ar.yaml", "op1.label has no text in any language", "Add it"]),
    "texts of another version": ("text.ar.yaml", "language: ar\n", "language: ar\nversion: '2'\n", ["text.ar.yaml, line 2", "version: says '2'; instrument.yaml says '1'"]),
    "texts of another language": ("text.ar.yaml", "language: ar", "language: fr", ["text.ar.yaml, line 1", "language: says 'fr'", "'ar'"]),
    "alias": ("instrument.yaml", "groups: [status, specific]", "groups: &g [status, specific]\nothers: *g", ["line 8", "anchors and aliases", "Write the text out"]),
    "tag": ("instrument.yaml", "version: '1'", "version: !!python/object:os.system '1'", ["line 2", "the tag", "Remove it"]),
    "duplicate key": ("instrument.yaml", "version: '1'", "version: '1'\nversion: '2'", ["line 3", "stands already in line 2", "Keep one"]),
    "not YAML": ("instrument.yaml", "groups: [status, specific]", "groups: [status, specific", ["instrument.yaml, line", "Check the indentation"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_said_with_place_and_remedy_and_nothing_is_published(
    empty: Settings, sqlite_database: Database, folder: Path, name: str
) -> None:
    file, old, new, said = BAD[name]
    change(folder / file, old, new)
    for command in ("check", "publish"):
        for given in (folder, folder / "instrument.yaml"):
            result = run(command, str(given))
            assert result.exit_code == 1
            about = [line for line in result.output.removeprefix("Error: ").splitlines() if all(words in line for words in said)]  # fmt: skip
            assert about, result.output
    assert published(sqlite_database) == []


def test_no_reads_as_norway_and_is_published_as_such(empty: Settings, sqlite_database: Database, folder: Path) -> None:
    assert run("publish", str(folder)).exit_code == 0
    with sqlite_database.reading() as session:
        row = session.exec(select(InstrumentVersion).where(InstrumentVersion.instrument == "invented")).one()
        assert row.document["structure"]["lists"]["norway"]["codes"] == ["NO", "yes", "012", "1e3"]


def test_check_says_what_a_questionnaire_holds_and_what_is_missing(empty: Settings, folder: Path) -> None:
    result = run("check", str(folder / "instrument.yaml"))
    assert result.exit_code == 0
    assert result.output.startswith("invented 1: 1 questions, 5 items of 4 types, 2 conditions, 1 findings\n")
    assert "warning: text.fr.yaml: " in result.output
    assert run("check", str(folder / "text.ar.yaml")).exit_code == 1
    assert run("check", str(folder / "nowhere")).exit_code == 2
    assert run("publish", str(folder / "text.ar.yaml")).exit_code == 1


@pytest.mark.parametrize("running", [False, True])
def test_a_changed_published_version_is_refused_and_the_next_one_is_explained(
    empty: Settings, sqlite_database: Database, folder: Path, running: bool
) -> None:
    assert run("publish", str(folder)).exit_code == 0
    before = published(sqlite_database)
    change(folder / "text.ar.yaml", "نص 7", "نص آخر")
    writer = SingleWriter(empty.instance)
    server = ControlServer(sqlite_database, empty)
    if running:
        writer.take()
        server.start()
    try:
        result = run("publish", str(folder))
    finally:
        if running:
            server.stop()
            writer.release()
    assert result.exit_code == 1
    assert "A published version never changes; nothing was published." in result.output
    assert "copy the folder to one named 2 beside it, write version: '2' in its instrument.yaml" in result.output
    assert published(sqlite_database) == before


def test_the_next_version_is_made_as_the_refusal_says(empty: Settings, sqlite_database: Database, folder: Path) -> None:
    assert run("publish", str(folder)).exit_code == 0
    following = folder.parent / "2"
    shutil.copytree(folder, following)
    change(following / "text.ar.yaml", "نص 7", "نص آخر")
    # Forgetting the number is said twice: by the check as a warning, by publishing as a refusal.
    assert "the folder is named 2. Give both the same number." in run("check", str(following)).output
    assert run("publish", str(following)).exit_code == 1
    change(following / "instrument.yaml", "version: '1'", "version: '2'")
    assert run("publish", str(following)).exit_code == 0
    assert run("publish", str(following)).exit_code == 0
    assert [version for name, version, _sha256 in published(sqlite_database) if name == "invented"] == ["1", "2"]
    change(folder / "text.ar.yaml", "نص 8", "نص آخر")
    assert "copy the folder to one named 3 beside it" in run("publish", str(folder)).output


def test_another_questionnaire_is_published_beside_the_first_and_cycles_stay_as_they_are(
    settings: Settings, sqlite_database: Database
) -> None:
    def cycles() -> list[dict[str, Any]]:
        with sqlite_database.reading() as session:
            return [cycle.model_dump() for cycle in session.exec(select(Cycle))]

    before, others = cycles(), published(sqlite_database)
    result = run("publish", str(SAMPLE))
    assert result.exit_code == 0, result.output
    assert result.output.startswith("sample-follow-up version 1 is published: ")
    assert cycles() == before
    assert set(others) < set(published(sqlite_database))
    with sqlite_database.reading() as session:
        events = session.exec(select(AuditEvent).where(AuditEvent.event == "instrument_published")).all()
        assert {event.detail["instrument"] for event in events} == {"tip-protocol-resolution", "sample-follow-up"}


def test_a_new_installation_publishes_the_shipped_questionnaire_alone(
    settings: Settings, sqlite_database: Database
) -> None:
    shipped = read_document()["structure"]
    assert [row[:2] for row in published(sqlite_database)] == [(shipped["instrument"], shipped["version"])]
