"""All rows of one export, made in one pass over the sealed answers and given to a writer for each table."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import IO, Protocol

from exports.columns import CHANGES, EVIDENCE, list_sheets
from exports.derived import DerivedRows
from exports.marks import Value
from exports.reference import choice_rows, code_rows, dictionary_rows
from exports.rows import Row, Rows, SealedItem, languages_of
from exports.sheets import Issue
from exports.source import ExportSource, Sealed
from exports.tally import Tally
from exports.topics import find_topics


class TableWriter(Protocol):
    """What takes the rows of one table."""

    @property
    def names(self) -> Sequence[str]:
        """The names of the sheets, or files, that the table takes; more than one where it does not fit the first."""

    def write(self, values: Sequence[Value]) -> tuple[str, int]:
        """Write a row; the name of its sheet and its number there."""


class Making:
    """The rows of one export. Tables without a writer are left out."""

    def __init__(self, source: ExportSource, language: str, report: Callable[[Issue], None]) -> None:
        self.source, self.language, self._report = source, language, report
        settings = source.settings
        self.rows = Rows(source.instrument, language, settings)
        self.topics = find_topics(source.instrument, settings.report)
        self.derived = DerivedRows(self.rows, self.topics)
        self.tally = Tally(source, language)
        previous = source.previous
        self._rows_before = None if previous is None else Rows(previous.instrument, language, settings)
        self.sheets = list_sheets(
            source.instrument, language, settings.preset, report=settings.report, has_previous=previous is not None,
            questions=source.questions,
        )  # fmt: skip
        self.shown_states = 0

    def write(self, writers: Mapping[str, TableWriter], progress: Callable[[], object]) -> None:
        """Write every table but Issues; `progress` is called once for each State with answers. Raises BrokenSeal."""
        with ExitStack() as stack:
            self._write_states(writers, progress, stack)
        self._write_reference(writers)

    def write_answers(self, answers: TableWriter, progress: Callable[[], object]) -> None:
        """Write the answers alone; `progress` is called once for each State with answers. Raises BrokenSeal."""
        for sealed in self.source.sealed(self.language):
            self.shown_states += 1
            for row in self.rows.answer_rows(sealed, self.rows.items(sealed)):
                answers.write(row)
            progress()

    def _write_states(
        self, writers: Mapping[str, TableWriter], progress: Callable[[], object], stack: ExitStack
    ) -> None:
        """The tables of answers, State by State; texts are put aside by question, because they are read by paragraph."""
        languages: dict[str, str] = {}
        aside: dict[str, IO[bytes]] = {}
        answers, matrix, wide = writers["Answers_long"], writers.get("Matrix"), writers.get("Answers_wide")
        for sealed in self.source.sealed(self.language):
            self.shown_states += 1
            items = self.rows.items(sealed)
            places = [answers.write(row) for row in self.rows.answer_rows(sealed, items)]
            if matrix is not None:
                first, number = places[0]
                matrix.write(self.rows.matrix_row(sealed.state, items, f"{first}!A{number}"))
            if wide is not None:
                wide.write(self.derived.wide_row(sealed, items))
            for question_id, row in self.rows.text_rows(sealed.state, items):
                if question_id not in aside:
                    aside[question_id] = self._new_file(stack)
                aside[question_id].write(json.dumps(row).encode() + b"\n")
            for name, row in self.rows.repeat_rows(sealed.state, items):
                place = writers[name].write(row)
                if name == EVIDENCE and (file_id := row[-4]) in self.source.missing_files:
                    self._report(Issue("file_missing", *place, "", sealed.state.state_id, str(row[-2]), str(file_id)))
            for name, row in self.derived.topic_rows(sealed, items):
                writers[name].write(row)
            if CHANGES in writers:
                self._write_changes(writers[CHANGES], sealed, items)
            self.tally.add(sealed.state, items)
            languages[sealed.state.response_id] = languages_of(items)
            progress()
        for question_id in self.source.instrument.questions:
            if question_id in aside:
                aside[question_id].seek(0)
                for line in aside[question_id]:
                    writers["Texts"].write(json.loads(line))
        for state in self.source.in_order(self.language) if "Coverage" in writers else ():
            writers["Coverage"].write(self.rows.coverage_row(state, languages.get(state.response_id, "")))

    @staticmethod
    def _new_file(stack: ExitStack) -> IO[bytes]:
        return stack.enter_context(tempfile.TemporaryFile(prefix="texts-"))

    def _write_changes(self, writer: TableWriter, sealed: Sealed, items: Sequence[SealedItem]) -> None:
        assert self.source.previous is not None and self._rows_before is not None
        before = self.source.previous.sealed_of(sealed.state.state_id)
        if before is not None:
            for row in self.derived.change_rows(sealed, items, before, self._rows_before):
                writer.write(row)

    def _write_reference(self, writers: Mapping[str, TableWriter]) -> None:
        """The counts, and the tables that explain the others."""
        instrument, language = self.source.instrument, self.language
        for name, rows in (
            ("By_question", self.tally.question_rows(writers["Answers_long"].names)),
            ("By_group", self.tally.group_rows()),
            ("Dictionary", dictionary_rows(instrument, language)),
            ("Choices", choice_rows(instrument)),
            ("Codes", code_rows(instrument, self.source.in_order(language), language)),
        ):
            if name in writers:
                for row in rows:
                    self._write_counted(writers[name], name, row)

    def _write_counted(self, writer: TableWriter, name: str, row: Row) -> None:
        self.rows.count(name, *row)
        writer.write(row)
