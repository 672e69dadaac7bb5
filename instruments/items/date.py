"""A day."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any, ClassVar

from wtforms.fields.core import UnboundField

from instruments.items.base import AskContext, Fact, Item, Line
from instruments.items.fields import DateControl
from instruments.texts import Texts
from languages import format_date


class Date(Item):
    """A day of the Gregorian calendar."""

    item_type: ClassVar[str] = "date"
    value_type: ClassVar[Any] = datetime.date

    def build_field(self, context: AskContext) -> UnboundField[Any]:
        return UnboundField(
            DateControl, texts=context.texts, label_text=self.label(context.texts), hint_text=self.hint(context.texts)
        )

    def facts(self, value: datetime.date, texts: Texts) -> Iterator[Fact]:
        yield Fact(date=value)

    def lines(self, value: datetime.date, texts: Texts) -> list[Line]:
        return [Line(format_date(value, texts.language))]
