"""CSV, JSON and the data package hold the facts of the workbook, from the same rows, and say truly what they hold."""

from __future__ import annotations

import hashlib
import json
import re
import tracemalloc
import zipfile
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exports.columns import CONTRACT_VERSION, list_sheets
from exports.data_package import write_data_package
from exports.facts import read_facts
from exports.formats import FORMATS, format_words
from exports.plain_tables import CsvForm, guarded
from exports.rows import Rows, plain_number
from exports.settings import CSV, DATA_PACKAGE, JSON, WORKBOOK, ExportSettings
from exports.shape import Kind, SheetColumn
from exports.workbook import ExportIncomplete
from instruments.catalog import load_instrument
from instruments.values import Narrative
from tests.exports.builders import make_source
from tests.exports.plain_readback import (
    file_of,
    json_table,
    members,
    random_source,
    read_cells,
    read_csv,
    read_json,
    read_package,
    with_previous,
    with_units,
)
from tests.exports.readback import cover, facts_sha256, read_by_calamine, tables
from tests.exports.test_presets import VALUES, VISIBILITY
from tests.exports.test_round_trip import NAUGHTY, TYPED, expected, values_with

INSTRUMENT = load_instrument()
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(TYPED, st.integers(0, 10**6))
def test_every_typed_text_in_every_item_type_comes_back_from_csv_and_json(text: str, seed: int) -> None:
    documents = {"XAA": values_with(text, seed), "XAB": {}}
    source, due = make_source(documents), expected(documents, "en")
    target = BytesIO()
    report = write_data_package(target, source, "en")
    found = read_package(target.getvalue())
    assert read_facts(found["Answers_long"]) == due
    assert read_facts(json_table(read_json(members(target.getvalue())["answers.json"]))) == due
    assert facts_sha256(found) == report.facts_sha256
    alone = read_json(file_of(JSON, source))
    assert read_facts(json_table(alone["facts"])) == due
    assert facts_sha256(with_units(json_table(alone["facts"]), alone["about"]["units"])) == report.facts_sha256
    assert read_facts(read_csv(file_of(CSV, source))) == due


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_csv_json_and_workbook_tell_the_same_facts(language: str) -> None:
    source = random_source(3)
    cells = read_by_calamine(file_of(WORKBOOK, source, language))
    data = file_of(DATA_PACKAGE, source, language)
    facts = read_facts(tables(cells)["Answers_long"])
    assert len(facts) > 2000
    assert read_facts(read_package(data)["Answers_long"]) == facts
    assert read_facts(json_table(read_json(members(data)["answers.json"]))) == facts
    assert facts_sha256(read_package(data)) == cover(cells)["facts_sha256"]
    reports = {code: form.write(BytesIO(), source, language) for code, form in FORMATS.items()}
    assert {report.facts_sha256 for report in reports.values()} == {cover(cells)["facts_sha256"]}
    assert {report.as_at for report in reports.values()} == {source.as_at}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_table_has_the_rows_and_cells_of_its_sheet(language: str) -> None:
    source = with_previous()
    sheets = {sheet.name: sheet for sheet in list_sheets(source.instrument, language, has_previous=True)}
    written = tables(read_by_calamine(file_of(WORKBOOK, source, language)))
    found = read_package(file_of(DATA_PACKAGE, source, language))
    assert list(found) == sorted(sheets)
    for name, sheet in sheets.items():
        if name == "Issues":  # what a workbook cannot hold, a text file can
            continue
        kinds = {column.id: column.kind for column in sheet.columns if column.id not in {"part_no", "part_of"}}
        rows = [row for row in written[name] if row.get("part_no", 1) == 1]
        assert len(found[name]) == len(rows) > 0, name
        assert list(found[name][0]) == [*kinds, "part_no"], name
        for ours, theirs in zip(found[name], rows, strict=True):
            if theirs.get("part_of", 1) == 1:
                assert [ours[one] for one in kinds] == [as_text(kind, theirs[one]) for one, kind in kinds.items()], name


def as_text(kind: Kind, value: Any) -> str:
    """A cell of a workbook as a CSV file has it."""
    if isinstance(value, date):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}" if kind == "moment" else f"{value:%Y-%m-%d}"
    if isinstance(value, int | float):
        return plain_number(Decimal(repr(value)))
    return "" if value is None else str(value)


def test_values_have_their_types_in_json_and_in_the_schema() -> None:
    files = members(file_of(DATA_PACKAGE, random_source()))
    rows = read_json(files["answers.json"])
    numbers = [row["value_number"] for row in rows if row["value_number"] is not None]
    assert numbers and all(isinstance(number, int | Decimal) for number in numbers)
    assert Decimal("1234567890.1234567") in numbers
    assert all(date.fromisoformat(row["value_date"]) for row in rows if row["value_date"])
    assert not any(value == "" for row in rows for value in row.values())
    resources = {one["name"]: one for one in json.loads(files["datapackage.json"])["resources"]}
    sheets = {sheet.name: sheet for sheet in list_sheets(INSTRUMENT, "en")}
    for name, sheet in sheets.items():
        fields = resources[name.lower()]["schema"]["fields"]
        labels = {column.id: column.label for column in sheet.columns}
        assert [field["title"] for field in fields] == [labels[field["name"]] for field in fields]
        assert [field["name"] for field in fields] == read_cells(files[f"data/{name}.csv"])[0]
    types = {field["name"]: field["type"] for field in resources["answers_long"]["schema"]["fields"]}
    assert [types[name] for name in ("value_text", "value_number", "answer_version", "value_date", "submitted_at")] == [
        "string", "number", "integer", "date", "datetime",
    ]  # fmt: skip


