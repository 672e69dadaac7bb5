"""The sheets that are filled in: one of questions for each section, and beside it one of its tables."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from openpyxl import Workbook
from openpyxl.formatting.rule import Rule
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from exports.kit_layout import ID_HEAD, YES, Block, Leaf, answer_head
from exports.kit_looks import Looks, height, not_asked_style, set_up
from exports.kit_rules import Cells, Rules, answered_formula
from exports.kit_source import KitSource
from exports.marks import with_mark
from instruments.items import Item
from instruments.schema import Question

ID, NUMBER, QUESTION, HELP, ANSWER, STATE = range(1, 7)
_WIDTHS = {"A": 7.0, "B": 8.0, "C": 42.0, "D": 38.0, "E": 66.0, "F": 15.0}
_TABLE_WIDTHS = {"A": 7.0, "B": 12.0, "C": 40.0, **dict.fromkeys("DEFGHI", 22.0)}
_TEXT_LEAST = {"textarea": 62.0}
"""Points of the smallest cell for a text of several lines."""
YES_LIST = "lst_yes"


@dataclass(frozen=True, slots=True)
class StateWords:
    """What the state of an item can be, each with a mark of its own."""

    answered: str
    added: str
    not_answered: str
    optional: str
    not_asked: str


@dataclass
class Filling:
    """The workbook while it is made: where each item and cell stands, which lists are used, what formulas have as values."""

    book: Workbook
    source: KitSource
    looks: Looks
    states: StateWords
    cells: dict[str, Cells] = field(default_factory=dict)
    state_at: dict[str, tuple[str, int]] = field(default_factory=dict)
    """(sheet, row) of an item's row of questions."""
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The words of each list by the name of its range, in order of first use."""
    computed: dict[tuple[str, str], str] = field(default_factory=dict)
    """What formulas give when the file is made, for programs that compute nothing: by (sheet, cell)."""
    table_heads: dict[str, tuple[str, int]] = field(default_factory=dict)
    """(sheet, row) of the head of an item's table."""
    tables: list[tuple[Worksheet, Item, int, int, int]] = field(default_factory=list)
    """(sheet, item, row of the state, first and last row) of each table."""


def state_words(source: KitSource) -> StateWords:
    """The states in the language of the kit."""
    _ = source.words

    def marked(symbol: str, words: str) -> str:
        return with_mark(symbol, words, right_to_left=source.right_to_left)

    return StateWords(
        marked(YES, _("Answered")), marked("+", _("Answered in addition")), marked("•", _("Not answered")), marked("–", _("Optional")),
        marked("×", _("Not asked")),
    )  # fmt: skip


def sheet_names(source: KitSource) -> dict[str, tuple[str, str]]:
    """(sheet of questions, sheet of tables) by section: `P4-6` and `T4-6`, after the first and the last paragraph."""
    names = {}
    for section, questions in source.sections():
        ends = [re.sub(r"[^0-9A-Za-z]", "", question.number) for question in (questions[0], questions[-1])]
        span = "-".join(dict.fromkeys(ends))[:25]
        names[section.id] = (f"P{span}", f"T{span}")
    return names


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
            _write_tables(filling, tables, title, in_tables)
        _write_page(filling, page, title, questions)
    rules = Rules(filling.cells, source.asked_values, source.content.kit.facts, filling.states.not_asked)
    for item_id in filling.state_at:
        _write_state(filling, rules, source.content.instrument.items[item_id])
    for sheet, item, state_row, _first, last in filling.tables:
        _write_table_state(filling, sheet, item, state_row, last)


def frame(
    filling: Filling, sheet: Worksheet, title: str, note: str, widths: dict[str, float], column: int = NUMBER
) -> None:
    """Title and note of a sheet, its widths, protection and margins."""
    source, put = filling.source, filling.looks.put
    _ = source.words
    kit = source.content.kit
    footer = _("Offline workbook %(number)s, %(recipient)s") % {"number": kit.id, "recipient": kit.recipient}
    header = f"{_('Rehearsal')} – {source.state_name}" if source.rehearsal else source.state_name
    set_up(sheet, widths, right_to_left=source.right_to_left, header=f"{header} – {source.cycle_title}", footer=footer)
    put(sheet, 1, column, title, "title")
    put(sheet, 2, column, note, "note")


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
    for column, text in ((ID, ID_HEAD), (ANSWER, answer_head(""))):
        put(sheet, 3, column, text, "machine")
    heads = (_("Id"), _("Paragraph"), _("Question"), _("Help"), _("Answer"), _("State"))
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
    block = source.block(item)
    label = str(item.label(source.texts))
    state = Cells(_address(sheet, row, STATE), item.asked_if is not None)
    filling.cells[item.id], filling.state_at[item.id] = state, (sheet.title, row)
    filled: list[str] = list(_table_ranges(filling, item))
    here = [leaf for leaf in block.leaves if not block.address(leaf)[1]]
    in_head = bool(here) and not filled and here[0].kind != "box" and (len(here) == 1 or str(here[0].label) == label)
    help_text = _help(filling, item, here[0] if in_head else None)
    _row(filling, sheet, row, question, label, help_text, "label")
    first_row = row
    if filled:
        name, table_row = filling.table_heads[item.id]
        cell = put(sheet, row, ANSWER, source.words("Fill in on sheet %(sheet)s") % {"sheet": name}, "link")
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
            said = words if piece == 0 else f"… {source.words('continued')}"
            if not is_head or piece:
                _row(filling, sheet, row, question, said, hint if piece == 0 else "", "part")
            _answer(filling, sheet, row, ANSWER, leaf, cell_id, text)
            least = _TEXT_LEAST.get(leaf.kind, 0)
            sheet.row_dimensions[row].height = height(
                (said, _WIDTHS["C"] - (0 if is_head else 3)), (hint, _WIDTHS["D"]), (text, _WIDTHS["E"]), least=least
            )  # fmt: skip
            if cell_id not in defaults:
                filled.append(_address(sheet, row, ANSWER))
            _remember(state, leaf, _address(sheet, row, ANSWER))
            row += 1
    state.filled = _ranges(filled)
    grey(sheet, f"B{first_row}:F{row - 1}", f"$F${first_row}", filling.states.not_asked)
    return row


