"""`flask export`: reads while the server writes, leaves a whole file or none; `flask export verify` says whether it is still that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.exports import export_command
from exports.formats import FORMATS
from exports.topics import PARAGRAPH_15, report_questions
from instruments.catalog import load_instrument
from models.database import Database, SingleWriter
from tests.exports.builders import make_small_world
from tests.exports.readback import cover, read_by_calamine, tables
from tests.imports.workbooks import altered, by_hand, column_of, cover_row


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
    assert f"Export number: {said['export_number']}" in done.output
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


def test_without_a_file_to_write_it_says_what_is_missing(cycle_id: str) -> None:
    done = run()
    assert done.exit_code == 2
    assert "Missing option '--out'" in done.output


def test_verify_agrees_while_another_process_is_the_writer(cycle_id: str, tmp_path: Path) -> None:
    out = tmp_path / "out.xlsx"
    assert run("--out", str(out)).exit_code == 0
    number = cover(read_by_calamine(out.read_bytes()))["export_number"]
    writer = SingleWriter(tmp_path)
    writer.take()
    try:
        done = run("verify", str(out))
    finally:
        writer.release()
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1] == f"out.xlsx, export {number}: everything that was checked agrees."
    alone = run("verify", "--offline", str(out))
    assert alone.exit_code == 0
    assert "the database was not asked" in alone.output


def test_verify_lists_each_difference_on_a_line_and_counts_them(cycle_id: str, tmp_path: Path) -> None:
    out = tmp_path / "out.xlsx"
    assert run("--question", "op2", "--out", str(out)).exit_code == 0

    def change(book: Any) -> None:
        page = book["Texts"]
        page.cell(5, column_of(page, "text")).value = "Other \u202ewords\n"
        book["Cover"].cell(cover_row(book, "facts_sha256"), 2).value = "\u202e" + "0" * 64

    out.write_bytes(altered(out.read_bytes(), change))
    done = run("verify", str(out))
    assert done.exit_code == 1
    lines = done.output.splitlines()
    assert any(line.startswith("Texts, row 5, XAA op2.") and "“Other \ufffdwords ”" in line for line in lines)
    assert any(line.startswith("Cover, row ") and "\ufffd000" in line for line in lines)
    differences = next(number for number, line in enumerate(lines) if line.startswith("Rows of every sheet"))
    assert lines[-1].endswith(f": {differences} differences.")
    assert all(char.isprintable() for line in lines for char in line)


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"State;status", "not_a_workbook"), (by_hand()[:400], "damaged"), (by_hand(), "not_an_export")],
)
def test_verify_refuses_what_is_no_export_in_one_line_with_another_exit_code(
    cycle_id: str, tmp_path: Path, content: bytes, code: str
) -> None:
    file = tmp_path / "file.xlsx"
    file.write_bytes(content)
    done = run("verify", str(file))
    assert done.exit_code == 2
    assert f"[{code}]" in done.output
    assert len(done.output.splitlines()) == 1


def test_verify_without_a_database_says_so_and_is_no_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_INSTANCE", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    tmp_path.chmod(0o700)
    file = tmp_path / "file.xlsx"
    file.write_bytes(by_hand())
    done = run("verify", str(file))
    assert done.exit_code == 2
    assert "There is no database" in done.output
