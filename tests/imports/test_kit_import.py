"""An offline workbook taken back: found by ids, held against its base and the response, taken over as ticked, undone in one step."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from imports.kit_compare import Entry
from imports.kit_import import ForeignKit, apply, entries_of, preview
from imports.kit_sheets import META_SHEET
from instruments.items.base import AskContext
from instruments.items.legal_references import LegalReference
from instruments.values import Amount, Chosen, Narrative, Statistics
from languages import LANGUAGES
from models.audit import AuditEvent
from models.kits import Kit, KitReturn
from models.people import User
from models.responses import NationalResponse
from services.answers import verify_chain
from services.permissions import Permission
from services.responses import OpenResponse, open_response
from tests.builders import World, actor_for, answer, make_world
from tests.imports.kit_files import changed, filled, kit_file, make_kit

SECRET = "a secret of the installation"
QUESTIONS = ("op1", "op2", "op4", "op5")
VALUES: dict[str, Any] = {
    "op1.party": "party", "op1.party_since": date(2005, 5, 4), "op2.status_practice": "partially_implemented",
    "op2.narrative": Narrative(text="First words.\n\n  Second line, 12 (a) «كلمة» 🙂", language="en"),
    "op2.screening_places": Chosen(codes=("borders",)), "op2.budget": Amount(amount=Decimal("1234567.89"), currency="CHF"),
    "op4.narrative": Narrative(text="م" * 40_000, language="ar"),
    "op4.laws": (
        LegalReference(row_id="aa11", title="=HYPERLINK(\"x\")", number="007", in_force_since=date(2015, 3, 1), language="en"),
        LegalReference(row_id="bb22", title="القانون رقم 64 (2010)", articles="1-5"),
    ),
    "op5.limitation_years": 20, "op5.persons": Statistics(cells={"convicted": {"2024": Decimal(4043)}}, source="Register"),
}  # fmt: skip


class Desk:
    """One State's response with a focal point at work."""

    def __init__(self, session: Session, world: World, folder: Path) -> None:
        self.session, self.world, self.folder = session, world, folder
        self.actor = actor_for(
            session.get_one(User, world.focal_point), session.get_one(NationalResponse, world.response_id)
        )

    def open(self) -> OpenResponse:
        return open_response(self.session, self.world.response_id, self.actor, Permission.RESPONSE_EDIT, lock=True)

    def give(self, values: dict[str, Any]) -> None:
        answer(self.session, self.actor, self.world.response_id, values)

    def kit(self, language: str = "en", **given: Any) -> bytes:
        opened = self.open()
        kit = make_kit(opened, QUESTIONS, language, **given)
        self.session.add(kit)
        self.session.flush()
        return kit_file(opened, kit, SECRET)

    def look(self, data: bytes, language: str = "en") -> tuple[KitReturn, bool]:
        opened = self.open()
        context = AskContext(opened.instrument.texts_in(language), opened.years)
        return preview(self.session, opened, context, data, "kit.xlsx", folder=self.folder, secret=SECRET)

    def entries(self, data: bytes) -> dict[str, Entry]:
        return {entry.item_id: entry for entry in entries_of(self.look(data)[0])}

    def value(self, item_id: str) -> Any:
        return self.open().stored_values.get(item_id)

    def apply(self, row: KitReturn, **takes: str) -> dict[str, list[str]]:
        chosen = {item_id.replace("__", "."): take for item_id, take in takes.items()}
        return apply(self.session, self.open(), row, chosen or {one.item_id: one.take for one in entries_of(row)})


@pytest.fixture
def desk(database: Any, tmp_path: Path) -> Iterator[Desk]:
    with database.transaction() as session:
        desk = Desk(session, make_world(session), tmp_path / "kits")
        desk.give(VALUES)
        yield desk


def codes(entry: Entry) -> set[str]:
    return {problem.code for problem in entry.problems}


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_untouched_workbook_changes_nothing_in_any_language(desk: Desk, language: str) -> None:
    row, _sent_before = desk.look(desk.kit(language))
    assert (row.result["entries"], row.result["warnings"]) == ([], [])
    assert {"op2.narrative", "op4.laws", "op5.persons"} <= set(row.result["untouched"])