def _row(filling: Filling, sheet: Worksheet, row: int, question: Question, label: str, hint: str, look: str) -> None:
    put = filling.looks.put
    put(sheet, row, ID, "", "machine")
    put(sheet, row, NUMBER, question.number_in(filling.source.texts), "number")
    put(sheet, row, QUESTION, label, look)
    put(sheet, row, HELP, hint, "help")
    put(sheet, row, ANSWER, "", "text")
    put(sheet, row, STATE, "", "state")


def _help(filling: Filling, item: Item, leaf: Leaf | None) -> str:
    source = filling.source
    hints = [str(item.hint(source.texts) or (leaf and leaf.hint) or "")]
    if item.asked_if is not None:
        words = source.rule_words(item.asked_if)
        hints.append(f"{words[:1].upper()}{words[1:]}")
    return "\n".join(filter(None, hints))


def _answer(filling: Filling, sheet: Worksheet, row: int, column: int, leaf: Leaf, cell_id: str, text: str) -> None:
    put = filling.looks.put
    if column == ANSWER and sheet.title.startswith("P"):
        put(sheet, row, ID, cell_id, "machine")
    look = "figure" if leaf.kind == "number" and sheet.title.startswith("T") else "answer"
    cell = put(sheet, row, column, text, look)
    name = ""
    if leaf.kind == "box":
        name = YES_LIST
        filling.lists.setdefault(name, (YES,))
    elif leaf.options:
        name = f"{'reg' if leaf.kind == 'offered' else 'lst'}_{re.sub(r'[^a-z0-9_]', '_', leaf.list_name)}"
        filling.lists.setdefault(name, tuple(words for _code, words in leaf.options))
    prompt = str(leaf.hint or "") if sheet.title.startswith("T") and leaf.kind not in {"box", "number"} else ""
    if name or prompt:
        _validate(filling, sheet, cell.coordinate, name, prompt)


def _validate(filling: Filling, sheet: Worksheet, coordinate: str, name: str, prompt: str) -> None:
    """A drop-down that warns and lets a pasted text stand: it is told when the workbook comes back."""
    _ = filling.source.words
    found = next(
        (one for one in sheet.data_validations.dataValidation if (one.formula1 or "") == name and (one.prompt or "") == prompt[:250]), None
    )  # fmt: skip
    if found is None:
        found = DataValidation(
            type="list" if name else None, formula1=name or None, allow_blank=True, errorStyle="warning", showErrorMessage=bool(name),
            error=_("This is not one of the answers offered. Choose one from the list, or it will be asked about when the workbook comes back.")[:250],
            errorTitle=_("Not in the list")[:30], showInputMessage=bool(prompt), prompt=prompt[:250] or None,
        )  # fmt: skip
        sheet.add_data_validation(found)
    found.add(coordinate)


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


def grey(sheet: Worksheet, cells: str, state: str, not_asked: str) -> None:
    """Grey what is not asked; the state says it in words too."""
    rule = Rule(type="expression", dxf=not_asked_style(), formula=[f'{state}="{not_asked}"'])
    sheet.conditional_formatting.add(cells, rule)


def _write_tables(filling: Filling, sheet: Worksheet, title: str, items: list[Item]) -> None:
    source = filling.source
    _ = source.words
    note = _("One row for each entry. Rows may be sorted; the ids on the side must stay with their rows.")
    frame(filling, sheet, title, note, _TABLE_WIDTHS)
    sheet.row_dimensions[1].height = 26
    sheet.freeze_panes = "D3"
    row = 4
    for item in items:
        row = _write_table(filling, sheet, item, row) + 1
    sheet.print_area = f"B1:I{row}"


