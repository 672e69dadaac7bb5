"""An instrument: sections of questions (one operative paragraph each) of typed items. Frozen once read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from instruments.conditions import Condition
from instruments.engine import read_engine_texts
from instruments.items import ITEM_TYPES, Item
from instruments.items.base import ChoiceList
from instruments.texts import Texts
from languages import LANGUAGES


class Article(BaseModel):
    """A provision a paragraph is linked with; `level` is its level of obligation, `not_stated` where no source says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    treaty: str
    article: str
    level: str = "not_stated"


class Question(BaseModel):
    """One operative paragraph as a self-assessment question."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9]*$")
    number: str
    chapeau: str = ""
    verb: str
    addressee: str
    also_addressed: tuple[str, ...] = ()
    asked_of: Literal["everyone", "parties", "not_parties"] = "everyone"
    reporters: tuple[Literal["member_state", "observer_state", "reio"], ...] = ()
    """The kinds of reporter that are asked; empty for all."""
    clusters: tuple[str, ...] = ()
    articles: tuple[Article, ...] = ()
    headline: str = ""
    parts: tuple[str, ...] = ()
    """Items that give a status to a named sub-action of the paragraph."""
    refers_to: tuple[str, ...] = ()
    """Items of other questions whose figures belong here too: they are asked once, there."""
    terms: tuple[str, ...] = ()
    """Codes of the terms that are defined beside the question."""
    items: tuple[Item, ...]

    @cached_property
    def items_by_id(self) -> dict[str, Item]:
        """The items of the question by id, in order."""
        return {item.id: item for item in self.items}

    def number_in(self, texts: Texts) -> str:
        """The paragraph number as the language prints it: `13(d)`, `13 d)`, `13 (د)`."""
        printed = texts.get(f"{self.id}.number")
        return self.number if printed is None or printed.is_fallback else printed.value

    def is_asked_of(self, facts: Mapping[str, str]) -> bool:
        """Whether the paragraph's addressee includes this State; while the party status is unknown, the State is asked."""
        party = facts.get("party_status", "unknown")
        if self.reporters and facts.get("kind", "member_state") not in self.reporters:
            return False
        if self.asked_of == "parties":
            return party != "not_party"
        if self.asked_of == "not_parties":
            return party != "party"
        return True


class Section(BaseModel):
    """A group of questions on one theme."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    id: str
    questions: tuple[Question, ...]


class FindingRule(BaseModel):
    """A consistency rule over a response; raised before clearance, never blocking."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    question: str
    when: Condition


class Instrument(BaseModel):
    """A questionnaire built from one document. Published versions are immutable and known by their hash."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    instrument: str
    version: str
    source_language: str
    document: dict[str, str]
    groups: tuple[str, ...]
    lists: dict[str, ChoiceList]
    sections: tuple[Section, ...]
    findings: tuple[FindingRule, ...]
    texts: dict[str, dict[str, str]]
    unofficial: dict[str, frozenset[str]] = {}
    renamed: dict[str, str] = {}
    """Items that earlier versions had under another id: that id, and the id here."""
    sha256: str

    @cached_property
    def questions(self) -> dict[str, Question]:
        """All questions by id, in instrument order."""
        return {question.id: question for section in self.sections for question in section.questions}

    @cached_property
    def items(self) -> dict[str, Item]:
        """All items by id, in instrument order."""
        return {item.id: item for question in self.questions.values() for item in question.items}

    @cached_property
    def _texts(self) -> dict[str, Texts]:
        return {language: Texts(language, self.texts, self.unofficial) for language in self.texts}

    def texts_in(self, language: str) -> Texts:
        """The texts as seen in one language, with visible fallback."""
        return self._texts.get(language) or Texts(language, self.texts, self.unofficial)

    def choice_lists(self) -> Iterator[ChoiceList]:
        """Every choice list that an item can store codes of, once, in order of first use."""
        seen: dict[str, ChoiceList] = {}
        for item in self.items.values():
            for choice_list in item.choice_lists():
                seen.setdefault(choice_list.name, choice_list)
        yield from seen.values()

    def neighbours(self, question_id: str) -> tuple[Question | None, Question | None]:
        """The questions before and after, in instrument order."""
        questions = list(self.questions.values())
        index = [question.id for question in questions].index(question_id)
        before = questions[index - 1] if index else None
        after = questions[index + 1] if index + 1 < len(questions) else None
        return before, after


def build_lists(structure: Mapping[str, Any]) -> dict[str, ChoiceList]:
    """The choice lists of a structure by name."""
    return {
        name: ChoiceList(name, tuple(given["codes"]), given.get("other", ""), tuple(given.get("exclusive", ())))
        for name, given in structure.get("lists", {}).items()
    }


def build_instrument(document: Mapping[str, Any], sha256: str) -> Instrument:
    """The instrument of a published document (structure with expanded blocks, and texts). Raises pydantic.ValidationError."""
    structure = document["structure"]
    lists = build_lists(structure)
    sections = tuple(
        Section(
            id=section["id"],
            questions=tuple(build_question(question, lists, structure["groups"]) for question in section["questions"]),
        )
        for section in structure["sections"]
    )
    numbers = {f"{question.id}.number": question.number for section in sections for question in section.questions}
    # A version that was published before an item type learnt a new word shows that word as the program has it now.
    texts = {
        language: {**(read_engine_texts(language)["texts"] if language in LANGUAGES else {}), **numbers, **own}
        for language, own in document["texts"].items()
    }
    return Instrument(
        instrument=structure["instrument"], version=structure["version"], source_language=structure["source_language"],
        document=structure.get("document", {}), groups=structure["groups"], lists=lists, sections=sections,
        findings=tuple(FindingRule.model_validate(rule) for rule in structure.get("findings", ())),
        texts=texts,
        unofficial={language: frozenset(keys) for language, keys in document.get("unofficial", {}).items()},
        renamed=document.get("renamed", {}), sha256=sha256,
    )  # fmt: skip


def build_question(raw: Mapping[str, Any], lists: Mapping[str, ChoiceList], groups: Sequence[str]) -> Question:
    """The question of its raw form, its items sorted by group. Raises KeyError for an unknown type, pydantic.ValidationError."""
    order = {group: index for index, group in enumerate(groups)}
    items = sorted(
        (build_item(item, lists) for item in raw["items"]), key=lambda item: order.get(item.group, len(order))
    )
    return Question.model_validate({**raw, "items": items})


def build_item(raw: Mapping[str, Any], lists: Mapping[str, ChoiceList]) -> Item:
    """The item of its raw form in the file. Raises KeyError for an unknown type, pydantic.ValidationError for the rest."""
    given = dict(raw)
    return ITEM_TYPES[given.pop("type")](**given, lists=dict(lists))
