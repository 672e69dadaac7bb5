"""The sheets around the questions: the first one, the one that counts, and the two that programs read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from openpyxl.packaging.custom import StringProperty
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.worksheet import Worksheet

from exports.cells import split_text
from exports.kit_filling import YES_LIST, Filling, frame, grey, link_to, sheet_names
from exports.kit_looks import height
from exports.kit_source import SCHEMA, KitSource
from exports.marks import mark_of, with_mark
from instruments.items.base import ChoiceList
from instruments.routing import counts_for_progress
from instruments.schema import Question
from languages import LANGUAGE_NAMES, format_date, separator

START, CHECK, CHOICES, META = "Start", "Check", "_choices", "_meta"
_START_WIDTHS = {"A": 3.0, "B": 34.0, "C": 110.0}
_CHECK_WIDTHS = {"A": 3.0, "B": 12.0, "C": 70.0, "D": 18.0, "E": 18.0, "F": 18.0}


def write_start(filling: Filling, sheet: Worksheet) -> None:
    """What the workbook is, how it is filled in, what its marks mean, and where each sheet is."""
    source = filling.source
    _ = source.words
    put = filling.looks.put
    frame(
        filling,
        sheet,
        str(source.texts("instrument.title")),
        _("To be filled in offline and uploaded on the website"),
        _START_WIDTHS,
    )
    sheet.row_dimensions[1].height = 28
    row = 4
    if source.rehearsal:
        put(sheet, row, 2, _("Rehearsal: invented States and invented answers"), "warning")
        row += 2
    for heading, lines in _start_parts(filling):
        for column in (2, 3):
            put(sheet, row, column, "", "group")
        put(sheet, row, 2, heading, "group")
        sheet.row_dimensions[row].height = 24
        row += 1
        for label, text, target in lines:
            put(sheet, row, 2, label, "label")
            cell = put(sheet, row, 3, text, "link" if target else "text")
            if target:
                link_to(sheet, cell.coordinate, target, "B1")
            sheet.row_dimensions[row].height = height((label, 34), (text, 110), least=17)
            row += 1
        row += 1
    sheet.print_area = f"B1:C{row - 1}"


Lines = list[tuple[str, str, str]]
"""(label, text, sheet that the text leads to)."""


def _start_parts(filling: Filling) -> Iterator[tuple[str, Lines]]:
    source = filling.source
    _ = source.words
    kit, texts = source.content.kit, source.texts
    comma = separator(texts.language)
    numbers = comma.join(question.number_in(texts) for question in source.content.questions)
    about = [
        (_("State"), source.state_name), (_("Round of reporting"), source.cycle_title), (_("Number of this workbook"), kit.id),
        (_("For"), kit.recipient), (_("Given out by"), source.made_by), (_("Given out on"), format_date(kit.made_at.date(), texts.language)),
        (_("Deadline"), source.deadline), (_("Language"), LANGUAGE_NAMES[kit.language]), (_("Paragraphs"), numbers),
        (_("Answers"), _("With the answers given so far") if kit.prefilled else _("Empty")),
        (_("Version of the questionnaire"), source.content.instrument.version), (_("Questions to"), source.contact),
        (_("Note"), kit.note),
    ]  # fmt: skip
    yield _("This workbook"), [(label, text, "") for label, text in about if text]
    steps = (
        _("Write in the framed white cells, in any language. Where a cell has a list, choose from it; a cell left empty is a question not answered, never “No”."),
        _("Days are written as 2026-06-30, numbers with digits only. A box is chosen with ✓ from its list."),
        _("New entries go into the empty rows of the tables. You may insert columns of your own, delete sheets that you do not fill in, and sort rows once the protection of the sheet is taken off (it has no password): what is not in the file stays as it is."),
        _("Do not change the grey ids on the side; by them the answers find their place again."),
        _("Files are not sent with this workbook. Add them on the website."),
        _("Never name victims or describe a case so that a victim could be recognized."),
        _("Give the file back to the person who sent it, or upload it on the website under “Work offline”. Before anything is taken over, every change is shown."),
    )  # fmt: skip
    yield _("How to fill it in"), [(str(number), step, "") for number, step in enumerate(steps, start=1)]
    states = filling.states
    yield (
        _("What the last column says"),
        [
            (states.answered, _("Something was given."), ""),
            (states.not_answered, _("Asked, and nothing was given yet."), ""),
            (states.added, _("Something was given that is welcome and not counted."), ""),
            (states.optional, _("Welcome, and not counted."), ""),
            (
                states.not_asked,
                _("The other answers make it unnecessary: the row is grey. What stands there is kept."),
                "",
            ),
        ],
    )
    for choice_list in _explained(source):
        yield (
            str(source.texts(f"scale.{choice_list.name}") if source.texts.get(f"scale.{choice_list.name}") else _("What the answers mean")),
            [
                (
                    with_mark(mark_of(choice_list.name, code).symbol, str(texts.option(choice_list.name, code)), right_to_left=source.right_to_left),
                    str(texts.get(f"list.{choice_list.name}.{code}.help") or ""), "",
                )
                for code in choice_list.codes
            ],
        )  # fmt: skip
    sheets: Lines = []
    names = sheet_names(source)
    for section, questions in source.sections():
        page, tables = names[section.id]
        numbers = comma.join(question.number_in(texts) for question in questions)
        sheets.append((page, f"{texts(f'section.{section.id}')} ({numbers})", page))
        if tables in filling.book.sheetnames:
            sheets.append((tables, _("Tables: entries and figures of the same paragraphs"), tables))
    yield _("Sheets"), [*sheets, (CHECK, _("What is answered, and what is not yet"), CHECK)]


def _explained(source: KitSource) -> Iterator[ChoiceList]:
    """The lists of the kit whose answers are explained."""
    seen: dict[str, ChoiceList] = {}
    for question in source.content.questions:
        for item in source.items(question):
            for choice_list in item.choice_lists():
                if source.texts.get(f"list.{choice_list.name}.{choice_list.codes[0]}.help"):
                    seen.setdefault(choice_list.name, choice_list)
    yield from seen.values()


def write_check(filling: Filling, sheet: Worksheet) -> None:
    """Counts by question, which go on counting while the workbook is filled in, and every counted item with a link."""
    source, put = filling.source, filling.looks.put
    _ = source.words
    note = _("The counts follow what is typed. Filter the list by its state to see what is missing.")
    frame(filling, sheet, _("What is answered, and what is not yet"), note, _CHECK_WIDTHS)
    sheet.row_dimensions[1].height = 26
    heads = (_("Paragraph"), _("Question"), _("Asked"), _("Answered"), _("Not answered"))
    for column, words in enumerate(heads, start=2):
        put(sheet, 4, column, words, "head")
    row = 5
    for question in source.content.questions:
        _count(filling, sheet, row, question)
        row += 1
    put(sheet, row, 2, "", "label")
    put(sheet, row, 3, _("Together"), "label")
    for column in (4, 5, 6):
        letter = get_column_letter(column)
        cell = filling.looks.formula(sheet, row, column, f"SUM({letter}5:{letter}{row - 1})", "label")
        total = sum(int(filling.computed[sheet.title, f"{letter}{line}"]) for line in range(5, row))
        filling.computed[sheet.title, cell.coordinate] = str(total)
    row += 2
    head = row
    for column, words in ((2, _("Paragraph")), (3, _("Question")), (4, _("State of the answer"))):
        put(sheet, row, column, words, "head")
    row += 1
    for question in source.content.questions:
        for item in source.items(question):
            if not counts_for_progress(item):
                continue
            name, line = filling.state_at[item.id]
            put(sheet, row, 2, question.number_in(source.texts), "number")
            label = str(item.label(source.texts))
            cell = put(sheet, row, 3, label, "link")
            link_to(sheet, cell.coordinate, name, f"C{line}")
            state = filling.looks.formula(sheet, row, 4, f"'{name}'!$F${line}", "state")
            filling.computed[sheet.title, state.coordinate] = filling.computed[name, f"F{line}"]
            sheet.row_dimensions[row].height = height((label, 70), least=16)
            grey(sheet, f"B{row}:D{row}", f"$D${row}", filling.states.not_asked)
            row += 1
    sheet.auto_filter.ref = f"B{head}:D{row - 1}"
    sheet.print_area, sheet.print_title_rows = f"B1:F{row - 1}", "4:4"
    sheet.freeze_panes = "A5"


def _count(filling: Filling, sheet: Worksheet, row: int, question: Question) -> None:
    source, put, states = filling.source, filling.looks.put, filling.states
    put(sheet, row, 2, question.number_in(source.texts), "number")
    label = str(source.texts(f"{question.id}.label"))
    cell = put(sheet, row, 3, label, "link")
    places = [filling.state_at[item.id] for item in source.items(question)]
    name, first, last = places[0][0], places[0][1], places[-1][1]
    link_to(sheet, cell.coordinate, name, f"C{first}")
    given, empty = (
        f"COUNTIF('{name}'!$F${first}:$F${last},\"{words}\")" for words in (states.answered, states.not_answered)
    )
    now = [filling.computed[sheet_name, f"F{line}"] for sheet_name, line in places]
    counts = (
        now.count(states.answered) + now.count(states.not_answered),
        now.count(states.answered),
        now.count(states.not_answered),
    )
    for column, formula, count in zip((4, 5, 6), (f"{given}+{empty}", given, empty), counts, strict=True):
        made = filling.looks.formula(sheet, row, column, formula, "number")
        filling.computed[sheet.title, made.coordinate] = str(count)
    sheet.row_dimensions[row].height = height((label, 70), least=16)


def write_choices(filling: Filling, sheet: Worksheet) -> None:
    """The words of every list, one column each, as a named range for the drop-downs."""
    filling.lists.setdefault(YES_LIST, ("✓",))
    for column, (name, words) in enumerate(filling.lists.items(), start=1):
        filling.looks.put(sheet, 1, column, name, "text")
        for row, one in enumerate(words, start=2):
            filling.looks.put(sheet, row, column, one, "text")
        letter = get_column_letter(column)
        area = f"'{CHOICES}'!${letter}$2:${letter}${len(words) + 1}"
        filling.book.defined_names[name] = DefinedName(name, attr_text=area)
    sheet.sheet_state = "veryHidden"
    sheet.protection.sheet = True


def stated(source: KitSource) -> dict[str, Any]:
    """What the file says about itself, and what its stamp is over."""
    kit, instrument = source.content.kit, source.content.instrument
    own = set(kit.question_ids)
    return {
        "schema": SCHEMA, "kit": kit.id, "response": kit.national_response_id, "state": source.state_id, "cycle": source.cycle_id,
        "language": kit.language, "instrument": instrument.instrument, "version": instrument.version,
        "instrument_sha256": instrument.sha256, "made_at": f"{kit.made_at:%Y-%m-%dT%H:%M:%SZ}", "prefilled": kit.prefilled,
        "questions": list(kit.question_ids),
        "bases": {item_id: version for item_id, version in sorted(kit.bases.items()) if item_id.partition(".")[0] in own},
    }  # fmt: skip


def write_meta(filling: Filling, sheet: Worksheet) -> None:
    """Key and value in two columns: each statement, then all of them as one JSON text and the stamp over it."""
    facts = stated(filling.source)
    stamp = filling.source.stamp(facts)
    told = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    rows = [(key, str(value)) for key, value in facts.items() if not isinstance(value, dict | list)]
    rows += [("stated", part) for part in split_text(told)]
    rows += [("stamp", stamp)]
    for row, (key, value) in enumerate(rows, start=1):
        filling.looks.put(sheet, row, 1, key, "text")
        filling.looks.put(sheet, row, 2, value, "text")
    sheet.sheet_state = "veryHidden"
    sheet.protection.sheet = True
    properties: Any = filling.book
    for name in ("kit", "response", "state", "cycle", "language"):
        properties.custom_doc_props.append(StringProperty(name=f"kit_{name}", value=str(facts[name])))
    properties.custom_doc_props.append(StringProperty(name="kit_stamp", value=stamp))
