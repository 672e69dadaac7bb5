"""The dashboard: how far the round is and what was answered, in small tables with a chart beside each. Counts, no shares, no ranks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

from exports.charts import Chart, ChartSeries, looks_of
from exports.codes import code_lists
from exports.heights import lines_needed
from exports.marks import with_mark
from exports.rows import work_state_of
from exports.shape import Gettext, gettext_in
from exports.sheets import LINE, LOW
from exports.source import ExportSource
from exports.tally import Tally
from instruments.items import Item
from languages import direction
from models.states import REGIONS

DASHBOARD = "Dashboard"
DASHBOARD_WIDTHS = (46, *(15,) * 8)
"""Widths of its columns in characters: what a row is about, and up to eight counts."""
FIRST_ROW = 4
MOST_WEEKS = 60
"""Points of the time line before it counts months instead of weeks."""
_LEAST_HEIGHT = 210.0
_FRAME, _BAR = 105.0, 22.0
"""Points that a chart takes at least; its title and legend; a bar that its name stands beside."""
_PAGE = 1050.0
"""Points of the sheet on one printed page."""
GAP_ROWS = 2
"""Rows between two tables."""


@dataclass(frozen=True, slots=True)
class SmallTable:
    """One table of the dashboard: title, heads, rows of counts, and how its chart looks."""

    title: str
    note: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str | date, tuple[int, ...]], ...]
    looks: tuple[str, ...]
    """For each column of counts the look of its series (`exports.charts.LOOKS`); empty for a column that is not drawn."""
    is_time: bool = False

    def heights(self) -> list[float]:
        """The heights of its rows in points: title, note, heads, counts."""
        lines = max(lines_needed(head, DASHBOARD_WIDTHS[1]) for head in self.heads[1:])
        names = (lines_needed(name, DASHBOARD_WIDTHS[0]) if isinstance(name, str) else 1 for name, _counts in self.rows)
        return [20, LOW, 6 + 13 * lines, *(2 + LINE * count for count in names)]


@dataclass(frozen=True, slots=True)
class Placed:
    """A small table with the row where its title stands, and its chart."""

    table: SmallTable
    row: int
    chart: Chart


class Dashboard:
    """The small tables of one export and where they stand."""

    def __init__(self, source: ExportSource, tally: Tally, language: str) -> None:
        self.source, self.tally, self.language = source, tally, language
        self._texts = source.instrument.texts_in(language)
        self._right_to_left = direction(language) == "rtl"

    def tables(self) -> Iterator[SmallTable]:
        """Every table that has something to say, in order."""
        _ = gettext_in(self.language)
        yield self._coverage(_)
        if not any(state.seal for state in self.source.states):
            return
        for name, title in (
            ("status", _("Status in practice, by paragraph")),
            ("consider", _("Paragraphs that ask States to consider a measure")),
        ):
            items = [item for item in self._headlines() if item.choice_lists()[0].name == name]
            if items:
                yield self._answers(_, title, items)
        yield self._time(_)
        if self.tally.needs:
            yield self._needs(_)

    def placed(self) -> list[Placed]:
        """The tables, one below the other, each with its chart beside it."""
        row, found, filled = FIRST_ROW, [], 0.0
        for table in self.tables():
            bars = 0.0 if table.is_time else _BAR * len(table.rows)
            height = max(_LEAST_HEIGHT, _FRAME + bars, sum(table.heights()))
            begins_page = filled + height > _PAGE
            filled = height + GAP_ROWS * LOW + (0 if begins_page else filled)
            found.append(Placed(table, row, self._chart(table, row, height, begins_page=begins_page)))
            # Below a short table stand empty rows for the rest of its chart.
            row += len(table.rows) + 3 + ceil((height - sum(table.heights())) / LOW) + GAP_ROWS
        return found

    def _headlines(self) -> list[Item]:
        headlines = {question.headline for question in self.source.instrument.questions.values()}
        return [item for item in self.tally.items if item.id in headlines]

    def _coverage(self, _: Gettext) -> SmallTable:
        groups = code_lists(_)["group"]
        counts = {region: [0, 0, 0] for region in REGIONS}
        places = {"submitted": 0, "not_started": 2}
        for state in self.source.states:
            counts[state.region][places.get(work_state_of(state, self.source.instrument), 1)] += 1
        rows = [(groups[region], (*counts[region], sum(counts[region]))) for region in REGIONS if any(counts[region])]
        return SmallTable(
            _("Coverage by regional group"),
            _("States by the state of their work, not by what they answered."),
            (_("Regional group"), _("Submitted"), _("In progress"), _("Not started"), _("States")),
            tuple(rows), ("full", "plan", "none", ""),
        )  # fmt: skip

    def _answers(self, _: Gettext, title: str, items: Sequence[Item]) -> SmallTable:
        counts = [self.tally.answers(item) for item in items]
        rows = []
        for item, row in zip(items, counts, strict=True):
            question = self.source.instrument.questions[item.question_id]
            head = f"{question.number_in(self._texts)} {self._texts(f'{question.id}.label')}"
            rows.append((head, tuple(count.total for count in row)))
        heads = [
            with_mark(count.symbol, count.label, right_to_left=self._right_to_left) for count in counts[0]
        ]  # fmt: skip
        return SmallTable(
            title,
            _("States by their latest submitted answer, as reported and not verified."),
            (_("Paragraph"), *heads), tuple(rows), looks_of(items[0].choice_lists()[0].name),
        )  # fmt: skip

    def _time(self, _: Gettext) -> SmallTable:
        days = sorted(state.seal.submitted_at.date() for state in self.source.states if state.seal)
        weeks = _weeks(days)
        starts, title = (
            (weeks, _("Week that begins on"))
            if len(weeks) <= MOST_WEEKS
            else (_months(days), _("Month that begins on"))
        )
        rows, before = [], 0
        for start, following in zip(starts, [*starts[1:], date.max], strict=True):
            so_far = sum(day < following for day in days)
            rows.append((start, (so_far - before, so_far)))
            before = so_far
        return SmallTable(
            _("Latest submissions over time"),
            _("Each State once, at the moment of its latest submission."),
            (title, _("Submissions"), _("In all")), tuple(rows), ("", "full"), is_time=True,
        )  # fmt: skip

    def _needs(self, _: Gettext) -> SmallTable:
        item = next(item for item in self.source.instrument.items.values() if item.sheet == "TA_needs")
        lists = {choice_list.name: choice_list for choice_list in item.choice_lists()}
        kinds, states = lists["assistance_kind"], lists["assistance_state"]
        word = self._texts.option
        columns = [*states.codes, *([""] if any(not state for _kind, state in self.tally.needs) else [])]
        rows = []
        for kind in (*kinds.codes, ""):
            counts = tuple(self.tally.needs.get((kind, state), 0) for state in columns)
            if any(counts):
                rows.append((str(word(kinds.name, kind)) if kind else _("Not stated"), counts))
        heads = [str(word(states.name, code)) if code else _("Not stated") for code in columns]
        return SmallTable(
            _("Technical assistance by type"),
            _("Entries of all paragraphs together; one State may make several."),
            (_("Type of assistance"), *heads), tuple(rows), ("none", "plan", "part", "full", "unknown")[: len(columns)],
        )  # fmt: skip

    def _chart(self, table: SmallTable, row: int, height: float, *, begins_page: bool) -> Chart:
        first = row + 3
        return Chart(
            title=table.title, row=row, height=height, names=(first, first + len(table.rows) - 1), heads=row + 2,
            series=tuple(
                ChartSeries(column, look) for column, look in enumerate(table.looks, start=2) if look
            ),
            is_time=table.is_time, begins_page=begins_page, right_to_left=self._right_to_left,
        )  # fmt: skip


def _weeks(days: Sequence[date]) -> list[date]:
    first = days[0] - timedelta(days=days[0].weekday())
    return [first + timedelta(weeks=number) for number in range((days[-1] - first).days // 7 + 1)]


def _months(days: Sequence[date]) -> list[date]:
    month, found = days[0].replace(day=1), []
    while month <= days[-1]:
        found.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return found
