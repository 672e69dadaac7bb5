"""The sheets of questions: one for each section. An item has a row; an answer of several parts has one for each part."""

from __future__ import annotations

from collections.abc import Iterable

from openpyxl.worksheet.worksheet import Worksheet

from exports.kit_filling import (
    Filling,
    address_of,
    as_ranges,
    frame,
    grey,
    help_words,
    link_to,
    sheet_names,
    write_answer,
)
from exports.kit_layout import ID_HEAD, Leaf, answer_head
from exports.kit_looks import height
from exports.kit_rules import Cells, Rules, answered_formula
from exports.kit_tables import table_ranges, write_table_state, write_tables
from instruments.items import Item
from instruments.schema import Question

ID, NUMBER, QUESTION, HELP, ANSWER, STATE = range(1, 7)
_WIDTHS = {"A": 7.0, "B": 11.0, "C": 42.0, "D": 38.0, "E": 66.0, "F": 15.0}
_TEXT_LEAST = {"textarea": 62.0}
"""Points of the smallest cell for a text of several lines."""


def write_sections(filling: Filling) -> None:
    """Every section, then the states and rules, which look at cells of all of them."""
    source = filling.source
    names = sheet_names(source)
    for section, questions in source.sections():
        title = str(source.texts(f"section.{section.id}"))
        page_name, table_name = names[section.id]
        page = filling.book.create_sheet(page_name)
        in_tables = [
            item for question in questions for item in source.items(question)
            if source.block(item).control == "rows" or source.block(item).lines
        ]  # fmt: skip
        tables = filling.book.create_sheet(table_name) if in_tables else None
        if tables is not None:
            write_tables(filling, tables, title, in_tables)
        _write_page(filling, page, title, questions)
    rules = Rules(filling.cells, source.asked_values, source.content.kit.facts, filling.states.not_asked)
    for item_id in filling.state_at:
        _write_state(filling, rules, source.content.instrument.items[item_id])
    for sheet, item, state_row, _first, last in filling.tables:
        write_table_state(filling, sheet, item, state_row, last)


def _write_page(filling: Filling, sheet: Worksheet, title: str, questions: Iterable[Question]) -> None:
    source, put = filling.source, filling.looks.put
    _ = source.words
    frame(
        filling,
        sheet,
        title,
        _("Write in the framed white cells. Everything else is locked, without a password."),
        _WIDTHS,
    )
    put(sheet, 3, ID, ID_HEAD, "machine")
    put(sheet, 3, ANSWER, answer_head(""), "faint")
    heads = (_("Id"), _("Paragraph"), _("Question"), _("Help"), _("Answer"), _("State of the answer"))
    for column, words in enumerate(heads, start=1):
        put(sheet, 4, column, words, "head")
    sheet.row_dimensions[1].height, sheet.row_dimensions[3].height, sheet.row_dimensions[4].height = 26, 7, 22
    sheet.freeze_panes = "D5"
    row = 5
    for question in questions:
        row = _write_question(filling, sheet, question, row)
    sheet.print_title_rows, sheet.print_area = "4:4", f"B1:F{row - 1}"
    sheet.auto_filter.ref = f"A4:F{row - 1}"


def _write_question(filling: Filling, sheet: Worksheet, question: Question, row: int) -> int:
    source, put = filling.source, filling.looks.put
    texts = source.texts
    for column in range(NUMBER, STATE + 1):
        put(sheet, row, column, "", "question")
        put(sheet, row + 1, column, "", "official")
    put(sheet, row, NUMBER, question.number_in(texts), "question")
    label = str(texts(f"{question.id}.label"))
    put(sheet, row, QUESTION, label, "question")
    chapeau = f"{texts(f'{question.chapeau}.paragraph')} … " if question.chapeau else ""
    official = f"{chapeau}{texts(f'{question.id}.paragraph')}"
    put(sheet, row + 1, QUESTION, official, "official")
    for line in (row, row + 1):
        sheet.merge_cells(start_row=line, start_column=QUESTION, end_row=line, end_column=STATE)
    across = sum(_WIDTHS[letter] for letter in "CDEF")
    sheet.row_dimensions[row].height = height((label, across * 0.75), least=24)
    sheet.row_dimensions[row + 1].height = height((official, across))
    row += 2
    group = ""
    for item in source.items(question):
        if item.group != group:
            group = item.group
            words = source.texts.get(f"group.{group}")
            for column in range(NUMBER, STATE + 1):
                put(sheet, row, column, "", "group")
            put(sheet, row, QUESTION, str(words or ""), "group")
            sheet.row_dimensions[row].height = 24
            row += 1
        row = _write_item(filling, sheet, question, item, row)
    return row


