"""A good practice, and whether the State agrees that it is shared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from wtforms.fields.core import UnboundField

from instruments.items.base import AskContext, Brief, CellValue, ChoiceList, Column, Fact, Item, Line
from instruments.items.fields import CheckControl, CompositeControl, TextControl
from instruments.items.narrative import LONGEST
from instruments.texts import Texts
from instruments.values import GoodPractice as GoodPracticeValue

if TYPE_CHECKING:
    from instruments.merging import Merging

CONSENT = ChoiceList("consent", ("yes", "no"))


class GoodPracticeControl(CompositeControl):
    """A text area and a box for the consent to share."""

    control = "practice"

    def __init__(self, *, texts: Texts, **kwargs: Any):
        super().__init__(
            parts={
                "text": lambda _part: UnboundField(
                    TextControl, texts=texts, label_text=texts("type.good_practice.text"), maximum=LONGEST
                ),
                "consent": lambda _part: UnboundField(
                    CheckControl, texts=texts, label_text=texts("type.good_practice.consent")
                ),
            },
            texts=texts, **kwargs,
        )  # fmt: skip

    def join(self, parts: dict[str, Any]) -> GoodPracticeValue | None:
        # Consent without a practice consents to nothing.
        return GoodPracticeValue(text=parts["text"], consent=parts["consent"]) if parts["text"] else None


class GoodPractice(Item):
    """A practice that other States could learn from."""

    item_type: ClassVar[str] = "good_practice"
    value_type: ClassVar[Any] = GoodPracticeValue
    sheet: ClassVar[str] = "Good_practice"
    own_texts: ClassVar[tuple[str, ...]] = ("type.good_practice.text", "type.good_practice.consent")

    def choice_lists(self) -> tuple[ChoiceList, ...]:
        return (CONSENT,)

    def build_field(self, context: AskContext) -> UnboundField[Any]:
        return UnboundField(
            GoodPracticeControl, texts=context.texts, label_text=self.label(context.texts),
            hint_text=self.hint(context.texts),
        )  # fmt: skip

    def merge(
        self, base: GoodPracticeValue | None, theirs: GoodPracticeValue | None, mine: GoodPracticeValue | None,
        merging: Merging,
    ) -> GoodPracticeValue | None:  # fmt: skip
        if base is not None and (theirs is None or mine is None):
            return merging.one("", base, theirs, mine)  # type: ignore[no-any-return]
        before, one, other = (side or GoodPracticeValue(text="") for side in (base, theirs, mine))
        text = merging.text("text", before.text, one.text, other.text, longest=LONGEST)
        # A State agrees to share the words it has read: new consent does not reach words that somebody else wrote meanwhile.
        is_new = [
            side.consent and not before.consent and rest.text != before.text
            for side, rest in ((one, other), (other, one))
        ]
        if any(is_new):
            return merging.contest("consent", theirs, mine)  # type: ignore[no-any-return]
        consent = merging.one("consent", before.consent, one.consent, other.consent)
        return GoodPracticeValue(text=text, consent=consent) if text.strip() else None

    def facts(self, value: GoodPracticeValue, texts: Texts) -> Iterator[Fact]:
        if value.text:
            yield Fact(field="text", field_label=str(texts("type.good_practice.text")), text=value.text)
        code = "yes" if value.consent else "no"
        part = str(texts("type.good_practice.consent"))
        yield Fact(field="consent", field_label=part, code=code, label=str(texts.option(CONSENT.name, code)))

    def lines(self, value: GoodPracticeValue, texts: Texts) -> list[Line]:
        consent = texts.option(CONSENT.name, "yes" if value.consent else "no")
        said = Line(str(consent), label=str(texts("type.good_practice.consent")))
        return [Line(value.text, language="und"), said] if value.text else [said]

    def brief(self, value: GoodPracticeValue, texts: Texts) -> Brief:
        return Brief([Line(value.text, language="und")] if value.consent else [], is_text=True)

    def as_shared(self, value: GoodPracticeValue, threshold: int) -> GoodPracticeValue:
        return value if value.consent else value.model_copy(update={"text": ""})

    def columns(self, texts: Texts) -> tuple[Column, ...]:
        consent = str(texts("type.good_practice.consent"))
        return (
            Column("text", str(texts("type.good_practice.text"))), Column("consent_code", consent), Column("consent", consent),
        )  # fmt: skip

    def rows(self, value: GoodPracticeValue, texts: Texts) -> Iterator[tuple[str, tuple[CellValue, ...]]]:
        code = "yes" if value.consent else "no"
        yield "", (value.text or None, code, str(texts.option(CONSENT.name, code)))
