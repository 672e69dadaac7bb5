"""What the types share whose codes come from a list that the instrument defines."""

from __future__ import annotations

from typing import ClassVar

from instruments.items.base import ChoiceList, Item


class ListItem(Item):
    """An item that stores codes of the named list, and is printed on paper as boxes to tick."""

    is_short: ClassVar[bool] = True

    list: str

    @property
    def choice_list(self) -> ChoiceList:
        """The list whose codes may be stored. Raises KeyError when the instrument does not define it."""
        return self.lists[self.list]

    def choice_lists(self) -> tuple[ChoiceList, ...]:
        return (self.choice_list,)

    def boxes(self) -> ChoiceList | None:
        return self.choice_list
