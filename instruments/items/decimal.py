"""A decimal number with its unit, such as a share in per cent."""

from __future__ import annotations

from decimal import Decimal as DecimalValue
from typing import Any, ClassVar

from wtforms.fields.core import UnboundField

from instruments.items.base import AskContext
from instruments.items.fields import DecimalControl
from instruments.items.numbers import NumberItem


class Decimal(NumberItem):
    """A number with at most `places` decimals between `minimum` and `maximum`."""

    item_type: ClassVar[str] = "decimal"
    value_type: ClassVar[Any] = DecimalValue

    places: int = 2
    minimum: DecimalValue | None = None
    maximum: DecimalValue | None = None

    def limits(self) -> tuple[DecimalValue | None, DecimalValue | None]:
        return self.minimum, self.maximum

    def build_field(self, context: AskContext) -> UnboundField[Any]:
        arguments = self.field_arguments(context.texts)
        return UnboundField(DecimalControl, places=self.places, minimum=self.minimum, maximum=self.maximum, **arguments)