def test_the_descriptor_says_what_the_cover_says() -> None:
    source = random_source(settings=ExportSettings(questions=("op4", "op5"), recipient="A desk\ud800"))
    said = cover(read_by_calamine(file_of(WORKBOOK, source)))
    files = members(file_of(DATA_PACKAGE, source, rehearsal=True))
    package = json.loads(files["datapackage.json"])
    about = package["about"]
    for key in (
        "facts_sha256",
        "submissions_sha256",
        "instrument_sha256",
        "cycle",
        "preset",
        "filter.paragraphs",
        "recipient",
    ):
        assert about[key] == said[key], key
    assert (about["contract_version"], about["states_submitted"]) == (CONTRACT_VERSION, 2)
    assert about["parameters"]["questions"] == ["op4", "op5"]
    assert package["created"] == f"{source.as_at:%Y-%m-%dT%H:%M:%SZ}"
    for words in (package["description"], files["README.txt"].decode("utf-8-sig")):
        assert said["complements"] in words and said["verification"] in words
        assert "apostrophe" in words and "Rehearsal" in words
    assert "Rehearsal" not in json.loads(members(file_of(DATA_PACKAGE, source))["datapackage.json"])["description"]
    for resource in package["resources"]:
        content = files[resource["path"]]
        assert resource["bytes"] == len(content)
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert resource["rowsDue"] == resource["rowsWritten"]
    for name, rows in about["rows"].items():
        assert rows["due"] == rows["written"] == len(read_cells(files[f"data/{name}.csv"])) - 1
    assert read_json(file_of(JSON, source, rehearsal=True))["about"]["facts_sha256"] == about["facts_sha256"]


def test_the_same_facts_give_the_same_bytes_in_every_format() -> None:
    values = {"XAA": values_with("words", 8)}
    for code in FORMATS:
        assert file_of(code, make_source(values), "ru") == file_of(code, make_source(values), "ru"), code
    with zipfile.ZipFile(BytesIO(file_of(DATA_PACKAGE, make_source(values)))) as archive:
        assert archive.namelist() == sorted(archive.namelist())
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


BEGINNINGS = st.tuples(
    st.sampled_from(("", " ", "\u00a0 ", "'")), st.sampled_from("'=+-@\t\r\n＝＋－＠"), st.text()
).map("".join)


@given(st.one_of(st.sampled_from(NAUGHTY), st.text(), BEGINNINGS))
def test_no_guarded_text_is_a_formula_and_each_can_be_had_back(text: str) -> None:
    cell = guarded(text)
    assert cell[:1] not in set("=+-@\t\r\n＝＋－＠")
    assert cell.lstrip()[:1] not in set("=+-@＝＋－＠")
    assert (cell[1:] if cell.startswith("'") else cell) == text


def test_no_cell_of_a_package_is_a_formula() -> None:
    files = members(file_of(DATA_PACKAGE, random_source(4)))
    guards = 0
    for path, content in files.items():
        for row in read_cells(content) if path.endswith(".csv") else ():
            guards += sum(cell.startswith("'") for cell in row)
            for cell in row:
                assert not re.match(r"\s*[=+\-@]|[\t\r\n]", cell) or NUMBER.fullmatch(cell), (path, cell)
    assert guards
    # The JSON file has the texts as they are.
    assert any(str(row["value_text"]).startswith("=SUM") for row in read_json(files["answers.json"]))


def test_negative_numbers_stay_numbers_beside_texts_that_look_like_them() -> None:
    target = BytesIO()
    form = CsvForm(target, [SheetColumn(name, "", "any") for name in "abcdef"])
    form.write([Decimal("-3.250"), -5, "-3.25", "'-5", date(1897, 5, 4), None])
    form.close()
    assert read_cells(target.getvalue())[1] == ["-3.25", "-5", "'-3.25", "''-5", "1897-05-04", ""]
    amount = next(item for item in INSTRUMENT.items.values() if item.item_type == "decimal" and item.asked_if is None)
    files = members(file_of(DATA_PACKAGE, make_source({"XAA": {amount.id: Decimal("-3.25")}})))
    assert "-3.25" in {cell for row in read_cells(files["data/Answers_long.csv"]) for cell in row}


def leaked(**given: Any) -> str:
    """Every byte of the three forms as one text."""
    source = make_source({"XAA": VALUES, "XAB": {}}, visibility=VISIBILITY, settings=ExportSettings(**given))
    package = members(file_of(DATA_PACKAGE, source, source.settings.language))
    return "\n".join(
        content.decode()
        for content in (*package.values(), file_of(CSV, source), file_of(JSON, source), "\n".join(package).encode())
    )


