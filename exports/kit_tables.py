"""The sheets of tables: for each section one, with a table for every item that takes entries or figures."""

from __future__ import annotations

from collections.abc import Iterable

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from exports.kit_filling import Filling, frame, grey, help_words, link_to, write_answer
from exports.kit_layout import ID_HEAD, Block, Leaf, answer_head
from exports.kit_looks import height
from instruments.items import Item

_WIDTHS = {"A": 7.0, "B": 12.0, "C": 40.0, **dict.fromkeys("DEFGHI", 22.0)}
_LAST_COLUMN = 9


def write_tables(filling: Filling, sheet: Worksheet, title: str, items: list[Item]) -> None:
    """The sheet of the tables of some items."""
    source = filling.source
    _ = source.words
    note = _(
        "One row for each entry. Before rows are sorted, take the protection of the sheet off (it has no password); the ids on the side must stay with their rows."
    )
    frame(filling, sheet, title, note, _WIDTHS)
    sheet.row_dimensions[1].height = 26
    sheet.freeze_panes = "D3"
    row = 4
    for item in items:
        row = _write_table(filling, sheet, item, row) + 1
    sheet.print_area = f"B1:I{row}"


def _write_table(filling: Filling, sheet: Worksheet, item: Item, row: int) -> int:
    block = filling.source.block(item)
    _write_table_head(filling, sheet, item, block, row)
    leaves = [leaf for leaf in block.leaves if block.address(leaf)[1]]
    # What is chosen from other paragraphs stands last: most rows are entries of their own.
    columns = list(
        dict.fromkeys(block.address(leaf)[1] for leaf in sorted(leaves, key=lambda leaf: leaf.kind == "offered"))
    )
    first = 4 if block.lines else 3
    _write_column_heads(filling, sheet, block, leaves, columns, first, row + 2)
    rows: dict[str, dict[str, Leaf]] = {}
    for leaf in leaves:
        row_id, column = block.address(leaf)
        rows.setdefault(row_id, {})[column] = leaf
    start = row + 4
    for number, (row_id, cells) in enumerate(rows.items()):
        line = start + number
        filling.looks.put(sheet, line, 1, row_id, "machine")
        words = _write_row_name(filling, sheet, block, line, number, next(iter(cells.values())))
        heights = [(words, 38.0)]
        for place, column in enumerate(columns, start=first):
            if column in cells:
                leaf = cells[column]
                write_answer(filling, sheet, line, place, leaf, leaf.text, in_table=True)
                heights.append((leaf.text, _WIDTHS[get_column_letter(place)]))
            else:
                filling.looks.put(sheet, line, place, "", "locked")
        sheet.row_dimensions[line].height = height(*heights, least=18)
    filling.tables.append((sheet, item, row + 1, start, start + len(rows) - 1))
    return start + len(rows)


def _write_table_head(filling: Filling, sheet: Worksheet, item: Item, block: Block, row: int) -> None:
    source, put = filling.source, filling.looks.put
    _ = source.words
    for column in range(2, _LAST_COLUMN + 1):
        put(sheet, row, column, "", "question")
        put(sheet, row + 1, column, "", "help")
    question = source.content.instrument.questions[item.question_id]
    put(sheet, row, 2, question.number_in(source.texts), "question")
    put(sheet, row, 3, str(item.label(source.texts)), "question")
    hint = help_words(filling, item, None)
    if block.lines:
        blank = _("Leave a cell empty if there is no figure. Enter 0 only if it was counted and none was found.")
        hint = "\n".join(filter(None, (hint, blank)))
    put(sheet, row + 1, 3, hint, "help")
    for line in (row, row + 1):
        sheet.merge_cells(start_row=line, start_column=3, end_row=line, end_column=_LAST_COLUMN)
    sheet.row_dimensions[row].height = 22
    sheet.row_dimensions[row + 1].height = height((hint, 172), (filling.states.added, 14), least=16)
    filling.table_heads[item.id] = (sheet.title, row)


def _write_column_heads(
    filling: Filling, sheet: Worksheet, block: Block, leaves: list[Leaf], columns: list[str], first: int, row: int
) -> None:  # fmt: skip
    _, put = filling.source.words, filling.looks.put
    put(sheet, row, 1, ID_HEAD, "machine")
    put(sheet, row + 1, 2, "" if block.lines else _("Row"), "head")
    if block.lines:
        put(sheet, row + 1, 3, _("Figure"), "head")
    labels = _column_labels(block, leaves)
    for number, column in enumerate(columns, start=first):
        put(sheet, row, number, answer_head(column), "faint")
        put(sheet, row + 1, number, labels[column], "head")
    sheet.row_dimensions[row].height = 7
    sheet.row_dimensions[row + 1].height = height(*((labels[column], 20.0) for column in columns), least=20)


def _write_row_name(filling: Filling, sheet: Worksheet, block: Block, line: int, number: int, leaf: Leaf) -> str:
    _, put = filling.source.words, filling.looks.put
    if not block.lines:
        put(sheet, line, 2, _("new") if leaf.place.is_new_row else str(number + 1), "number")
        return ""
    figure = block.lines[number]
    put(sheet, line, 2, "", "number")
    put(sheet, line, 3, str(figure.label), "part" if figure.is_part else "label")
    return str(figure.label)


def _column_labels(block: Block, leaves: list[Leaf]) -> dict[str, str]:
    if block.lines:
        return {block.address(leaf)[1]: block.address(leaf)[1] for leaf in leaves}
    return {block.address(leaf)[1]: str(leaf.label or "") for leaf in reversed(leaves)}


def table_ranges(filling: Filling, item: Item) -> Iterable[str]:
    """Where the answers of an item stand in its table."""
    for sheet, other, _state, first, last in filling.tables:
        if other.id == item.id:
            start = "D" if filling.source.block(item).lines else "C"
            yield f"'{sheet.title}'!${start}${first}:$I${last}"


def write_table_state(filling: Filling, sheet: Worksheet, item: Item, state_row: int, last: int) -> None:
    """The state of the item beside its table, which is grey while it is not asked."""
    name, row = filling.state_at[item.id]
    cell = filling.looks.formula(sheet, state_row, 2, f"'{name}'!$F${row}", "state")
    filling.computed[sheet.title, cell.coordinate] = filling.computed[name, f"F{row}"]
    grey(sheet, f"B{state_row}:I{last}", f"$B${state_row}", filling.states.not_asked)
    link_to(sheet, cell.coordinate, name, f"C{row}")
