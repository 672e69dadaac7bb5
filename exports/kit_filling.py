"""The workbook while it is filled: where everything stands, and the parts that all of its sheets are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from openpyxl import Workbook
from openpyxl.formatting.rule import Rule
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from exports.kit_layout import YES, Leaf
from exports.kit_looks import Looks, not_asked_style, set_up
from exports.kit_rules import Cells
from exports.kit_source import KitSource
from exports.marks import with_mark
from instruments.items import Item

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
    names: dict[str, tuple[str, str]] = {}
    for section, questions in source.sections():
        ends = [re.sub(r"[^0-9A-Za-z]", "", question.number) for question in (questions[0], questions[-1])]
        span = "-".join(dict.fromkeys(ends))[:25]
        # Numbers may be in another script, or begin anew in each section.
        if not all(ends) or any(f"P{span}".casefold() == page.casefold() for page, _tables in names.values()):
            span = f"{len(names) + 1}_{re.sub(r'[^0-9A-Za-z_]', '', section.id)}"[:25]
        names[section.id] = (f"P{span}", f"T{span}")
    return names


def frame(filling: Filling, sheet: Worksheet, title: str, note: str, widths: dict[str, float], column: int = 2) -> None:
    """Title and note of a sheet, its widths, protection and margins."""
    source, put = filling.source, filling.looks.put
    _ = source.words
    kit = source.content.kit
    footer = _("Offline workbook %(number)s, %(recipient)s") % {
        "number": f"\u200e{kit.id}\u200e",
        "recipient": kit.recipient,
    }
    rehearsal = _("Rehearsal")
    header = f"{rehearsal} – {source.state_name}" if source.rehearsal else source.state_name
    set_up(sheet, widths, right_to_left=source.right_to_left, header=f"{header} – {source.cycle_title}", footer=footer)
    put(sheet, 1, column, title, "title")
    put(sheet, 2, column, note, "note")


def help_words(filling: Filling, item: Item, leaf: Leaf | None) -> str:
    """What helps to answer an item: its hint, and when it is asked."""
    source = filling.source
    hints = [str(item.hint(source.texts) or (leaf and leaf.hint) or "")]
    if item.asked_if is not None:
        words = source.rule_words(item.asked_if)
        hints.append(f"{words[:1].upper()}{words[1:]}")
    return "\n".join(filter(None, hints))


def write_answer(
    filling: Filling, sheet: Worksheet, row: int, column: int, leaf: Leaf, text: str, *, in_table: bool = False
) -> None:
    """Fill an answer cell, with the drop-down of its list."""
    put = filling.looks.put
    look = "figure" if leaf.kind == "number" and in_table else "answer"
    cell = put(sheet, row, column, text, look)
    name = ""
    if leaf.kind == "box":
        name = YES_LIST
        filling.lists.setdefault(name, (YES,))
    elif leaf.options:
        name = f"{'reg' if leaf.kind == 'offered' else 'lst'}_{re.sub(r'[^a-z0-9_]', '_', leaf.list_name)}"
        filling.lists.setdefault(name, tuple(words for _code, words in leaf.options))
    prompt = str(leaf.hint or "") if in_table and leaf.kind not in {"box", "number"} else ""
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


def grey(sheet: Worksheet, cells: str, state: str, not_asked: str) -> None:
    """Grey what is not asked; the state says it in words too."""
    rule = Rule(type="expression", dxf=not_asked_style(), formula=[f'{state}="{not_asked}"'])
    sheet.conditional_formatting.add(cells, rule)


def link_to(sheet: Worksheet, coordinate: str, name: str, target: str) -> None:
    """Make a cell lead to another one of the workbook."""
    link: Any = Hyperlink(ref=coordinate, location=f"'{name}'!{target}")
    sheet[coordinate].hyperlink = link


def address_of(sheet: Worksheet, row: int, column: int) -> str:
    """The address of a cell with its sheet, as formulas and rules name it."""
    return f"'{sheet.title}'!${get_column_letter(column)}${row}"


def as_ranges(addresses: list[str]) -> list[str]:
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