def test_reviewers_get_one_state_and_what_it_opened_to_them() -> None:
    text = leaked(preset="reviewers", states=("XAA",))
    assert "CANARY open to all" in text and "CANARY for reviewers" in text
    assert "CANARY for the secretariat" not in text
    assert "withheld" in text and "4043" in text
    assert "4040" not in text and "XAB" not in text and "Coverage.csv" not in text


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_public_gets_what_is_open_to_the_public(language: str) -> None:
    text = leaked(preset="public", language=language)
    assert "CANARY open to all" in text
    assert "CANARY for" not in text
    assert "withheld" in text and "4040" not in text
    for name in ("Coverage", "Matrix", "Answers_wide"):
        assert f"{name}.csv" not in text


def test_when_a_draft_was_last_worked_on_is_not_in_a_shared_file() -> None:
    late = datetime.fromisoformat("2031-05-06T07:08:00+00:00")
    for preset, shown in (("secretariat", True), ("public", False)):
        source = make_source({"XAA": VALUES}, visibility=VISIBILITY, settings=ExportSettings(preset=preset))
        source = replace(source, states=tuple(replace(state, last_activity_at=late) for state in source.states))
        for code in (DATA_PACKAGE, JSON):
            data = file_of(code, source)
            text = b"".join(members(data).values()) if code == DATA_PACKAGE else data
            assert (b"2031-05-06" in text) == shown, (code, preset)


def test_what_a_workbook_cannot_hold_is_whole_and_no_issue() -> None:
    amount = next(item for item in INSTRUMENT.items.values() if item.item_type == "decimal" and item.asked_if is None)
    values = {
        "op13d.narrative": Narrative(text="م" * 70_000, language="ar"), amount.id: Decimal("12345678901234567890.25"),
        "op1.party": "party", "op1.party_since": date(1897, 5, 4),
    }  # fmt: skip
    found = read_package(file_of(DATA_PACKAGE, make_source({"XAA": values})))
    assert found["Issues"] == []
    by_item = {row["item_id"]: row for row in found["Answers_long"]}
    assert by_item["op13d.narrative"]["value_text"] == "م" * 70_000
    assert by_item[amount.id]["value_number"] == "12345678901234567890.25"
    assert by_item["op1.party_since"]["value_date"] == "1897-05-04"


def test_what_no_file_can_hold_is_replaced_and_listed_with_its_row() -> None:
    source = make_source({"XAA": {"op13d.narrative": Narrative(text="a\x0bb\ud800c", language="en")}})
    files = members(file_of(DATA_PACKAGE, source))
    issues = read_csv(files["data/Issues.csv"])
    assert {row["sheet"] for row in issues} == {"Answers_long", "Texts"}
    for issue in issues:
        assert (issue["issue"], issue["state_iso3"], issue["item_id"]) == (
            "characters_replaced",
            "XAA",
            "op13d.narrative",
        )
        assert "a\ufffdb\ufffdc" in read_cells(files[f"data/{issue['sheet']}.csv"])[int(issue["row"]) - 1]
    alone = read_json(file_of(JSON, source))
    assert [issue["item_id"] for issue in alone["issues"]] == ["op13d.narrative"]
    assert FORMATS[CSV].write(BytesIO(), source, "en").issues == 1
    titled = replace(source, cycle=replace(source.cycle, title="A\x0bround"))
    files = members(file_of(DATA_PACKAGE, titled))
    assert json.loads(files["datapackage.json"])["title"].endswith("A\ufffdround")
    assert read_csv(files["data/Issues.csv"])[0]["sheet"] == "datapackage.json"


@pytest.mark.parametrize("code", FORMATS)
def test_a_lost_row_stops_every_format(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Rows.answer_rows

    def losing(self: Rows, *given: Any) -> Any:
        return iter(list(plain(self, *given))[1:])

    monkeypatch.setattr(Rows, "answer_rows", losing)
    with pytest.raises(ExportIncomplete):
        file_of(code, make_source({"XAA": {}}))


def test_every_format_is_named_and_tells_how_far_it_is() -> None:
    source = random_source()
    assert set(format_words(str)) == set(FORMATS)
    assert len({form.ending for form in FORMATS.values()}) == len(FORMATS)
    for form in FORMATS.values():
        progress = Mock()
        report = form.write(BytesIO(), source, "en", progress=progress)
        assert progress.call_count == 2
        counts = {count.name: count.written for count in report.counts}
        assert counts["Answers_long"] >= 2 * len(INSTRUMENT.items)


@pytest.mark.parametrize("code", [DATA_PACKAGE, CSV, JSON])
def test_memory_does_not_grow_with_the_states(code: str, tmp_path: Path) -> None:
    def peak(count: int) -> int:
        source = make_source({f"X{chr(65 + number)}A": {} for number in range(count)})
        with (tmp_path / f"{code}-{count}").open("wb") as target:
            tracemalloc.start()
            FORMATS[code].write(target, source, "en")
            _now, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        return most

    peak(1)  # what is read once and kept
    assert peak(12) < 1.3 * peak(2)
