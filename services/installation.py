"""What a new installation holds, and its first links: the shipped instrument, the States, an open cycle. Safe to repeat."""

from __future__ import annotations

import csv
import hashlib
import secrets
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from instruments import catalog
from languages import LANGUAGES
from models import collation
from models.audit import Installation
from models.base import utc_now
from models.cycles import Cycle, InstrumentVersion
from models.people import Membership
from models.responses import NationalResponse
from models.states import ReportingState
from services.audit import record
from services.invitations import VALID_FOR, issue_invitation
from services.opening import DEADLINE_ZONE, end_of_day, open_responses
from services.publishing import has_accounts, publish
from settings import Settings

STATES = collation.DATA / "states.csv"
FICTITIOUS_STATES = collation.DATA / "fictitious_states.csv"


class WrongInstallation(Exception):
    """The database is not what the settings say (a rehearsal, or not), or a link cannot be made; the message has the remedy."""


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time activation link. `state` is empty for a secretariat officer, else the State's short name in English."""

    role: str
    state: str
    url: str
    expires_at: datetime

    def as_json(self) -> dict[str, str]:
        """For the control channel."""
        return {**asdict(self), "expires_at": self.expires_at.isoformat()}

    @classmethod
    def from_json(cls, given: dict[str, str]) -> Link:
        """The link of its form on the control channel."""
        return cls(given["role"], given["state"], given["url"], datetime.fromisoformat(given["expires_at"]))


def is_current(session: Session, settings: Settings) -> bool:
    """Whether `bootstrap` has nothing to do: the database was filled from exactly the files that are there now."""
    facts = _facts(session)
    _check_kind(facts, settings)
    return facts.get("files") == _fingerprint(settings.rehearsal)


def bootstrap(session: Session, settings: Settings) -> list[Link]:
    """Publish the shipped instrument, load the States and open the first cycle; the first links on the first start, else [].

    Repeating it changes nothing, except that States added to the table are added and corrected names are taken over; what
    officers set (the party status) stays. Raises PublishedVersionChanged and WrongInstallation.
    """
    facts = _facts(session)
    _check_kind(facts, settings)
    version = publish(
        session,
        catalog.read_document(),
        may_replace=settings.rehearsal or ("epoch" in facts and not has_accounts(session)),
    )
    load_states(session, FICTITIOUS_STATES if settings.rehearsal else STATES)
    _remember(session, "files", _fingerprint(settings.rehearsal))
    if "epoch" in facts:
        return []
    begin(session, settings)
    open_first_cycle(session, version, utc_now())
    record(session, "installed", rehearsal=settings.rehearsal, instrument=version.sha256)
    session.flush()
    return issue_links(session, settings)


def begin(session: Session, settings: Settings) -> None:
    """What a new database says of itself: its identity, and whether it is a rehearsal."""
    new_epoch(session)
    _remember(session, "rehearsal", "yes" if settings.rehearsal else "no")


def new_epoch(session: Session) -> str:
    """Give the database a new identity, after a restore: pages opened before it then merge instead of overwriting."""
    epoch = secrets.token_hex(16)
    _remember(session, "epoch", epoch)
    return epoch


def load_states(session: Session, path: Path, *, most: int | None = None) -> list[ReportingState]:
    """The reporting States of a table (name columns ar to es); new ones are added, names and groups corrected, the rest kept.

    `most` takes the first ones only.
    """
    with path.open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))[:most]
    known = {state.id: state for state in session.exec(select(ReportingState))}
    loaded = []
    for row in rows:
        state = known.get(row["iso3"]) or ReportingState(id=row["iso3"], kind="", region="", names={})
        shipped = {
            "m49": row["m49"], "kind": row["kind"], "region": row["region"],
            "names": {language: row[language] for language in LANGUAGES},
        }  # fmt: skip
        for name, value in shipped.items():
            if getattr(state, name) != value:
                setattr(state, name, value)
        session.add(state)
        loaded.append(state)
    session.flush()
    return loaded


def open_first_cycle(session: Session, version: InstrumentVersion, now: datetime) -> Cycle:
    """A cycle of one year with a response for every State; its last day ends when that day ends everywhere on earth."""
    last_day = _a_year_after(now.date())
    cycle = Cycle(
        title=f"{now.year}–{last_day.year}", instrument_version_id=version.id, opens_at=now,
        deadline=end_of_day(last_day, DEADLINE_ZONE), deadline_zone=DEADLINE_ZONE,
    )  # fmt: skip
    session.add(cycle)
    session.flush()
    open_responses(session, cycle)
    return cycle


