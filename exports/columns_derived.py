"""The sheets that are worked out from the answers: side by side, counted, by topic, against the round before."""

from __future__ import annotations

from exports.codes import code_lists
from exports.shape import Gettext, Sheet, SheetColumn, parts_columns, state_columns
from instruments.items import Item
from instruments.schema import Instrument
from models.states import REGIONS

LABEL = ".label"
"""Ending of the id of the column of Answers_wide that holds the words beside a value."""


def short_items(instrument: Instrument) -> list[Item]:
    """The items that have columns of their own in Answers_wide, in instrument order."""
    return [item for item in instrument.items.values() if item.is_short]


def answers_wide_sheet(_: Gettext, instrument: Instrument, language: str) -> Sheet:
    """One row for each State, two columns for each short item."""
    texts = instrument.texts_in(language)
    columns = []
    for item in short_items(instrument):
        number = instrument.questions[item.question_id].number_in(texts)
        words = f"{number}\n{item.label(texts)}"
        columns += [
            SheetColumn(item.id, words, "value", 20),
            SheetColumn(f"{item.id}{LABEL}", _("%(label)s (in words)") % {"label": words}, width=26),
        ]
    return Sheet(
        "Answers_wide",
        _("Answers, one row for each State"),
        _("Codes, numbers and days; the words stand beside each, also where nothing was asked or answered. Texts are in Texts."),
        (
            *state_columns(_),
            SheetColumn("group_label", _("Regional group"), width=24),
            SheetColumn("receipt_no", _("Receipt number"), width=26),
            SheetColumn("submitted_at", _("Submitted (UTC)"), "moment", 18),
            *columns,
        ),
        frozen=2,
        wraps=False,
        printed="submitted_at",
    )  # fmt: skip


def by_question_sheet(_: Gettext, threshold: int = 0) -> Sheet:
    """How many States gave each answer of a scale; counts below the threshold are withheld, and then there is no formula."""
    whole = _(
        "How many States gave each answer of the scale. The formula counts again in Answers_long and must give the same."
    )
    shared = _(
        "How many States gave each answer of the scale, of those whose answer may be shared. There is no formula."
    )
    return Sheet(
        "By_question",
        _("Answers by paragraph"),
        f"{shared} {_withheld(_, threshold)}" if threshold else whole,
        (
            SheetColumn("paragraph", _("Paragraph"), width=13),
            SheetColumn("question_label", _("Question"), width=34),
            SheetColumn("item_label", _("Item"), width=30),
            SheetColumn("symbol", _("Mark"), width=8),
            SheetColumn("label", _("Answer"), width=34),
            SheetColumn("states", _("States"), "integer", 11),
            SheetColumn("states_formula", _("States, counted by formula"), "formula", 14),
            SheetColumn("answered", _("States that answered"), "integer", 13),
            SheetColumn("asked", _("States that were asked"), "integer", 13),
            SheetColumn("code", _("Answer (code)"), width=24),
            SheetColumn("question_id", _("Question id"), width=12),
            SheetColumn("item_id", _("Item id"), width=30),
        ),
        frozen=3,
        printed="asked",
    )  # fmt: skip


def _withheld(_: Gettext, threshold: int) -> str:
    words = _("Counts from 1 to %(most)s are withheld, and with them whatever would give them away. 0 is shown.")
    return words % {"most": threshold - 1}


def by_group_sheet(_: Gettext, threshold: int = 0) -> Sheet:
    """The same counts by regional group."""
    groups = code_lists(_)["group"]
    note = _(
        "How many States of each regional group gave each answer of the scale. Groups are not compared: they differ in size."
    )
    return Sheet(
        "By_group",
        _("Answers by regional group"),
        f"{note} {_withheld(_, threshold)}" if threshold else note,
        (
            SheetColumn("paragraph", _("Paragraph"), width=13),
            SheetColumn("question_label", _("Question"), width=30),
            SheetColumn("item_label", _("Item"), width=26),
            SheetColumn("symbol", _("Mark"), width=8),
            SheetColumn("label", _("Answer"), width=30),
            *(SheetColumn(region, groups[region], "integer", 14) for region in REGIONS),
            SheetColumn("all", _("All States"), "integer", 11),
            SheetColumn("code", _("Answer (code)"), width=24),
            SheetColumn("question_id", _("Question id"), width=12),
            SheetColumn("item_id", _("Item id"), width=30),
        ),
        frozen=3,
        printed="all",
    )  # fmt: skip


def topic_sheet(_: Gettext, name: str, title: str) -> Sheet:
    """Every fact of chosen items, for reading: one topic of several paragraphs."""
    return Sheet(
        name,
        title,
        _("What States answered on this topic, as reported and not verified; blanks are named. All columns are in Answers_long."),
        (
            SheetColumn("state_iso3", _("State code (ISO 3166)"), width=12),
            SheetColumn("state", _("State"), width=22),
            SheetColumn("group_label", _("Regional group"), width=22),
            SheetColumn("paragraph", _("Paragraph"), width=13),
            SheetColumn("item_label", _("Item"), width=34),
            SheetColumn("part_label", _("Part of the answer"), width=26),
            SheetColumn("answer", _("Answer"), "text", 60),
            SheetColumn("number", _("Number"), "number", 14),
            SheetColumn("unit", _("Unit"), width=14),
            SheetColumn("date", _("Date"), "date", 13),
            SheetColumn("language", _("Language of the text"), width=12),
            SheetColumn("asked_state", _("Asked or answered (code)"), width=15),
            SheetColumn("code", _("Code"), width=22),
            SheetColumn("row_id", _("Row"), "text", 18),
            SheetColumn("field", _("Part of the answer (code)"), width=18),
            SheetColumn("item_id", _("Item id"), width=34),
            SheetColumn("response_id", _("Response"), width=23),
            *parts_columns(_),
        ),
        frozen=2,
        printed="date",
    )  # fmt: skip


def changes_sheet(_: Gettext) -> Sheet:
    """What a State answered otherwise than in the round before."""
    return Sheet(
        "Changes",
        _("Changes against the round before"),
        _("Answers that differ from the last submission of the round before. What is not listed is the same. A change is no judgement."),
        (
            *state_columns(_),
            SheetColumn("group_label", _("Regional group"), width=22),
            SheetColumn("paragraph", _("Paragraph"), width=13),
            SheetColumn("item_label", _("Item"), width=30),
            SheetColumn("change_label", _("Change"), width=24),
            SheetColumn("before", _("Before"), "text", 46),
            SheetColumn("now", _("Now"), "text", 46),
            SheetColumn("receipt_before", _("Receipt number before"), width=26),
            SheetColumn("receipt_no", _("Receipt number"), width=26),
            SheetColumn("change", _("Change (code)"), width=18),
            SheetColumn("question_id", _("Question id"), width=12),
            SheetColumn("item_id", _("Item id"), width=34),
            SheetColumn("response_id", _("Response"), width=23),
            *parts_columns(_),
        ),
        frozen=2,
        printed="now",
    )  # fmt: skip
