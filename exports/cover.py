"""The first sheet: what this workbook holds, as at when, how complete it is, and how to read it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from exports.codes import code_lists, short_asked_states
from exports.columns import CONTRACT_VERSION
from exports.dashboard import DASHBOARD
from exports.marks import BLANKS, SCALES, with_mark
from exports.number import export_number
from exports.settings import PUBLIC, REVIEWERS, SECRETARIAT, STATE
from exports.shape import Gettext, gettext_in
from exports.source import ExportSource
from exports.topics import PARAGRAPH_15
from instruments.catalog import canonical_json
from languages import LANGUAGE_NAMES, direction, separator
from services.responses import state_name

COVER = "Cover"


@dataclass(frozen=True, slots=True)
class SheetCount:
    """How many rows a sheet must hold, and how many were written into it and its continuations."""

    name: str
    title: str
    expected: int
    written: int


@dataclass(frozen=True, slots=True)
class CoverRow:
    """One line: what it is, its value, its stable key. `style` is that of the label; the counts are for the list of sheets."""

    label: str = ""
    value: str | int | datetime | None = None
    key: str = ""
    style: str = "label"
    target: str = ""
    expected: int | str | None = None
    written: int | str | None = None


def cover_rows(
    source: ExportSource,
    language: str,
    counts: Sequence[SheetCount],
    facts_sha256: str,
    shown_states: int,
    *,
    number: str,
    rehearsal: bool,
    has_dashboard: bool = False,
) -> Iterator[CoverRow]:
    """All lines of the cover. `number` is the export number."""
    _ = gettext_in(language)
    texts = source.instrument.texts_in(language)
    # The title runs over the columns beside it, so nothing may stand there.
    yield CoverRow(str(texts("instrument.title")), style="title")
    if rehearsal:
        yield CoverRow(_("Rehearsal: invented States and invented answers"), key="rehearsal", style="warning")
    yield CoverRow()
    yield CoverRow(_("Purpose"), str(texts("instrument.complements")), "complements")
    yield CoverRow(_("Reliability"), str(texts("instrument.verification")), "verification")
    yield CoverRow()
    yield CoverRow(_("This workbook"), style="section")
    yield CoverRow(_("Export number"), number, "export_number")
    yield from _facts(source, language, facts_sha256, shown_states)
    yield CoverRow()
    yield CoverRow(_("Sheets"), style="section")
    yield CoverRow(_("Sheet"), _("Contents"), _("Key"), "head", expected=_("Rows due"), written=_("Rows written"))
    if has_dashboard:
        yield CoverRow(DASHBOARD, _("Charts beside their tables"), "sheet.Dashboard", "link", f"'{DASHBOARD}'!A1")
    for count in counts:
        yield CoverRow(
            count.name, count.title, f"rows.{count.name}", "link", f"'{count.name}'!A1", count.expected, count.written
        )
    yield CoverRow()
    yield CoverRow(_("How to read it"), style="section")
    yield from _definitions(source, language)


def submissions_sha256(source: ExportSource) -> str:
    """SHA-256 of the canonical JSON list of [State, receipt number, fingerprint], ordered by State: what was exported."""
    seals = [[state.state_id, state.seal.number, state.seal.sha256] for state in source.states if state.seal]
    return hashlib.sha256(canonical_json(sorted(seals)).encode()).hexdigest()


def number_of(source: ExportSource, facts_sha256: str, *, rehearsal: bool) -> str:
    """The export number of what was made from a source."""
    return export_number(
        parameters=source.settings.as_json(), cycle=source.cycle.id, instrument_sha256=source.instrument.sha256,
        facts_sha256=facts_sha256, submissions_sha256=submissions_sha256(source), as_at=source.as_at,
        contract_version=CONTRACT_VERSION, rehearsal=rehearsal,
    )  # fmt: skip


def _facts(source: ExportSource, language: str, facts_sha256: str, shown_states: int) -> Iterator[CoverRow]:
    _ = gettext_in(language)
    cycle, instrument = source.cycle, source.instrument
    yield CoverRow(_("Cycle"), cycle.title, "cycle_title")
    yield CoverRow(_("Cycle id"), cycle.id, "cycle")
    yield CoverRow(_("Opened (UTC)"), cycle.opens_at, "opens_at")
    yield CoverRow(_("Deadline (UTC)"), cycle.deadline, "deadline")
    yield CoverRow(_("Closed (UTC)"), cycle.closed_at or _("Open"), "closed_at")
    if source.previous is not None:
        yield CoverRow(_("Round before"), source.previous.cycle.title, "previous_cycle_title")
    yield CoverRow(_("Questionnaire"), instrument.instrument, "instrument")
    yield CoverRow(_("Version of the questionnaire"), instrument.version, "instrument_ver")
    yield CoverRow(_("Fingerprint of the questionnaire (SHA-256)"), instrument.sha256, "instrument_sha256")
    yield CoverRow(_("Language of the workbook"), LANGUAGE_NAMES[language], "language_name")
    yield CoverRow(_("Language code"), language, "language")
    yield from _settings(source, language)
    yield CoverRow(_("As at (UTC)"), source.as_at, "as_at")
    yield CoverRow(
        "", _("The moment of the newest fact in this file. The same facts always give the same file."), "", "note"
    )
    yield CoverRow(_("States in the cycle"), len(source.states), "states")
    yield CoverRow(_("States whose submitted answers are here"), shown_states, "states_submitted")
    if not shown_states:
        note = _(
            "No answers are in this file: nothing has been submitted yet, or nothing of it is open to its readers."
        )
        yield CoverRow("", note, "", "note")
    if not source.settings.is_shared:
        note = _(
            "The latest submission of each State. A State that has not submitted has a row in Coverage and no answers."
        )
        yield CoverRow("", note, "", "note")
    yield CoverRow(_("Fingerprint of the facts (SHA-256)"), facts_sha256, "facts_sha256")
    yield CoverRow(_("Fingerprint of the submissions (SHA-256)"), submissions_sha256(source), "submissions_sha256")
    yield CoverRow(_("Version of the columns"), CONTRACT_VERSION, "contract_version")
    yield CoverRow(_("Parameters, for programs"), canonical_json(source.settings.as_json()), "parameters")


def stated_facts(
    source: ExportSource, language: str, facts_sha256: str, shown_states: int
) -> dict[str, str | int | datetime | None]:
    """What the cover states about the export, by the key of its line: round, questionnaire, parameters in words, fingerprints."""
    return {row.key: row.value for row in _facts(source, language, facts_sha256, shown_states) if row.key}


def _settings(source: ExportSource, language: str) -> Iterator[CoverRow]:
    """The parameters of the export in words."""
    _ = gettext_in(language)
    settings, texts = source.settings, source.instrument.texts_in(language)
    listed = separator(language)
    yield CoverRow(_("Contents"), preset_words(_)[settings.preset], "preset")
    if settings.recipient:
        yield CoverRow(_("Recipient"), settings.recipient, "recipient")
    names = {state.state_id: state_name(state.names, language) for state in source.states}
    if settings.states:
        yield CoverRow(
            _("States chosen"), listed.join(names[code] for code in settings.states if code in names), "filter.states"
        )
    if settings.regions:
        groups = code_lists(_)["group"]
        yield CoverRow(
            _("Regional groups chosen"), listed.join(groups[code] for code in settings.regions), "filter.groups"
        )
    if settings.report:
        yield CoverRow(_("Report"), report_words(_)[settings.report], "report")
    if settings.questions:
        numbers = (source.instrument.questions[one].number_in(texts) for one in settings.questions)
        yield CoverRow(_("Paragraphs chosen"), listed.join(numbers), "filter.paragraphs")
    if settings.as_at is not None:
        yield CoverRow(_("Submissions up to (UTC)"), settings.as_at, "filter.as_at")
        yield CoverRow("", _("Shown with today’s visibility: what a State has closed since is not here."), "", "note")
    if settings.threshold:
        words = _("Counts from 1 to %(most)s are withheld, and with them whatever would give them away. 0 is shown.")
        yield CoverRow(_("Small counts of persons"), words % {"most": settings.threshold - 1}, "small_counts")


def report_words(_: Gettext) -> dict[str, str]:
    """What a workbook is about, in words."""
    return {"": _("Every paragraph"), PARAGRAPH_15: _("What bears on the report under paragraph 15")}


def preset_words(_: Gettext) -> dict[str, str]:
    """What each preset holds, in words."""
    return {
        SECRETARIAT: _("Full: everything that was submitted, for the secretariat only"),
        REVIEWERS: _("For the reviewers of one State: what the State has opened to reviewers"),
        PUBLIC: _("Public: only what States have opened to the public"),
        STATE: _("A State’s own copy: everything it submitted"),
    }


def _definitions(source: ExportSource, language: str) -> Iterator[CoverRow]:
    _ = gettext_in(language)
    texts = source.instrument.texts_in(language)
    yield CoverRow(
        _("Answered of asked"),
        _("Items that are asked of the State and open at first. Items under “Add details” are not counted; an item that the "
          "answers make needless is not asked. It says how far the work is, never how far a paragraph is carried out."),
        "definition.progress",
    )  # fmt: skip
    blanks = short_asked_states(_)
    explained = {
        "not_answered": _("The item was asked and left empty."),
        "not_asked": _("The item does not concern the State, or its other answers made it needless."),
    }
    right_to_left = direction(language) == "rtl"
    for code, words in explained.items():
        label = with_mark(BLANKS[code].symbol, blanks[code], right_to_left=right_to_left)
        yield CoverRow(label, words, f"asked_state.{code}")
    for name, marks in SCALES.items():
        for code, mark in marks.items():
            help_ = texts.get(f"list.{name}.{code}.help")
            label = with_mark(mark.symbol, str(texts.option(name, code)), right_to_left=right_to_left)
            yield CoverRow(label, str(help_) if help_ else None, f"{name}.{code}")
    yield CoverRow(
        _("Long texts"),
        _(
            "A text longer than a cell goes on in the next rows: part_no of part_of. Joined, the parts give the text again."
        ),
        "definition.parts",
    )
    yield CoverRow(
        _("Head rows"),
        _("Row 3 says in words what a column holds, row 4 is its stable id and the header of the table."),
        "definition.heads",
    )
