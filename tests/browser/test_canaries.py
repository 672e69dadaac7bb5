"""Every question is answered through the browser, each item and each field of a row with something of its own, and the
workbook shows each of them in the named column of the right row, with code and label, in all six languages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from instruments.catalog import load_instrument
from instruments.items.rows import RowsItem
from instruments.schema import Instrument
from languages import LANGUAGES
from models.cycles import Cycle
from models.responses import NationalResponse
from services.responses import statistics_years
from tests.browser.canaries import ROWS, Canaries, Canary, Cells, Plan, Words, needed_for
from tests.browser.conftest import Site, enter
from tests.builders import World, make_member, make_response, make_state, make_user
from tests.exports.readback import Table, read_by_calamine, tables

NOT_OF_A_PARTY = frozenset({
    "op1.stage", "op1.expected_on", "op1.convention", "op1.steps", "op1.difficulties", "op1.assistance",
    "op6.not_used_reasons", "op13c.reasons",
    *(
        f"op{number}.not_applicable_reason"
        for number in ("2", "4", "5", "7", "8", "10", "11", "12", "13a", "13b", "13e", "13f", "13h", "13i", "13j", "13k", "16")
    ),
})  # fmt: skip
"""Never asked together with the rest: what is asked of States that are not Parties, and reasons that another answer closes."""

OF_A_RECORDED_PARTY = frozenset({"op1.record", "op1.record_correction"})
"""Asked where the secretariat has recorded that the State is a Party; then `op1.party` is not asked."""

REFERRING = "op16.laws"
"""Here one more row names the entry of another paragraph."""
REFERRED_TO = "op2.laws"

UNFILLED = ("-refers_to", "-source_from", "-row_id", "-upload", "-consent")
"""Ends of names of controls that may stay empty: references, what nobody types, files (sent apart), a box not ticked."""

SAVE = '.savebar button[name=go][value="stay"]'

ASKED = "() => [...document.querySelectorAll('form .item:not([hidden])')].map((item) => item.dataset.item)"

OPEN_DETAILS = "() => document.querySelectorAll('form details.more').forEach((box) => { box.open = true; })"

FILL = """(pairs) => pairs.filter(([name, value]) => {
  const found = [...document.querySelectorAll(`form [name="${CSS.escape(name)}"]`)];
  const control = found.find((one) => !["radio", "checkbox"].includes(one.type) || one.value === value);
  if (!control || control.closest("[hidden]")) return true;
  if (["radio", "checkbox"].includes(control.type)) {
    if (!control.checked) control.click();
    return !control.checked;
  }
  control.value = value;
  for (const kind of ["input", "change", "focusout"]) control.dispatchEvent(new Event(kind, { bubbles: true }));
  return control.value !== value;
}).map(([name]) => name)"""
"""Fills controls as typing, ticking and going on would, and gives the names of those that are not there or did not take the value."""

EMPTY = """(ids) => ids.flatMap((id) => {
  const controls = [...document.getElementById(`item-${id}`).querySelectorAll("input, select, textarea")];
  const names = (test) => new Set(controls.filter(test).map((one) => one.name));
  const filled = names((one) => ["radio", "checkbox"].includes(one.type) ? one.checked : one.value !== "");
  return [...names(() => true)].filter((name) => name && !filled.has(name));
})"""
"""Names of the controls of these items in which nothing stands."""

SAVED = "() => ['saved', ''].includes(document.querySelector('.save-state').dataset.state)"


class Respondent:
    """A focal point who answers the wanted items of a response, question by question, in the browser."""

    def __init__(
        self, page: Page, address: str, instrument: Instrument, canaries: Canaries, plan: Plan, wanted: frozenset[str],
        has_script: bool,
    ) -> None:  # fmt: skip
        self.page, self.address, self.instrument, self.canaries, self.plan = page, address, instrument, canaries, plan
        self.wanted, self.has_script = wanted, has_script
        self.given: dict[str, Canary] = {}

    def answer_all(self) -> None:
        """Every question that has a wanted item."""
        for question in self.instrument.questions.values():
            if any(item.id in self.wanted for item in question.items):
                self.open(question.id)
                while self._fill_new():
                    self._press(SAVE)

    def open(self, question_id: str) -> None:
        """The page of a question."""
        self.page.goto(f"{self.address}/questions/{question_id}", wait_until="domcontentloaded")
        self.page.evaluate(OPEN_DETAILS)

    def _fill_new(self) -> list[str]:
        """Fill what is asked and not filled yet, also what comes to be asked by that; the ids."""
        filled = []
        while new := [id_ for id_ in self.page.evaluate(ASKED) if id_ in self.wanted and id_ not in self.given]:
            for id_ in new:
                codes = self.plan.codes.get(id_, ())
                self.given[id_] = self.canaries.answer(self.instrument.items[id_], codes)
            self._type([pair for id_ in new for pair in self.given[id_].controls])
            self._wait()
            self._expect_full([id_ for id_ in new if not self.given[id_].rows])
            filled += new
        for id_ in filled:
            for row in self.given[id_].rows:
                self.add_row(id_, row)
        for id_ in filled:
            # Last: files go with the form, and until then the page says that something is not saved.
            files = [{"name": name, "mimeType": "text/plain", "buffer": data} for name, data in self.given[id_].files]
            if files:
                self.page.set_input_files(f'[name="{id_}-upload"]', files)  # type: ignore[arg-type]
        return filled

    def add_row(self, item_id: str, row: list[tuple[str, str]]) -> None:
        """Press the button for one more row of an item, and fill the row."""
        self._press(f'button[name=add][value="{item_id}"]')
        self._type(row)
        self._wait()
        self._expect_full([item_id])

    def refer(self, canary: Canary, named: Canary) -> str:
        """Add a row that names the first row of another paragraph's item, and its own articles; the key it names."""
        item = self.instrument.items[canary.item_id]
        assert isinstance(item, RowsItem)
        self.open(item.question_id)
        self._press(f'button[name=add][value="{item.id}"]')
        options = self.page.locator(f'[name="{item.id}-{ROWS}-refers_to"] option')
        title = named.facts[0, "title"]["value_text"]
        key = options.filter(has_text=title).get_attribute("value") or ""
        self.canaries.add_row(canary, item, ROWS, tuple(column for column in item.row_columns if column.own))
        self._type([(f"{item.id}-{ROWS}-refers_to", key), *canary.rows[-1]])
        self._wait()
        self._press(SAVE)
        for column in item.row_columns:
            if not column.own:
                canary.facts[ROWS, column.id] = named.facts[0, column.id]
        number = Words([f"{key.partition('.')[0]}.number"])
        canary.tell("refers_to", ROWS, code=key, label=number, field_label=Words(["type.rows.same_as"]))
        canary.entries[ROWS] = {**named.entries[0], **canary.entries[ROWS], "refers_to": key}
        return key

    def submit(self) -> None:
        """Check, declare, submit, and see the receipt."""
        self.page.goto(f"{self.address}/check")
        self.page.fill('[name="title"]', "Director")
        self.page.fill('[name="anyway_reason"]', "The rest follows.")
        self.page.check('[name="declared"]')
        self.page.click("#declaration .btn-primary")
        expect(self.page.locator(".receipt")).to_be_visible()

    def _type(self, pairs: list[tuple[str, str]]) -> None:
        assert self.page.evaluate(FILL, pairs) == []

    def _expect_full(self, ids: list[str]) -> None:
        """No control of these items was overlooked."""
        alone = {id_ for id_ in ids if len(self.plan.codes.get(id_, ())) == 1}  # a code that excludes "other"
        left = [name for name in self.page.evaluate(EMPTY, ids) if not name.endswith(UNFILLED)]
        assert [name for name in left if not (name.endswith("-other") and name.partition("-")[0] in alone)] == []

    def _wait(self) -> None:
        """With script: until everything typed is saved, and what is asked now is known. Without, a button does it."""
        if self.has_script:
            self.page.wait_for_function(SAVED, timeout=120_000)

    def _press(self, button: str) -> None:
        """Press a button that sends the form, and wait for the page that comes back."""
        with self.page.expect_navigation(wait_until="domcontentloaded", timeout=60_000):
            self.page.click(button)
        expect(self.page.locator("main .error-summary")).to_have_count(0)
        self.page.evaluate(OPEN_DETAILS)


