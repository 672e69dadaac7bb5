"""Answers that a State brings back from a copy of its own, against its response as it stands: what is new, what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, select

from instruments.schema import Instrument
from models.cycles import InstrumentVersion
from models.states import ReportingState
from services.earlier_answers import LeftBehind, is_blank, is_same, match_answers
from services.instruments import get_instrument
from services.responses import OpenResponse, state_name


@dataclass(frozen=True, slots=True)
class Received:
    """What a copy says: of which submission it is, and version and value (JSON) of each answer by item id."""

    number: str
    state_id: str
    cycle_id: str
    instrument_sha256: str
    answers: Mapping[str, tuple[int, Any]]


class NotThisState(Exception):
    """The copy is another State's; `code` is that State's, `name` gives its name where it is known here."""

    code = "other_state"

    def __init__(self, state_id: str, names: Mapping[str, str]) -> None:
        super().__init__(state_id)
        self.state_id, self.names = state_id, names

    def name_in(self, language: str) -> str:
        """The name of the State in a language, its code where there is none."""
        return state_name(self.names, language) or self.state_id


class UnknownQuestionnaire(Exception):
    """The copy answers a questionnaire that was never published here, or another one than the response does."""

    code = "unknown_questionnaire"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A copy against a response. Values are typed, by the item of this round."""

    number: str
    instrument: Instrument
    """The questionnaire that the copy answers."""
    updates: Mapping[str, Any]
    """New, or changed in the copy while nobody has changed them here."""
    differing: Mapping[str, Any]
    """Answered here too, otherwise: a person chooses."""
    same: int
    left: tuple[LeftBehind, ...]
    unknown: tuple[str, ...]
    """Ids in the copy that its questionnaire has not."""

    @property
    def values(self) -> dict[str, Any]:
        """Everything that can be taken over."""
        return {**self.updates, **self.differing}


def compare_received(session: Session, opened: OpenResponse, received: Received) -> Comparison:
    """What the copy would change of what is the person's to answer. Raises NotThisState, UnknownQuestionnaire."""
    if received.state_id != opened.state.id:
        other = session.get(ReportingState, received.state_id)
        raise NotThisState(received.state_id, other.names if other else {})
    version = session.exec(
        select(InstrumentVersion).where(InstrumentVersion.sha256 == received.instrument_sha256)
    ).first()
    if version is None or version.instrument != opened.instrument.instrument:
        raise UnknownQuestionnaire(received.instrument_sha256)
    before = get_instrument(session, version.id)
    sealed = {item_id: {"value": value} for item_id, (_version, value) in received.answers.items()}
    values, left = match_answers(sealed, before, opened.instrument)
    updates: dict[str, Any] = {}
    differing: dict[str, Any] = {}
    values = {item_id: value for item_id, value in values.items() if opened.may_edit(item_id)}
    for item_id, value in values.items():
        if is_same(opened, item_id, value):
            continue
        based_on = received.answers[item_id][0] if received.cycle_id == opened.cycle.id else -1
        is_untouched = item_id in opened.answers and opened.answers[item_id].version == based_on
        (updates if is_blank(opened, item_id) or is_untouched else differing)[item_id] = value
    unknown = tuple(item_id for item_id in received.answers if item_id not in before.items)
    return Comparison(
        received.number, before, updates, differing, len(values) - len(updates) - len(differing), left, unknown
    )  # fmt: skip
