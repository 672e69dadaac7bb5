"""What came of an offline workbook, for people: entries by question with their texts side by side, and the same as a file."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from io import StringIO
from typing import Any

from flask_babel import gettext as _

from exports.kit_results import Results
from exports.plain_tables import guarded
from forms.question import build_question_form
from imports.kit_compare import Entry
from imports.kit_import import entries_of
from imports.kit_reading import Problem
from imports.kit_words import choice_words, kind_words, only_emptied_words, typed_words, words_of
from instruments.items import Item
from instruments.items.base import Line
from instruments.items.fields import controls_in_error, messages
from instruments.schema import Question
from models.kits import Kit, KitReturn
from services.kit_returns import may_take_over
from services.kits import KitContent
from services.responses import OpenResponse
from views.question_page import ask_context, language


@dataclass(frozen=True, slots=True)
class Option:
    """Something to choose for an answer: its name in the form, its words, whether it is chosen at first."""

    name: str
    words: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as the page shows it."""

    entry: Entry
    item: Item
    kind: str
    problems: list[tuple[Problem, str]]
    columns: list[tuple[str, list[Line]]]
    options: list[Option]
    has_moved: bool
    """Whether the answer was changed since this was worked out."""


def groups_of(opened: OpenResponse, row: KitReturn) -> list[tuple[Question, list[Shown]]]:
    """The entries by question, in the order of the questionnaire, each with what can be chosen."""
    questions: dict[str, list[Shown]] = {}
    for entry in entries_of(row):
        if entry.item_id in opened.instrument.items:
            shown = _shown(opened, entry)
            questions.setdefault(shown.item.question_id, []).append(shown)
    return [
        (question, questions[question.id])
        for question in opened.instrument.questions.values()
        if question.id in questions
    ]


def _shown(opened: OpenResponse, entry: Entry) -> Shown:
    item = opened.instrument.items[entry.item_id]
    if not may_take_over(opened, entry.item_id):
        # Whoever sent it may have been somebody else: an answer is shown to those only who may give it.
        problem = Problem("XL-301", entry.places[0] if entry.places else "")
        return Shown(entry, item, kind_words(_)["refused"], [(problem, words_of(_, problem))], [], [], False)
    answer = opened.answers.get(entry.item_id)
    version = answer.version if answer else 0
    problems = _problems(opened, item, entry)
    filled = entry.filled
    columns = []
    if entry.kind == "conflict" and entry.base_is_known:
        columns.append((_("When the workbook was made"), _lines(opened, item, entry.base, None)))
    if filled is not None:
        columns.append((_("In the workbook"), _lines(opened, item, filled.value, filled.typed)))
    merged = entry.choices.get("file")
    if (
        entry.kind == "update"
        and merged
        and filled
        and (merged.value, merged.typed) != (filled.value, filled.typed)
        and "clear" not in entry.choices
    ):
        columns.append((_("Put together"), _lines(opened, item, merged.value, merged.typed)))
    if entry.outcome != "stored":
        now = (answer.value, answer.typed) if answer else (None, None)
        columns.append((_("In the response now"), _lines(opened, item, *now)))
    return Shown(
        entry, item, kind_words(_)[entry.kind], problems, columns, _options(entry),
        entry.outcome != "stored" and version != entry.version,
    )  # fmt: skip


def _problems(opened: OpenResponse, item: Item, entry: Entry) -> list[tuple[Problem, str]]:
    """What is to be said about the cells, in the language of the page, whatever language the workbook was sent in."""
    problems = entry.problems
    if entry.filled and entry.filled.typed:
        field = build_question_form([item], ask_context(opened), {}, {item.id: entry.filled.typed})[item.id]
        said = iter([str(message) for control in controls_in_error(field) for message in messages(control)])
        problems = [replace(one, words=next(said, one.words)) if one.words else one for one in problems]
    return [(problem, words_of(_, problem)) for problem in problems]


def _lines(opened: OpenResponse, item: Item, value: Any, typed: Any) -> list[Line]:
    if typed:
        return [Line(text, language="und") for _name, text in typed if text]
    if value is None:
        return []
    return item.lines(item.resolve(item.load(value), opened.stored_values), opened.instrument.texts_in(language()))


def _options(entry: Entry) -> list[Option]:
    if not entry.choices or entry.outcome == "stored":
        return []
    words = choice_words(_)
    if "file" not in entry.choices:
        words["clear"] = only_emptied_words(_)
    if entry.choices.get("file") and entry.choices["file"].typed:
        words["file"] = typed_words(_)
    # Where both sides changed something, nothing is proposed: leaving it is a decision too.
    names = [*entry.choices, ""]
    return [Option(name, words[name], name == entry.take and entry.kind != "conflict") for name in names]


HEADS = ("cell", "paragraph", "item_id", "result", "code", "words")


def csv_report(opened: OpenResponse, row: KitReturn) -> bytes:
    """One line for each remark about a cell, or for each answer without one: UTF-8 with a byte order mark, CR LF."""
    texts = opened.instrument.texts_in(language())
    out = StringIO()
    write = csv.writer(out, lineterminator="\r\n").writerow
    write(HEADS)
    for question, shown in groups_of(opened, row):
        number = question.number_in(texts)
        for one in shown:
            result = _("Taken over") if one.entry.outcome == "stored" else one.kind
            remarks = [(problem.place, problem.code, words) for problem, words in one.problems]
            for place, code, words in remarks or [(place, "", "") for place in one.entry.places]:
                write([guarded(text) for text in (place, str(number), one.item.id, result, code, words)])
    for item_id, place in row.result["unknown"].items():
        write(
            [
                guarded(text)
                for text in (place, "", item_id, _("Not read"), "XL-303", _("Not asked in this questionnaire."))
            ]
        )
    for name in (*row.result["ignored_sheets"], *row.result["ignored_columns"]):
        write([guarded(text) for text in (name, "", "", _("Not read"), "", "")])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def results_of(opened: OpenResponse, row: KitReturn) -> Results:
    """The same for the column of a workbook that goes out again."""
    by_item = {}
    for _question, shown in groups_of(opened, row):
        for one in shown:
            result = _("Taken over") if one.entry.outcome == "stored" else one.kind
            remarks = [f"{problem.place} {words} ({problem.code})".strip() for problem, words in one.problems]
            by_item[one.item.id] = "\n".join((result, *remarks))
    nothing = _("Not changed in the workbook")
    by_item |= dict.fromkeys(row.result["untouched"], nothing)
    unknown = [f"{item_id} ({place})" for item_id, place in row.result["unknown"].items()]
    return Results(by_item, (
        (_("Sheets that were not read"), row.result["ignored_sheets"]), (_("Columns that were not read"), row.result["ignored_columns"]),
        (_("Not asked in this version of the questionnaire, and not read (XL-303)"), unknown),
    ))  # fmt: skip


def content_of(opened: OpenResponse, row: KitReturn, kit: Kit) -> KitContent:
    """The answers with what was filled in, taken over or not, for a workbook that goes out again."""
    raw: dict[str, Any] = {item_id: (answer.value, answer.typed) for item_id, answer in opened.answers.items()}
    for entry in entries_of(row):
        if entry.filled is not None and entry.outcome != "stored":
            raw[entry.item_id] = (entry.filled.value, entry.filled.typed)
    return KitContent(kit, opened.instrument, raw, opened.years)
