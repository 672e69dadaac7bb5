"""The second scale, for paragraphs that say "consider": considering without adopting is a full answer."""

from __future__ import annotations

from typing import ClassVar

from instruments.items.base import ChoiceList
from instruments.items.choice import Choice


class Consider(Choice):
    """Considered and adopted, considered and not adopted, under consideration, not considered, no information available."""

    item_type: ClassVar[str] = "consider"
    control: ClassVar[str] = "scale"
    fixed_list: ClassVar[ChoiceList | None] = ChoiceList(
        "consider",
        ("considered_adopted", "considered_not_adopted", "under_consideration", "not_considered", "no_information"),
    )
