"""A web address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from wtforms.fields.core import UnboundField

from instruments.items.base import AskContext, Fact, Item, Line
from instruments.items.fields import LinkControl
from instruments.texts import Texts


class Link(Item):
    """An address with http or https."""

    item_type: ClassVar[str] = "link"
    value_type: ClassVar[Any] = str

    def build_field(self, context: AskContext) -> UnboundField[Any]:
        hint = self.hint(context.texts) or context.texts.get("type.link.url.hint")
        return UnboundField(
            LinkControl, texts=context.texts, label_text=self.label(context.texts), hint_text=hint, maximum=2000
        )

    def facts(self, value: str, texts: Texts) -> Iterator[Fact]:
        yield Fact(text=value)

    def lines(self, value: str, texts: Texts) -> list[Line]:
        return [Line(value)]
