"""Policies and measures: strategies, plans, guidelines, programmes."""

from __future__ import annotations

from typing import Any, ClassVar

from instruments.items.base import ChoiceList
from instruments.items.rows import RowColumn, RowsItem
from instruments.values import Row

POLICY_KIND = ChoiceList(
    "policy_kind", ("strategy", "action_plan", "guideline", "procedure", "programme", "training", "campaign", "other")
)


class Policy(Row):
    """One policy or measure: title, kind, lead body, years, link."""

    title: str | None = None
    kind: str | None = None
    lead_body: str | None = None
    start_year: int | None = None
    end_year: int | None = None
    link: str | None = None


class Policies(RowsItem):
    """Rows of policies and measures."""

    item_type: ClassVar[str] = "policies"
    value_type: ClassVar[Any] = tuple[Policy, ...]
    sheet: ClassVar[str] = "Policies"
    register: ClassVar[str] = "policy"
    row_type: ClassVar[type[Any]] = Policy
    row_columns: ClassVar[tuple[RowColumn, ...]] = (
        RowColumn("title", "line", span="whole"),
        RowColumn("kind", "choice", POLICY_KIND),
        RowColumn("lead_body", "line"),
        RowColumn("start_year", "year"),
        RowColumn("end_year", "year"),
        RowColumn("link", "link", span="two"),
    )
