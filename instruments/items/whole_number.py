"""A whole number: a count, a number of years, hours or days."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from wtforms.fields.core import UnboundField

from instruments.items.base import AskContext
from instruments.items.fields import WholeNumberControl
from instruments.items.numbers import NumberItem


class WholeNumber(NumberItem):
    """A whole number between `minimum` (0 unless said otherwise) and `maximum`."""

    item_type: ClassVar[str] = "whole_number"
    value_type: ClassVar[Any] = int

    minimum: int | None = 0
    maximum: int | None = None

    def limits(self) -> tuple[Decimal | None, Decimal | None]:
        smallest, largest = self.minimum, self.maximum
        return None if smallest is None else Decimal(smallest), None if largest is None else Decimal(largest)

    def build_field(self, context: AskContext) -> UnboundField[Any]:
        arguments = self.field_arguments(context.texts)
        return UnboundField(WholeNumberControl, minimum=self.minimum, maximum=self.maximum, **arguments)
