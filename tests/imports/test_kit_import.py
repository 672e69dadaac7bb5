"""An offline workbook taken back: found by ids, held against its base and the response, taken over as ticked, undone in one step."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from exports.kit_front import META
from imports.kit_compare import Entry
from imports.kit_import import ForeignKit, Looked, apply, discard, entries_of, keep, look, renew, undo
from imports.kit_sheets import read_kit
from instruments.items.base import AskContext
from instruments.items.legal_references import LegalReference
from instruments.values import Amount, Chosen, Narrative, Statistics
from languages import LANGUAGES
from models.audit import AuditEvent
from models.database import Database
from models.kits import Kit, KitReturn
from models.people import User
from models.responses import LateNote, NationalResponse, Revision
from services.chain import verify_chain
from services.kit_returns import find_same, sha256_of
from services.kits import make_kit
from services.permissions import Permission
from services.responses import OpenResponse, open_response
from tests.builders import World, actor_for, answer, make_world
from tests.imports.kit_files import cell_of, changed, filled, kit_file

SECRET = "a secret of the installation"
QUESTIONS = ("op1", "op2", "op4", "op5")
VALUES: dict[str, Any] = {
    "op1.party": "party", "op1.party_since": date(2005, 5, 4), "op2.status_practice": "partially_implemented",
    "op2.narrative": Narrative(text="First words.\n\n  Second line, 12 (a) «كلمة» 🙂", language="en"),
    "op2.screening_places": Chosen(codes=("land_borders",)), "op2.budget": Amount(amount=Decimal("1234567.89"), currency="CHF"),
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

    def kit(self, language: str = "en", *, number: str = "K1", prefilled: bool = True) -> bytes:
        opened = self.open()
        kit = make_kit(self.session, opened, QUESTIONS, language=language, prefilled=prefilled, recipient="Justice")
        kit.id = number
        self.session.flush()
        return kit_file(self.session, opened, kit, SECRET)

    def found(self, data: bytes, opened: OpenResponse | None = None) -> Looked:
        opened = opened or self.open()
        context = AskContext(opened.instrument.texts_in("en"), opened.years)
        found = read_kit(BytesIO(data), opened.instrument.items)
        return look(self.session, opened, context, found, secret=SECRET, sha256=sha256_of(data))

    def look(self, data: bytes) -> KitReturn:
        return keep(self.session, self.open(), self.found(data), data, "kit.xlsx", self.folder)

    def entries(self, data: bytes) -> dict[str, Entry]:
        return {entry.item_id: entry for entry in entries_of(self.look(data))}

    def value(self, item_id: str) -> Any:
        return self.open().stored_values.get(item_id)

    def apply(self, row: KitReturn, **takes: str) -> dict[str, list[str]]:
        chosen = {item_id.replace("__", "."): take for item_id, take in takes.items()}
        return apply(self.session, self.open(), row, chosen or {one.item_id: one.take for one in entries_of(row)})


@pytest.fixture
def desk(sqlite_database: Database, tmp_path: Path) -> Iterator[Desk]:
    yield from at_desk(sqlite_database, tmp_path)


@pytest.fixture
def either_desk(database: Database, tmp_path: Path) -> Iterator[Desk]:
    yield from at_desk(database, tmp_path)


def at_desk(database: Database, folder: Path) -> Iterator[Desk]:
    with database.transaction() as session:
        desk = Desk(session, make_world(session), folder / "kits")
        desk.give(VALUES)
        yield desk


def codes(entry: Entry) -> set[str]:
    return {problem.code for problem in entry.problems}


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_untouched_workbook_changes_nothing_in_any_language(desk: Desk, language: str) -> None:
    row = desk.look(desk.kit(language))
    passed_over = [row.result[name] for name in ("warnings", "ignored_sheets", "ignored_columns", "unknown")]
    assert (row.result["entries"], passed_over) == ([], [[], [], [], {}])
    assert {"op2.narrative", "op4.laws", "op5.persons"} <= set(row.result["untouched"])


def test_what_was_filled_in_is_ticked_and_taken_over_as_revisions_with_the_number_and_the_file(
    either_desk: Desk,
) -> None:
    data = filled(either_desk.kit(), {
        "op2.narrative//text": "New words", "op5.limitation_years": 25, "op5.persons//convicted-2025": 12,
        "op1.party_since": datetime(2006, 1, 2), "op4.laws/+1/title": "A new law", "op4.laws/aa11/articles": "12",
    })  # fmt: skip
    row = either_desk.look(data)
    found = {entry.item_id: entry for entry in entries_of(row)}
    assert {entry.kind for entry in found.values()} == {"update"}
    assert set(found) == {"op2.narrative", "op5.limitation_years", "op5.persons", "op1.party_since", "op4.laws"}
    assert either_desk.value("op2.narrative") == VALUES["op2.narrative"]
    came = either_desk.apply(row)
    assert set(came["stored"]) == set(found)
    assert either_desk.value("op2.narrative") == Narrative(text="New words", language="en")
    assert either_desk.value("op5.limitation_years") == 25
    assert either_desk.value("op5.persons").cells == {"convicted": {"2024": Decimal(4043), "2025": Decimal(12)}}
    assert either_desk.value("op1.party_since") == date(2006, 1, 2)
    laws = either_desk.value("op4.laws")
    assert [(law.row_id, law.title, law.articles) for law in laws] == [
        ("aa11", VALUES["op4.laws"][0].title, "12"), ("bb22", VALUES["op4.laws"][1].title, "1-5"), ("K1-1", "A new law", None),
    ]  # fmt: skip
    assert verify_chain(either_desk.session, either_desk.world.response_id) == []
    event = either_desk.session.exec(select(AuditEvent).where(AuditEvent.event == "kit.applied")).one()
    assert (event.detail["kit"], event.detail["sha256"]) == ("K1", row.sha256)


def test_rows_may_be_sorted_columns_inserted_sheets_renamed_added_and_gone(desk: Desk) -> None:
    def rearrange(book: Any) -> None:
        for name in ("P1-2", "T4-5"):
            sheet = book[name]
            for merged in list(sheet.merged_cells.ranges):
                sheet.unmerge_cells(str(merged))
        sheet = book["P1-2"]
        rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=5)]
        for number, row in enumerate(reversed(rows), start=5):
            for column, value in enumerate(row, start=1):
                sheet.cell(number, column).value = None if str(value).startswith("=") else value
        sheet.insert_cols(2)
        sheet.cell(cell_of(book, "op2.narrative//text").row, 2).value = "a note of our own"
        sheet.insert_rows(1, 3)
        sheet.title = "Ministry of Justice"
        first, second = cell_of(book, "op4.laws/aa11/title").row, cell_of(book, "op4.laws/bb22/title").row
        for column in range(1, 10):
            one, other = book["T4-5"].cell(first, column), book["T4-5"].cell(second, column)
            one.value, other.value = other.value, one.value
            one.data_type = other.data_type = "s"
        book.create_sheet("Ours")["C3"] = "more notes"
        del book["P4-5"]

    row = desk.look(changed(filled(desk.kit(), {"op2.narrative//text": "New"}), rearrange))
    assert [(entry.item_id, entry.kind) for entry in entries_of(row)] == [("op2.narrative", "update")]
    assert (row.result["ignored_sheets"], row.result["ignored_columns"]) == (["Ours"], ["Ministry of Justice!B"])
    assert "op4.laws" in row.result["untouched"]


def test_labels_in_another_language_codes_and_their_spelling_are_understood(desk: Desk) -> None:
    opened = desk.open()
    arabic, russian = opened.instrument.texts_in("ar"), opened.instrument.texts_in("ru")
    entries = desk.entries(filled(desk.kit("fr"), {
        "op2.status_practice": f"  {arabic.option('status', 'fully_implemented')} ",
        "op2.status_law": str(russian.option("status", "no_information")).upper(), "op4.status_law": "not_implemented",
        "op2.screening_places//codes=ports": "نعم", "op2.screening_places//codes=land_borders": "",
    }))  # fmt: skip
    assert {item_id: (entry.kind, entry.choices["file"].value) for item_id, entry in entries.items()} == {
        "op2.status_practice": ("update", "fully_implemented"), "op2.status_law": ("update", "no_information"),
        "op4.status_law": ("update", "not_implemented"), "op2.screening_places": ("update", {"codes": ["ports"], "other": ""}),
    }  # fmt: skip


def test_without_a_valid_stamp_every_difference_is_a_conflict_but_for_what_was_never_answered(desk: Desk) -> None:
    data = filled(desk.kit(), {"op2.narrative//text": "Changed", "op2.status_law": "not_implemented"})

    def break_stamp(book: Any) -> None:
        for row in book[META].iter_rows():
            if row[0].value == "stated":
                row[1].value = row[1].value.replace('"prefilled":true', '"prefilled":false')

    for change, warning in ((lambda book: book.remove(book[META]), "no_stamp"), (break_stamp, "bad_stamp")):
        row = desk.look(changed(data, change))
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
    with pytest.raises(ForeignKit) as refused:
        desk.found(data, opened)
    assert (refused.value.made_for, refused.value.sent_to) == ("Aldovia · First round", "Borduria · First round")


def test_an_unknown_or_withdrawn_workbook_says_so(desk: Desk) -> None:
    data = desk.kit()
    desk.session.get_one(Kit, "K1").withdrawn_at = datetime(2026, 3, 1, tzinfo=UTC)
    assert desk.look(data).result["warnings"] == ["withdrawn"]
    desk.session.delete(desk.session.exec(select(KitReturn)).one())
    desk.session.flush()
    desk.session.delete(desk.session.get_one(Kit, "K1"))
    desk.session.flush()
    row = desk.look(data)
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
    row = desk.look(data)
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


def test_paragraphs_that_different_sides_changed_are_put_together_as_on_the_pages(desk: Desk) -> None:
    desk.give({"op2.narrative": Narrative(text="One.\n\nTwo.\n\nThree.", language="en")})
    data = filled(desk.kit(), {"op2.narrative//text": "One, in the file.\n\nTwo.\n\nThree."})
    desk.give({"op2.narrative": Narrative(text="One.\n\nTwo.\n\nThree, on the page.", language="en")})
    row = desk.look(data)
    (entry,) = entries_of(row)
    assert (entry.kind, entry.take) == ("update", "file")
    desk.apply(row)
    assert desk.value("op2.narrative").text == "One, in the file.\n\nTwo.\n\nThree, on the page."


def test_what_was_emptied_is_not_ticked_and_a_blank_is_no_answer(desk: Desk) -> None:
    row = desk.look(filled(desk.kit(), {
        "op2.narrative//text": None, "op4.laws/aa11/title": None, "op4.laws/bb22/number": "64",
    }))  # fmt: skip
    found = {entry.item_id: entry for entry in entries_of(row)}
    assert {item_id: (entry.kind, entry.take) for item_id, entry in found.items()} == {
        "op2.narrative": ("deletion", ""), "op4.laws": ("update", "file"),
    }  # fmt: skip
    desk.apply(row)
    assert desk.value("op2.narrative") == VALUES["op2.narrative"]
    assert (desk.value("op4.laws")[0].title, desk.value("op4.laws")[1].number) == (VALUES["op4.laws"][0].title, "64")
    again = desk.look(filled(desk.kit(number="K2"), {"op2.narrative//text": None}))
    desk.apply(again, op2__narrative="clear")
    assert desk.value("op2.narrative") is None


def test_a_blank_workbook_that_came_back_blank_touches_nothing(desk: Desk) -> None:
    assert desk.entries(desk.kit(prefilled=False)) == {}
    assert set(desk.entries(filled(desk.kit(prefilled=False, number="K2"), {"op2.status_law": "not_implemented"}))) == {
        "op2.status_law"
    }


def test_an_answer_changed_after_the_preview_is_not_overwritten_and_can_be_decided_then(desk: Desk) -> None:
    data = filled(desk.kit(), {"op2.narrative//text": "From the file", "op5.limitation_years": 30})
    row = desk.look(data)
    desk.give({"op2.narrative": Narrative(text="Typed meanwhile", language="en")})
    came = desk.apply(row)
    assert came == {"stored": ["op5.limitation_years"], "changed": ["op2.narrative"], "late": []}
    assert desk.value("op2.narrative").text == "Typed meanwhile"
    renew(desk.session, row, desk.found(data))
    entries = {entry.item_id: entry for entry in entries_of(row)}
    assert {item_id: (entry.kind, entry.outcome) for item_id, entry in entries.items()} == {
        "op5.limitation_years": ("update", "stored"), "op2.narrative": ("conflict", ""),
    }  # fmt: skip
    assert desk.apply(row, op2__narrative="file")["stored"] == ["op2.narrative"]
    assert desk.value("op2.narrative").text == "From the file"
    assert desk.apply(row, op2__narrative="file")["stored"] == []


def test_undo_sets_back_what_nobody_changed_since_and_names_the_rest(either_desk: Desk) -> None:
    row = either_desk.look(filled(either_desk.kit(), {
        "op2.narrative//text": "From the file", "op5.limitation_years": 30, "op2.status_law": "not_implemented",
    }))  # fmt: skip
    either_desk.apply(row)
    either_desk.give({"op5.limitation_years": 31})
    undone = undo(either_desk.session, either_desk.open(), row)
    assert (set(undone.restored), undone.newer) == ({"op2.narrative", "op2.status_law"}, ["op5.limitation_years"])
    assert either_desk.value("op2.narrative") == VALUES["op2.narrative"]
    assert (either_desk.value("op2.status_law"), either_desk.value("op5.limitation_years")) == (None, 31)
    assert verify_chain(either_desk.session, either_desk.world.response_id) == []
    assert {one.channel for one in either_desk.session.exec(select(Revision))} == {"web", "kit", "restore"}


def test_the_same_file_is_recognised_until_it_is_put_aside(desk: Desk) -> None:
    data = filled(desk.kit(), {"op5.limitation_years": 30})
    row = desk.look(data)
    desk.session.flush()
    assert find_same(desk.session, desk.world.response_id, sha256_of(data)) is row
    assert find_same(desk.session, desk.world.other_response_id, sha256_of(data)) is None
    discard(desk.session, desk.open(), row)
    desk.session.flush()
    assert find_same(desk.session, desk.world.response_id, sha256_of(data)) is None


def test_a_workbook_that_comes_back_again_adds_no_row_twice(desk: Desk) -> None:
    data = filled(desk.kit(), {"op4.laws/+1/title": "A new law", "op4.laws/+3/title": "Another"})
    desk.apply(desk.look(data))
    assert [law.title for law in desk.value("op4.laws")][2:] == ["A new law", "Another"]
    assert {one.kind for one in entries_of(desk.look(data))} == {"same"}
    # The same rows typed into a workbook that was given out later, one of them with more words.
    later = filled(
        desk.kit(number="K2"),
        {"op4.laws/+1/title": "A new law", "op4.laws/+2/title": "Another", "op4.laws/+2/number": "5"},
    )
    (entry,) = entries_of(desk.look(later))
    assert (entry.kind, entry.take, codes(entry)) == ("ask", "", {"XL-204"})
    assert len(entry.choices["file"].value) == 5


def test_after_the_submission_nothing_changes_and_the_texts_are_kept(desk: Desk) -> None:
    data = filled(desk.kit(), {"op5.limitation_years": 30})
    opened = desk.open()
    opened.response.clearance = "submitted"
    row = desk.look(data)
    assert desk.apply(row) == {"stored": [], "changed": [], "late": ["op5.limitation_years"]}
    assert desk.value("op5.limitation_years") == 20
    assert [note.item_id for note in desk.session.exec(select(LateNote))] == ["op5.limitation_years"]
    assert undo(desk.session, desk.open(), row).locked


def test_two_workbooks_of_one_state_at_the_same_time(desk: Desk) -> None:
    justice = filled(desk.kit(number="K1"), {"op4.narrative//text": "Justice", "op5.limitation_years": 30})
    labour = filled(desk.kit(number="K2"), {"op2.narrative//text": "Labour", "op5.limitation_years": 31})
    first, second = desk.look(justice), desk.look(labour)
    assert set(desk.apply(first)["stored"]) == {"op4.narrative", "op5.limitation_years"}
    assert desk.apply(second) == {"stored": ["op2.narrative"], "changed": ["op5.limitation_years"], "late": []}
    assert desk.value("op5.limitation_years") == 30
