"""National responses: opened with a permission, read as typed values, with the one definition of progress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlmodel import Session, select

from instruments.register import Register, read_register, resolve_references
from instruments.routing import Progress, asked_item_ids, missing_items, progress
from instruments.schema import Instrument, Question, Section
from models.base import utc_now
from models.cycles import Cycle
from models.responses import Answer, NationalResponse, QuestionState
from models.states import ReportingState
from services.instruments import get_instrument
from services.permissions import Actor, NotFound, Permission, PermissionDenied, Reach, is_allowed
from services.reach import find_reach

EVERYTHING = Reach()
"""The reach of whoever has nothing set: as far as the role goes."""


@dataclass
class OpenResponse:
    """A response that was opened with a permission, with everything a page of it needs. Loaded in a fixed number of queries."""

    response: NationalResponse
    cycle: Cycle
    state: ReportingState
    instrument: Instrument
    answers: dict[str, Answer]
    question_states: dict[str, QuestionState]
    actor: Actor
    reach: Reach = EVERYTHING

    @cached_property
    def values(self) -> dict[str, Any]:
        """Typed values of all answered items, asked or not; references to other paragraphs filled in."""
        return resolve_references(self.instrument, self.stored_values)

    @cached_property
    def register(self) -> Register:
        """What the response has entered, to be referred to from other paragraphs, as far as the person may read it."""
        items = self.instrument.items
        return read_register(self.instrument, {
            item_id: value for item_id, value in self.stored_values.items() if self.may_read(items[item_id].question_id)
        })  # fmt: skip

    @cached_property
    def stored_values(self) -> dict[str, Any]:
        """Typed values as stored: a reference names an entry of another paragraph and holds no copy of it."""
        items = self.instrument.items
        return {
            item_id: items[item_id].load(answer.value)
            for item_id, answer in self.answers.items()
            if answer.value is not None and item_id in items
        }

    def sealed_value(self, item_id: str) -> Any:
        """The answer as JSON with its references filled in, so that a submission stands on its own; None if not answered."""
        if item_id not in self.stored_values:
            return None
        if self.values[item_id] is self.stored_values[item_id]:
            return self.answers[item_id].value
        return self.instrument.items[item_id].dump(self.values[item_id])

    def forget_values(self) -> None:
        """Read the values anew after an answer changed."""
        for name in ("stored_values", "values", "register", "asked"):
            self.__dict__.pop(name, None)

    @property
    def facts(self) -> dict[str, str]:
        """What is known about the State, for conditions."""
        return {"party_status": self.state.party_status, "kind": self.state.kind}

    @cached_property
    def asked(self) -> frozenset[str]:
        """Ids of the items asked, given the answers."""
        return asked_item_ids(self.instrument, self.values, self.facts)

    @property
    def years(self) -> tuple[int, ...]:
        """The statistics years: the last four complete ones before the cycle opened."""
        return statistics_years(self.cycle.opens_at)

    @property
    def deadline(self) -> datetime:
        """The State's own deadline when it was extended, else the cycle's."""
        return self.response.extended_deadline or self.cycle.deadline

    @property
    def is_late(self) -> bool:
        """Whether the deadline has passed; work goes on, marked late, until the cycle is closed."""
        return utc_now() > self.deadline

    @property
    def has_opened(self) -> bool:
        """Whether the opening date has come; before it the questionnaire can be read and printed, not answered."""
        return utc_now() >= self.cycle.opens_at

    @property
    def is_editable(self) -> bool:
        """Whether answers may change: a draft or a returned response in a cycle that has opened and is not closed."""
        return self.response.clearance != "submitted" and self.cycle.closed_at is None and self.has_opened

    def may(self, permission: Permission) -> bool:
        """Whether the person may do this with the response; for showing or leaving out a button."""
        return is_allowed(self.actor, permission, self.response)

    def may_edit(self, item_id: str) -> bool:
        """Whether the person may answer the item: by role and, where their work is assigned, by assignment."""
        return self.may(Permission.RESPONSE_EDIT) and self.reach.may_edit(item_id)

    def may_edit_any(self, question: Question) -> bool:
        """Whether the person may answer something in the question."""
        return any(self.may_edit(item.id) for item in question.items)

    def may_read(self, question_id: str) -> bool:
        """Whether the person may see the question; whoever may not is told that it does not exist."""
        return self.reach.may_read(question_id)

    @cached_property
    def questions(self) -> list[Question]:
        """The questions that the person may see, in the instrument's order."""
        return [question for question in self.instrument.questions.values() if self.may_read(question.id)]

    @property
    def sections(self) -> list[tuple[Section, list[Question]]]:
        """The sections with what the person may see of them; sections of which that is nothing are left out."""
        found = [(section, [entry for entry in section.questions if self.may_read(entry.id)])
                 for section in self.instrument.sections]  # fmt: skip
        return [(section, questions) for section, questions in found if questions]

    def neighbours(self, question: Question) -> tuple[Question | None, Question | None]:
        """The questions before and after, of those that the person may see."""
        index = self.questions.index(question)
        return (self.questions[index - 1] if index else None), next(iter(self.questions[index + 1 :]), None)

    def question_progress(self, question: Question) -> Progress:
        """Answered of asked for one question."""
        return progress(question.items, self.asked, self.values)

    def total_progress(self) -> Progress:
        """Answered of asked for the whole response."""
        return progress(self.instrument.items.values(), self.asked, self.values)

    def visible_progress(self) -> Progress:
        """Answered of asked for the questions that the person may see."""
        return progress((item for question in self.questions for item in question.items), self.asked, self.values)

    def is_asked(self, question: Question) -> bool:
        """Whether any item of the question is asked of this State."""
        return any(item.id in self.asked for item in question.items)

    def needs_attention(self, question: Question) -> bool:
        """Whether something typed cannot be read, or the secretariat returned the question."""
        state = self.question_states.get(question.id)
        return bool(state and state.return_reason) or any(
            answer.typed is not None for item_id, answer in self.answers.items()
            if item_id in question.items_by_id and item_id in self.asked
        )  # fmt: skip

    def work_state(self, question: Question) -> str:
        """`not_started`, `in_progress` or `ready` (marked so by a person)."""
        state = self.question_states.get(question.id)
        if state is not None and state.ready:
            return "ready"
        touched = any(
            answer.value is not None or answer.typed is not None
            for item_id, answer in self.answers.items() if item_id in question.items_by_id
        )  # fmt: skip
        return "in_progress" if touched else "not_started"

    def missing(self, question: Question) -> list[str]:
        """Ids of items that clearance would like answered and that are not."""
        return [item.id for item in missing_items(question, self.asked, self.values)]

    def unreadable(self) -> list[str]:
        """Ids of asked items whose typed text cannot be read: the only thing that stops a submission."""
        return [
            item_id for item_id in self.instrument.items
            if item_id in self.asked and item_id in self.answers and self.answers[item_id].typed is not None
        ]  # fmt: skip

    def visibility(self, question: Question) -> str:
        """Who may see the answer to the question after submission."""
        state = self.question_states.get(question.id)
        return state.visibility if state else "secretariat"


