"""The formulas of By_question counted by a reader of our own, over the tables of the file as a program would find them."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import openpyxl

_TERM = re.compile(r"COUNTIFS\(([^()]*)\)")
_CONDITION = re.compile(r'(\w+)\[(\w+)\],"([^"]*)"')

Tables = dict[str, list[dict[str, Any]]]


def read_tables(data: bytes) -> Tables:
    """The rows of every table of the package, by the name that formulas know it by: exactly those of its range."""
    book: Any = openpyxl.load_workbook(BytesIO(data))
    found: Tables = {}
    for sheet in book:
        for table in sheet.tables.values():
            heads, *rows = ([cell.value for cell in row] for row in sheet[table.ref])
            found[table.displayName] = [dict(zip(heads, row, strict=True)) for row in rows]
    return found


def value_of(formula: str, tables: Tables) -> int:
    """A sum of COUNTIFS; anything else is refused, so that nothing is counted by guessing."""
    terms = _TERM.findall(formula)
    assert formula == "=" + "+".join(f"COUNTIFS({term})" for term in terms)
    return sum(_count(_conditions(term), tables) for term in terms)


def _conditions(term: str) -> list[tuple[str, str, str]]:
    found = _CONDITION.findall(term)
    assert term == ",".join(f'{table}[{column}],"{wanted}"' for table, column, wanted in found)
    return found


def _count(conditions: list[tuple[str, str, str]], tables: Tables) -> int:
    (name,) = {table for table, _column, _wanted in conditions}
    return sum(all(row[column] == wanted for _table, column, wanted in conditions) for row in tables[name])
