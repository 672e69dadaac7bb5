"""The sealed answers that a workbook should hold: read from the database as at the file's moment, as facts in order."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from exports.cover import COVER, submissions_sha256
from exports.facts import FACT_COLUMNS
from exports.rows import Rows
from exports.settings import BadSettings, ExportSettings
from exports.source import BrokenSeal, ExportSource, read_source
from imports.compare import Comparison, Entry, Outcome
from imports.findings import Findings
from imports.statements import Statements
from models.database import Database
from services.permissions import NotFound

LAST_INSTANT = timedelta(seconds=1) - timedelta(microseconds=1)
"""The moment on a cover is cut to the second: what was sealed inside it may be in the file."""


class Answers:
    """The sealed answers of one export, and what comparing the file with them found."""

    def __init__(self, source: ExportSource, findings: Findings) -> None:
        self.source = source
        self.closed: Counter[tuple[str, str]] = Counter()
        """(State, question) that the file shows and the State has closed since, with the number of facts."""
        self._findings = findings
        self._digest = hashlib.sha256()
        self.broken: set[str] = set()
        """States whose submission differs from its fingerprint: nothing can be said about their facts."""
        self.seals_hold = self._check_seals()

    def _check_seals(self) -> bool:
        """Name every submission that is not what was sealed, also those of the round before that changes are shown against."""
        sources = [one for one in (self.source, self.source.previous) if one is not None]
        broken = []
        for source, state in ((one, state) for one in sources for state in one.states if state.seal is not None):
            try:
                source.documents.get(state, source.instrument)
            except BrokenSeal:
                assert state.seal is not None
                self._findings.add("submission_altered", state=state.state_id, said=state.seal.number)
                broken.append((source, state.state_id))
        self.broken = {state for source, state in broken if source is self.source}
        return not broken

    def comparison(self, most: int) -> Comparison:
        """Takes the facts of the file, one by one."""
        return Comparison(self._due(), most, nearer=_row_and_field, matched=self._match)

    def _due(self) -> Iterator[Entry]:
        """Every fact that was open when it was sealed; those that are closed today may stand in the file or not."""
        source, rows = self.source, Rows(self.source.instrument, self.source.settings.language, self.source.settings)
        as_sealed = replace(source, visibilities={})
        for state in source.in_order(rows.language):
            if state.seal is None or state.state_id in self.broken:
                continue
            sealed = as_sealed.sealed_of(state.state_id)
            if sealed is None:
                continue
            today = source.sealed_of(state.state_id) if source.settings.is_shared else sealed
            for entry, line in rows.fact_lines(state.state_id, rows.items(sealed)):
                is_open = today is not None and entry.question.id in today.questions
                if is_open:
                    self._digest.update(line)
                yield Entry(line, (state.state_id, entry.item.id), wanted=is_open)

    def _match(self, due: Entry, found: Entry) -> None:
        if not due.wanted:
            state, item = json.loads(found.content)[:2]
            self.closed[state, self.source.instrument.items[item].question_id] += 1

    def name(self, outcome: Outcome, statements: Statements) -> None:
        """Put into words what the comparison of the facts found."""
        add = self._findings.add
        for due, found in outcome.altered:
            column, said, right = _difference(found.content, due.content)
            add("fact_altered", *found.place, state=due.key[0], item=due.key[1], column=column, said=said, due=right)
        for entry in outcome.missing:
            add(
                "fact_missing",
                *(entry.place or ("Answers_long", 4)),
                state=entry.key[0],
                item=entry.key[1],
                due=_words(entry.content),
            )
        for entry in outcome.added:
            add("fact_added", *entry.place, state=entry.key[0], item=entry.key[1], said=_words(entry.content))
        if outcome.out_of_order is not None:
            entry = outcome.out_of_order
            add("fact_order", *entry.place, state=entry.key[0], item=entry.key[1])
        for (state, question), count in self.closed.items():
            add("fact_closed", "Answers_long", state=state, item=question, said=count)
        if not self.closed and not self.broken and self._digest.hexdigest() != statements.texts["facts_sha256"]:
            add(
                "facts_other", COVER, statements.places["facts_sha256"], said=statements.texts["facts_sha256"],
                due=self._digest.hexdigest(),
            )  # fmt: skip


def _row_and_field(line: bytes) -> Hashable:
    return tuple(json.loads(line)[4:6])


def _difference(found: bytes | None, due: bytes | None) -> tuple[str, object, object]:
    """(columns that differ, what stands in the first of them, what should)."""
    if found is None or due is None:
        return "", "", ""
    said, right = json.loads(found), json.loads(due)
    places = [place for place, pair in enumerate(zip(said, right, strict=True)) if pair[0] != pair[1]]
    first = places[0]
    return ", ".join(FACT_COLUMNS[place] for place in places), said[first], right[first]


def _words(line: bytes | None) -> str:
    """What a fact says, in short: its code, text, number and day, or what became of the item."""
    if line is None:
        return ""
    given: list[Any] = json.loads(line)
    return " ".join(str(given[place]) for place in (6, 7, 8, 10) if given[place]) or str(given[2])


@contextmanager
def open_answers(database: Database, statements: Statements, findings: Findings) -> Iterator[Answers | None]:
    """The answers that the file should hold; None where the file does not say what it is of, which is then a difference."""
    with ExitStack() as stack:
        if missing := statements.missing():
            findings.add("not_stated", COVER, column=", ".join(missing))
            yield None
            return
        try:
            settings = statements.settings()
            source = _source(stack, database, statements, settings)
        except BadSettings as error:
            findings.add("parameters", COVER, statements.places["parameters"], said=error)
            yield None
            return
        except NotFound as error:
            findings.add("unknown_cycle", COVER, statements.places["cycle"], said=error)
            yield None
            return
        for name, due in (("instrument", source.instrument.sha256), ("submissions", submissions_sha256(source))):
            key = f"{name}_sha256"
            findings.compared[name] = 1
            if statements.texts[key] != due:
                findings.add(key, COVER, statements.places[key], said=statements.texts[key], due=due)
        yield Answers(source, findings)


def _source(stack: ExitStack, database: Database, statements: Statements, settings: ExportSettings) -> ExportSource:
    """The cycle as it was when the file was made.

    The moment of the file has no fractions. Where States submitted within that second, the fingerprint of the submissions tells
    which of them were there.
    """
    assert statements.as_at is not None
    until, tried = statements.as_at + LAST_INSTANT, list[datetime]()
    while True:
        with ExitStack() as inner:
            source = inner.enter_context(read_source(database, statements.texts["cycle"], settings, until=until))
            inside = [
                state.seal.submitted_at
                for state in source.states
                if state.seal and state.seal.submitted_at >= statements.as_at
            ]
            fits = submissions_sha256(source) == statements.texts["submissions_sha256"]
            if fits or (not inside and not tried) or until in tried:
                stack.push(inner.pop_all())
                return replace(source, stated_as_at=statements.as_at)
            tried.append(until)
            # None of them fits: then the whole second counts.
            until = max(inside) - timedelta(microseconds=1) if inside else tried[0]