def test_each_answer_stands_in_its_column_of_its_row_in_six_languages(
    browser: Browser, site: Site, world: World
) -> None:
    instrument = load_instrument()
    with site.transaction() as session:
        cycle = session.get_one(Cycle, world.cycle_id)
        canaries = Canaries(statistics_years(cycle.opens_at))
        recorded = make_response(session, cycle, make_state(session, "XAC", "Cordonia", party_status="party"))
        person = make_user(session)
        make_member(session, person, recorded)
        people = ((world.focal_point, world.response_id), (world.other_focal_point, world.other_response_id),
                  (person.id or 0, recorded.id))  # fmt: skip
        states = [session.get_one(NationalResponse, response_id).state_id for _person, response_id in people]
    everything = frozenset(instrument.items)
    tasks: list[tuple[frozenset[str], dict[str, str], str]] = [
        (everything - NOT_OF_A_PARTY - OF_A_RECORDED_PARTY, {"op1.party": "party"}, "unknown"),
        (needed_for(instrument, NOT_OF_A_PARTY), {"op1.party": "not_party"}, "unknown"),
        (needed_for(instrument, OF_A_RECORDED_PARTY), {}, "party"),
    ]
    given: dict[str, dict[str, Canary]] = {}
    for state, (user_id, response_id), (wanted, fixed, status) in zip(states, people, tasks, strict=True):
        plan = Plan(instrument, {"party_status": status, "kind": "member_state"}, wanted, fixed)
        # Most is sent by the buttons of the plain form, which is faster; the two short responses are saved by the script.
        has_script = len(wanted) < len(everything) / 2
        _context, page = enter(browser, site, user_id, java_script_enabled=has_script)
        address = f"{site.address}/responses/{response_id}"
        respondent = Respondent(page, address, instrument, canaries, plan, wanted, has_script)
        respondent.answer_all()
        given[state] = respondent.given
        assert sorted(wanted - set(respondent.given)) == [], f"{state} was not asked"
        if REFERRING in wanted:
            respondent.refer(respondent.given[REFERRING], respondent.given[REFERRED_TO])
        respondent.submit()
    assert set().union(*given.values()) == everything
    assert _repeated(given) == []

    _officer, desk = enter(browser, site, world.officer)
    found = []
    for language in LANGUAGES:
        desk.goto(f"{site.address}/exports/{world.cycle_id}")
        desk.select_option('[name="language"]', language)
        desk.click("main form .btn-primary")
        expect(desk.locator('form[action$="/file"] button')).to_be_visible(timeout=90_000)
        with desk.expect_download() as download:
            desk.click('form[action$="/file"] button')
        sheets = tables(read_by_calamine(Path(download.value.path()).read_bytes()))
        found += [f"{language} {line}" for line in differences(sheets, instrument, language, given)]
    if found:
        shown = "\n".join(line[:240] for line in found[:5])
        pytest.fail(f"{len(found)} differences, the first of which are\n{shown}", pytrace=False)


