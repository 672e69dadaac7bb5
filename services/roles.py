"""Changing who does what: replacing a focal point, taking a colleague off, ending an account, a lost second factor."""

from __future__ import annotations

from sqlmodel import Session, col, delete, select

from models.base import utc_now
from models.people import OFFICER, Invitation, Membership, User, UserRole
from models.responses import NationalResponse
from services.accounts import create_invitation
from services.assignments import hand_over, list_colleagues
from services.audit import record
from services.outbox import send_later
from services.people import (
    active_officers,
    end_memberships,
    find_focal_point,
    lock_response,
    normal_address,
    open_memberships,
)
from services.permissions import FOCAL_POINT, Actor, NotFound, Permission, PermissionDenied
from services.sign_ins import end_sessions, forget_second_factors


def replace_focal_point(
    session: Session,
    actor: Actor,
    *,
    state_id: str,
    cycle_id: str,
    email: str,
    name: str = "",
    language: str = "en",
    reference: str = "",
) -> str:
    """One step: the focal point's role and sessions end, other open invitations to it are cancelled, and the new person gets
    the token that is returned. Drafts belong to the State and stay. Both sides are told.

    Inviting the present focal point again changes nothing but the mails. Raises as `create_invitation`, and NotFound when the
    State is not in the cycle.
    """
    if not actor.is_officer:
        raise PermissionDenied(Permission.CYCLE_MANAGE)
    lock_response(session, state_id, cycle_id)
    address = normal_address(email)
    before = find_focal_point(session, state_id, cycle_id)
    if before is not None:
        end_memberships(session, open_memberships(session, before.id, state_id, cycle_id))
        _end_sessions_of_outsider(session, before)
    _cancel_invitations(session, state_id=state_id, cycle_id=cycle_id, role=FOCAL_POINT)
    token = create_invitation(
        session, actor, email=address, role=FOCAL_POINT, name=name, language=language, state_id=state_id, cycle_id=cycle_id,
        reference=reference,
    )  # fmt: skip
    record(
        session, "focal_point.replaced", actor.user_id, state_id, before=before.id if before else None, cycle=cycle_id,
        reference=reference,
    )  # fmt: skip
    told = [*([before] if before is not None and before.active else []), *session.exec(active_officers())]
    for person in told:
        send_later(session, person.email, person.language, "replaced", {
            "state_id": state_id, "cycle_id": cycle_id, "name": person.name, "before": before.name if before else "",
            "is_officer": person is not before,
        })  # fmt: skip
    return token


def end_membership(session: Session, actor: Actor, membership_id: str, reason: str, hand_to: str = "") -> User:
    """Take a contributor or an observer off the team of the State whose focal point the actor is. Raises NotFound.

    What is assigned to them goes to the colleague with the key `hand_to`, without one to the focal point. Their sessions end
    when nothing else is left for them to do. A focal point is replaced, never just taken off.
    """
    membership, user = find_team_member(session, actor, membership_id)
    lock_response(session, membership.state_id, membership.cycle_id)
    response = session.exec(select(NationalResponse).where(
        NationalResponse.state_id == membership.state_id, NationalResponse.cycle_id == membership.cycle_id
    )).one()  # fmt: skip
    heirs = [entry for entry in list_colleagues(session, response) if entry.key != membership_id]
    heir = next((entry for entry in heirs if (entry.key == hand_to if hand_to else entry.role == FOCAL_POINT)), None)
    if hand_to and heir is None:
        raise NotFound(hand_to)
    hand_over(session, response, user.email, heir)
    end_memberships(session, [membership])
    _end_sessions_of_outsider(session, user)
    record(
        session,
        "membership.ended",
        actor.user_id,
        membership.state_id,
        user=user.id,
        role=membership.role,
        reason=reason,
    )
    return user


def find_team_member(session: Session, actor: Actor, membership_id: str) -> tuple[Membership, User]:
    """A contributor or observer of a State whose focal point the actor is. Raises NotFound for everybody else."""
    membership = session.get(Membership, membership_id)
    if membership is None or membership.ended_at is not None or membership.role == FOCAL_POINT:
        raise NotFound(membership_id)
    if not any(
        entry.role == FOCAL_POINT and entry.state_id == membership.state_id and entry.cycle_id == membership.cycle_id
        for entry in actor.memberships
    ):
        raise NotFound(membership_id)
    return membership, session.get_one(User, membership.user_id)