def test_what_was_filled_in_is_ticked_and_taken_over_as_revisions_with_the_number_and_the_file(desk: Desk) -> None:
    data = filled(desk.kit(), {
        "op2.narrative//text": "New words", "op5.limitation_years": 25, "op5.persons//convicted-2025": 12,
        "op1.party_since": datetime(2006, 1, 2), "op4.laws/+1/title": "A new law", "op4.laws/aa11/articles": "12",
    })  # fmt: skip
    row, _sent_before = desk.look(data)
    found = {entry.item_id: entry for entry in entries_of(row)}
    assert {entry.kind for entry in found.values()} == {"update"}
    assert set(found) == {"op2.narrative", "op5.limitation_years", "op5.persons", "op1.party_since", "op4.laws"}
    assert desk.value("op2.narrative") == VALUES["op2.narrative"]
    came = desk.apply(row)
    assert set(came["stored"]) == set(found)
    assert desk.value("op2.narrative") == Narrative(text="New words", language="en")
    assert desk.value("op5.limitation_years") == 25
    assert desk.value("op5.persons").cells == {"convicted": {"2024": Decimal(4043), "2025": Decimal(12)}}
    assert desk.value("op1.party_since") == date(2006, 1, 2)
    laws = desk.value("op4.laws")
    assert [(law.row_id, law.title, law.articles) for law in laws] == [
        ("aa11", VALUES["op4.laws"][0].title, "12"), ("bb22", VALUES["op4.laws"][1].title, "1-5"), ("K1-1", "A new law", None),
    ]  # fmt: skip
    assert verify_chain(desk.session, desk.world.response_id) == []
    event = desk.session.exec(select(AuditEvent).where(AuditEvent.event == "kit.applied")).one()
    assert (event.detail["kit"], event.detail["sha256"]) == ("K1", row.sha256)


def test_rows_may_be_sorted_columns_inserted_sheets_renamed_and_added(desk: Desk) -> None:
    def rearrange(book: Any) -> None:
        sheet = book["OP2"]
        rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=3)]
        for number, row in enumerate(reversed(rows), start=3):
            for column, value in enumerate(row, start=1):
                cell = sheet.cell(number, column)
                cell.value, cell.data_type = value, "s" if isinstance(value, str) else "n"
        sheet.insert_cols(2)
        sheet["B3"] = "a note of our own"
        sheet.insert_rows(1, 3)
        sheet.title = "Ministry of Justice"
        laws = book["op4.laws"]
        laws.move_range("A2:H2", rows=30)
        book.create_sheet("Ours")["C3"] = "more notes"
        del book["OP1"]

    row, _sent_before = desk.look(changed(filled(desk.kit(), {"op2.narrative//text": "New"}), rearrange))
    assert [(entry.item_id, entry.kind) for entry in entries_of(row)] == [("op2.narrative", "update")]
    assert {"Ours", "Start"} <= set(row.result["ignored_sheets"])
    assert row.result["ignored_columns"] == ["Ministry of Justice!B"]


def test_labels_in_another_language_codes_and_their_spelling_are_understood(desk: Desk) -> None:
    opened = desk.open()
    arabic, russian = opened.instrument.texts_in("ar"), opened.instrument.texts_in("ru")
    entries = desk.entries(filled(desk.kit("fr"), {
        "op2.status_practice": f"  {arabic.option('status', 'fully_implemented')} ",
        "op2.status_law": str(russian.option("status", "no_information")).upper(), "op4.status_law": "not_implemented",
        "op2.screening_places//codes=PLACE": "نعم", "op2.screening_places//codes=borders": "",
    }))  # fmt: skip
    assert {item_id: (entry.kind, entry.choices["file"].value) for item_id, entry in entries.items()} == {
        "op2.status_practice": ("update", "fully_implemented"), "op2.status_law": ("update", "no_information"),
        "op4.status_law": ("update", "not_implemented"), "op2.screening_places": ("update", {"codes": ["airports"], "other": ""}),
    }  # fmt: skip


def test_without_a_valid_stamp_every_difference_is_a_conflict_but_for_what_was_never_answered(desk: Desk) -> None:
    data = filled(desk.kit(), {"op2.narrative//text": "Changed", "op2.status_law": "not_implemented"})

    def break_stamp(book: Any) -> None:
        book[META_SHEET]["B1"] = book[META_SHEET]["B1"].value.replace("K1", "K2")

    for change, warning in ((lambda book: book.remove(book[META_SHEET]), "no_stamp"), (break_stamp, "bad_stamp")):
        row, _sent_before = desk.look(changed(data, change))
        found = {entry.item_id: entry for entry in entries_of(row)}
        assert row.result["warnings"] == [warning]
        assert {item_id: (entry.kind, entry.take) for item_id, entry in found.items()} == {
            "op2.narrative": ("conflict", ""), "op2.status_law": ("update", "file"),
        }  # fmt: skip
        assert codes(found["op2.narrative"]) == {"XL-202"}
        assert set(found["op2.narrative"].choices) == {"file", "both"}