def differences(
    sheets: Mapping[str, Table], instrument: Instrument, language: str, given: Mapping[str, Mapping[str, Canary]]
) -> Iterator[str]:
    """What the sheets do not say as it was answered, in words."""
    catalogue = instrument.texts[language]
    answered = [row for row in sheets["Answers_long"] if row["asked_state"] == "answered"]
    numbers = _number_rows(answered)
    columns = ("code", "label", "value_text", "value_number", "unit", "value_date", "language", "field_label")
    due = {
        (state, id_, *key): {**dict.fromkeys(columns, ""), **cells, "item_label": Words([f"{_key(instrument, id_)}.label"])}
        for state, canaries in given.items() for id_, canary in canaries.items() for key, cells in canary.facts.items()
    }  # fmt: skip
    stated = [((*_place(row), numbers.get((*_place(row), row["row_id"]), -1), row["field"]), row) for row in answered]
    yield from _compare("Answers_long", due, stated, catalogue)

    texts = {
        (state, id_, key[1]): {"text": cells["value_text"], "language": cells.get("language", ""), "item_label": Words([f"{_key(instrument, id_)}.label"])}
        for state, canaries in given.items() for id_, canary in canaries.items() for key, cells in canary.facts.items()
        if cells.get("value_text") and (key[1] or "language" in cells) and not instrument.items[id_].sheet
    }  # fmt: skip
    yield from _compare("Texts", texts, [((*_place(row), row["field"]), row) for row in sheets["Texts"]], catalogue)

    for sheet in dict.fromkeys(item.sheet for item in instrument.items.values() if item.sheet):
        rows = sheets.get(sheet, [])
        own = [id_ for id_, item in instrument.items.items() if item.sheet == sheet]
        names = {column.id for column in instrument.items[own[0]].columns(instrument.texts_in(language))}
        entries: dict[tuple[Any, ...], Cells] = {
            (state, id_, number): {**dict.fromkeys(names, ""), **cells}
            for state, canaries in given.items() for id_ in own if id_ in canaries
            for number, cells in canaries[id_].entries.items()
        }  # fmt: skip
        placed = [((*_place(row), numbers.get((*_place(row), row["row_id"]), row["row_id"])), row) for row in rows]
        yield from _compare(sheet, entries, placed, catalogue)