def _write_table(filling: Filling, sheet: Worksheet, item: Item, row: int) -> int:
    source, put = filling.source, filling.looks.put
    _ = source.words
    block = source.block(item)
    question = source.content.instrument.questions[item.question_id]
    last_column = 9
    for column in range(2, last_column + 1):
        put(sheet, row, column, "", "question")
    put(sheet, row, 2, question.number_in(source.texts), "question")
    put(sheet, row, 3, str(item.label(source.texts)), "question")
    sheet.merge_cells(start_row=row, start_column=3, end_row=row, end_column=last_column)
    sheet.row_dimensions[row].height = 22
    hint = _help(filling, item, None)
    if block.lines:
        blank = _("Leave a cell empty if there is no figure. Enter 0 only if it was counted and none was found.")
        hint = "\n".join(filter(None, (hint, blank)))
    put(sheet, row + 1, 3, hint, "help")
    sheet.merge_cells(start_row=row + 1, start_column=3, end_row=row + 1, end_column=last_column)
    sheet.row_dimensions[row + 1].height = height((hint, 172), least=16)
    filling.table_heads[item.id] = (sheet.title, row)
    leaves = [leaf for leaf in block.leaves if block.address(leaf)[1]]
    columns = list(dict.fromkeys(block.address(leaf)[1] for leaf in leaves))
    labels = _column_labels(block, leaves)
    put(sheet, row + 2, 1, ID_HEAD, "machine")
    put(sheet, row + 3, 2, "" if block.lines else _("Row"), "head")
    first = 4 if block.lines else 3
    if block.lines:
        put(sheet, row + 3, 3, _("Figure"), "head")
    for number, column in enumerate(columns, start=first):
        put(sheet, row + 2, number, answer_head(column), "machine")
        put(sheet, row + 3, number, labels[column], "head")
    sheet.row_dimensions[row + 2].height = 7
    sheet.row_dimensions[row + 3].height = height(*((labels[column], 20.0) for column in columns), least=20)
    start = line = row + 4
    rows: dict[str, dict[str, Leaf]] = {}
    for leaf in leaves:
        row_id, column = block.address(leaf)
        rows.setdefault(row_id, {})[column] = leaf
    for number, (row_id, cells) in enumerate(rows.items()):
        put(sheet, line, 1, row_id, "machine")
        words = str(block.lines[number].label) if block.lines else ""
        new = next(iter(cells.values())).place.is_new_row
        put(sheet, line, 2, "" if block.lines else f"{_('new')}" if new else str(number + 1), "number")
        if block.lines:
            put(sheet, line, 3, words, "part" if block.lines[number].is_part else "label")
        for place, column in enumerate(columns, start=first):
            if column in cells:
                leaf = cells[column]
                _answer(filling, sheet, line, place, leaf, leaf.place.id, leaf.text)
            else:
                put(sheet, line, place, "", "locked")
        typed = [(cells[column].text, _TABLE_WIDTHS[get_column_letter(place)]) for place, column in enumerate(columns, start=first) if column in cells]  # fmt: skip
        sheet.row_dimensions[line].height = height((words, 38), *typed, least=18)
        line += 1
    filling.tables.append((sheet, item, row + 1, start, line - 1))
    return line


def _column_labels(block: Block, leaves: list[Leaf]) -> dict[str, str]:
    if block.lines:
        return {block.address(leaf)[1]: block.address(leaf)[1] for leaf in leaves}
    return {block.address(leaf)[1]: str(leaf.label or "") for leaf in reversed(leaves)}


def _table_ranges(filling: Filling, item: Item) -> Iterable[str]:
    for sheet, other, _state, first, last in filling.tables:
        if other.id == item.id:
            start = "D" if filling.source.block(item).lines else "C"
            yield f"'{sheet.title}'!${start}${first}:$I${last}"


def _write_table_state(filling: Filling, sheet: Worksheet, item: Item, state_row: int, last: int) -> None:
    name, row = filling.state_at[item.id]
    cell = filling.looks.formula(sheet, state_row, 2, f"'{name}'!$F${row}", "state")
    filling.computed[sheet.title, cell.coordinate] = filling.computed[name, f"F{row}"]
    grey(sheet, f"B{state_row}:I{last}", f"$B${state_row}", filling.states.not_asked)
    link_to(sheet, cell.coordinate, name, f"C{row}")


def _address(sheet: Worksheet, row: int, column: int) -> str:
    return f"'{sheet.title}'!${get_column_letter(column)}${row}"


def _ranges(addresses: list[str]) -> list[str]:
    """Neighbouring cells of one column as a range, so that long lists of boxes stay short."""
    made: list[str] = []
    for address in addresses:
        before, _dollar, row = address.rpartition("$")
        found = (
            re.fullmatch(re.escape(before) + r"\$(\d+)(?::.*\$(\d+))?", made[-1])
            if made and ":" not in address
            else None
        )
        if found and int(found[2] or found[1]) == int(row) - 1:
            made[-1] = f"{before}${found[1]}:{before.partition('!')[2]}${row}"
        else:
            made.append(address)
    return made


def link_to(sheet: Worksheet, coordinate: str, name: str, target: str) -> None:
    """Make a cell lead to another one of the workbook."""
    link: Any = Hyperlink(ref=coordinate, location=f"'{name}'!{target}")
    sheet[coordinate].hyperlink = link
