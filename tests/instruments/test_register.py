"""The State register: what one paragraph holds, others refer to; they keep no copy."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from werkzeug.datastructures import MultiDict

from forms.question import build_question_form, read_posted
from instruments.catalog import load_instrument
from instruments.items.legal_references import LegalReference
from instruments.register import Entry, read_register, resolve_references
from instruments.values import Statistics
from tests.instruments.examples import context_in

INSTRUMENT = load_instrument()
LAWS = INSTRUMENT.items["op5.laws"]
ACT = LegalReference(row_id="aa11", title="Act on trafficking in persons", number="12/2016", articles="2-4")
REFERENCE = LegalReference(row_id="bb22", refers_to="op4.laws/aa11", articles="9")
FIGURES = Statistics(cells={"prosecuted": {"2024": Decimal(3)}}, source="Register of the prosecution service")


def values(**given: Any) -> dict[str, Any]:
    return {"op4.laws": (ACT,), "op5.laws": (REFERENCE,), **given}


def test_an_entry_is_offered_to_every_other_item_of_its_kind_once() -> None:
    register = read_register(INSTRUMENT, values(**{"op5.persons": FIGURES}))
    entry = Entry("op4.laws/aa11", "op4.laws", "Act on trafficking in persons · 12/2016 · 2-4")
    assert register.offered("law", "op9.laws") == [entry]
    assert register.offered("law", "op4.laws") == []
    assert register.offered("policy", "op9.policies") == []
    assert [(one.key, one.name) for one in register.offered("source", "op12.victims")] == [
        ("op5.persons", "Register of the prosecution service")
    ]
    assert register.users == {"op4.laws/aa11": ("op5.laws",)}


def test_a_reference_shows_the_entry_as_it_stands_and_what_the_paragraph_says_itself() -> None:
    (row,) = resolve_references(INSTRUMENT, values())["op5.laws"]
    assert (row.title, row.number, row.articles, row.row_id) == (ACT.title, "12/2016", "9", "bb22")
    changed = values(**{"op4.laws": (ACT.model_copy(update={"number": "14/2021"}),)})
    (row,) = resolve_references(INSTRUMENT, changed)["op5.laws"]
    assert row.number == "14/2021"
    texts = INSTRUMENT.texts_in("en")
    said = [(line.label, line.text) for line in LAWS.lines((row,), texts)]
    assert ("The same entry as in paragraph", "4") in said
    assert ("Number or date", "14/2021") in said or "14/2021" in {text for _label, text in said}


def test_an_entry_that_was_removed_leaves_its_reference_and_a_finding() -> None:
    resolved = resolve_references(INSTRUMENT, {"op5.laws": (REFERENCE,)})
    assert resolved["op5.laws"] == (REFERENCE,)
    assert list(LAWS.findings(resolved["op5.laws"])) == ["reference_lost"]
    assert list(LAWS.findings(resolve_references(INSTRUMENT, values())["op5.laws"])) == []


def test_a_reference_to_something_else_than_a_row_of_the_kind_stays_empty() -> None:
    for key in ("op4.narrative/aa11", "op4.policies/aa11", "op4.laws/zz", "op5.laws/bb22"):
        row = REFERENCE.model_copy(update={"refers_to": key})
        (shown,) = resolve_references(INSTRUMENT, values(**{"op5.laws": (row,)}))["op5.laws"]
        assert shown.title is None


def test_a_table_shares_the_source_of_another() -> None:
    shared = Statistics(cells={"detected": {"2024": Decimal(5)}}, source_from="op5.persons")
    item = INSTRUMENT.items["op12.victims"]
    resolved = resolve_references(INSTRUMENT, {"op5.persons": FIGURES, "op12.victims": shared})
    assert resolved["op12.victims"].source == FIGURES.source
    assert list(item.findings(shared)) == []
    fields = {fact.field for fact in item.facts(resolved["op12.victims"], INSTRUMENT.texts_in("en"))}
    assert {"source", "source_from"} <= fields


def test_what_is_stored_without_a_reference_looks_as_it_did_before_there_were_any() -> None:
    assert "refers_to" not in LAWS.dump((ACT,))[0]
    assert "source_from" not in INSTRUMENT.items["op5.persons"].dump(FIGURES)
    assert LAWS.load(LAWS.dump((REFERENCE,))) == (REFERENCE,)


def test_the_form_offers_the_entries_and_a_stored_reference_shows_its_own_columns_only() -> None:
    context = context_in("en")
    field = build_question_form([LAWS], context, values())["op5.laws"]
    field.offer([("op4.laws/aa11", INSTRUMENT.texts_in("en")("verb.urges"))], {})
    (row,) = field.entries
    assert [column.id for column, _cell in row.cells] == ["articles"]
    assert row.reference.chosen_words is not None
    new = field.add_row()
    assert new.reference is not None
    assert next(column.id for column, _cell in new.cells) == "title"
    assert build_question_form([LAWS], context, {})["op5.laws"].add_row().reference is None


def test_a_posted_reference_is_stored_without_a_copy_and_a_made_up_key_chooses_nothing() -> None:
    def posted(key: str) -> Any:
        given = MultiDict([("base:op5.laws", "0"), ("op5.laws-0-refers_to", key), ("op5.laws-0-articles", "9")])
        return read_posted([LAWS], context_in("en"), given, values())[1][0].value

    (row,) = posted("op4.laws/aa11")
    assert (row.refers_to, row.title, row.articles) == ("op4.laws/aa11", None, "9")
    (row,) = posted("<script>/../x")
    assert row.refers_to is None
