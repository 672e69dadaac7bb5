"""The offline workbook itself: every cell of the layout is in it, its drop-downs, states and counts work, it never differs."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import openpyxl
import pytest

from exports.kit_front import CHECK, CHOICES, META, START, stated
from exports.kit_layout import ID_HEAD, column_of_head, posted_pairs
from exports.kit_source import KitSource
from exports.kit_workbook import write_kit
from instruments.catalog import SHIPPED, load_instrument
from instruments.values import Narrative
from languages import LANGUAGES
from models.kits import Kit
from services.kits import KitContent, is_stamp, kit_stamp
from tests.exports.test_kit_layout import ALL, invented, read
from tests.instruments.examples import YEARS

INSTRUMENT = load_instrument()
QUESTIONS = ("op4", "op5", "op12")


def make_source(
    language: str = "en", questions: tuple[str, ...] = QUESTIONS, share: float = 0.6, *, prefilled: bool = True, **more: Any
) -> KitSource:  # fmt: skip
    """A kit with invented answers to some of the items of the whole response."""
    rng = Random(11)
    raw = {
        item.id: (item.dump(invented(item, rng)), None) for item in INSTRUMENT.items.values()
        if item.item_type != "evidence" and rng.random() < share
    } | more.get("raw", {})  # fmt: skip
    kit = Kit(
        id="7K3F-Q2M9", national_response_id="r1", language=language, question_ids=list(questions), prefilled=prefilled,
        recipient=more.get("recipient", "Ministry"), note="", facts={"party_status": "party", "kind": "member_state"},
        bases=dict.fromkeys(raw, 1), made_by=1, made_at=datetime(2026, 5, 3, 9, 30, tzinfo=UTC),
    )  # fmt: skip
    return KitSource(
        KitContent(kit, INSTRUMENT, raw, YEARS), "Aldovia", "First round", "30 June 2026", "A. Focal",
        lambda facts: kit_stamp("secret", facts), "XAA", "c1",
    )  # fmt: skip


def made(source: KitSource) -> bytes:
    file = io.BytesIO()
    write_kit(file, source)
    return file.getvalue()


def cells_of(data: bytes) -> dict[str, str]:
    """The texts by cell id, read as the layout says: heads name the columns of ids and answers."""
    found: dict[str, str] = {}
    for sheet in openpyxl.load_workbook(io.BytesIO(data)):
        ids, answers = 0, {}
        cells: Any = sheet.iter_rows()
        for row in cells:
            texts = {cell.column: "" if cell.value is None else str(cell.value) for cell in row}
            if ID_HEAD in texts.values():
                ids = next(column for column, text in texts.items() if text == ID_HEAD)
                heads = {column: column_of_head(text) for column, text in texts.items()}
                answers = {column: head for column, head in heads.items() if head is not None}
            elif ids and texts.get(ids):
                for column, head in answers.items():
                    cell = row[column - 1]
                    if not cell.protection.locked:
                        assert texts[ids] + head not in found
                        found[texts[ids] + head] = texts[column]
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_comes_back_from_the_file_and_nothing_else_stands_in_it(language: str) -> None:
    source = make_source(language)
    cells = cells_of(made(source))
    own = [item for question in source.content.questions for item in source.items(question)]
    layout = {cell_id for item in own for leaf in source.block(item).leaves for cell_id, _text in leaf.pieces}
    assert set(cells) == layout
    for item in own:
        value = source.content.stored_values.get(item.id)
        one = read(item, source.context, posted_pairs(item, source.context, cells, ALL), value)
        assert one.errors == []
        assert one.value == value, item.id


def test_an_empty_workbook_holds_no_answer_and_reads_as_none() -> None:
    source = make_source(prefilled=False)
    cells = cells_of(made(source))
    for question in source.content.questions:
        for item in source.items(question):
            assert read(item, source.context, posted_pairs(item, source.context, cells)).value is None


def test_the_same_kit_is_the_same_bytes_in_another_process_with_another_hash_seed() -> None:
    script = (
        "import sys; from tests.exports.test_kit_workbook import make_source, made;"
        "sys.stdout.buffer.write(made(make_source('ar')))"
    )
    root = Path(__file__).parents[2]
    other = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": "77"}
    ).stdout  # fmt: skip
    assert other == made(make_source("ar"))


def test_sheets_are_protected_without_a_password_and_answers_are_open_text() -> None:
    book = openpyxl.load_workbook(io.BytesIO(made(make_source("ar"))))
    assert book.sheetnames == [START, "T4-5", "P4-5", "T12", "P12", CHECK, CHOICES, META] or book.sheetnames == [
        START, "P4-5", "T4-5", "P12", "T12", CHECK, CHOICES, META,
    ]  # fmt: skip
    for sheet in book:
        assert sheet.protection.sheet
        assert sheet.protection.password is None
        if sheet.title in {CHOICES, META}:
            assert sheet.sheet_state == "veryHidden"
            continue
        assert sheet.sheet_view.rightToLeft
        assert sheet.page_setup.orientation == "landscape"
        for row in sheet.iter_rows():
            for cell in row:
                if not cell.protection.locked:
                    assert cell.number_format == "@"
                    assert cell.data_type in {"s", "n"}
                if cell.data_type == "f":
                    assert cell.protection.locked


def test_a_drop_down_offers_the_words_of_its_list_and_only_warns() -> None:
    book = openpyxl.load_workbook(io.BytesIO(made(make_source())))
    named = {name: defined.attr_text for name, defined in book.defined_names.items()}
    sheet = book["P4-5"]
    status = next(row for row in sheet.iter_rows(min_col=1, max_col=6) if row[0].value == "op4.status_law")[4]
    rule = next(one for one in sheet.data_validations.dataValidation if status.coordinate in one.sqref)
    assert (rule.type, rule.formula1, rule.errorStyle) == ("list", "lst_status", "warning")
    words = [row[0].value for row in book[CHOICES][named["lst_status"].split("!")[1].replace("$", "")]]
    assert words[0] == "● Fully implemented"
    assert status.value in (*words, None)
    used = {one.formula1 for page in book for one in page.data_validations.dataValidation if one.type == "list"}
    assert used <= set(named)


def test_what_people_typed_is_no_formula_and_no_escape_and_keeps_its_characters() -> None:
    text = '=HYPERLINK("http://a")\n_x0041_ <b> 😀 نص'
    recipient = "=1+1 & Partners"
    source = make_source(
        recipient=recipient, raw={"op4.narrative": (Narrative(text=text, language="en").model_dump(), None)}
    )
    data = made(source)
    book = openpyxl.load_workbook(io.BytesIO(data))
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    assert str(cell.value).startswith(("=IF(", "='P", "=COUNTIF(", "=SUM("))
    strings = zipfile.ZipFile(io.BytesIO(data)).read("xl/sharedStrings.xml").decode()
    assert "_x005F_x0041_" in strings
    assert any(cell.value == recipient for row in book[START] for cell in row)


def test_the_file_states_what_it_is_and_the_stamp_holds_for_that_alone() -> None:
    source = make_source()
    book: Any = openpyxl.load_workbook(io.BytesIO(made(source)))
    rows = [(str(row[0].value), str(row[1].value)) for row in book[META].iter_rows()]
    meta = dict(rows)
    facts = stated(source)
    assert meta["kit"] == "7K3F-Q2M9"
    assert all(item_id.split(".")[0] in QUESTIONS for item_id in facts["bases"])
    assert is_stamp("secret", facts, meta["stamp"])
    assert book.custom_doc_props["kit_stamp"].value == meta["stamp"]
    assert json.loads("".join(value for key, value in rows if key == "stated")) == facts


def test_states_and_counts_have_their_values_for_programs_that_compute_nothing() -> None:
    source = make_source()
    data = made(source)
    book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    for question in source.content.questions:
        row = next(row for row in book[CHECK].iter_rows() if row[2].value == str(source.texts(f"{question.id}.label")))
        counted = [item for item in source.items(question) if not item.detail and item.id in source.asked]
        answered = [item for item in counted if item.id in source.values]
        assert [cell.value for cell in row[3:6]] == [len(counted), len(answered), len(counted) - len(answered)]


def test_another_questionnaire_needs_no_code_and_its_sheets_have_names_of_their_own() -> None:
    instrument = load_instrument(SHIPPED.parents[1] / "sample-follow-up" / "1")
    kit = Kit(
        id="7K3F-Q2M9", national_response_id="r1", language="zh", question_ids=list(instrument.questions), prefilled=False,
        recipient="Ministry", note="", facts={"party_status": "unknown", "kind": "member_state"}, bases={}, made_by=1,
        made_at=datetime(2026, 5, 3, tzinfo=UTC),
    )  # fmt: skip
    source = KitSource(KitContent(kit, instrument, {}, YEARS), "A", "B", "C", "D", lambda _facts: "", "XAA", "c1")
    data = made(source)
    names = openpyxl.load_workbook(io.BytesIO(data)).sheetnames
    assert len({name.casefold() for name in names}) == len(names)
    asked = {item.id for question in instrument.questions.values() for item in source.items(question)}
    assert {cell_id.partition("/")[0] for cell_id in cells_of(data)} == asked
