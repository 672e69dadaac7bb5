"""Inviting focal points from a list: read first, shown to the officer, issued when confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from languages import LANGUAGE_NAMES
from models.base import utc_now
from models.cycles import Cycle
from models.people import Invitation
from models.queries import list_focal_points, list_officer_addresses, list_open_invitations, list_responses
from models.states import ReportingState
from services.audit import record
from services.cycles import ClosedCycle
from services.invitations import VALID_FOR, issue_invitation
from services.outbox import BadAddress, check_address, seal, send_later
from services.pasted import ListLine, StateFinder, read_list
from services.permissions import Actor, NotFound
from settings import Secrets, Settings

COLUMNS: tuple[str, ...] = ("state", "name", "email", "language", "reference")
"""The cells of a line, in this order: State; name; e-mail address; language; reference of the note verbale."""

_LANGUAGE_WORDS: dict[str, str] = {
    **{code: code for code in LANGUAGE_NAMES},
    **{name.casefold(): code for code, name in LANGUAGE_NAMES.items()},
    "arabic": "ar", "chinese": "zh", "french": "fr", "russian": "ru", "spanish": "es",
}  # fmt: skip
_HEADS = frozenset({"state", "name", "email", "e-mail", "language"})


@dataclass(frozen=True, slots=True)
class PlannedInvitation:
    """A good line. `ends` are the addresses whose open invitation for this State it takes the place of."""

    number: int
    state: ReportingState
    name: str
    email: str
    language: str
    reference: str
    ends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that nobody is invited for: `code` says why, `word` is what it is about."""

    number: int
    text: str
    code: str
    word: str = ""


@dataclass(frozen=True, slots=True)
class InvitationPlan:
    """What inviting a list would do, line by line."""

    good: list[PlannedInvitation]
    bad: list[RefusedLine]

    @property
    def remaining_text(self) -> str:
        """The refused lines, to be corrected and read again."""
        return "\n".join(line.text for line in self.bad)


@dataclass(frozen=True, slots=True)
class IssuedInvitation:
    """An invitation as issued. `link` is for the officer to send by hand; empty when a mail carries it."""

    state: ReportingState
    name: str
    email: str
    link: str


def plan_invitations(session: Session, cycle: Cycle, text: str) -> InvitationPlan:
    """Read a list without inviting anybody. Raises UnreadableList for a text that is not a list at all."""
    lines = read_list(text)
    if lines and _is_head(lines[0]):
        lines = lines[1:]
    reader = _LineReader(session, cycle)
    good: list[PlannedInvitation] = []
    bad: list[RefusedLine] = []
    for line in lines:
        outcome = reader.read(line)
        if isinstance(outcome, RefusedLine):
            bad.append(outcome)
        else:
            good.append(outcome)
    return InvitationPlan(good, bad)


class _LineReader:
    """Reads lines against what is known of the cycle, and against the lines before them."""

    def __init__(self, session: Session, cycle: Cycle) -> None:
        self.states = {state.id: state for _response, state in list_responses(session, cycle.id)}
        self.finder = StateFinder(self.states.values())
        self.focal_points = list_focal_points(session, cycle.id)
        self.officers = list_officer_addresses(session)
        self.waiting: dict[str, list[Invitation]] = {}
        for invitation in list_open_invitations(session, cycle.id):
            self.waiting.setdefault(invitation.state_id or "", []).append(invitation)
        self.seen: dict[str, int] = {}

    def read(self, line: ListLine) -> PlannedInvitation | RefusedLine:
        def refused(code: str, word: str = "") -> RefusedLine:
            return RefusedLine(line.number, line.text, code, word)

        if len([cell for cell in line.cells if cell]) < 2 or len(line.cells) > len(COLUMNS):
            return refused("columns", str(len(line.cells)))
        name, email, language = line.cell(1), line.cell(2).casefold(), line.cell(3)
        state = self.finder.find(line.cell(0))
        if state is None:
            return refused("unknown_state", line.cell(0))
        if not name or len(name) > 200:
            return refused("no_name")
        try:
            check_address(email)
        except BadAddress:
            return refused("address", line.cell(2))
        code = _LANGUAGE_WORDS.get(language.casefold(), "")
        if not code:
            return refused("language", language)
        if not line.cell(4):
            return refused("no_reference")
        if state.id in self.seen:
            return refused("duplicate", str(self.seen[state.id]))
        if holder := self.focal_points.get(state.id):
            return refused("has_focal_point", holder.name or holder.email)
        if email in self.officers:
            return refused("officer", email)
        waiting = self.waiting.get(state.id, [])
        now = utc_now()
        if any(entry.email.casefold() == email and entry.expires_at > now for entry in waiting):
            return refused("already_invited", email)
        self.seen[state.id] = line.number
        ends = tuple(entry.email for entry in waiting if entry.email.casefold() != email)
        return PlannedInvitation(line.number, state, name, email, code, line.cell(4), ends)


