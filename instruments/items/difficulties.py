"""Difficulties: kinds from a list, and what they are in words."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from wtforms.fields.core import UnboundField

from instruments.items.base import AskContext, ChoiceList, Fact, Line
from instruments.items.choices import ChoicesControl, chosen_facts, chosen_findings, chosen_lines, merge_chosen
from instruments.items.fields import CompositeControl, TextControl
from instruments.items.listed import ListItem
from instruments.items.narrative import LONGEST
from instruments.texts import Texts
from instruments.values import Chosen
from instruments.values import Difficulties as DifficultiesValue

if TYPE_CHECKING:
    from instruments.merging import Merging


class DifficultiesControl(CompositeControl):
    """Check boxes and a text area."""

    control = "difficulties"

    def __init__(self, *, choice_list: ChoiceList, texts: Texts, **kwargs: Any):
        super().__init__(
            parts={
                "chosen": lambda _part: UnboundField(
                    ChoicesControl, texts=texts, choice_list=choice_list, label_text=texts("type.difficulties.choices"),
                    hint_text=texts.get("type.difficulties.choices.hint"),
                ),
                "text": lambda _part: UnboundField(
                    TextControl, texts=texts, label_text=texts("type.difficulties.text"), maximum=LONGEST
                ),
            },
            texts=texts, **kwargs,
        )  # fmt: skip

    def join(self, parts: dict[str, Any]) -> DifficultiesValue | None:
        if parts["chosen"] is None and parts["text"] is None:
            return None
        return DifficultiesValue(chosen=parts["chosen"] or Chosen(), text=parts["text"] or "")


class Difficulties(ListItem):
    """What makes it hard to carry the paragraph out."""

    item_type: ClassVar[str] = "difficulties"
    value_type: ClassVar[Any] = DifficultiesValue
    own_texts: ClassVar[tuple[str, ...]] = (
        "type.difficulties.choices", "type.difficulties.text", "type.choices.other",
    )  # fmt: skip

    list: str = "dif"

    def build_field(self, context: AskContext) -> UnboundField[Any]:
        return UnboundField(
            DifficultiesControl, texts=context.texts, label_text=self.label(context.texts),
            hint_text=self.hint(context.texts), choice_list=self.choice_list,
        )  # fmt: skip

    def findings(self, value: DifficultiesValue) -> Iterable[str]:
        found = chosen_findings(self.choice_list, value.chosen)
        # The description may say what the other difficulty is.
        return (code for code in found if code != "other_not_specified" or not value.text)

    def merge(
        self, base: DifficultiesValue | None, theirs: DifficultiesValue | None, mine: DifficultiesValue | None,
        merging: Merging,
    ) -> DifficultiesValue | None:  # fmt: skip
        before, one, other = (side or DifficultiesValue() for side in (base, theirs, mine))
        chosen = merge_chosen(self.choice_list, before.chosen, one.chosen, other.chosen, merging) or Chosen()
        text = merging.text("text", before.text, one.text, other.text, longest=LONGEST)
        return DifficultiesValue(chosen=chosen, text=text) if chosen.codes or text.strip() else None

    def facts(self, value: DifficultiesValue, texts: Texts) -> Iterator[Fact]:
        yield from chosen_facts(self.choice_list, value.chosen, texts)
        if value.text:
            yield Fact(field="text", field_label=str(texts("type.difficulties.text")), text=value.text)

    def lines(self, value: DifficultiesValue, texts: Texts) -> builtins.list[Line]:
        lines = chosen_lines(self.choice_list, value.chosen, texts)
        if value.text:
            lines.append(Line(value.text, label=str(texts("type.difficulties.text")), language="und"))
        return lines
