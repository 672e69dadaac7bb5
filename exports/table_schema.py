"""The columns of a table in the terms of Table Schema (Data Package, version 2): types, titles, keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from exports.columns import CHANGES, repeat_sheets
from exports.plain_tables import columns_of
from exports.shape import Kind, Sheet
from instruments.schema import Instrument

PROFILES = "https://datapackage.org/profiles/2.0"
"""Where the profiles of the version lie; nothing is fetched from there, the address is their name."""

TYPES: dict[Kind, str] = {
    "code": "string", "text": "string", "mark": "string", "any": "any", "value": "any", "integer": "integer", "number": "number",
    "date": "date", "moment": "datetime", "formula": "integer",
}  # fmt: skip

KEYS: dict[str, tuple[str, ...]] = {
    "Coverage": ("state_iso3",), "Matrix": ("state_iso3",), "Answers_wide": ("state_iso3",),
    "By_question": ("item_id", "code"), "By_group": ("item_id", "code"), CHANGES: ("response_id", "item_id"),
    "Choices": ("list", "code"), "Codes": ("list", "code"),
}  # fmt: skip
"""The columns that together name one row, by table."""
REPEAT_KEY: tuple[str, ...] = ("response_id", "item_id", "row_id")

WITH_UNKNOWN_ITEMS = frozenset({CHANGES, "Issues"})
"""Tables that may name an item of the questionnaire before, which this one's Dictionary has not."""


def resource_name(table: str) -> str:
    """The name of the table's resource."""
    return table.lower()


def table_schema(
    sheet: Sheet, instrument: Instrument, tables: Collection[str], words: Mapping[str, Collection[str]]
) -> dict[str, Any]:
    """The schema of a table that is one of `tables`; `words` are the texts that stand in its columns of figures.

    They are named as missing values, because nothing can be counted with them.
    """
    fields = []
    for column in columns_of(sheet):
        field: dict[str, Any] = {"name": column.id, "title": column.label, "type": TYPES[column.kind]}
        if column.id in words:
            field["missingValues"] = ["", *sorted(words[column.id])]
        fields.append(field)
    schema: dict[str, Any] = {"$schema": f"{PROFILES}/tableschema.json", "fields": fields, "missingValues": [""]}
    key = REPEAT_KEY if sheet.name in repeat_sheets(instrument) else KEYS.get(sheet.name)
    if key:
        schema["primaryKey"] = list(key)
    foreign = []
    if "Coverage" in tables and sheet.name != "Coverage" and "state_iso3" in sheet.ids:
        foreign.append(_foreign_key("state_iso3", "Coverage"))
    if sheet.name not in {"Dictionary", *WITH_UNKNOWN_ITEMS} and "item_id" in sheet.ids:
        foreign.append(_foreign_key("item_id", "Dictionary"))
    if foreign:
        schema["foreignKeys"] = foreign
    return schema


def _foreign_key(column: str, table: str) -> dict[str, Any]:
    return {"fields": [column], "reference": {"resource": resource_name(table), "fields": [column]}}
