"""The secretariat's workbook: one pass over the sealed answers, every sheet at once, memory flat."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from openpyxl import Workbook

from exports.cells import clean, looks_like_formula, moment_number
from exports.columns import list_sheets
from exports.cover import COVER, CoverRow, SheetCount, cover_rows, number_of
from exports.heights import lines_needed
from exports.package import Layout, PackageTexts, attribute, write_package
from exports.reference import choice_rows, code_rows, dictionary_rows, labels_in_other_languages
from exports.rows import Row, Rows, languages_of
from exports.shape import Sheet, gettext_in
from exports.sheets import LINE, MOST_ROWS, Issue, Part, SharedStrings, SheetWriter
from exports.source import ExportError, ExportSource
from exports.styles import Styles
from languages import direction, format_moment

COVER_SHEET = Sheet(COVER, "", "", ())
COVER_WIDTHS = (50, 90, 34, 14, 14)


class ExportIncomplete(ExportError):
    """The rows written are not the rows due: the file was not made."""


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
        making = _Making(source, language, stack, most_rows)
        making.write_states(progress)
        making.write_reference()
        return making.finish(target, rehearsal=rehearsal)


def _ignore(_issue: Issue) -> None:
    pass


class _Making:
    """One export while it is made."""

    def __init__(self, source: ExportSource, language: str, stack: ExitStack, most_rows: int) -> None:
        self.source, self.language = source, language
        self._stack = stack
        self.book = Workbook()
        self.styles = Styles(self.book, right_to_left=direction(language) == "rtl")
        self.strings = SharedStrings()
        self.rows = Rows(source.instrument, language, source.settings)
        self.shown_states = 0
        self.issues = 0
        self._issue_words = self.rows.words["issue"]
        self.sheets = list_sheets(source.instrument, language, source.settings.preset)
        self.writers: dict[str, SheetWriter] = {}
        for sheet in self.sheets:
            self.writers[sheet.name] = SheetWriter(
                # A sheet of issues that goes on in another has nowhere to say so.
                sheet, self.styles, self.strings, self._report if sheet.name != "Issues" else _ignore, self._new_file,
                most_rows=most_rows,
            )  # fmt: skip
        self.cycle_title = clean(source.cycle.title)[0]
        if self.cycle_title != source.cycle.title:
            self._report(Issue("characters_replaced", COVER, 0, "cycle_title"))

    def _new_file(self) -> IO[bytes]:
        return self._stack.enter_context(tempfile.TemporaryFile(prefix="sheet-"))

    def _report(self, issue: Issue) -> None:
        self.issues += 1
        self.writers["Issues"].write(
            (issue.code, self._issue_words[issue.code], issue.sheet, issue.row or None, *issue[3:])
        )

    def write_states(self, progress: Callable[[], object]) -> None:
        """The sheets of answers, State by State; texts are put aside by question, because they are read by paragraph."""
        languages: dict[str, str] = {}
        aside: dict[str, IO[bytes]] = {}
        answers, matrix = self.writers["Answers_long"], self.writers.get("Matrix")
        for sealed in self.source.sealed(self.language):
            self.shown_states += 1
            items = self.rows.items(sealed)
            places = [answers.write(row) for row in self.rows.answer_rows(sealed, items)]
            if matrix is not None:
                first, number = places[0]
                matrix.write(self.rows.matrix_row(sealed.state, items, f"{first}!A{number}"))
            for question_id, row in self.rows.text_rows(sealed.state, items):
                if question_id not in aside:
                    aside[question_id] = self._new_file()
                aside[question_id].write(json.dumps(row).encode() + b"\n")
            for name, row in self.rows.repeat_rows(sealed.state, items):
                self.writers[name].write(row)
            languages[sealed.state.response_id] = languages_of(items)
            progress()
        for question_id in self.source.instrument.questions:
            if question_id in aside:
                aside[question_id].seek(0)
                for line in aside[question_id]:
                    self.writers["Texts"].write(json.loads(line))
        for state in self.source.in_order(self.language) if "Coverage" in self.writers else ():
            self.writers["Coverage"].write(self.rows.coverage_row(state, languages.get(state.response_id, "")))

    def write_reference(self) -> None:
        """The sheets that explain the others."""
        instrument, language = self.source.instrument, self.language
        for name, rows in (
            ("Dictionary", dictionary_rows(instrument, language)),
            ("Choices", choice_rows(instrument)),
            ("Codes", code_rows(instrument, self.source.in_order(language), language)),
        ):
            for row in rows:
                self._write_counted(name, row)
        for detail in labels_in_other_languages(instrument, language):
            self._report(Issue("label_in_other_language", "", 0, "", detail=detail))

    def _write_counted(self, name: str, row: Row) -> None:
        self.rows.count(name, *row)
        self.writers[name].write(row)

    def finish(self, target: IO[bytes], *, rehearsal: bool) -> ExportReport:
        """Compare the counts, write the cover, put the file together."""
        self.rows.expected["Issues"] = self.issues
        counts = []
        for sheet in self.sheets:
            writer = self.writers[sheet.name]
            writer.close()
            counts.append(SheetCount(sheet.name, sheet.title, self.rows.expected.get(sheet.name, 0), writer.written))
        wrong = [
            f"{count.name}: {count.written} of {count.expected}" for count in counts if count.written != count.expected
        ]
        if wrong:
            raise ExportIncomplete(f"Rows are missing or too many ({'; '.join(wrong)}).")
        facts = self.rows.facts_hash.hexdigest()
        number = number_of(self.source, facts, rehearsal=rehearsal)
        cover = self._write_cover(list(cover_rows(
            self.source, self.language, counts, facts, self.shown_states, number=number, rehearsal=rehearsal
        )))  # fmt: skip
        layouts = [Layout(cover, None, COVER_WIDTHS)]
        for sheet in self.sheets:
            widths = [column.width for column in sheet.columns]
            layouts += [Layout(part, sheet, widths) for part in self.writers[sheet.name].parts]
        write_package(target, self.book, layouts, self.strings, self._package_texts(number, rehearsal=rehearsal))
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

    def _write_cover(self, rows: list[CoverRow]) -> Part:
        part = Part(COVER, COVER_SHEET, self._new_file())
        for number, row in enumerate(rows, start=1):
            part.file.write(self._cover_row(part, number, row).encode())
        part.last_row = len(rows)
        return part

    def _cover_row(self, part: Part, number: int, row: CoverRow) -> str:
        cells = []
        if row.label:
            cells.append(self._cover_cell(f"A{number}", row.label, row.style))
        if row.value is not None:
            cells.append(self._cover_cell(f"B{number}", row.value, "head" if row.style == "head" else "value"))
        if row.key:
            cells.append(self._cover_cell(f"C{number}", row.key, "head" if row.style == "head" else "key"))
        if row.expected is not None and row.written is not None:
            cells += [
                self._cover_cell(f"D{number}", row.expected, "head"),
                self._cover_cell(f"E{number}", row.written, "head"),
            ]
        if row.target:
            part.links.append(f'<hyperlink ref="A{number}" location="{attribute(row.target)}"/>')
        lines = max(
            lines_needed(row.value, COVER_WIDTHS[1]) if isinstance(row.value, str) else 1,
            lines_needed(row.label, COVER_WIDTHS[0]) if row.style == "label" else 1,
        )
        height = {"title": 26.0, "warning": 24.0, "section": 20.0, "head": 30.0}.get(row.style, 3 + LINE * lines)
        return f'<row r="{number}" ht="{height}">{"".join(cells)}</row>'

    def _cover_cell(self, place: str, value: str | int | datetime, style: str) -> str:
        if isinstance(value, datetime):
            return f'<c r="{place}" s="{self.styles["moment_start"]}"><v>{moment_number(value)}</v></c>'
        if isinstance(value, int):
            name = "integer_start" if style == "value" else "integer_wrap"
            return f'<c r="{place}" s="{self.styles[name]}"><v>{value}</v></c>'
        text = clean(value)[0]
        if style == "value":
            way = "rtl" if direction(self.language) == "rtl" else "ltr"
            style = f"wrap_{way}_typed" if looks_like_formula(text) else "code_wrap"
        return f'<c r="{place}" s="{self.styles[style]}" t="s"><v>{self.strings.number(text)}</v></c>'
