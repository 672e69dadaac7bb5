"""A period, from its first to its last day."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from wtforms.fields.core import UnboundField

from instruments.items.base import AskContext, Fact, Item, Line
from instruments.items.fields import CompositeControl, DateControl
from instruments.texts import Texts
from instruments.values import Period as PeriodValue
from languages import format_date

if TYPE_CHECKING:
    from instruments.merging import Merging


class PeriodControl(CompositeControl):
    """Two days, the second not before the first."""

    control = "pair"

    def __init__(self, *, texts: Texts, **kwargs: Any):
        super().__init__(
            parts={
                part: lambda name: UnboundField(DateControl, texts=texts, label_text=texts(f"type.period.{name}"))
                for part in ("start", "end")
            },
            texts=texts, **kwargs,
        )  # fmt: skip

    def join(self, parts: dict[str, Any]) -> PeriodValue | None:
        start, end = parts["start"], parts["end"]
        if start is None and end is None:
            return None
        if start is None or end is None:
            raise self.problem("half_period")
        if end < start:
            raise self.problem("period_order")
        return PeriodValue(start=start, end=end)


class Period(Item):
    """From one day to another, both included."""

    item_type: ClassVar[str] = "period"
    value_type: ClassVar[Any] = PeriodValue
    own_texts: ClassVar[tuple[str, ...]] = ("type.period.start", "type.period.end")

    def build_field(self, context: AskContext) -> UnboundField[Any]:
        return UnboundField(
            PeriodControl, texts=context.texts, label_text=self.label(context.texts), hint_text=self.hint(context.texts)
        )

    def merge(
        self, base: PeriodValue | None, theirs: PeriodValue | None, mine: PeriodValue | None, merging: Merging
    ) -> PeriodValue | None:
        if base is None or theirs is None or mine is None:
            return merging.one("", base, theirs, mine)  # type: ignore[no-any-return]
        start = merging.one("start", base.start, theirs.start, mine.start)
        end = merging.one("end", base.end, theirs.end, mine.end)
        if end < start:
            return merging.contest("", theirs, mine)  # type: ignore[no-any-return]
        return PeriodValue(start=start, end=end)

    def facts(self, value: PeriodValue, texts: Texts) -> Iterator[Fact]:
        yield Fact(field="start", field_label=str(texts("type.period.start")), date=value.start)
        yield Fact(field="end", field_label=str(texts("type.period.end")), date=value.end)

    def lines(self, value: PeriodValue, texts: Texts) -> list[Line]:
        start, end = format_date(value.start, texts.language), format_date(value.end, texts.language)
        return [Line(start, label=str(texts("type.period.start"))), Line(end, label=str(texts("type.period.end")))]