def issue_links(session: Session, settings: Settings, state_id: str | None = None) -> list[Link]:
    """New one-time links for a secretariat officer and for the focal point of a State (default: the first by English name).

    Earlier unused links of the same kind end. Raises WrongInstallation for an unknown State, a State that has a focal point
    (officers replace those on their pages, with notice and record), and when no cycle is open.
    """
    cycle = session.exec(
        select(Cycle).where(col(Cycle.closed_at).is_(None)).order_by(col(Cycle.opens_at).desc())
    ).first()
    officer = issue_invitation(session, email="", role="officer")
    expires_at = utc_now() + VALID_FOR
    links = [Link("officer", "", f"{settings.address}/invitations/{officer}", expires_at)]
    state = _state_without_focal_point(session, cycle, state_id)
    if state is not None and cycle is not None:
        token = issue_invitation(session, email="", role="focal_point", state_id=state.id, cycle_id=cycle.id)
        links.append(Link("focal_point", state.names["en"], f"{settings.address}/invitations/{token}", expires_at))
    record(session, "links_issued", state_id=state.id if state else None)
    return links


def describe_links(links: list[Link]) -> list[str]:
    """One line for each link, for a terminal: whose it is, and the address."""
    names = [f"Focal point of {link.state}" if link.state else "Secretariat officer" for link in links]
    width = max(map(len, names), default=0)
    return [f"  {name:<{width}}  {link.url}" for name, link in zip(names, links, strict=True)]


def _state_without_focal_point(session: Session, cycle: Cycle | None, state_id: str | None) -> ReportingState | None:
    if cycle is None:
        if state_id:
            raise WrongInstallation(
                "No cycle is open, so there is no focal point to invite. Remedy: open one as an officer."
            )
        return None
    invited = session.exec(
        select(ReportingState).where(
            ReportingState.id == NationalResponse.state_id, NationalResponse.cycle_id == cycle.id
        )
    ).all()
    taken = set(session.exec(select(Membership.state_id).where(
        Membership.cycle_id == cycle.id, Membership.role == "focal_point", col(Membership.ended_at).is_(None)
    )))  # fmt: skip
    by_name = sorted(invited, key=lambda state: collation.sort_key(state.names["en"], "en"))
    if state_id is None:
        return next((state for state in by_name if state.id not in taken), None)
    chosen = next((state for state in by_name if state.id == state_id.upper()), None)
    if chosen is None:
        example = by_name[0].id if by_name else "AUT"
        raise WrongInstallation(
            f"No State {state_id!r} is in the open cycle. Give its three-letter code, such as {example}."
        )
    if chosen.id in taken:
        raise WrongInstallation(
            f"{chosen.names['en']} has a focal point. Remedy: an officer replaces the focal point on the page of the State."
        )
    return chosen


def _facts(session: Session) -> dict[str, str]:
    return {fact.name: fact.value for fact in session.exec(select(Installation))}


def _check_kind(facts: dict[str, str], settings: Settings) -> None:
    stored = facts.get("rehearsal")
    if stored is not None and (stored == "yes") != settings.rehearsal:
        other = "a rehearsal with invented States" if stored == "yes" else "not a rehearsal"
        raise WrongInstallation(
            f"The database is {other}, the settings say the opposite. "
            "Remedy: change TRACKER_REHEARSAL, or give another folder with TRACKER_INSTANCE."
        )


def _remember(session: Session, name: str, value: str) -> None:
    fact: Any = session.get(Installation, name) or Installation(name=name, value=value)
    fact.value = value
    session.add(fact)


def _fingerprint(rehearsal: bool) -> str:
    """SHA-256 over the files that decide what is published and loaded: reading the instrument itself takes a second."""
    folder = catalog.DATA.parent
    paths = sorted(path for path in folder.rglob("*") if path.suffix in {".py", ".yaml"})
    digest = hashlib.sha256()
    for path in [*paths, FICTITIOUS_STATES if rehearsal else STATES]:
        digest.update(f"{path.relative_to(folder.parent)}:{path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _a_year_after(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)
