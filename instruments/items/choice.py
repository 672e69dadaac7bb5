"""Single choice: one code of a list. The scales are single choices with a list of their own."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import Any, ClassVar

from wtforms.fields.core import UnboundField

from instruments.items.base import AskContext, ChoiceList, Fact, Line
from instruments.items.fields import ChoiceControl
from instruments.items.listed import ListItem
from instruments.texts import Texts


class Choice(ListItem):
    """One code of the named list."""

    item_type: ClassVar[str] = "choice"
    value_type: ClassVar[Any] = str
    control: ClassVar[str] = "choices"
    fixed_list: ClassVar[ChoiceList | None] = None
    """The list of a scale, which no instrument can change."""

    list: str = ""

    @property
    def choice_list(self) -> ChoiceList:
        """The list whose codes may be stored. Raises KeyError when the instrument does not define it."""
        return self.fixed_list or super().choice_list

    def build_field(self, context: AskContext) -> UnboundField[Any]:
        return UnboundField(
            ChoiceControl, texts=context.texts, label_text=self.label(context.texts), hint_text=self.hint(context.texts),
            choice_list=self.choice_list, control=self.control,
        )  # fmt: skip

    def facts(self, value: str, texts: Texts) -> Iterator[Fact]:
        yield Fact(code=value, label=str(texts.option(self.choice_list.name, value)))

    def lines(self, value: str, texts: Texts) -> builtins.list[Line]:
        return [Line(str(texts.option(self.choice_list.name, value)))]