def _is_head(line: ListLine) -> bool:
    """Whether the first line names the columns."""
    return bool(_HEADS & {cell.casefold() for cell in line.cells}) and "@" not in line.text


def issue_planned(
    session: Session, actor: Actor, cycle: Cycle, plan: InvitationPlan, settings: Settings, secrets: Secrets
) -> list[IssuedInvitation]:
    """Invite everybody on the good lines of a plan made in this transaction. Raises ClosedCycle."""
    if cycle.closed_at is not None:
        raise ClosedCycle(cycle.id)
    waiting: dict[str, list[Invitation]] = {}
    for invitation in list_open_invitations(session, cycle.id):
        waiting.setdefault(invitation.state_id or "", []).append(invitation)
    issued = []
    for entry in plan.good:
        # A State has one focal point, so it has one open invitation: an older link must not overtake the new one.
        for invitation in waiting.get(entry.state.id, ()):
            invitation.cancelled_at = utc_now()
            session.add(invitation)
        given = {"email": entry.email, "name": entry.name, "language": entry.language, "reference": entry.reference}
        issued.append(_issue(session, actor, cycle.id, entry.state, given, settings, secrets))
    return issued


def reissue(
    session: Session, actor: Actor, invitation_id: str, settings: Settings, secrets: Secrets
) -> tuple[Invitation, IssuedInvitation]:
    """A new link with a new term for an invitation that was not used; the old link ends. The old row and the new link.

    Raises NotFound for an absent, used or cancelled invitation, and for one that names no address.
    """
    invitation = session.get(Invitation, invitation_id)
    if (
        invitation is None or invitation.used_at is not None or invitation.cancelled_at is not None or not invitation.email
        or invitation.role != "focal_point" or invitation.state_id is None or invitation.cycle_id is None
    ):  # fmt: skip
        raise NotFound(invitation_id)
    cycle = session.get_one(Cycle, invitation.cycle_id)
    if cycle.closed_at is not None:
        raise ClosedCycle(cycle.id)
    state = session.get_one(ReportingState, invitation.state_id)
    invitation.cancelled_at = utc_now()
    session.add(invitation)
    given = {
        "email": invitation.email, "name": invitation.name, "language": invitation.language,
        "reference": invitation.reference,
    }  # fmt: skip
    return invitation, _issue(session, actor, cycle.id, state, given, settings, secrets)


def _issue(
    session: Session, actor: Actor, cycle_id: str, state: ReportingState, given: Mapping[str, str], settings: Settings,
    secrets: Secrets,
) -> IssuedInvitation:  # fmt: skip
    token = issue_invitation(
        session, role="focal_point", state_id=state.id, cycle_id=cycle_id, invited_by=actor.user_id, **given
    )
    record(
        session, "invitation.issued", actor.user_id, state.id, cycle=cycle_id, role="focal_point", email=given["email"]
    )
    link = f"{settings.address}/invitations/{token}"
    if settings.mail_host:
        expires = (utc_now() + VALID_FOR).isoformat()
        send_later(session, given["email"], given["language"], "invitation", {
            "state_id": state.id, "cycle_id": cycle_id, "role": "focal_point", "name": given["name"], "expires_at": expires,
            **seal(secrets.queue_key, link=link),
        })  # fmt: skip
    return IssuedInvitation(state, given["name"], given["email"], "" if settings.mail_host else link)
