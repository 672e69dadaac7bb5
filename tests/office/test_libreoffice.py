"""The workbook through LibreOffice: opened, saved again, and read back with the same facts; and printed without an error."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from sqlmodel import select

from exports.facts import read_facts
from exports.settings import ExportSettings
from exports.sheets import HEAD_ROWS
from imports.verify import verify_file
from instruments.catalog import canonical_json, load_instrument
from models.database import Database
from models.submissions import Submission
from tests.exports.builders import make_small_world, make_source, random_values, workbook_bytes
from tests.exports.readback import read_by_calamine, tables
from tests.imports.workbooks import exported

pytestmark = pytest.mark.office


def convert(folder: Path, file: Path, to: str) -> Path:
    """The file as LibreOffice writes it; its profile is a folder of the test's own."""
    command = shutil.which("soffice") or shutil.which("libreoffice")
    assert command, "LibreOffice is not installed"
    out = folder / "out"
    subprocess.run(
        [command, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", to, "--outdir", str(out), str(file)],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    return out / f"{file.stem}.{to.partition(':')[0]}"


@pytest.mark.parametrize("language", ["en", "ar"])
def test_libreoffice_reads_the_same_facts(tmp_path: Path, language: str) -> None:
    source = make_source({"XAA": random_values(load_instrument(), random.Random(7), 0.4)})
    data = workbook_bytes(source, language)
    file = tmp_path / "report.xlsx"
    file.write_bytes(data)
    again = convert(tmp_path, file, "xlsx").read_bytes()
    before, after = (tables(read_by_calamine(content)) for content in (data, again))
    assert list(before) == list(after)
    assert read_facts(before["Answers_long"]) == read_facts(after["Answers_long"])


def test_the_long_sheet_as_csv_holds_the_same_facts(tmp_path: Path) -> None:
    source = make_source({"XAA": random_values(load_instrument(), random.Random(11), 0.4)})
    data = workbook_bytes(source, "ar")
    file = tmp_path / "report.xlsx"
    file.write_bytes(data)
    # UTF-8, every sheet in a file of its own, values as they are shown.
    convert(tmp_path, file, "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1")
    written = (tmp_path / "out" / "report-Answers_long.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.reader(io.StringIO(written, newline="")))
    numbers = {"part_no", "part_of"}
    table = [
        {
            column: int(value) if column in numbers else value
            for column, value in zip(rows[HEAD_ROWS - 1], row, strict=True)
        }
        for row in rows[HEAD_ROWS:]
    ]
    assert read_facts(table) == read_facts(tables(read_by_calamine(data))["Answers_long"])


def test_libreoffice_prints_it(tmp_path: Path) -> None:
    source = make_source({"XAA": random_values(load_instrument(), random.Random(3), 0.02)})
    file = tmp_path / "report.xlsx"
    file.write_bytes(workbook_bytes(source, "ar"))
    assert convert(tmp_path, file, "pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(("language", "preset"), [("en", "secretariat"), ("ar", "secretariat"), ("fr", "public")])
def test_saved_again_by_libreoffice_it_still_verifies(
    sqlite_database: Database, tmp_path: Path, language: str, preset: str
) -> None:
    with sqlite_database.transaction() as session:
        make_small_world(session, 2)
        for submission in session.exec(select(Submission)):
            document = json.loads(submission.document)
            document["visibility"] = dict.fromkeys(document["visibility"], "public")
            submission.document = canonical_json(document)
            submission.sha256 = hashlib.sha256(submission.document.encode()).hexdigest()
            session.add(submission)
    file = tmp_path / "report.xlsx"
    settings = ExportSettings(language, preset, recipient="=A desk")
    file.write_bytes(exported(sqlite_database, settings))
    again = convert(tmp_path, file, "xlsx")
    assert again.read_bytes() != file.read_bytes()
    with again.open("rb") as book:
        report = verify_file(book, sqlite_database)
    assert report.differences == ()
    assert {check.code for check in report.checks} >= {"facts", "answers", "sheets"}


def without_values(data: bytes) -> bytes:
    """The workbook with the formulas of By_question but without the values that stand beside them in the cells."""
    target = io.BytesIO()
    removed = 0
    with ZipFile(io.BytesIO(data)) as source, ZipFile(target, "w") as archive:
        for name in source.namelist():
            text = source.read(name)
            if name.startswith("xl/worksheets/"):
                text, count = re.subn(rb"(</f>)<v>\d+</v>", rb"\1", text)
                removed += count
            archive.writestr(name, text)
    assert removed > 400
    return target.getvalue()


@pytest.mark.parametrize("most_rows", [1_048_576, 900])
def test_libreoffice_counts_the_same_by_its_own_reckoning(tmp_path: Path, most_rows: int) -> None:
    instrument = load_instrument()
    documents = {
        code: random_values(instrument, random.Random(seed), 0.3) for seed, code in enumerate(("XAA", "XAB", "XAC"))
    }
    file = tmp_path / "report.xlsx"
    file.write_bytes(without_values(workbook_bytes(make_source(documents), most_rows=most_rows)))
    assert all(row["states_formula"] == "" for row in tables(read_by_calamine(file.read_bytes()))["By_question"])
    rows = tables(read_by_calamine(convert(tmp_path, file, "xlsx").read_bytes()))["By_question"]
    assert [row["states_formula"] for row in rows] == [row["states"] for row in rows]
    assert {row["states"] for row in rows} >= {0, 1, 2, 3}


def charts(file: Path) -> list[Any]:
    """The charts of the dashboard."""
    page: Any = openpyxl.load_workbook(file)["Dashboard"]
    return list(page._charts)


@pytest.mark.parametrize("language", ["en", "ar"])
def test_libreoffice_draws_and_prints_the_charts(tmp_path: Path, language: str) -> None:
    source = make_source({"XAA": random_values(load_instrument(), random.Random(3), 0.02)})
    file = tmp_path / "report.xlsx"
    file.write_bytes(workbook_bytes(source, language))
    made, kept = (charts(one) for one in (file, convert(tmp_path, file, "xlsx")))
    assert [len(chart.series) for chart in kept] == [len(chart.series) for chart in made]
    assert len(made) >= 4
    pages = convert(tmp_path, file, 'pdf:calc_pdf_Export:{"PageRange":{"type":"string","value":"1-6"}}')
    text = subprocess.run(["pdftotext", str(pages), "-"], check=True, capture_output=True, timeout=120).stdout.decode()
    if language == "en":
        # Over the table and over the chart.
        assert text.count("Coverage by regional group") == text.count("Latest submissions over time") == 2