def test_a_workbook_of_another_state_or_round_is_refused_with_both_names(desk: Desk) -> None:
    data = desk.kit()
    opened = open_response(
        desk.session, desk.world.other_response_id,
        actor_for(desk.session.get_one(User, desk.world.other_focal_point), desk.session.get_one(NationalResponse, desk.world.other_response_id)),
        Permission.RESPONSE_EDIT,
    )  # fmt: skip
    context = AskContext(opened.instrument.texts_in("en"), opened.years)
    with pytest.raises(ForeignKit) as refused:
        preview(desk.session, opened, context, data, "kit.xlsx", folder=desk.folder, secret=SECRET)
    assert (refused.value.made_for, refused.value.sent_to) == ("Aldovia · First round", "Borduria · First round")
    assert not desk.folder.exists()


def test_an_unknown_or_withdrawn_workbook_says_so(desk: Desk) -> None:
    data = desk.kit()
    desk.session.get_one(Kit, "K1").withdrawn_at = datetime(2026, 3, 1, tzinfo=UTC)
    assert desk.look(data)[0].result["warnings"] == ["withdrawn"]
    desk.session.delete(desk.session.exec(select(KitReturn)).one())
    desk.session.flush()
    desk.session.delete(desk.session.get_one(Kit, "K1"))
    desk.session.flush()
    row, _sent_before = desk.look(data)
    assert (row.kit_id, row.result["warnings"]) == (None, ["unknown_kit"])


def test_a_stale_base_conflicts_in_the_same_cell_and_is_put_together_in_others(desk: Desk) -> None:
    data = filled(desk.kit(), {
        "op2.narrative//text": "From the file", "op4.laws/aa11/articles": "9", "op2.status_practice": "not_implemented",
        "op5.persons//convicted-2025": 7,
    })  # fmt: skip
    first, second = VALUES["op4.laws"]
    desk.give({
        "op2.narrative": Narrative(text="From the page", language="en"), "op2.status_practice": "not_implemented",
        "op4.laws": (first.model_copy(update={"number": "8"}), second),
        "op5.persons": Statistics(cells={"convicted": {"2024": Decimal(4044)}}, source="Register"),
    })  # fmt: skip
    row, _sent_before = desk.look(data)
    found = {entry.item_id: entry for entry in entries_of(row)}
    assert {item_id: entry.kind for item_id, entry in found.items()} == {
        "op2.narrative": "conflict", "op4.laws": "update", "op2.status_practice": "same", "op5.persons": "update",
    }  # fmt: skip
    assert codes(found["op2.narrative"]) == {"XL-201"}
    assert found["op2.narrative"].base["text"].startswith("First words")
    desk.apply(row, op2__narrative="both", op4__laws="file", op5__persons="file")
    assert desk.value("op2.narrative").text == "From the page\n\nFrom the file"
    assert (desk.value("op4.laws")[0].number, desk.value("op4.laws")[0].articles) == ("8", "9")
    assert desk.value("op5.persons").cells == {"convicted": {"2024": Decimal(4044), "2025": Decimal(7)}}


def test_what_was_emptied_is_not_ticked_and_a_blank_is_no_answer(desk: Desk) -> None:
    row, _sent_before = desk.look(filled(desk.kit(), {
        "op2.narrative//text": None, "op4.laws/aa11/title": None, "op4.laws/bb22/number": "64",
    }))  # fmt: skip
    found = {entry.item_id: entry for entry in entries_of(row)}
    assert {item_id: (entry.kind, entry.take) for item_id, entry in found.items()} == {
        "op2.narrative": ("deletion", ""), "op4.laws": ("update", "file"),
    }  # fmt: skip
    desk.apply(row)
    assert desk.value("op2.narrative") == VALUES["op2.narrative"]
    assert (desk.value("op4.laws")[0].title, desk.value("op4.laws")[1].number) == (VALUES["op4.laws"][0].title, "64")
    again, _sent_before = desk.look(filled(desk.kit(number="K2"), {"op2.narrative//text": None}))
    desk.apply(again, op2__narrative="clear")
    assert desk.value("op2.narrative") is None


def test_a_blank_workbook_that_came_back_blank_touches_nothing(desk: Desk) -> None:
    assert desk.entries(desk.kit(prefilled=False)) == {}
    assert set(desk.entries(filled(desk.kit(prefilled=False, number="K2"), {"op2.status_law": "not_implemented"}))) == {
        "op2.status_law"
    }
