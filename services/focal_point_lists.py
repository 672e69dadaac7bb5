"""Inviting focal points from a list: read first, shown to the officer, issued when confirmed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from languages import LANGUAGE_NAMES
from models.base import utc_now
from models.cycles import Cycle
from models.people import Invitation
from models.queries import list_focal_points, list_officer_addresses, list_open_invitations, list_responses
from models.states import ReportingState
from services.accounts import (
    cancel_invitation,
    create_invitation,
    deliver_link,
    find_invitation,
    get_invitation,
    reissue_invitation,
)
from services.cycles import ClosedCycle
from services.outbox import BadAddress, Message, render
from services.pasted import ListLine, StateFinder, read_list
from services.people import normal_address
from services.permissions import FOCAL_POINT, Actor, NotFound
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
    """An invitation as issued. `link` and `message` are for the officer to send by hand; nothing when a mail carries them."""

    state: ReportingState
    name: str
    email: str
    link: str
    message: Message | None


def plan_invitations(session: Session, cycle: Cycle, text: str) -> InvitationPlan:
    """Read a list without inviting anybody. Raises UnreadableList for a text that is not a list at all."""
    lines = read_list(text)
    if lines and _is_head(lines[0]):
        lines = lines[1:]
    reader = _LineReader(session, cycle, lines)
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
    """Reads lines against what is known of the cycle, and against the other lines."""

    def __init__(self, session: Session, cycle: Cycle, lines: list[ListLine]) -> None:
        self.states = {state.id: state for _response, state in list_responses(session, cycle.id)}
        self.finder = StateFinder(self.states.values())
        self.focal_points = list_focal_points(session, cycle.id)
        self.officers = list_officer_addresses(session)
        self.waiting: dict[str, list[Invitation]] = {}
        for invitation in list_open_invitations(session, cycle.id):
            self.waiting.setdefault(invitation.state_id or "", []).append(invitation)
        self.named = self.finder.named(lines, 0)

    def read(self, line: ListLine) -> PlannedInvitation | RefusedLine:
        def refused(code: str, word: str = "") -> RefusedLine:
            return RefusedLine(line.number, line.text, code, word)

        if len([cell for cell in line.cells if cell]) < 2 or len(line.cells) > len(COLUMNS):
            return refused("columns", str(len(line.cells)))
        name, language = line.cell(1), line.cell(3)
        state = self.finder.find(line.cell(0))
        if state is None:
            return refused("unknown_state", line.cell(0))
        if not name or len(name) > 200:
            return refused("no_name")
        try:
            email = normal_address(line.cell(2))
        except BadAddress:
            return refused("address", line.cell(2))
        code = _LANGUAGE_WORDS.get(language.casefold(), "")
        if not code:
            return refused("language", language)
        if not line.cell(4):
            return refused("no_reference")
        if holder := self.focal_points.get(state.id):
            return refused("has_focal_point", holder.name or holder.email)
        if email in self.officers:
            return refused("officer", email)
        waiting = self.waiting.get(state.id, [])
        now = utc_now()
        if any(entry.email.casefold() == email and entry.expires_at > now for entry in waiting):
            return refused("already_invited", email)
        # Which of two lines is right, nobody knows: neither is taken.
        if others := [number for number in self.named[state.id] if number != line.number]:
            return refused("duplicate", str(others[0]))
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
        token = create_invitation(
            session, actor, email=entry.email, role=FOCAL_POINT, name=entry.name, language=entry.language,
            state_id=entry.state.id, cycle_id=cycle.id, reference=entry.reference,
        )  # fmt: skip
        issued.append(hand_out(session, settings, secrets, token))
    return issued


def hand_out(session: Session, settings: Settings, secrets: Secrets, token: str) -> IssuedInvitation:
    """The new invitation of a focal point on its way by mail; without a mail server with its link and the mail to send by hand."""
    invitation = find_invitation(session, token)
    state = session.get_one(ReportingState, invitation.state_id)
    link = deliver_link(session, settings, secrets, token)
    message = None
    if link:
        message = render(session, settings, invitation.language, "invitation", {
            "name": invitation.name, "role": invitation.role, "reference": invitation.reference, "link": link,
            "state_id": invitation.state_id, "cycle_id": invitation.cycle_id, "expires_at": invitation.expires_at.isoformat(),
        })  # fmt: skip
    return IssuedInvitation(state, invitation.name, invitation.email, link, message)


def reissue(
    session: Session, actor: Actor, invitation_id: str, settings: Settings, secrets: Secrets
) -> tuple[Cycle, IssuedInvitation]:
    """A new link with a new term for an open or expired invitation of a focal point; the old link ends.

    Raises NotFound, ClosedCycle, and FocalPointExists when the State has a focal point by now.
    """
    old = _of_focal_point(session, actor, invitation_id)
    if not old.email:
        raise NotFound(invitation_id)
    cycle = session.get_one(Cycle, old.cycle_id)
    if cycle.closed_at is not None:
        raise ClosedCycle(cycle.id)
    return cycle, hand_out(session, settings, secrets, reissue_invitation(session, actor, invitation_id))


def cancel(session: Session, actor: Actor, invitation_id: str) -> Invitation:
    """End an invitation of a focal point that was not used; its link no longer works. Raises NotFound."""
    invitation = _of_focal_point(session, actor, invitation_id)
    cancel_invitation(session, actor, invitation_id)
    return invitation


def _of_focal_point(session: Session, actor: Actor, invitation_id: str) -> Invitation:
    invitation = get_invitation(session, actor, invitation_id)
    if invitation.role != FOCAL_POINT:
        raise NotFound(invitation_id)
    return invitation
