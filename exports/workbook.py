"""The secretariat's workbook: one pass over the sealed answers, every sheet at once, memory flat."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from openpyxl import Workbook

from exports.cell_xml import SharedStrings
from exports.cells import clean
from exports.cover import COVER, SheetCount, cover_rows, number_of
from exports.dashboard import Dashboard
from exports.deflate import Deflated, start_compressing
from exports.front import FrontSheets
from exports.making import Making
from exports.package import Layout, PackageTexts, write_package
from exports.reference import labels_in_other_languages
from exports.settings import SECRETARIAT
from exports.shape import gettext_in
from exports.sheets import MOST_ROWS, Issue, SheetWriter
from exports.source import ExportError, ExportSource
from exports.styles import Styles
from languages import direction, format_moment


class ExportIncomplete(ExportError):
    """The rows written are not the rows due: the file was not made."""


def check_counts(counts: Iterable[SheetCount]) -> None:
    """Raise ExportIncomplete when the rows written are not the rows due."""
    wrong = [
        f"{count.name}: {count.written} of {count.expected}" for count in counts if count.written != count.expected
    ]
    if wrong:
        raise ExportIncomplete(f"Rows are missing or too many ({'; '.join(wrong)}).")


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written: rows by sheet, the fingerprint of the facts, the export number, the number of issues."""

    counts: tuple[SheetCount, ...]
    facts_sha256: str
    number: str
    issues: int
    as_at: datetime


def write_workbook(
    target: IO[bytes],
    source: ExportSource,
    language: str,
    *,
    rehearsal: bool = False,
    progress: Callable[[], object] = lambda: None,
    most_rows: int = MOST_ROWS,
) -> ExportReport:
    """Write the workbook of a cycle in one of the six languages into an empty binary file.

    `progress` is called once for each State with answers. Raises BrokenSeal for an altered submission and ExportIncomplete
    when a row is missing or too many; what stands in `target` is then no workbook.
    """
    with ExitStack() as stack:
        workbook = _Workbook(source, language, stack, most_rows)
        workbook.write_rows(progress)
        return workbook.finish(target, rehearsal=rehearsal)


def _ignore(_issue: Issue) -> None:
    pass


class _Workbook:
    """One workbook while it is made."""

    def __init__(self, source: ExportSource, language: str, stack: ExitStack, most_rows: int) -> None:
        self.source, self.language = source, language
        self._stack, self._thread = stack, stack.enter_context(start_compressing())
        self.book = Workbook()
        # The values of formulas stand in the cells; programs need not compute them before they show anything.
        self.book.calculation.fullCalcOnLoad = False
        self.styles = Styles(self.book, right_to_left=direction(language) == "rtl")
        self.strings = SharedStrings()
        self.making = Making(source, language, self._report)
        self.issues = 0
        self._issue_words = self.making.rows.words["issue"]
        self.writers: dict[str, SheetWriter] = {}
        for sheet in self.making.sheets:
            self.writers[sheet.name] = SheetWriter(
                # A sheet of issues that goes on in another has nowhere to say so.
                sheet, self.styles, self.strings, self._report if sheet.name != "Issues" else _ignore, self._new_file,
                most_rows=most_rows,
            )  # fmt: skip
        self.cycle_title = clean(source.cycle.title)[0]
        if self.cycle_title != source.cycle.title:
            self._report(Issue("characters_replaced", COVER, 0, "cycle_title"))

    def _new_file(self) -> Deflated:
        return Deflated(self._stack.enter_context(tempfile.TemporaryFile(prefix="sheet-")), self._thread)

    def _report(self, issue: Issue) -> None:
        self.issues += 1
        self.writers["Issues"].write(
            (issue.code, self._issue_words[issue.code], issue.sheet, issue.row or None, *issue[3:])
        )

    def write_rows(self, progress: Callable[[], object]) -> None:
        """Every sheet with a table."""
        self.making.write(self.writers, progress)
        for detail in labels_in_other_languages(self.source.instrument, self.language):
            self._report(Issue("label_in_other_language", "", 0, "", detail=detail))

    def finish(self, target: IO[bytes], *, rehearsal: bool) -> ExportReport:
        """Compare the counts, write the sheets in front, put the file together."""
        rows = self.making.rows
        rows.expected["Issues"] = self.issues
        counts = []
        for sheet in self.making.sheets:
            writer = self.writers[sheet.name]
            writer.close()
            counts.append(SheetCount(sheet.name, sheet.title, rows.expected.get(sheet.name, 0), writer.written))
        check_counts(counts)
        facts = rows.facts_hash.hexdigest()
        number = number_of(self.source, facts, rehearsal=rehearsal)
        front = FrontSheets(self.styles, self.strings, self._new_file, self.language)
        layouts = []
        if self.source.settings.preset == SECRETARIAT and self.source.states:
            layouts.append(front.dashboard(Dashboard(self.source, self.making.tally, self.language)))
        cover = cover_rows(
            self.source, self.language, counts, facts, self.making.shown_states, number=number,
            rehearsal=rehearsal, has_dashboard=bool(layouts),
        )  # fmt: skip
        layouts.insert(0, front.cover(list(cover)))
        for sheet in self.making.sheets:
            widths = [column.width for column in sheet.columns]
            layouts += [Layout(part, sheet, widths) for part in self.writers[sheet.name].parts]
        write_package(
            target, self.book, layouts, self.strings, self._package_texts(number, rehearsal=rehearsal), self._new_file
        )
        return ExportReport(tuple(counts), facts, number, self.issues, self.source.as_at)

    def _package_texts(self, number: str, *, rehearsal: bool) -> PackageTexts:
        _ = gettext_in(self.language)
        texts = self.source.instrument.texts_in(self.language)
        title = str(texts("instrument.title"))
        properties = self.book.properties
        properties.title, properties.creator, properties.language = title, _("Implementation Tracker"), self.language
        return PackageTexts(
            warning=_("Rehearsal: invented States and invented answers") if rehearsal else "",
            title=str(texts("instrument.short_title")),
            round=self.cycle_title,
            footer=_("Export %(number)s. As at %(moment)s. As reported by States, not verified.")
            % {"number": number, "moment": format_moment(self.source.as_at, self.language)},
            as_at=self.source.as_at,
            right_to_left=direction(self.language) == "rtl",
        )