def statistics_years(opens_at: datetime) -> tuple[int, ...]:
    """The last four complete calendar years before the cycle opened."""
    return tuple(range(opens_at.year - 4, opens_at.year))


def find_response(
    session: Session, response_id: str, actor: Actor, permission: Permission, *, lock: bool = False
) -> NationalResponse:
    """The response row, locked when it will be written (PostgreSQL; SQLite has one writer at a time anyway).

    Raises NotFound for an absent response and for one the actor has nothing to do with; PermissionDenied when the actor may
    see it but not do this.
    """
    statement = select(NationalResponse).where(NationalResponse.id == response_id)
    if lock:
        statement = statement.with_for_update()
    response = session.exec(statement).one_or_none()
    if response is None or not _may_know(actor, response):
        raise NotFound(response_id)
    if not is_allowed(actor, permission, response):
        raise PermissionDenied(permission)
    return response


def _may_know(actor: Actor, response: NationalResponse) -> bool:
    return actor.is_officer or bool(actor.role_for(response))


def open_response(
    session: Session, response_id: str, actor: Actor, permission: Permission, *, lock: bool = False, whole: bool = False
) -> OpenResponse:
    """The response with its answers. There is no way to get one without saying what for. Raises as `find_response`.

    `whole`: for a document that shows every answer, which is refused (PermissionDenied) to whoever may read only their own.
    """
    response = find_response(session, response_id, actor, permission, lock=lock)
    cycle = session.get(Cycle, response.cycle_id)
    state = session.get(ReportingState, response.state_id)
    assert cycle is not None and state is not None  # foreign keys
    answers = session.exec(select(Answer).where(Answer.national_response_id == response.id)).all()
    states = session.exec(select(QuestionState).where(QuestionState.national_response_id == response.id)).all()
    instrument = get_instrument(session, cycle.instrument_version_id)
    reach = find_reach(session, response, actor, instrument)
    if whole and reach.access == "own":
        raise PermissionDenied(Permission.RESPONSE_READ_WHOLE)
    return OpenResponse(
        response=response, cycle=cycle, state=state, actor=actor, instrument=instrument, reach=reach,
        answers={answer.item_id: answer for answer in answers},
        question_states={entry.question_id: entry for entry in states},
    )  # fmt: skip


def list_own_responses(session: Session, actor: Actor) -> list[tuple[NationalResponse, Cycle, ReportingState]]:
    """The responses of the States the person works for, open cycles first, newest first."""
    if not actor.memberships:
        return []
    statement = select(NationalResponse, Cycle, ReportingState).where(
        NationalResponse.cycle_id == Cycle.id, NationalResponse.state_id == ReportingState.id
    )
    own = {(membership.state_id, membership.cycle_id) for membership in actor.memberships}
    found = [
        (response, cycle, state)
        for response, cycle, state in session.exec(statement.where(
            NationalResponse.state_id.in_({state for state, _ in own})  # type: ignore[attr-defined]
        ))
        if (response.state_id, response.cycle_id) in own
    ]  # fmt: skip
    return sorted(found, key=lambda row: (row[1].closed_at is not None, -row[1].opens_at.timestamp()))


def state_name(names: Mapping[str, str], language: str) -> str:
    """The State's name in a language, in English where it is missing."""
    return names.get(language) or names.get("en") or ""
