"""A day."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
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
    is_short: ClassVar[bool] = True

    past: bool = False
    """The day of something that has happened: a later day raises a finding."""

    def build_field(self, context: AskContext) -> UnboundField[Any]:
        return UnboundField(
            DateControl, texts=context.texts, label_text=self.label(context.texts), hint_text=self.hint(context.texts)
        )

    def findings(self, value: datetime.date) -> Iterable[str]:
        # In the easternmost zone it may be tomorrow already.
        if self.past and value > datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=1):
            yield "date_in_future"

    def facts(self, value: datetime.date, texts: Texts) -> Iterator[Fact]:
        yield Fact(date=value)

    def lines(self, value: datetime.date, texts: Texts) -> list[Line]:
        return [Line(format_date(value, texts.language))]
