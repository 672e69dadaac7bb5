"""One export as text while it is made: its tables, its issues, its report, and what it says about itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from exports.cells import clean
from exports.cover import SheetCount, number_of, stated_facts
from exports.making import Making
from exports.plain_tables import Form, PlainTable, figure_text
from exports.reference import labels_in_other_languages
from exports.shape import Sheet
from exports.sheets import Issue
from exports.source import ExportSource
from exports.workbook import ExportReport, check_counts

ANSWERS, ISSUES = "Answers_long", "Issues"


class PlainExport:
    """The tables that have forms, and always Issues: what had to be replaced is counted also where it is not written.

    `forms` gives the files that a table goes into.
    """

    def __init__(self, source: ExportSource, language: str, forms: Callable[[Sheet], Sequence[Form]]) -> None:
        self.source, self.language = source, language
        self.making = Making(source, language, self.report)
        self._words = self.making.rows.words["issue"]
        self.tables = {
            sheet.name: PlainTable(sheet, given, self.report)
            for sheet in self.making.sheets
            if (given := forms(sheet)) or sheet.name == ISSUES
        }

    def report(self, issue: Issue) -> None:
        """Put an issue on record."""
        self.making.rows.count(ISSUES)
        self.tables[ISSUES].write((issue.code, self._words[issue.code], issue.sheet, issue.row or None, *issue[3:]))

    def finish(self, *, rehearsal: bool) -> ExportReport:
        """End the tables and compare the rows written with those due. Raises ExportIncomplete."""
        for detail in labels_in_other_languages(self.source.instrument, self.language):
            self.report(Issue("label_in_other_language", "", 0, "", detail=detail))
        counts = []
        for table in self.tables.values():
            table.close()
            due = self.making.rows.entries.get(table.sheet.name, 0)
            counts.append(SheetCount(table.sheet.name, table.sheet.title, due, table.written))
        check_counts(counts)
        facts = self.making.rows.facts_hash.hexdigest()
        number = number_of(self.source, facts, rehearsal=rehearsal)
        return ExportReport(tuple(counts), facts, number, self.tables[ISSUES].written, self.source.as_at)

    def about(self, report: ExportReport, *, rehearsal: bool) -> dict[str, Any]:
        """What the cover of the workbook says, by the same keys and mostly in words, and the parameters as plain data.

        `units` are the codes by which the fingerprint of the facts knows the unit of a number, by item.
        """
        texts = self.source.instrument.texts_in(self.language)
        stated = stated_facts(self.source, self.language, report.facts_sha256, self.making.shown_states)
        closed = self.source.cycle.closed_at
        items = self.source.instrument.items.values()
        return {
            "rehearsal": rehearsal,
            "title": str(texts("instrument.title")),
            "complements": str(texts("instrument.complements")),
            "verification": str(texts("instrument.verification")),
            **{key: figure_text(value) if isinstance(value, date) else value for key, value in stated.items()},
            # A word on the cover while the round is open.
            "closed_at": closed and figure_text(closed),
            "parameters": self.source.settings.as_json(),
            "export_number": report.number,
            "rows": {count.name: {"due": count.expected, "written": count.written} for count in report.counts},
            "units": {item.id: unit for item in items if (unit := getattr(item, "unit", ""))},
        }


def json_text(value: Any) -> str:
    """Plain data as JSON to be read by people too, with the characters that the workbook replaces replaced."""
    return json.dumps(_cleaned(value), ensure_ascii=False, indent=1)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)[0]
    if isinstance(value, dict):
        return {key: _cleaned(inner) for key, inner in value.items()}
    return [_cleaned(inner) for inner in value] if isinstance(value, list) else value
