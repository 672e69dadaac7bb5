"""Technical assistance: what is needed, requested or received, for matching with those who give it."""

from __future__ import annotations

from typing import Any, ClassVar

from instruments.items.base import ChoiceList
from instruments.items.rows import RowColumn, RowsItem
from instruments.values import Row

ASSISTANCE_KIND = ChoiceList(
    "assistance_kind",
    ("legislation", "institution_building", "policy", "training", "research_data", "case_mentoring",
     "international_cooperation", "equipment", "other"),
)  # fmt: skip
PRIORITY = ChoiceList("priority", ("1", "2", "3"))
ASSISTANCE_MODE = ChoiceList("assistance_mode", ("on_site", "remote", "self_study", "any"))
ASSISTANCE_STATE = ChoiceList("assistance_state", ("needed", "requested", "being_received", "received"))


class AssistanceRow(Row):
    """One need: kind, topic, priority (1 is highest), mode, how far it is, from whom it was received."""

    kind: str | None = None
    topic: str | None = None
    priority: str | None = None
    mode: str | None = None
    requested: str | None = None
    received_from: str | None = None


class Assistance(RowsItem):
    """Rows of technical assistance."""

    item_type: ClassVar[str] = "assistance"
    value_type: ClassVar[Any] = tuple[AssistanceRow, ...]
    sheet: ClassVar[str] = "TA_needs"
    row_type: ClassVar[type[Any]] = AssistanceRow
    row_columns: ClassVar[tuple[RowColumn, ...]] = (
        RowColumn("kind", "choice", ASSISTANCE_KIND),
        RowColumn("topic", "line", span="two"),
        RowColumn("priority", "choice", PRIORITY),
        RowColumn("mode", "choice", ASSISTANCE_MODE),
        RowColumn("requested", "choice", ASSISTANCE_STATE),
        RowColumn("received_from", "line", span="two"),
    )
