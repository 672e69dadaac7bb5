"""Topics: chosen items of several paragraphs on a sheet of their own, and the report that paragraph 15 asks of the secretariat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from exports.shape import Gettext
from instruments.items import Item
from instruments.loader import read_strict
from instruments.schema import Instrument

DATA = Path(__file__).parent / "data"
PARAGRAPH_15 = "paragraph_15"
REPORTS: tuple[str, ...] = ("", PARAGRAPH_15)
"""What a workbook is about: every paragraph, or what bears on the report of paragraph 15."""

SHEETS: dict[str, tuple[str, Callable[[Gettext], str]]] = {
    "consultations": ("Consultations", lambda _: _("Consultations (paragraph 16)")),
    "convictions": ("Convictions", lambda _: _("Convictions and sentences")),
    "units": ("Specialised_units", lambda _: _("Specialized units")),
    "financial_flows": ("Financial_flows", lambda _: _("Illicit financial flows and parallel investigations")),
    "victim_centred": ("Victim_centred", lambda _: _("Victim-centred approach")),
    "compensation": ("Compensation", lambda _: _("Compensation and redress")),
    "remedies": ("Remedies", lambda _: _("Remedies for victims who were punished")),
    "cases": ("Cases", lambda _: _("Cases, without names")),
    "good_practices": ("Shared_practices", lambda _: _("Good practices that may be quoted")),
}
"""The name of the sheet of a topic and its title in words, by the topic's id in the data files."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: its id and the items that bear on it, in the order of reading."""

    id: str
    items: tuple[Item, ...]
    stated: tuple[Item, ...] = ()
    """The items that the passage on a State says, in the order of reading; the others stand in the workbook only."""

    @property
    def sheet(self) -> str:
        """The name of its sheet."""
        return SHEETS[self.id][0]

    def title(self, _: Gettext) -> str:
        """Its title in words."""
        return SHEETS[self.id][1](_)


def find_topics(instrument: Instrument, report: str = "") -> tuple[Topic, ...]:
    """The topics of a report that the questionnaire has items for; without a report, those of every workbook."""
    found = []
    for topic_id, item_ids, stated_ids in _read(report or "topics"):
        items, stated = (
            tuple(instrument.items[item_id] for item_id in ids if item_id in instrument.items)
            for ids in (item_ids, stated_ids)
        )
        if items:
            found.append(Topic(topic_id, items, stated))
    return tuple(found)


def report_questions(instrument: Instrument, report: str) -> tuple[str, ...]:
    """The ids of the questions that a report is about, in the order of the questionnaire; all of them without a report."""
    if not report:
        return tuple(instrument.questions)
    wanted = {item.question_id for topic in find_topics(instrument, report) for item in topic.items}
    return tuple(question_id for question_id in instrument.questions if question_id in wanted)


@cache
def _read(name: str) -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
    return tuple(
        (entry["id"], tuple(entry["items"]), tuple(entry.get("stated", ())))
        for entry in read_strict(DATA / f"{name}.yaml")["topics"]
    )
