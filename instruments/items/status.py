"""The status scale: how far a paragraph is carried out, as the State reports it. No rank, no average."""

from __future__ import annotations

from typing import ClassVar

from instruments.items.base import ChoiceList
from instruments.items.choice import Choice


class Status(Choice):
    """Fully, partially, planned or under way, not implemented, not applicable, no information available."""

    item_type: ClassVar[str] = "status"
    control: ClassVar[str] = "scale"
    fixed_list: ClassVar[ChoiceList | None] = ChoiceList(
        "status",
        (
            "fully_implemented",
            "partially_implemented",
            "planned_or_under_way",
            "not_implemented",
            "not_applicable",
            "no_information",
        ),
    )
