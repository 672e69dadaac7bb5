"""The dashboard: each chart lies on its table, each table is counted from the sheets, and no series lives by colour alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from io import BytesIO
from itertools import count, pairwise
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from openpyxl.utils.cell import range_boundaries

from exports.settings import ExportSettings
from exports.source import ExportSource
from instruments.catalog import load_instrument
from instruments.items.assistance import AssistanceRow
from tests.exports.builders import SEALED_AT, make_source, workbook_bytes
from tests.exports.readback import Table, read_by_calamine, read_by_openpyxl, tables

INSTRUMENT = load_instrument()
HEADLINES = [question.headline for question in INSTRUMENT.questions.values() if question.headline]
TITLES = [
    "Coverage by regional group", "Status in practice, by paragraph", "Paragraphs that ask States to consider a measure",
    "Latest submissions over time", "Technical assistance by type",
]  # fmt: skip
EMU_OF_POINT = 12_700


@dataclass
class Drawn:
    """A chart of the file as openpyxl reads it, with the cells of the sheet that it refers to."""

    chart: Any
    page: Any

    @property
    def title(self) -> str:
        """The words of its title."""
        return "".join(run.t for paragraph in self.chart.title.tx.rich.p for run in paragraph.r or ())

    @property
    def top(self) -> int:
        """The row at which it stands."""
        row: int = self.chart.anchor._from.row + 1
        return row

    def area(self, reference: str) -> tuple[int, int, int, int]:
        """First column, first row, last column, last row of a reference, which is on the same sheet."""
        sheet, _mark, area = reference.rpartition("!")
        assert sheet.strip("'") == self.page.title
        left, top, right, bottom = range_boundaries(area)
        assert left and top and right and bottom
        return left, top, right, bottom

    def cells(self, reference: str) -> list[Any]:
        """The values of a reference to a column or a cell."""
        left, top, right, bottom = self.area(reference)
        assert left == right
        return [self.page.cell(row, left).value for row in range(top, bottom + 1)]

    def counts(self) -> dict[str, dict[str, int]]:
        """What it shows: by name of a row and of a series, without 0."""
        found: dict[str, dict[str, int]] = {}
        for series in self.chart.series:
            (head,) = self.cells(series.tx.strRef.f)
            names = self.cells((series.cat.strRef or series.cat.numRef).f)
            for name, value in zip(names, self.cells(series.val.numRef.f), strict=True):
                if value:
                    found.setdefault(as_name(name), {})[head] = value
        return found


def as_name(value: Any) -> str:
    return value.date().isoformat() if hasattr(value, "date") else str(value)


def drawn(data: bytes) -> list[Drawn]:
    """The charts of the dashboard from top to bottom."""
    book: Any = openpyxl.load_workbook(BytesIO(data))
    page = book["Dashboard"]
    return sorted((Drawn(chart, page) for chart in page._charts), key=lambda one: one.top)


def by_title(data: bytes) -> dict[str, Drawn]:
    return {one.title: one for one in drawn(data)}


def a_round(days: tuple[int, ...] = (0, 0, 3, 16), **given: Any) -> ExportSource:
    """Six States: four submitted, on these days after the first; one is in work and one has not begun."""
    answers: dict[str, dict[str, Any]] = {
        "XAA": {
            "op2.status_practice": "fully_implemented", "op4.status_practice": "no_information", "op13g.considered": "not_considered",
        },
        "XAB": {
            "op2.status_practice": "fully_implemented", "op4.status_practice": "not_implemented",
            "op4.assistance": (
                AssistanceRow(row_id="a1", kind="training", requested="needed"), AssistanceRow(row_id="a2", kind="training", requested="received"),
                AssistanceRow(row_id="a3", topic="Judges"),
            ),
        },
        "XAC": {
            "op4.status_practice": "planned_or_under_way", "op4.assistance": (AssistanceRow(row_id="a1", kind="training", requested="needed"),),
        },
        "XAD": {}, "XAE": {}, "XAF": {},
    }  # fmt: skip
    source = make_source(
        answers, regions={"XAB": "weog", "XAE": "weog", "XAF": "grulac"}, kinds={"XAD": "reio"}, **given
    )
    states = []
    for number, state in enumerate(source.states):
        if state.seal is not None and number < len(days):
            moment = SEALED_AT + timedelta(days=days[number])
            states.append(replace(state, seal=replace(state.seal, submitted_at=moment)))
        else:
            begun = SEALED_AT if state.state_id == "XAE" else None
            states.append(replace(state, seal=None, clearance="draft", started_at=begun))
    return replace(source, states=tuple(states))


@pytest.fixture(scope="module")
def whole() -> bytes:
    return workbook_bytes(a_round())


@pytest.fixture(scope="module")
def found(whole: bytes) -> dict[str, Table]:
    return tables(read_by_calamine(whole))


def test_a_chart_stands_beside_each_table_and_lies_on_all_of_it(whole: bytes) -> None:
    charts = drawn(whole)
    assert [one.title for one in charts] == TITLES
    not_drawn = {"Coverage by regional group": ["States"], "Latest submissions over time": ["Submissions"]}
    for one in charts:
        page = one.page
        assert page.cell(one.top, 1).value == one.title
        heads = [str(page.cell(one.top + 2, column).value) for column in columns_of(page, one.top + 2)]
        rows = list(rows_of(page, one.top + 3))
        shown = []
        for series in one.chart.series:
            column, first, _same, last = one.area(series.val.numRef.f)
            assert (first, last) == (rows[0], rows[-1])
            assert one.area((series.cat.strRef or series.cat.numRef).f) == (1, rows[0], 1, rows[-1])
            assert one.area(series.tx.strRef.f) == (column, one.top + 2, column, one.top + 2)
            shown.append(heads[column - 1])
        assert shown == [head for head in heads[1:] if head not in not_drawn.get(one.title, [])]
        assert one.chart.anchor._from.col >= len(heads)


def columns_of(page: Any, row: int) -> Iterator[int]:
    """The columns of the table that has its heads in this row."""
    for column in count(1):
        if page.cell(row, column).value is None:
            return
        yield column


def rows_of(page: Any, first: int) -> Iterator[int]:
    """The rows of the table that begins here, down to the first empty one."""
    for row in count(first):
        if page.cell(row, 1).value is None:
            return
        yield row


def test_no_chart_covers_the_next_one(whole: bytes) -> None:
    charts = drawn(whole)
    for one, following in pairwise(charts):
        room = sum(one.page.row_dimensions[row].height or 15 for row in range(one.top, following.top))
        assert one.chart.anchor.ext.height / EMU_OF_POINT <= room


def test_coverage_is_counted_from_the_states_of_work(whole: bytes, found: dict[str, Table]) -> None:
    words = {"submitted": "Submitted", "not_started": "Not started"}
    due: dict[str, dict[str, int]] = {}
    for row in found["Coverage"]:
        counts = due.setdefault(row["group_label"], {})
        word = words.get(row["work_state"], "In progress")
        counts[word] = counts.get(word, 0) + 1
    chart = by_title(whole)["Coverage by regional group"]
    assert chart.counts() == due
    assert due["Western European and other States"] == {"Submitted": 1, "In progress": 1}
    totals = {
        as_name(chart.page.cell(row, 1).value): chart.page.cell(row, 5).value
        for row in rows_of(chart.page, chart.top + 3)
    }
    assert totals == {group: sum(counts.values()) for group, counts in due.items()}


def test_answers_are_counted_from_the_matrix(whole: bytes, found: dict[str, Table]) -> None:
    charts = by_title(whole)
    labels = {row["item_id"]: f"{row['paragraph']} {row['question_label']}" for row in found["By_question"]}
    shown = charts[TITLES[1]].counts() | charts[TITLES[2]].counts()
    due: dict[str, dict[str, int]] = {}
    for row in found["Matrix"]:
        for item_id in HEADLINES:
            counts = due.setdefault(labels[item_id], {})
            counts[row[item_id]] = counts.get(row[item_id], 0) + 1
    assert shown == due
    assert shown[labels["op2.status_practice"]] == {"● Fully implemented": 2, "• Not answered": 1, "× Not asked": 1}


def test_needs_are_counted_from_their_sheet(whole: bytes, found: dict[str, Table]) -> None:
    due: dict[str, dict[str, int]] = {}
    for row in found["TA_needs"]:
        counts = due.setdefault(row["kind"] or "Not stated", {})
        state = row["requested"] or "Not stated"
        counts[state] = counts.get(state, 0) + 1
    assert by_title(whole)["Technical assistance by type"].counts() == due
    assert len(due) == 2 and sum(sum(counts.values()) for counts in due.values()) == 4


@pytest.mark.parametrize(
    ("days", "unit", "due"),
    [
        # 30 June 2026 is a Tuesday; its week begins on 29 June.
        ((0, 0, 3, 16), "Week", {"2026-06-29": 3, "2026-07-06": 3, "2026-07-13": 4}),
        ((0, 5, 6, 418), "Week", None), ((0, 5, 6, 419), "Month", None),
        ((0, 1, 32, 430), "Month", {"2026-06-01": 1, "2026-07-01": 2, "2026-08-01": 3, "2027-09-01": 4}),
    ],
)  # fmt: skip
def test_submissions_are_counted_by_week_and_over_a_long_time_by_month(
    days: tuple[int, ...], unit: str, due: dict[str, int] | None
) -> None:
    chart = by_title(workbook_bytes(a_round(days)))["Latest submissions over time"]
    shown = {name: counts["In all"] for name, counts in chart.counts().items()}
    assert chart.page.cell(chart.top + 2, 1).value == f"{unit} that begins on"
    assert {name: shown[name] for name in due or ()} == (due or {})
    names = [as_name(chart.page.cell(row, 1).value) for row in rows_of(chart.page, chart.top + 3)]
    assert names == sorted(shown) and list(shown.values()) == sorted(shown.values()) and shown[names[-1]] == 4
    assert len(names) <= 60
    starts = [date.fromisoformat(name) for name in names]
    assert {start.weekday() for start in starts} == {0} if unit == "Week" else {start.day for start in starts} == {1}
    new = [chart.page.cell(row, 2).value for row in rows_of(chart.page, chart.top + 3)]
    assert sum(new) == 4


def test_every_series_has_a_pattern_of_its_own_or_a_lightness_and_its_figures(whole: bytes) -> None:
    for one in drawn(whole):
        patterns, fills = [], []
        for series in one.chart.series:
            assert series.dLbls.showVal and not series.dLbls.showSerName
            assert series.dLbls.numFmt == "0;;;"
            shape = series.graphicalProperties
            if shape.pattFill:
                patterns.append(shape.pattFill.prst)
            elif one.title != "Latest submissions over time":
                fills.append(lightness(shape.solidFill.srgbClr))
        assert len(set(patterns)) == len(patterns), one.title
        # Filled whole are a dark, a light grey and an empty bar at most: printed in grey they stay apart.
        assert len(fills) <= 3 and all(light - dark > 0.2 for dark, light in pairwise(sorted(fills))), one.title


def lightness(colour: str) -> float:
    """The relative luminance of a colour, roughly: from 0 for black to 1 for white."""
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4))
    return float(0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2)


def test_a_figure_of_0_is_not_drawn_whatever_the_format_of_the_cell(whole: bytes) -> None:
    series = 0
    with ZipFile(BytesIO(whole)) as archive:
        for name in archive.namelist():
            if name.startswith("xl/charts/chart"):
                xml = archive.read(name).decode()
                series += xml.count("<ser>")
                formats = re.findall(r'<numFmt formatCode="0;;;"([^>]*)/>', xml)
                assert formats == [' sourceLinked="0"'] * xml.count("<ser>")
    assert series == sum(len(one.chart.series) for one in drawn(whole)) > 20


@pytest.mark.parametrize(("language", "right_to_left"), [("en", False), ("ar", True), ("zh", False)])
def test_in_arabic_bars_grow_from_the_right_and_time_runs_to_the_left(language: str, right_to_left: bool) -> None:
    charts = drawn(workbook_bytes(a_round(), language))
    assert len(charts) == len(TITLES)
    for number, one in enumerate(charts):
        is_time = number == 3
        assert one.chart.tagname == ("lineChart" if is_time else "barChart")
        turned = "maxMin" if right_to_left else "minMax"
        # The first row of a table is on top in every language.
        assert one.chart.x_axis.scaling.orientation == (turned if is_time else "maxMin")
        assert (one.chart.y_axis.scaling.orientation or "minMax") == ("minMax" if is_time else turned)
        assert one.chart.y_axis.crosses == ("max" if not is_time else one.chart.y_axis.crosses)


@pytest.mark.parametrize(
    "settings", [{"preset": "public"}, {"preset": "reviewers", "states": ("XAA",)}, {"preset": "state", "states": ("XAA",)}], ids=str
)  # fmt: skip
def test_only_the_secretariat_has_a_dashboard(settings: dict[str, Any]) -> None:
    visibility = dict.fromkeys(INSTRUMENT.questions, "public")
    data = workbook_bytes(a_round(settings=ExportSettings(**settings), visibility=visibility))
    with ZipFile(BytesIO(data)) as archive:
        assert not [name for name in archive.namelist() if "chart" in name or "drawing" in name]
    assert "Dashboard" not in read_by_calamine(data)


def test_before_the_first_submission_there_is_the_coverage_only() -> None:
    source = a_round(days=())
    assert [one.title for one in drawn(workbook_bytes(source))] == ["Coverage by regional group"]


def test_a_round_without_states_has_no_dashboard() -> None:
    cells = read_by_calamine(workbook_bytes(make_source({})))
    assert "Dashboard" not in cells and "Dashboard" not in str(cells["Cover"])


def test_every_count_is_inside_what_the_sheet_says_it_holds(whole: bytes) -> None:
    for cells in (read_by_calamine(whole), read_by_openpyxl(whole)):
        assert "× Not asked" in {cell for row in cells["Dashboard"] for cell in row}


def test_what_is_not_about_the_chosen_paragraphs_is_not_drawn() -> None:
    charts = by_title(workbook_bytes(a_round(settings=ExportSettings(questions=("op13g",)))))
    assert set(charts) == {TITLES[0], TITLES[2], TITLES[3]}
    assert [len(counts) for counts in charts[TITLES[2]].counts().values()] == [2]


def test_the_same_facts_make_the_same_charts_byte_by_byte(whole: bytes) -> None:
    assert workbook_bytes(a_round()) == whole
