"""The first start of a rehearsal: fictitious States answer, submit, are returned, are late. Nothing here is a fact."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache

from sqlmodel import Session, col, delete, select

from instruments.routing import asked_item_ids
from instruments.routing import progress as progress_of
from languages import LANGUAGE_NAMES
from models.audit import Installation, OutboxMail
from models.base import clock_behind, utc_now
from models.cycles import Cycle
from models.database import Database
from models.people import Invitation, Membership
from models.responses import NationalResponse
from models.states import ReportingState
from rehearsal.people import invite_officer
from rehearsal.phrases import Author, seeded
from rehearsal.plans import GUESTS, SEALED, Plan, make_plans
from rehearsal.responding import Respondent
from services.deadlines import last_day
from services.installation import FICTITIOUS_STATES, Link, WrongInstallation
from services.instruments import get_instrument
from services.invitations import VALID_FOR, issue_invitation
from services.opening import end_of_day
from services.permissions import Actor
from settings import Settings, load_secrets

Progress = Callable[[int, int], object]
"""Told how many States of how many are done."""

FACT = "rehearsal_seed"
OPEN_FOR = timedelta(days=180)
EXTENSION_DAYS = 60
INVENTED_SOURCE = "https://depositary.example"
"""Said of every party status: the same in every language, and nobody's address."""
SEEDED_BEFORE = timedelta(days=3)
"""What is not late was written so long ago: before the deadline, which is the end of the day before the first start."""


def seed(
    database: Database, settings: Settings, *, seed: int = 2020, states: int = 190, progress: Progress | None = None
) -> list[Link]:
    """Fill a rehearsal that was just made; one-time links for an officer and three focal points, or [] if it is filled already.

    The first `states` fictitious States take part; the same seed gives the same answers. One transaction for each State: a
    start that is cut off goes on where it was. Raises WrongInstallation on a database that is not a rehearsal.
    """
    with database.transaction() as session:
        cycle_id = _prepare(session, settings, seed, states)
        if cycle_id is None:
            return []
        plans = make_plans(_participants(session, states), seed)
    key = load_secrets(settings).receipt_key
    done = 0
    for is_late in (False, True):
        with clock_behind(timedelta() if is_late else SEEDED_BEFORE):
            with database.transaction() as session:
                officer = _begin(session, cycle_id, seed, is_late=is_late)
            for plan in plans:
                if (plan.fate == "submitted_late") is is_late:
                    with database.transaction() as session:
                        _respond(session, settings, cycle_id, plan, seed, officer, key)
                    done += 1
                    if progress is not None:
                        progress(done, len(plans))
    with database.transaction() as session:
        return _finish(session, settings, cycle_id, plans, seed)


def check_rehearsal(session: Session) -> None:
    """Raise WrongInstallation unless the database is marked as a rehearsal and holds fictitious States only."""
    fact = session.get(Installation, "rehearsal")
    if fact is None or fact.value != "yes":
        raise WrongInstallation(
            "Invented answers go only into a database marked as a rehearsal, and this one is not. Remedy: make demo."
        )
    known = _fictitious_ids()
    real = sorted(name for name in session.exec(select(ReportingState.id)) if name not in known and not is_extra(name))
    if real:
        raise WrongInstallation(
            f"The database holds States that are not fictitious ({', '.join(real[:5])}). "
            "Remedy: an empty folder with TRACKER_INSTANCE."
        )


def is_extra(state_id: str) -> bool:
    """Whether the code is one of QMA to QZZ, which the standard leaves to users: for States beyond the fictitious table."""
    return state_id[0] == "Q" and state_id[1] >= "M"


@lru_cache(maxsize=1)
def _fictitious_ids() -> frozenset[str]:
    with FICTITIOUS_STATES.open(encoding="utf-8", newline="") as table:
        return frozenset(row["iso3"] for row in csv.DictReader(table))


def _participants(session: Session, states: int) -> list[str]:
    return list(session.exec(select(ReportingState.id).order_by(ReportingState.id).limit(states)))


def _prepare(session: Session, settings: Settings, seed: int, states: int) -> str | None:
    """Mark the cycle and set what is known of the States; the cycle's id, or None when all is done already."""
    if not settings.rehearsal:
        raise WrongInstallation("The settings are not those of a rehearsal. Remedy: TRACKER_REHEARSAL=1, or make demo.")
    check_rehearsal(session)
    fact = session.get(Installation, FACT)
    if fact is not None and fact.value == "done":
        return None
    cycle = session.exec(select(Cycle).order_by(col(Cycle.created_at))).first()
    if cycle is None:
        raise WrongInstallation(
            "There is no cycle to rehearse in. Remedy: start with an empty folder (TRACKER_INSTANCE)."
        )
    if fact is None:
        session.add(Installation(name=FACT, value="begun"))
        cycle.opens_at -= OPEN_FOR
        session.add(cycle)
        # The links of an installation without people are of no use beside those printed at the end.
        for invitation in session.exec(select(Invitation).where(col(Invitation.used_at).is_(None))):
            invitation.cancelled_at = utc_now()
            session.add(invitation)
        _set_party_status(session, cycle, make_plans(_participants(session, states), seed))
    return cycle.id


