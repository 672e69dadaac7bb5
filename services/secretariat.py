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
from models.queries import count_ready, list_focal_points, list_open_invitations, list_responses
from models.responses import NationalResponse
from models.states import REGIONS, ReportingState
from services.instruments import get_instrument
from services.responses import state_name

STAGES: tuple[str, ...] = ("not_started", "in_progress", "ready", "returned", "submitted")
"""Where a response stands, each State in exactly one. A returned one is with its State again; its submission stays visible."""

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
        """Whether the State's deadline passed without a submission that stands."""
        return "late" in self.flags


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
            and (not self.stage or standing.stage == self.stage)
            and (not self.flag or self.flag in standing.flags)
            and matches(standing.state, self.words)
        )


def matches(state: ReportingState, words: str) -> bool:
    """Whether the words are in the State's name in any language, or are its code; accents, case and articles aside."""
    if not words.strip():
        return True
    if words.strip().upper() == state.id:
        return True
    for language, name in state.names.items():
        wanted = " ".join(sort_key(words, language)[0]) if language != "zh" else words.strip()
        present = " ".join(sort_key(name, language)[0]) if language != "zh" else name
        if wanted and wanted in present:
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
    focal_points = list_focal_points(session, cycle.id)
    invited: dict[str, str] = {}
    for invitation in list_open_invitations(session, cycle.id):
        if invitation.state_id and invited.get(invitation.state_id) != "invited":
            invited[invitation.state_id] = "invited" if invitation.expires_at > now else "expired"
    standings = []
    for response, state in list_responses(session, cycle.id):
        deadline = response.extended_deadline or cycle.deadline
        stage = _stage(response, state, instrument, ready.get(response.id, 0))
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


def _stage(response: NationalResponse, state: ReportingState, instrument: Instrument, ready: int) -> str:
    if response.clearance in {"submitted", "returned"}:
        return response.clearance
    if response.started_at is None:
        return "not_started"
    facts = {"party_status": state.party_status, "kind": state.kind}
    asked = sum(question.is_asked_of(facts) for question in instrument.questions.values())
    return "ready" if ready >= asked else "in_progress"
