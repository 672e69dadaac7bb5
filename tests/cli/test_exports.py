"""`flask export`: reads while the server writes, leaves a whole file or none."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.exports import export_command
from exports.formats import FORMATS
from exports.topics import PARAGRAPH_15, report_questions
from instruments.catalog import load_instrument
from models.database import Database, SingleWriter
from tests.exports.builders import make_small_world
from tests.exports.readback import cover, read_by_calamine, tables


@pytest.fixture
def cycle_id(sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TRACKER_INSTANCE", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    tmp_path.chmod(0o700)
    with sqlite_database.transaction() as session:
        return make_small_world(session, 2).id


def run(*arguments: str) -> Result:
    return CliRunner().invoke(export_command, arguments)


def test_it_writes_the_workbook_while_another_process_is_the_writer(cycle_id: str, tmp_path: Path) -> None:
    writer = SingleWriter(tmp_path)
    writer.take()
    out = tmp_path / "out.xlsx"
    try:
        done = run("--cycle", "latest", "--language", "ar", "--out", str(out))
    finally:
        writer.release()
    assert done.exit_code == 0, done.output
    said = cover(read_by_calamine(out.read_bytes()))
    assert (said["cycle"], said["language"]) == (cycle_id, "ar")
    assert said["facts_sha256"] in done.output
    assert out.stat().st_mode & 0o077 == 0
    assert not list(tmp_path.glob(".out*"))


def test_an_unknown_cycle_is_one_line_and_the_old_file_stays(cycle_id: str, tmp_path: Path) -> None:
    out = tmp_path / "out.xlsx"
    out.write_bytes(b"old")
    done = run("--cycle", "none", "--out", str(out))
    assert done.exit_code == 1
    assert done.output.strip() == "Error: There is no round of reporting none."
    assert out.read_bytes() == b"old"


def test_a_folder_that_cannot_be_written_is_one_line(cycle_id: str, tmp_path: Path) -> None:
    done = run("--out", str(tmp_path / "none" / "out.xlsx"))
    assert done.exit_code == 1
    assert "The workbook was not made" in done.output


def test_the_report_of_paragraph_15_and_the_same_facts_in_every_format(cycle_id: str, tmp_path: Path) -> None:
    prints = set()
    for code, form in FORMATS.items():
        out = tmp_path / f"out.{form.ending}"
        done = run("--report", PARAGRAPH_15, "--format", code, "--out", str(out))
        assert done.exit_code == 0, done.output
        prints.add(done.output.partition("Fingerprint of the facts: ")[2][:64])
    assert len(prints) == 1 and all(len(one) == 64 for one in prints)
    cells = read_by_calamine((tmp_path / "out.xlsx").read_bytes())
    assert "Convictions" in cells and cover(cells)["report"]
    assert {row["question_id"] for row in tables(cells)["Answers_long"]} == set(
        report_questions(load_instrument(), PARAGRAPH_15)
    )
