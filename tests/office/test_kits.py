"""The offline workbook through LibreOffice: saved again it is the same, and its rules and counts follow what is typed."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest

from exports.kit_front import CHECK, META
from tests.exports.test_kit_workbook import INSTRUMENT, QUESTIONS, cells_of, made, make_source
from tests.office.test_libreoffice import convert

pytestmark = pytest.mark.office


def without_values(data: bytes) -> bytes:
    """The workbook without the values that stand beside formulas, so that LibreOffice has to reckon itself."""
    target = io.BytesIO()
    removed = 0
    with ZipFile(io.BytesIO(data)) as source, ZipFile(target, "w") as archive:
        for name in source.namelist():
            part = source.read(name)
            if name.startswith("xl/worksheets/"):
                part, count = re.subn(rb"(</f>)<v>[^<]*</v>", rb"\1", part)
                removed += count
            archive.writestr(name, part)
    assert removed > 100
    return target.getvalue()


def values(data: bytes) -> dict[tuple[str, str], Any]:
    """What every cell shows, by (sheet, cell)."""
    book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    return {
        (sheet.title, cell.coordinate): cell.value for sheet in book for row in sheet for cell in row if cell.value is not None
    }  # fmt: skip


@pytest.mark.parametrize("language", ["en", "ar"])
def test_saved_again_by_libreoffice_it_holds_the_same(tmp_path: Path, language: str) -> None:
    data = made(make_source(language))
    file = tmp_path / "kit.xlsx"
    file.write_bytes(data)
    again = convert(tmp_path, file, "xlsx").read_bytes()
    assert again != data
    assert cells_of(again) == cells_of(data)
    before, after = (openpyxl.load_workbook(io.BytesIO(one)) for one in (data, again))
    assert after.sheetnames == before.sheetnames
    assert [[cell.value for cell in row] for row in after[META]] == [
        [cell.value for cell in row] for row in before[META]
    ]
    assert all(sheet.protection.sheet for sheet in after)
    assert len(after["P4-5"].data_validations.dataValidation) == len(before["P4-5"].data_validations.dataValidation)


@pytest.mark.parametrize(
    ("language", "questions", "share"),
    [("en", tuple(INSTRUMENT.questions), 0.6), ("ar", QUESTIONS, 0.3), ("zh", QUESTIONS, 0)],
)
def test_libreoffice_reckons_the_same_states_and_counts(
    tmp_path: Path, language: str, questions: tuple[str, ...], share: float
) -> None:  # fmt: skip
    data = made(make_source(language, questions, share))
    file = tmp_path / "kit.xlsx"
    file.write_bytes(without_values(data))
    reckoned, stated = values(convert(tmp_path, file, "xlsx").read_bytes()), values(data)
    different = [place for place in stated if reckoned.get(place) != stated[place]]
    assert different == []


def test_what_is_asked_follows_the_answer_that_is_typed(tmp_path: Path) -> None:
    source = make_source(share=0, questions=("op4",))
    book = openpyxl.load_workbook(io.BytesIO(made(source)))
    sheet = book["P4"]
    rows = {row[0].value: row for row in sheet.iter_rows(min_col=1, max_col=6) if row[0].value}
    status, reason = rows["op4.status_practice"], rows["op4.not_applicable_reason//text"]
    status[4].value = str(next(words for code, words in source.block(source.content.instrument.items["op4.status_practice"]).leaves[0].options if code == "not_applicable"))  # fmt: skip
    file = tmp_path / "kit.xlsx"
    book.save(file)
    before, after = values(made(source)), values(convert(tmp_path, file, "xlsx").read_bytes())
    place = ("P4", reason[5].coordinate)
    assert (before[place], after[place]) == ("× Not asked", "• Not answered")
    assert after["P4", status[5].coordinate] == "✓ Answered"
    assert after[CHECK, "D5"] == before[CHECK, "D5"] + 1
    assert after[CHECK, "E5"] == before[CHECK, "E5"] + 1
