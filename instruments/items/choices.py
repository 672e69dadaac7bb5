"""Multiple choice, with "other, specify" where the list has it."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from wtforms.fields.core import UnboundField

from instruments.items.base import AskContext, ChoiceList, Fact, Line
from instruments.items.fields import CompositeControl, Control, LineControl
from instruments.items.listed import ListItem
from instruments.texts import Text, Texts
from instruments.values import Chosen

if TYPE_CHECKING:
    from instruments.merging import Merging


class CodesControl(Control):
    """Check boxes for the codes of a list; the value is the tuple of codes in the list's order."""

    control = "checkboxes"

    def __init__(self, *, choice_list: ChoiceList, **kwargs: Any):
        super().__init__(**kwargs)
        self.choice_list = choice_list

    @property
    def choices_texts(self) -> list[tuple[str, Text, Text | None]]:
        """(code, label, help) of every choice, in the list's order."""
        name = self.choice_list.name
        return [(code, self.texts.option(name, code), self.texts.get(f"list.{name}.{code}.help"))
                for code in self.choice_list.codes]  # fmt: skip

    def process_data(self, value: Any) -> None:
        self.data = tuple(value or ())

    def process_formdata(self, valuelist: list[str]) -> None:
        unknown = [code for code in valuelist if code not in self.choice_list.codes]
        self.data = tuple(code for code in self.choice_list.codes if code in valuelist)
        if unknown:
            raise self.problem("choice", typed=unknown[0])


class ChoicesControl(CompositeControl):
    """Check boxes with a line for "other"."""

    control = "checkboxes"

    def __init__(self, *, choice_list: ChoiceList, texts: Texts, **kwargs: Any):
        parts: dict[str, Callable[[str], UnboundField[Any]]] = {
            "codes": lambda _part: UnboundField(CodesControl, texts=texts, choice_list=choice_list)
        }
        if choice_list.other:
            parts["other"] = lambda _part: UnboundField(
                LineControl, texts=texts, label_text=texts("type.choices.other")
            )
        super().__init__(parts=parts, texts=texts, **kwargs)
        self.choice_list = choice_list

    @property
    def choices_texts(self) -> list[tuple[str, Text, Text | None]]:
        """(code, label, help) of every choice."""
        codes: list[tuple[str, Text, Text | None]] = self.inner["codes"].choices_texts
        return codes

    def part_data(self, value: Any) -> dict[str, Any]:
        return {} if value is None else {"codes": value.codes, "other": value.other}

    def join(self, parts: dict[str, Any]) -> Chosen | None:
        codes, other = parts["codes"], parts.get("other") or ""
        if other and self.choice_list.other not in codes:
            # The words say that "other" was meant; ticking the box too is not asked of anybody.
            codes = tuple(code for code in self.choice_list.codes if code in codes or code == self.choice_list.other)
        return Chosen(codes=codes, other=other) if codes else None


class Choices(ListItem):
    """Any number of codes of the named list."""

    item_type: ClassVar[str] = "choices"
    value_type: ClassVar[Any] = Chosen
    own_texts: ClassVar[tuple[str, ...]] = ("type.choices.other",)

    def build_field(self, context: AskContext) -> UnboundField[Any]:
        return UnboundField(
            ChoicesControl, texts=context.texts, label_text=self.label(context.texts), hint_text=self.hint(context.texts),
            choice_list=self.choice_list,
        )  # fmt: skip

    def findings(self, value: Chosen) -> Iterable[str]:
        yield from chosen_findings(self.choice_list, value)

    def merge(self, base: Chosen | None, theirs: Chosen | None, mine: Chosen | None, merging: Merging) -> Chosen | None:
        return merge_chosen(self.choice_list, base, theirs, mine, merging)

    def facts(self, value: Chosen, texts: Texts) -> Iterator[Fact]:
        yield from chosen_facts(self.choice_list, value, texts)

    def lines(self, value: Chosen, texts: Texts) -> builtins.list[Line]:
        return chosen_lines(self.choice_list, value, texts)


def chosen_findings(choice_list: ChoiceList, value: Chosen) -> Iterator[str]:
    """An answer that excludes the others beside another one; "other" without a word about it."""
    if len(value.codes) > 1 and set(value.codes) & set(choice_list.exclusive):
        yield "exclusive_choice"
    if choice_list.other in value.codes and not value.other:
        yield "other_not_specified"


def chosen_facts(choice_list: ChoiceList, value: Chosen, texts: Texts) -> Iterator[Fact]:
    """One fact per chosen code; the words for "other" stand beside that code."""
    for code in value.codes:
        words = value.other if code == choice_list.other else ""
        yield Fact(field=code, code=code, label=str(texts.option(choice_list.name, code)), text=words)


def chosen_lines(choice_list: ChoiceList, value: Chosen, texts: Texts) -> list[Line]:
    """One line per chosen code; that of "other" holds its words."""
    lines = []
    for code in value.codes:
        words = str(texts.option(choice_list.name, code))
        is_other = code == choice_list.other and value.other
        lines.append(Line(value.other, label=words, language="und") if is_other else Line(words))
    return lines


def merge_chosen(
    choice_list: ChoiceList, base: Chosen | None, theirs: Chosen | None, mine: Chosen | None, merging: Merging
) -> Chosen | None:
    """Both changes to a choice, by code. A code beside one that excludes it is contested, and so are words for an "other" that
    one side took away."""
    if theirs == mine or mine == base:
        return theirs
    if theirs == base:
        return mine
    before, one, other = (side or Chosen() for side in (base, theirs, mine))
    codes = merging.codes(before.codes, one.codes, other.codes)
    is_mixed = len(codes) > 1 and bool(codes & set(choice_list.exclusive))
    words_changed = one.other != before.other or other.other != before.other
    if is_mixed or (words_changed and (choice_list.other in one.codes) != (choice_list.other in other.codes)
                    and choice_list.other in before.codes):  # fmt: skip
        chosen: Chosen | None = merging.contest("codes", theirs, mine)
        return chosen
    words = merging.one("other", before.other, one.other, other.other) if choice_list.other in codes else ""
    ordered = tuple(code for code in choice_list.codes if code in codes)
    return Chosen(codes=ordered, other=words) if ordered else None
