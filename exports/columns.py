"""The sheets of the workbook and their columns: ASCII names and ids that stay, titles and heads in the reader's language."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from exports.columns_derived import (
    answers_wide_sheet,
    by_group_sheet,
    by_question_sheet,
    changes_sheet,
    topic_sheet,
)
from exports.columns_reference import choices_sheet, codes_sheet, dictionary_sheet, issues_sheet
from exports.settings import PUBLIC, SECRETARIAT, STATE, THRESHOLDS
from exports.shape import Gettext, Sheet, SheetColumn, gettext_in, group_columns, parts_columns, state_columns
from exports.topics import find_topics
from instruments.items import Item
from instruments.schema import Instrument

CONTRACT_VERSION = 3
"""Counted up when a column is added, removed, renamed or moved; `exports/contract.json` holds the columns of each version."""


def repeat_sheets(instrument: Instrument) -> dict[str, Item]:
    """Sheets of repeatable item types that the instrument has, each with an item of the type, in instrument order."""
    found: dict[str, Item] = {}
    for item in instrument.items.values():
        if item.sheet:
            found.setdefault(item.sheet, item)
    return found


def status_items(instrument: Instrument) -> list[Item]:
    """The items that make the matrix: the headline of each question, and the parts of questions that have parts."""
    return [
        question.items_by_id[item_id]
        for question in instrument.questions.values()
        for item_id in dict.fromkeys((question.headline, *question.parts))
        if item_id
    ]


CHANGES = "Changes"
EVIDENCE = "Evidence"

ONLY_IN: dict[str, frozenset[str]] = {
    "Coverage": frozenset({SECRETARIAT, STATE}),
    "Matrix": frozenset({SECRETARIAT}),
    "Answers_wide": frozenset({SECRETARIAT, STATE}),
    "By_question": frozenset({SECRETARIAT, PUBLIC}),
    "By_group": frozenset({SECRETARIAT, PUBLIC}),
}
"""The presets that have the sheet; all others are in every preset. States stand side by side for the secretariat only."""


MOVES_ON: dict[str, frozenset[str]] = {
    "": frozenset({"clearance", "clearance_label", "visibility", "visibility_label"}),
    "Cover": frozenset({"cycle_title", "opens_at", "deadline", "closed_at", "states", "previous_cycle_title"}),
    "Coverage": frozenset({
        "party_status", "party_status_label", "party_since", "invited_at", "focal_point", "reminders", "last_reminded_at",
        "work_state", "work_state_label", "answered", "asked", "questions_ready", "deadline", "is_extended",
        "reopen_requested_at", "last_activity_at",
    }),
}  # fmt: skip
"""By sheet (empty: in every sheet), the columns whose values go on changing after an export and are in no sealed answer; of the
cover, the keys of such lines. `flask export verify` does not compare them."""


def list_sheets(
    instrument: Instrument,
    language: str,
    preset: str = SECRETARIAT,
    *,
    report: str = "",
    has_previous: bool = False,
    questions: Collection[str] | None = None,
) -> list[Sheet]:
    """Every sheet of a preset with a table, in the order of the workbook (the cover stands before them).

    `report`: what the workbook is about (`exports.topics.REPORTS`). `has_previous`: there was a round of reporting before, against which changes are listed.
    `questions`: the ids of those that have columns of their own where a State has one row; None for all.
    """
    return [
        _only(sheet, questions) for sheet in _all_sheets(instrument, language, report, THRESHOLDS[preset])
        if preset in ONLY_IN.get(sheet.name, {preset}) and (has_previous or sheet.name != CHANGES)
    ]  # fmt: skip


def _only(sheet: Sheet, questions: Collection[str] | None) -> Sheet:
    """The sheet without the columns of items (`op5.penalties_status`) of other questions: empty ones would look like blanks."""
    if questions is None:
        return sheet
    return replace(sheet, columns=tuple(
        column for column in sheet.columns if "." not in column.id or column.id.partition(".")[0] in questions
    ))  # fmt: skip


def _all_sheets(instrument: Instrument, language: str, report: str, threshold: int) -> list[Sheet]:
    _ = gettext_in(language)
    return [
        _coverage(_),
        _matrix(_, instrument, language),
        _answers(_),
        answers_wide_sheet(_, instrument, language),
        by_question_sheet(_, threshold),
        by_group_sheet(_, threshold),
        _texts(_),
        *(_repeat(_, name, item, instrument, language) for name, item in repeat_sheets(instrument).items()),
        *(topic_sheet(_, topic.sheet, topic.title(_)) for topic in find_topics(instrument, report)),
        changes_sheet(_),
        dictionary_sheet(_),
        choices_sheet(_),
        codes_sheet(_),
        issues_sheet(_),
    ]


def _coverage(_: Gettext) -> Sheet:
    return Sheet(
        "Coverage",
        _("Coverage"),
        _("One row for each State. Answered and asked say how far the work is, not how far the paragraphs are carried out."),
        (
            *state_columns(_),
            SheetColumn("m49", _("State code (M49)"), width=10),
            SheetColumn("kind", _("Kind (code)"), width=17),
            SheetColumn("kind_label", _("Kind"), width=18),
            *group_columns(_),
            SheetColumn("party_status", _("Party status (code)"), width=14),
            SheetColumn("party_status_label", _("Party to the Protocol"), width=15),
            SheetColumn("party_since", _("Party since"), "date", 13),
            SheetColumn("invited_at", _("Focal point invited (UTC)"), "moment", 18),
            SheetColumn("focal_point", _("Focal point"), width=22),
            SheetColumn("reminders", _("Reminders"), "integer", 12),
            SheetColumn("last_reminded_at", _("Last reminder (UTC)"), "moment", 18),
            SheetColumn("work_state", _("State of work (code)"), width=17),
            SheetColumn("work_state_label", _("State of work"), width=20),
            SheetColumn("answered", _("Answered"), "integer", 11),
            SheetColumn("asked", _("Asked"), "integer", 9),
            SheetColumn("questions_ready", _("Questions marked ready"), "integer", 12),
            SheetColumn("clearance", _("Clearance (code)"), width=14),
            SheetColumn("clearance_label", _("Clearance"), width=15),
            SheetColumn("deadline", _("Deadline (UTC)"), "moment", 18),
            SheetColumn("is_extended", _("Deadline extended"), width=12),
            SheetColumn("submitted_at", _("Submitted (UTC)"), "moment", 18),
            SheetColumn("is_late", _("Submitted after the deadline"), width=12),
            SheetColumn("reopen_requested_at", _("Reopening requested (UTC)"), "moment", 18),
            SheetColumn("receipt_no", _("Receipt number"), width=26),
            SheetColumn("round", _("Submission"), "integer", 13),
            SheetColumn("languages", _("Languages of the texts"), width=15),
            SheetColumn("last_activity_at", _("Last activity (UTC)"), "moment", 18),
            SheetColumn("document_sha256", _("Fingerprint of the sealed answers (SHA-256)"), width=76),
            SheetColumn("response_id", _("Response"), width=23),
        ),
        frozen=2,
        printed="last_activity_at",
    )  # fmt: skip


def _matrix(_: Gettext, instrument: Instrument, language: str) -> Sheet:
    texts = instrument.texts_in(language)
    columns = []
    for item in status_items(instrument):
        question = instrument.questions[item.question_id]
        words = texts(f"{question.id}.label") if item.id == question.headline else item.label(texts)
        columns.append(SheetColumn(item.id, f"{question.number_in(texts)}\n{words}", "mark", 18))
    return Sheet(
        "Matrix",
        _("Matrix: States by paragraph"),
        _("Latest submitted answers, as reported by States. The code of a State leads to its answers. There are no totals."),
        (
            SheetColumn("group_label", _("Regional group"), width=20),
            SheetColumn("state_iso3", _("State code (ISO 3166)"), "mark", 12),
            SheetColumn("state", _("State"), width=24),
            *columns,
        ),
        frozen=3,
        middle=True,
    )  # fmt: skip


def _answers(_: Gettext) -> Sheet:
    return Sheet(
        "Answers_long",
        _("Answers"),
        _("One row for each stated fact of each item; one row for an item that was not answered or not asked."),
        (
            *state_columns(_),
            SheetColumn("paragraph", _("Paragraph"), width=13),
            SheetColumn("question_label", _("Question"), width=34),
            SheetColumn("item_label", _("Item"), width=34),
            SheetColumn("asked_state", _("Asked or answered (code)"), width=15),
            SheetColumn("asked_state_label", _("Asked or answered"), width=16),
            SheetColumn("code", _("Code"), width=25),
            SheetColumn("label", _("Label"), width=28),
            SheetColumn("value_text", _("Text"), "text", 60),
            SheetColumn("value_number", _("Number"), "number", 14),
            SheetColumn("unit", _("Unit"), width=14),
            SheetColumn("value_date", _("Date"), "date", 13),
            SheetColumn("language", _("Language of the text"), width=12),
            SheetColumn("text_origin", _("Origin of the text"), width=12),
            SheetColumn("field", _("Part of the answer (code)"), width=20),
            SheetColumn("field_label", _("Part of the answer"), width=26),
            SheetColumn("row_id", _("Row"), "text", 18),
            SheetColumn("answer_version", _("Version of the answer"), "integer", 12),
            SheetColumn("visibility", _("Visibility (code)"), width=14),
            SheetColumn("visibility_label", _("Visibility"), width=32),
            SheetColumn("evidence_count", _("Files cited in the answer"), "integer", 11),
            SheetColumn("question_id", _("Question id"), width=12),
            SheetColumn("item_id", _("Item id"), width=38),
            SheetColumn("type", _("Type of item"), width=18),
            SheetColumn("article", _("Articles"), width=28),
            SheetColumn("cluster", _("Cluster"), width=11),
            SheetColumn("verb", _("Verb"), width=18),
            SheetColumn("addressee", _("Addressee"), width=22),
            SheetColumn("m49", _("State code (M49)"), width=10),
            *group_columns(_),
            SheetColumn("clearance", _("Clearance (code)"), width=12),
            SheetColumn("submitted_at", _("Submitted (UTC)"), "moment", 18),
            SheetColumn("receipt_no", _("Receipt number"), width=26),
            SheetColumn("cycle", _("Cycle"), width=22),
            SheetColumn("instrument_ver", _("Version of the questionnaire"), width=14),
            SheetColumn("response_id", _("Response"), width=23),
            *parts_columns(_),
        ),
        frozen=3,
        wraps=False,
        printed="value_date",
        runs=("state_iso3", "paragraph", "visibility", "question_id", "m49"),
    )  # fmt: skip


def _texts(_: Gettext) -> Sheet:
    return Sheet(
        "Texts",
        _("Texts by paragraph"),
        _("What States wrote, in the language in which they wrote it, for reading: by paragraph, then by State."),
        (
            SheetColumn("paragraph", _("Paragraph"), width=13),
            SheetColumn("question_label", _("Question"), width=26),
            SheetColumn("state", _("State"), width=22),
            SheetColumn("item_label", _("Item"), width=24),
            SheetColumn("part_label", _("Part of the answer"), width=20),
            SheetColumn("language", _("Language of the text"), width=12),
            SheetColumn("text", _("Text"), "text", 90),
            SheetColumn("state_iso3", _("State code (ISO 3166)"), width=12),
            SheetColumn("group_label", _("Regional group"), width=24),
            SheetColumn("question_id", _("Question id"), width=12),
            SheetColumn("item_id", _("Item id"), width=38),
            SheetColumn("field", _("Part of the answer (code)"), width=18),
            SheetColumn("response_id", _("Response"), width=23),
            *parts_columns(_),
        ),
        frozen=3,
        printed="text",
    )  # fmt: skip


def _repeat(_: Gettext, name: str, item: Item, instrument: Instrument, language: str) -> Sheet:
    titles = {
        "Laws": _("Laws and decrees"),
        "Policies": _("Policies and measures"),
        "Units": _("Bodies and units"),
        "TA_needs": _("Technical assistance"),
        "Good_practice": _("Good practices"),
        "Statistics": _("Statistics"),
        "Evidence": _("Supporting documents"),
    }
    texts = instrument.texts_in(language)
    own = item.columns(texts)
    # A column `<id>_code` holds the code of the choice whose label stands in `<id>` beside it.
    with_code = {column.id for column in own if f"{column.id}_code" in {other.id for other in own}}
    columns = []
    for column in own:
        base = column.id.removesuffix("_code")
        if column.id in with_code:
            columns.append(SheetColumn(column.id, column.label, width=22))
        elif base in with_code:
            columns.append(SheetColumn(column.id, _("%(label)s (code)") % {"label": column.label}, width=18))
        else:
            columns.append(SheetColumn(column.id, column.label, "any", 22))
    return Sheet(
        name,
        titles.get(name, name),
        _("One row for each entry; the row id stays the same when the State submits again."),
        (
            *state_columns(_),
            SheetColumn("group_label", _("Regional group"), width=24),
            SheetColumn("paragraph", _("Paragraph"), width=13),
            SheetColumn("question_label", _("Question"), width=26),
            SheetColumn("item_label", _("Item"), width=22),
            *columns,
            SheetColumn("row_id", _("Row"), "text", 18),
            SheetColumn("question_id", _("Question id"), width=12),
            SheetColumn("item_id", _("Item id"), width=38),
            SheetColumn("response_id", _("Response"), width=23),
            *parts_columns(_),
        ),
        frozen=2,
        printed=columns[-1].id,
    )  # fmt: skip
