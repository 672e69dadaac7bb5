"""A sum of money with its currency."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, ClassVar

from babel import Locale
from wtforms.fields.core import UnboundField

from instruments.items.base import AskContext, Fact, Item, Line
from instruments.items.fields import CompositeControl, DecimalControl, LineControl
from instruments.texts import Texts
from instruments.values import Amount as AmountValue

CURRENCIES: frozenset[str] = frozenset(Locale("en").currencies)
"""ISO 4217 codes known to CLDR."""


class CurrencyControl(LineControl):
    """The three letters of a currency (ISO 4217)."""

    def read(self, text: str) -> str:
        code = text.upper()
        if code not in CURRENCIES:
            raise self.problem("currency", typed=text)
        return code


class AmountControl(CompositeControl):
    """A number and a currency."""

    control = "pair"

    def __init__(self, *, texts: Texts, **kwargs: Any):
        super().__init__(
            parts={
                "amount": lambda _part: UnboundField(
                    DecimalControl, texts=texts, label_text=texts("type.amount.amount"), minimum=Decimal(0)
                ),
                "currency": lambda _part: UnboundField(
                    CurrencyControl, texts=texts, label_text=texts("type.amount.currency"),
                    hint_text=texts.get("type.amount.currency.hint"), maximum=3,
                ),
            },
            texts=texts, **kwargs,
        )  # fmt: skip

    def join(self, parts: dict[str, Any]) -> AmountValue | None:
        if parts["amount"] is None:
            return None
        if parts["currency"] is None:
            raise self.problem("no_currency")
        return AmountValue(amount=parts["amount"], currency=parts["currency"])


class Amount(Item):
    """A sum of money."""

    item_type: ClassVar[str] = "amount"
    value_type: ClassVar[Any] = AmountValue
    is_short: ClassVar[bool] = True
    own_texts: ClassVar[tuple[str, ...]] = ("type.amount.amount", "type.amount.currency")

    def limits(self) -> tuple[Decimal | None, Decimal | None]:
        return Decimal(0), None

    def build_field(self, context: AskContext) -> UnboundField[Any]:
        return UnboundField(
            AmountControl, texts=context.texts, label_text=self.label(context.texts), hint_text=self.hint(context.texts)
        )

    def facts(self, value: AmountValue, texts: Texts) -> Iterator[Fact]:
        yield Fact(number=value.amount, unit=value.currency)

    def lines(self, value: AmountValue, texts: Texts) -> list[Line]:
        return [Line(f"{value.amount:f} {value.currency}")]