def deactivate_person(session: Session, actor: Actor, user_id: int, reason: str) -> User:
    """End an account: its sessions end with this transaction, its roles and invitations too. The history keeps its author.

    Officers only, and never their own: so one officer always stays. Raises PermissionDenied, NotFound.
    """
    if not actor.is_officer or actor.user_id == user_id:
        raise PermissionDenied(Permission.CYCLE_MANAGE)
    user = session.get(User, user_id)
    if user is None:
        raise NotFound(str(user_id))
    memberships = open_memberships(session, user.id)
    state_id = next((entry.state_id for entry in memberships if entry.role == FOCAL_POINT), None)
    user.active = False
    end_sessions(session, user)
    end_memberships(session, memberships)
    session.execute(delete(UserRole).where(col(UserRole.user_id) == user.id))
    _cancel_invitations(session, email=user.email)
    record(session, "account.ended", actor.user_id, state_id, user=user.id, reason=reason)
    return user


def reset_second_factor(session: Session, actor: Actor, user_id: int, reason: str) -> User:
    """Take away a lost second factor, with notice to its owner; the passphrase stays, and the next sign-in sets up a new one.

    An officer does it for focal points and for other officers; a focal point for the contributors and observers of the
    State, unless they are more than that elsewhere. Raises PermissionDenied, NotFound (also for an account that is none of
    the actor's business).
    """
    user = session.get(User, user_id)
    if user is None or not user.active:
        raise NotFound(str(user_id))
    state_id = check_may_help(session, actor, user)
    forget_second_factors(session, user)
    record(
        session,
        "second_factor.reset",
        actor.user_id,
        state_id,
        user=user.id,
        reason=reason,
        by_officer=actor.is_officer,
    )
    send_later(session, user.email, user.language, "second_factor_reset", {
        "name": user.name, "by": actor.name, "reason": reason, "by_officer": actor.is_officer,
    })  # fmt: skip
    return user


def check_may_help(session: Session, actor: Actor, user: User) -> str | None:
    """Raise PermissionDenied or NotFound unless the actor may help this person to sign in; the State it is recorded under.

    Whoever hands out a way to sign in could use it: so it goes downwards only, and inside the actor's own State.
    """
    memberships = open_memberships(session, user.id)
    if actor.user_id == user.id:
        raise PermissionDenied(Permission.PEOPLE_MANAGE)
    above = user.has_role(OFFICER) or any(entry.role == FOCAL_POINT for entry in memberships)
    if actor.is_officer:
        if not above:
            raise PermissionDenied(Permission.PEOPLE_MANAGE)
        return next((entry.state_id for entry in memberships if entry.role == FOCAL_POINT), None)
    led = {(entry.state_id, entry.cycle_id) for entry in actor.memberships if entry.role == FOCAL_POINT}
    shared = [entry for entry in memberships if (entry.state_id, entry.cycle_id) in led]
    if not shared:
        raise NotFound(str(user.id))
    if above or len(shared) != len(memberships):
        raise PermissionDenied(Permission.CYCLE_MANAGE)
    return shared[0].state_id


def _end_sessions_of_outsider(session: Session, user: User) -> None:
    """Sign out a person for whom nothing is left to do."""
    if not user.has_role(OFFICER) and not open_memberships(session, user.id):
        end_sessions(session, user)


def _cancel_invitations(
    session: Session,
    *,
    email: str | None = None,
    state_id: str | None = None,
    cycle_id: str | None = None,
    role: str = "",
) -> None:
    """Cancel what is open: either all for an address, or those of a role for a State and cycle."""
    chosen = (
        Invitation.email == email
        if email is not None
        else (
            (col(Invitation.state_id) == state_id)
            & (col(Invitation.cycle_id) == cycle_id)
            & (col(Invitation.role) == role)
        )
    )
    statement = select(Invitation).where(
        chosen, col(Invitation.used_at).is_(None), col(Invitation.cancelled_at).is_(None)
    )
    for invitation in session.exec(statement):
        invitation.cancelled_at = utc_now()
        session.add(invitation)
    session.flush()
