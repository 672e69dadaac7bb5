"""Where every State of a cycle stands, for the secretariat. Of a draft it sees progress only, never text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlmodel import Session

from instruments.schema import Instrument
from models.base import utc_now
from models.collation import sort_key
from models.cycles import Cycle
from models.queries import count_ready, list_focal_points, list_given_back, list_open_invitations, list_responses
from models.responses import NationalResponse
from models.states import REGIONS, ReportingState
from services.instruments import get_instrument
from services.responses import state_name

STAGES: tuple[str, ...] = ("not_started", "in_progress", "ready", "returned", "reopened", "submitted")
"""Where a response stands, each State in exactly one. `ready` is part of being in progress: every question is marked ready."""

STANDING: tuple[str, ...] = ("submitted", "returned", "reopened")
"""Stages with a submission that stands. A response that was returned, or opened again because its State asked, is with its State
again; the submission made before counts until the next."""

FLAGS: tuple[str, ...] = ("late", "reopening", "extended", "no_focal_point")
"""What may be true beside the stage."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one State stands in a cycle."""

    response: NationalResponse
    state: ReportingState
    name: str
    stage: str
    deadline: datetime
    flags: frozenset[str]
    focal_point: str
    """`active`, `invited`, `expired` (the invitation) or `none`."""

    @property
    def is_late(self) -> bool:
        """Whether the State's deadline passed while the response was with the State: what it submits now is late."""
        return "late" in self.flags

    @property
    def has_submission(self) -> bool:
        """Whether a submission of the State stands."""
        return self.stage in STANDING


@dataclass(frozen=True, slots=True)
class Filter:
    """Which States a page shows; an empty field restricts nothing. `words` are looked for in the names in all six languages."""

    words: str = ""
    region: str = ""
    stage: str = ""
    flag: str = ""

    @property
    def is_set(self) -> bool:
        """Whether anything is restricted."""
        return bool(self.words or self.region or self.stage or self.flag)

    def accepts(self, standing: Standing) -> bool:
        """Whether the State is shown."""
        return (
            (not self.region or standing.state.region == self.region)
            and (
                not self.stage
                or standing.stage == self.stage
                or (self.stage, standing.stage) == ("in_progress", "ready")
            )
            and (not self.flag or self.flag in standing.flags)
            and matches(standing.state, self.words)
        )


def matches(state: ReportingState, words: str) -> bool:
    """Whether all words, in any order, are in the State's name in one language, or are its code; accents, case, articles aside."""
    if not words.strip() or words.strip().upper() == state.id:
        return True
    for language, name in state.names.items():
        wanted = words.split() if language == "zh" else list(sort_key(words, language)[0])
        present = name if language == "zh" else " ".join(sort_key(name, language)[0])
        if wanted and all(word in present for word in wanted):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many States of a regional group stand where."""

    region: str
    by_stage: Mapping[str, int]

    @property
    def total(self) -> int:
        """States of the group in the cycle."""
        return sum(self.by_stage.values())

    @property
    def standing(self) -> int:
        """States with a submission that stands."""
        return sum(self.by_stage[stage] for stage in STANDING)

    @property
    def drafting(self) -> int:
        """States in progress, those that marked every question ready among them."""
        return self.by_stage["in_progress"] + self.by_stage["ready"]


@dataclass
class Board:
    """Every State of a cycle, grouped by region and by name inside: never by completeness."""

    cycle: Cycle
    standings: list[Standing]

    def by_region(self, shown: Filter) -> list[tuple[str, list[Standing]]]:
        """The States that the filter accepts, under their regional groups."""
        return group_by_region([standing for standing in self.standings if shown.accepts(standing)])

    @cached_property
    def coverage(self) -> list[Coverage]:
        """Counts for each regional group that has a State in the cycle."""
        return [
            Coverage(region, {stage: sum(entry.stage == stage for entry in entries) for stage in STAGES})
            for region, entries in group_by_region(self.standings)
        ]

    @cached_property
    def total(self) -> Coverage:
        """Counts over all States."""
        return Coverage("", {stage: sum(entry.by_stage[stage] for entry in self.coverage) for stage in STAGES})

    def count_flag(self, flag: str) -> int:
        """How many States carry a flag."""
        return sum(flag in standing.flags for standing in self.standings)

    @property
    def invited(self) -> int:
        """States whose focal point is invited and has not accepted yet."""
        return sum(standing.focal_point == "invited" for standing in self.standings)

    def find(self, response_id: str) -> Standing:
        """The State of a response of this cycle."""
        return next(entry for entry in self.standings if entry.response.id == response_id)


def group_by_region(standings: Iterable[Standing]) -> list[tuple[str, list[Standing]]]:
    """Standings under their regional groups, in the order they come; empty groups are left out."""
    groups: dict[str, list[Standing]] = {region: [] for region in REGIONS}
    for standing in standings:
        groups[standing.state.region].append(standing)
    return [(region, entries) for region, entries in groups.items() if entries]


def read_board(session: Session, cycle: Cycle, language: str) -> Board:
    """Where every State of the cycle stands: in a fixed number of statements, without a word of any draft."""
    now = utc_now()
    instrument = get_instrument(session, cycle.instrument_version_id)
    ready = count_ready(session, cycle.id)
    given_back = list_given_back(session, cycle.id)
    focal_points = list_focal_points(session, cycle.id)
    invited: dict[str, str] = {}
    for invitation in list_open_invitations(session, cycle.id):
        if invitation.state_id and invited.get(invitation.state_id) != "invited":
            invited[invitation.state_id] = "invited" if invitation.expires_at > now else "expired"
    standings = []
    for response, state in list_responses(session, cycle.id):
        deadline = response.extended_deadline or cycle.deadline
        stage = _stage(response, state, instrument, ready.get(response.id, 0), given_back.get(response.id, "returned"))
        focal_point = "active" if state.id in focal_points else invited.get(state.id, "none")
        facts = {
            "late": deadline < now and stage != "submitted", "reopening": response.reopen_requested_at is not None,
            "extended": response.extended_deadline is not None, "no_focal_point": focal_point != "active",
        }  # fmt: skip
        flags = frozenset(flag for flag, holds in facts.items() if holds)
        name = state_name(state.names, language)
        standings.append(Standing(response, state, name, stage, deadline, flags, focal_point))
    standings.sort(key=lambda entry: (sort_key(entry.name, language), entry.state.id))
    return Board(cycle, standings)


def _stage(
    response: NationalResponse, state: ReportingState, instrument: Instrument, ready: int, given_back: str
) -> str:
    if response.clearance == "submitted":
        return "submitted"
    if response.clearance == "returned":
        return given_back
    if response.started_at is None:
        return "not_started"
    facts = {"party_status": state.party_status, "kind": state.kind}
    asked = sum(question.is_asked_of(facts) for question in instrument.questions.values())
    return "ready" if ready >= asked else "in_progress"