def _set_party_status(session: Session, cycle: Cycle, plans: list[Plan]) -> None:
    instrument = get_instrument(session, cycle.instrument_version_id)

    @lru_cache
    def asked_at_first(party_status: str, kind: str) -> int:
        asked = asked_item_ids(instrument, {}, {"party_status": party_status, "kind": kind})
        return progress_of(instrument.items.values(), asked, {}).asked

    statuses = {plan.state_id: plan.party_status for plan in plans}
    statement = select(NationalResponse, ReportingState).where(
        NationalResponse.state_id == ReportingState.id, NationalResponse.cycle_id == cycle.id
    )
    for response, state in session.exec(statement):
        status = statuses.get(state.id, "unknown")
        if status != "unknown":
            state.party_status, state.party_source = status, INVENTED_SOURCE
            state.party_source_date = cycle.opens_at.date()
            if status == "party":
                state.party_since = date(cycle.opens_at.year - 3 - sum(map(ord, state.id)) % 17, 6, 15)
            response.asked = asked_at_first(status, state.kind)
            session.add_all([state, response])


def _begin(session: Session, cycle_id: str, seed: int, *, is_late: bool) -> Actor:
    """The officer; before the late ones begin, the deadline passes, so that every record of lateness is true."""
    cycle = session.get_one(Cycle, cycle_id)
    if is_late and cycle.deadline > utc_now():
        yesterday = last_day(utc_now(), cycle.deadline_zone) - timedelta(days=1)
        cycle.deadline = end_of_day(yesterday, cycle.deadline_zone)
        session.add(cycle)
    instrument = get_instrument(session, cycle.instrument_version_id)
    return invite_officer(session, Author("en", seeded("officer", seed), instrument, cycle.opens_at.year))


def _respond(
    session: Session, settings: Settings, cycle_id: str, plan: Plan, seed: int, officer: Actor, key: str
) -> None:
    cycle, state = session.get_one(Cycle, cycle_id), session.get_one(ReportingState, plan.state_id)
    known = select(Membership.id).where(Membership.state_id == state.id, Membership.cycle_id == cycle_id)
    if session.exec(known.limit(1)).first() is not None:
        return  # done before the last start was cut off
    response = session.exec(
        select(NationalResponse).where(NationalResponse.cycle_id == cycle_id, NationalResponse.state_id == state.id)
    ).one()
    if plan.is_extended:
        response.extended_deadline = end_of_day(
            (utc_now() + timedelta(days=EXTENSION_DAYS)).date(), cycle.deadline_zone
        )
        session.add(response)
    respondent = Respondent(session, settings, cycle, state, response, plan, seeded("answers", seed, state.id))
    if plan.fate == "not_started":
        respondent.invite_only()
        return
    respondent.fill_in()
    if plan.fate in SEALED:
        respondent.clear(officer, key)
    if plan.is_guest:
        respondent.step_down()


def _finish(session: Session, settings: Settings, cycle_id: str, plans: list[Plan], seed: int) -> list[Link]:
    """The links, and no mails: nobody stands behind the addresses."""
    session.exec(delete(OutboxMail))
    fact = session.get_one(Installation, FACT)
    fact.value = "done"
    session.add(fact)
    expires_at = utc_now() + VALID_FOR
    token = issue_invitation(session, email="", role="officer")
    links = [Link("officer", "", f"{settings.address}/invitations/{token}", expires_at)]
    guests = {plan.language: plan for plan in plans if plan.is_guest}
    for language in GUESTS:
        plan = guests.get(language)
        if plan is None:
            continue
        state = session.get_one(ReportingState, plan.state_id)
        cycle = session.get_one(Cycle, cycle_id)
        instrument = get_instrument(session, cycle.instrument_version_id)
        author = Author(language, seeded("guest", seed, language), instrument, cycle.opens_at.year)
        token = issue_invitation(
            session, email="", name=author.name(), language=language, role="focal_point", state_id=state.id,
            cycle_id=cycle_id,
        )  # fmt: skip
        name = f"{state.names['en']} ({LANGUAGE_NAMES[language]})"
        links.append(Link("focal_point", name, f"{settings.address}/invitations/{token}", expires_at))
    return links
