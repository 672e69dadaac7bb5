"""What the two number types share: a unit in words and a scalar field."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, ClassVar

from instruments.items.base import Fact, Item, Line
from instruments.texts import Texts


class NumberItem(Item):
    """A number with an optional unit, named by a text key."""

    is_short: ClassVar[bool] = True

    unit: str = ""

    def text_keys(self) -> Iterator[str]:
        yield from super().text_keys()
        if self.unit:
            yield self.unit

    def facts(self, value: Decimal | int, texts: Texts) -> Iterator[Fact]:
        yield Fact(number=value, unit=str(texts(self.unit)) if self.unit else "")

    def lines(self, value: Decimal | int, texts: Texts) -> list[Line]:
        return [Line(f"{Decimal(value):f} {texts(self.unit)}" if self.unit else f"{Decimal(value):f}")]

    def field_arguments(self, texts: Texts) -> dict[str, Any]:
        """Label and hint (with the unit) for the control."""
        return {"texts": texts, "label_text": self.label(texts), "hint_text": self.hint(texts)}
