"""Offline workbooks that LibreOffice saved again: taken back as if they had not been, whatever program filled them in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from imports.kit_import import entries_of
from languages import LANGUAGES
from models.database import Database
from tests.imports.kit_files import filled
from tests.imports.test_kit_import import VALUES, Desk, at_desk
from tests.office.test_libreoffice import convert

pytestmark = pytest.mark.office


@pytest.fixture
def desk(sqlite_database: Database, tmp_path: Path) -> Iterator[Desk]:
    yield from at_desk(sqlite_database, tmp_path)


def saved_again(folder: Path, data: bytes) -> bytes:
    file = folder / "kit.xlsx"
    file.write_bytes(data)
    return convert(folder, file, "xlsx").read_bytes()


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_untouched_workbook_saved_by_libreoffice_changes_nothing(desk: Desk, tmp_path: Path, language: str) -> None:
    row = desk.look(saved_again(tmp_path, desk.kit(language)))
    passed_over = [row.result[name] for name in ("warnings", "ignored_sheets", "ignored_columns", "unknown")]
    assert (row.result["entries"], passed_over) == ([], [[], [], [], {}])
    assert set(VALUES) <= set(row.result["untouched"])


def test_a_filled_one_is_taken_over_the_same(desk: Desk, tmp_path: Path) -> None:
    data = filled(desk.kit("ar"), {
        "op2.narrative//text": "كلمات (12) جديدة\nسطر ثانٍ", "op5.limitation_years": 30, "op1.party_since": "2010-06-30",
        "op4.laws/+2/title": "=1+1", "op2.screening_places//codes=ports": "x",
    })  # fmt: skip
    row = desk.look(saved_again(tmp_path, data))
    assert {entry.kind for entry in entries_of(row)} == {"update"}
    desk.apply(row)
    assert desk.value("op2.narrative").text == "كلمات (12) جديدة\nسطر ثانٍ"
    assert (desk.value("op5.limitation_years"), desk.value("op1.party_since")) == (30, date(2010, 6, 30))
    assert desk.value("op4.laws")[-1].title == "=1+1"
    assert desk.value("op2.screening_places").codes == ("land_borders", "ports")
