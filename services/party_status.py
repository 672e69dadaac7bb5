"""The party status of States to the Protocol: set by an officer, or imported from a list, always with its source and date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from sqlmodel import Session, col, select

from languages import LANGUAGES, translator
from models.states import PARTY_STATUSES, ReportingState
from services.audit import record
from services.cycles import recount
from services.pasted import ListLine, StateFinder, read_day, read_list
from services.permissions import Actor, NotFound

COLUMNS: tuple[str, ...] = ("state", "party_status", "since", "source", "source_date")
"""The head line of an import file; the columns may stand in any order, the first two and the sources must be there."""

EARLIEST = date(2000, 11, 15)
"""The Protocol was adopted on 15 November 2000 (General Assembly resolution 55/25): nobody was party before."""


@dataclass(frozen=True, slots=True)
class PartyFact:
    """What is stated about one State; `source` and `source_date` say who stated it and when."""

    state_id: str
    status: str
    since: date | None
    source: str
    source_date: date | None


@dataclass(frozen=True, slots=True)
class PartyLine:
    """One good line of an import, with the State as it is now."""

    number: int
    state: ReportingState
    fact: PartyFact
    is_change: bool


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is not imported: `code` says why, `word` is what could not be read."""

    number: int
    text: str
    code: str
    word: str = ""


@dataclass(frozen=True, slots=True)
class PartyPlan:
    """What an import would do, line by line."""

    good: list[PartyLine]
    bad: list[BadLine]
    head: str = ""
    """The head line as it was given: it goes back with the bad lines, so that they can be corrected and tried again."""

    @property
    def changes(self) -> list[PartyLine]:
        """The lines that say something new."""
        return [line for line in self.good if line.is_change]


def find_state(session: Session, state_id: str, *, lock: bool = False) -> ReportingState:
    """The reporting State of a code. Raises NotFound."""
    statement = select(ReportingState).where(ReportingState.id == state_id)
    state = session.exec(statement.with_for_update() if lock else statement).one_or_none()
    if state is None:
        raise NotFound(state_id)
    return state


def check_fact(fact: PartyFact, today: date) -> str:
    """What is wrong with a fact, as a code; empty when nothing is."""
    if fact.status not in PARTY_STATUSES:
        return "status"
    if fact.status != "unknown" and not fact.source:
        return "no_source"
    if fact.status != "unknown" and fact.source_date is None:
        return "no_source_date"
    if fact.source_date is not None and not EARLIEST <= fact.source_date <= today:
        return "source_date_range"
    if fact.since is not None and fact.status != "party":
        return "since_without_party"
    if fact.since is not None and fact.since < EARLIEST:
        return "since_range"
    return ""


def set_party_status(session: Session, actor: Actor, fact: PartyFact) -> None:
    """Store a checked fact, with the one before it on record; what is asked in open cycles follows. Raises NotFound."""
    state = find_state(session, fact.state_id, lock=True)
    _store(session, actor, state, fact)
    recount(session, {state.id: state})


def plan_import(session: Session, text: str, today: date) -> PartyPlan:
    """Read an import list without storing anything. Raises UnreadableList for a text that is not a list at all."""
    lines = read_list(text)
    if not lines:
        return PartyPlan([], [])
    head = [cell.casefold() for cell in lines[0].cells]
    missing = next((column for column in COLUMNS if column != "since" and column not in head), "")
    if missing:
        return PartyPlan([], [BadLine(lines[0].number, lines[0].text, "head", missing)])
    columns = {column: head.index(column) for column in COLUMNS if column in head}
    states = session.exec(select(ReportingState)).all()
    finder = StateFinder(states)
    good: list[PartyLine] = []
    bad: list[BadLine] = []
    named = finder.named(lines[1:], columns["state"])
    for line in lines[1:]:
        outcome = _read(line, columns, finder, named, today)
        if isinstance(outcome, BadLine):
            bad.append(outcome)
        else:
            good.append(outcome)
    return PartyPlan(good, bad, lines[0].text)


def import_party_statuses(session: Session, actor: Actor, plan: PartyPlan) -> int:
    """Store the changes of a plan made in this transaction; their number."""
    changes = {line.state.id: line for line in plan.changes}
    if not changes:
        return 0
    locked = session.exec(
        select(ReportingState).where(col(ReportingState.id).in_(changes)).order_by(ReportingState.id).with_for_update()
    )
    states = {state.id: state for state in locked}
    for state in states.values():
        _store(session, actor, state, changes[state.id].fact)
    recount(session, states)
    return len(states)


def _store(session: Session, actor: Actor, state: ReportingState, fact: PartyFact) -> None:
    before = {"status": state.party_status, "source": state.party_source}
    state.party_status, state.party_since = fact.status, fact.since
    state.party_source, state.party_source_date = fact.source, fact.source_date
    session.add(state)
    record(
        session, "party_status.set", actor.user_id, state.id, before=before, status=fact.status, source=fact.source,
        since=fact.since.isoformat() if fact.since else None,
        source_date=fact.source_date.isoformat() if fact.source_date else None,
    )  # fmt: skip


def _read(
    line: ListLine, columns: dict[str, int], finder: StateFinder, named: dict[str, list[int]], today: date
) -> PartyLine | BadLine:
    cells = {column: line.cell(index) for column, index in columns.items()}

    def bad(code: str, word: str = "") -> BadLine:
        return BadLine(line.number, line.text, code, word)

    state = finder.find(cells["state"])
    if state is None:
        return bad("unknown_state", cells["state"])
    dates: dict[str, date | None] = {}
    for column in ("since", "source_date"):
        written = cells.get(column, "")
        try:
            dates[column] = read_day(written) if written else None
        except ValueError:
            return bad("date", written)
    written = cells["party_status"].casefold()
    status = _codes_by_words().get(written, written.replace(" ", "_"))
    fact = PartyFact(state.id, status, dates["since"], cells["source"], dates["source_date"])
    if code := check_fact(fact, today):
        return bad(code, cells["party_status"] if code == "status" else "")
    # Which of two lines is true, nobody knows: neither is taken.
    if others := [number for number in named[state.id] if number != line.number]:
        return bad("duplicate", str(others[0]))
    return PartyLine(line.number, state, fact, fact != current_fact(state))


def party_words(language: str) -> dict[str, str]:
    """The party status in words, by its codes: as pages show it and as lists may give it."""
    _ = translator(language).gettext
    return dict(zip(PARTY_STATUSES, (_("Unknown"), _("Party"), _("Not a party")), strict=True))


@lru_cache(maxsize=1)
def _codes_by_words() -> dict[str, str]:
    return {words.casefold(): code for language in LANGUAGES for code, words in party_words(language).items()}


def current_fact(state: ReportingState) -> PartyFact:
    """What is stored about the State now."""
    return PartyFact(state.id, state.party_status, state.party_since, state.party_source, state.party_source_date)


def remaining_text(plan: PartyPlan) -> str:
    """The bad lines under the head line, to be corrected and read again; empty when all lines were good."""
    return "\n".join([plan.head, *(line.text for line in plan.bad)]) if plan.bad else ""
