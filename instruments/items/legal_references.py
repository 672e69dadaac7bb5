"""Legal references: laws and decrees that carry a paragraph out."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from instruments.items.narrative import LANGUAGES
from instruments.items.rows import RowColumn, RowsItem
from instruments.values import Row


class LegalReference(Row):
    """One law: title in its own language, number or date, articles, in force since, language, link."""

    title: str | None = None
    number: str | None = None
    articles: str | None = None
    in_force_since: date | None = None
    language: str | None = None
    link: str | None = None


class LegalReferences(RowsItem):
    """Rows of laws."""

    item_type: ClassVar[str] = "legal_references"
    value_type: ClassVar[Any] = tuple[LegalReference, ...]
    sheet: ClassVar[str] = "Laws"
    register: ClassVar[str] = "law"
    row_type: ClassVar[type[Any]] = LegalReference
    row_columns: ClassVar[tuple[RowColumn, ...]] = (
        RowColumn("title", "line", span="whole"),
        RowColumn("number", "line"),
        RowColumn("articles", "line", own=True),
        RowColumn("in_force_since", "date"),
        RowColumn("language", "choice", LANGUAGES),
        RowColumn("link", "link", span="two"),
    )