def _write_item(filling: Filling, sheet: Worksheet, question: Question, item: Item, row: int) -> int:
    source, put = filling.source, filling.looks.put
    _ = source.words
    continued = _("continued")
    block = source.block(item)
    label = str(item.label(source.texts))
    state = Cells(address_of(sheet, row, STATE), item.asked_if is not None)
    filling.cells[item.id], filling.state_at[item.id] = state, (sheet.title, row)
    filled: list[str] = list(table_ranges(filling, item))
    here = [leaf for leaf in block.leaves if not block.address(leaf)[1]]
    in_head = bool(here) and not filled and here[0].kind != "box" and (len(here) == 1 or str(here[0].label) == label)
    help_text = help_words(filling, item, here[0] if in_head else None)
    _row(filling, sheet, row, question, label, help_text, "label")
    first_row = row
    if filled:
        name, table_row = filling.table_heads[item.id]
        cell = put(sheet, row, ANSWER, _("Fill in on sheet %(sheet)s") % {"sheet": name}, "link")
        link_to(sheet, cell.coordinate, name, f"B{table_row}")
    if not in_head:
        sheet.row_dimensions[row].height = height((label, _WIDTHS["C"]), (help_text, _WIDTHS["D"]))
        row += 1
    defaults = source.default_ids(item)
    for number, leaf in enumerate(here):
        is_head = in_head and number == 0
        words = label if is_head else str(leaf.box or leaf.label or "")
        hint = (
            help_text if is_head else str(leaf.hint or "") if leaf.kind != "box" or leaf.box is not leaf.label else ""
        )
        for piece, (cell_id, text) in enumerate(leaf.pieces):
            said = words if piece == 0 else f"… {continued}"
            if not is_head or piece:
                _row(filling, sheet, row, question, said, hint if piece == 0 else "", "part")
            put(sheet, row, ID, cell_id, "machine")
            write_answer(filling, sheet, row, ANSWER, leaf, text)
            least = _TEXT_LEAST.get(leaf.kind, 0)
            sheet.row_dimensions[row].height = height(
                (said, _WIDTHS["C"] - (0 if is_head else 3)), (hint, _WIDTHS["D"]), (text, _WIDTHS["E"]), least=least
            )  # fmt: skip
            if cell_id not in defaults:
                filled.append(address_of(sheet, row, ANSWER))
            _remember(state, leaf, address_of(sheet, row, ANSWER))
            row += 1
    state.filled = as_ranges(filled)
    grey(sheet, f"B{first_row}:F{row - 1}", f"$F${first_row}", filling.states.not_asked)
    return row


def _row(filling: Filling, sheet: Worksheet, row: int, question: Question, label: str, hint: str, look: str) -> None:
    put = filling.looks.put
    put(sheet, row, ID, "", "machine")
    put(sheet, row, NUMBER, question.number_in(filling.source.texts), "number" if look == "label" else "help")
    put(sheet, row, QUESTION, label, look)
    put(sheet, row, HELP, hint, "help")
    put(sheet, row, ANSWER, "", "text")
    put(sheet, row, STATE, "", "state")


def _remember(state: Cells, leaf: Leaf, address: str) -> None:
    """What conditions on the item look at."""
    if leaf.kind == "choice" and not state.choice and not leaf.place.part:
        state.choice, state.codes = address, tuple(code for code, _words in leaf.options)
        state.list_name = f"lst_{leaf.list_name}"
    elif leaf.kind == "box" and leaf.place.code:
        state.boxes = {**state.boxes, leaf.place.code: address}
    elif leaf.kind == "number" and not state.number:
        state.number = address
    elif leaf.kind == "date":
        state.day = address


def _write_state(filling: Filling, rules: Rules, item: Item) -> None:
    states, source = filling.states, filling.source
    name, row = filling.state_at[item.id]
    sheet = filling.book[name]
    answered, empty = (states.added, states.optional) if item.detail else (states.answered, states.not_answered)
    formula = f'IF({answered_formula(filling.cells[item.id])},"{answered}","{empty}")'
    if item.asked_if is not None:
        formula = f'IF({rules.formula(item.asked_if)},{formula},"{states.not_asked}")'
    cell = filling.looks.formula(sheet, row, STATE, formula, "state")
    said = states.not_asked if item.id not in source.asked else answered if item.id in source.values else empty
    filling.computed[name, cell.coordinate] = said
