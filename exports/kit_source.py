"""What one offline workbook is made of: the answers of its kit, the words of its language, who gave it out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from exports.kit_layout import Block, lay_out
from exports.shape import Gettext, gettext_in
from instruments.conditions import Condition
from instruments.items import Item
from instruments.items.base import AskContext, paragraph_of
from instruments.routing import asked_item_ids
from instruments.schema import Question, Section
from instruments.texts import Text, Texts
from languages import separator
from services.kits import KitContent

SCHEMA = 1
"""Version of the layout of the file; `_meta` states it."""
LONGEST_OFFER = 120
"""Characters of an entry's name in a drop-down."""


@dataclass
class KitSource:
    """A kit with what is said around it. `stamp` signs what the file states about itself."""

    content: KitContent
    state_name: str
    cycle_title: str
    deadline: str
    made_by: str
    stamp: Callable[[Mapping[str, Any]], str]
    state_id: str
    cycle_id: str
    contact: str = ""
    rehearsal: bool = False
    _blocks: dict[str, Block] = field(default_factory=dict)

    @cached_property
    def texts(self) -> Texts:
        """The texts of the questionnaire in the language of the kit."""
        return self.content.instrument.texts_in(self.content.kit.language)

    @cached_property
    def words(self) -> Gettext:
        """The interface words in the language of the kit."""
        return gettext_in(self.content.kit.language)

    @property
    def right_to_left(self) -> bool:
        """Whether the sheets run from right to left."""
        return self.content.kit.language == "ar"

    @property
    def context(self) -> AskContext:
        """What the forms need to know."""
        return AskContext(self.texts, self.content.years)

    @cached_property
    def values(self) -> dict[str, Any]:
        """Typed values as the file shows them: without those of its own questions where it is a blank one."""
        kit = self.content.kit
        if kit.prefilled:
            return self.content.values
        own = set(kit.question_ids)
        return {
            item_id: value for item_id, value in self.content.values.items() if item_id.partition(".")[0] not in own
        }

    @cached_property
    def asked(self) -> frozenset[str]:
        """Ids of the items asked, given what the file shows."""
        return asked_item_ids(self.content.instrument, self.values, self.content.kit.facts)

    @cached_property
    def asked_values(self) -> dict[str, Any]:
        """The values of items that are asked: what other conditions look at."""
        return {item_id: value for item_id, value in self.values.items() if item_id in self.asked}

    def sections(self) -> Iterator[tuple[Section, list[Question]]]:
        """The sections with questions in the kit."""
        wanted = set(self.content.kit.question_ids)
        for section in self.content.instrument.sections:
            if chosen := [question for question in section.questions if question.id in wanted]:
                yield section, chosen

    def items(self, question: Question) -> list[Item]:
        """The items of a question that have cells: all but files."""
        return [item for item in question.items if self.block(item).leaves]

    def block(self, item: Item) -> Block:
        """The cells of an item."""
        if item.id not in self._blocks:
            prefilled = self.content.kit.prefilled
            self._blocks[item.id] = lay_out(
                item, self.context, self.content.stored_values.get(item.id) if prefilled else None,
                self.content.typed.get(item.id) if prefilled else None, self._offers(item) if prefilled else None,
            )  # fmt: skip
        return self._blocks[item.id]

    def _offers(self, item: Item) -> dict[str, list[tuple[str, Text]]]:
        if not item.register:
            return {}
        offered = self.content.register.offered(item.register, item.id)
        return {item.id: [
            (one.key, Text(f"{paragraph_of(one.key, self.texts)}: {one.name[:LONGEST_OFFER]}", self.texts.language))
            for one in offered
        ]}  # fmt: skip

    def default_ids(self, item: Item) -> frozenset[str]:
        """Ids of cells that hold something although nobody has answered, such as the proposed language of a text."""
        empty = lay_out(item, self.context, None, new_rows=0)
        return frozenset(leaf.place.id for leaf in empty.leaves if leaf.text)

    def rule_words(self, condition: Condition) -> str:
        """When an item is asked, in words; in general words where the rule is not about choices; none if answers do not matter."""
        _ = self.words
        tests = list(condition.tests())
        if not any(test.item for test in tests):
            return ""
        parts = [self._test_words(test) for test in tests]
        either = _("or")
        if condition.not_ is not None or not all(parts) or (condition.all_ is not None and len(tests) > 1):
            return _("Asked depending on other answers.")
        return f" {either} ".join(part for part in parts if part)

    def _test_words(self, test: Condition) -> str:
        _ = self.words
        item = self.content.instrument.items.get(test.item or "")
        if item is None:
            return ""
        label = str(item.label(self.texts))
        if test.answered:
            return _("asked if “%(label)s” is answered") % {"label": label}
        choice_list = item.boxes()
        if choice_list is None or not test.codes():
            return ""
        answers = separator(self.texts.language).join(
            str(self.texts.option(choice_list.name, code)) for code in choice_list.codes if code in test.codes()
        )
        return _("asked if “%(label)s” is: %(answers)s") % {"label": label, "answers": answers}
