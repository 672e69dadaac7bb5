"""Yes, partly, no, or no information available."""

from __future__ import annotations

from typing import ClassVar

from instruments.items.base import ChoiceList
from instruments.items.choice import Choice


class YesPartlyNo(Choice):
    """A short question that a State answers with yes, partly, no or no information available."""

    item_type: ClassVar[str] = "yes_partly_no"
    fixed_list: ClassVar[ChoiceList | None] = ChoiceList(
        "yes_partly_no",
        ("yes", "partly", "no", "no_information"),
    )