def _repeated(given: Mapping[str, Mapping[str, Canary]]) -> list[str]:
    """Texts, numbers and days that were given more than once, and so could stand in another's place unseen."""
    values = Counter(
        cells[column]
        for canaries in given.values() for canary in canaries.values() for (row, part), cells in canary.facts.items()
        for column in ("value_text", "value_number", "value_date")
        if cells.get(column) and row < ROWS and part not in {"media_type", "size"}
    )  # fmt: skip
    return [str(value) for value, count in values.items() if count > 1]


def _place(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["state_iso3"], row["item_id"]


def _key(instrument: Instrument, item_id: str) -> str:
    return instrument.items[item_id].text_key


def _number_rows(answered: Table) -> dict[tuple[str, str, str], int]:
    """The numbers, from 0, of the rows of each item, in the order in which they stand; only row ids tell rows apart."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in answered:
        ids = found.setdefault(_place(row), [])
        if row["row_id"] and row["row_id"] not in ids:
            ids.append(row["row_id"])
    return {(*place, row_id): number for place, ids in found.items() for number, row_id in enumerate(ids)}


def _compare(
    sheet: str,
    due: Mapping[tuple[Any, ...], Cells],
    stated: list[tuple[tuple[Any, ...], dict[str, Any]]],
    catalogue: Mapping[str, str],
) -> Iterator[str]:
    """Rows that are missing, too many, or hold something else in a column."""
    seen = set()
    for key, row in stated:
        where = f"{sheet} {' '.join(map(str, key))}"
        if key not in due or key in seen:
            yield f"{where}: {'twice' if key in seen else 'nobody answered this'}"
            continue
        seen.add(key)
        for column, wanted in due[key].items():
            shown = wanted.in_language(catalogue) if isinstance(wanted, Words) else wanted
            cell = _plain(row[column], shown)
            if cell != shown:
                yield f"{where}: {column} is {cell!r}, not {shown!r}"
    yield from (f"{sheet} {' '.join(map(str, key))}: missing" for key in due if key not in seen)


def _plain(cell: Any, like: Any) -> Any:
    """The cell as its kind of value, so that 5 and 5.0 are one number; a text stays a text."""
    if isinstance(like, Decimal) and isinstance(cell, int | float):
        return Decimal(repr(cell))
    if isinstance(like, date) and isinstance(cell, datetime):
        return cell.date()
    return "" if cell is None else cell
