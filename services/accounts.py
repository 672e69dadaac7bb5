"""Accounts: invitations, how they reach a person, and how they become an account with a role."""

from __future__ import annotations

from collections.abc import Iterable
from secrets import token_hex

from sqlmodel import Session, col, select

from models.base import utc_now
from models.people import OFFICER, STATE_ROLES, Invitation, Membership, Role, User, UserRole
from services.audit import record
from services.invitations import issue_invitation, token_hash
from services.outbox import seal, send_later
from services.people import (
    NewPerson,
    end_memberships,
    find_account,
    find_focal_point,
    lock_response,
    normal_address,
    open_memberships,
    update_profile,
)
from services.permissions import FOCAL_POINT, Actor, NotFound, Permission, PermissionDenied
from services.sign_ins import forget_second_factors
from settings import Secrets, Settings


class InvitationGone(Exception):
    """The link is unknown, used, cancelled or too old: whoever holds it is told the same in each case."""


class FocalPointExists(Exception):
    """The State has a focal point in this cycle: replace it instead. `name` says who."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class AlreadyMember(Exception):
    """The person has this role for this State and cycle already."""


class AccountExists(Exception):
    """There is an account with this address: its owner signs in, and accepts the invitation then."""


class AccountEnded(Exception):
    """The account with this address was ended; only an officer can invite its owner again."""


def create_invitation(
    session: Session,
    actor: Actor | None,
    *,
    email: str,
    role: str,
    name: str = "",
    language: str = "en",
    state_id: str | None = None,
    cycle_id: str | None = None,
    reference: str = "",
) -> str:
    """A one-time token for an address and a role; an earlier open one for the same is cancelled. `actor` None: the command line.

    Raises BadAddress, PermissionDenied, FocalPointExists, AlreadyMember, AccountEnded.
    """
    address = normal_address(email)
    _check_may_invite(actor, role, state_id, cycle_id)
    account = find_account(session, address)
    if account is not None and not account.active and not (actor is None or actor.is_officer):
        raise AccountEnded(address)
    if role == FOCAL_POINT:
        current = find_focal_point(session, state_id, cycle_id)
        if current is not None:
            raise FocalPointExists(current.name)
    elif account is not None and account.active and _has_role(session, account, role, state_id, cycle_id):
        raise AlreadyMember(address)
    token = issue_invitation(
        session, email=address, name=name.strip(), language=language, role=role, state_id=state_id, cycle_id=cycle_id,
        invited_by=actor.user_id if actor else None, reference=reference.strip(),
    )  # fmt: skip
    record(session, "invitation.made", actor.user_id if actor else None, state_id, role=role)
    return token


def _check_may_invite(actor: Actor | None, role: str, state_id: str | None, cycle_id: str | None) -> None:
    if role not in (OFFICER, *STATE_ROLES) or (role != OFFICER) != bool(state_id and cycle_id):
        raise ValueError(f"{role} for {state_id} in {cycle_id}")
    if actor is None or (actor.is_officer and role in (OFFICER, FOCAL_POINT)):
        return
    if role in (OFFICER, FOCAL_POINT):
        raise PermissionDenied(Permission.CYCLE_MANAGE)
    if not any(
        entry.role == FOCAL_POINT and entry.state_id == state_id and entry.cycle_id == cycle_id
        for entry in actor.memberships
    ):
        raise PermissionDenied(Permission.PEOPLE_MANAGE)


def _has_role(session: Session, user: User, role: str, state_id: str | None, cycle_id: str | None) -> bool:
    if role == OFFICER:
        return user.has_role(OFFICER)
    statement = select(Membership).where(
        Membership.user_id == user.id, Membership.state_id == state_id, Membership.cycle_id == cycle_id,
        col(Membership.ended_at).is_(None),
    )  # fmt: skip
    membership = session.exec(statement).first()
    return membership is not None and membership.role in {role, FOCAL_POINT}


def deliver_link(session: Session, settings: Settings, secrets: Secrets, token: str) -> str:
    """Put the mail with the link of a new invitation into the outbox; without a mail server, the link to hand on instead.

    The link is empty when a mail goes out: then it is between the invited person and their mailbox.
    """
    invitation = find_invitation(session, token)
    link = f"{settings.address}/invitations/{token}"
    if not settings.mail_host or not invitation.email:
        return link
    send_later(session, invitation.email, invitation.language, "invitation", {
        "name": invitation.name, "role": invitation.role, "reference": invitation.reference, "state_id": invitation.state_id,
        "cycle_id": invitation.cycle_id, "expires_at": invitation.expires_at.isoformat(), **seal(secrets.queue_key, link=link),
    })  # fmt: skip
    return ""


def reissue_invitation(session: Session, actor: Actor, invitation_id: str) -> str:
    """A new token for an open or expired invitation, which is cancelled. Raises NotFound and as `create_invitation`."""
    old = get_invitation(session, actor, invitation_id)
    _cancel([old], session)
    return create_invitation(
        session, actor, email=old.email, role=old.role, name=old.name, language=old.language, state_id=old.state_id,
        cycle_id=old.cycle_id, reference=old.reference,
    )  # fmt: skip


def cancel_invitation(session: Session, actor: Actor, invitation_id: str) -> None:
    """End an invitation that was not used. Raises NotFound, PermissionDenied."""
    invitation = get_invitation(session, actor, invitation_id)
    _cancel([invitation], session)
    record(session, "invitation.cancelled", actor.user_id, invitation.state_id, role=invitation.role)


def get_invitation(session: Session, actor: Actor, invitation_id: str) -> Invitation:
    """An invitation not used yet, that the actor could have made. Raises NotFound otherwise."""
    invitation = session.exec(select(Invitation).where(Invitation.id == invitation_id).with_for_update()).one_or_none()
    if invitation is None or invitation.used_at is not None or invitation.cancelled_at is not None:
        raise NotFound(invitation_id)
    try:
        _check_may_invite(actor, invitation.role, invitation.state_id, invitation.cycle_id)
    except PermissionDenied as error:
        raise NotFound(invitation_id) from error
    return invitation


def _cancel(invitations: Iterable[Invitation], session: Session) -> None:
    for invitation in invitations:
        invitation.cancelled_at = utc_now()
        session.add(invitation)
    session.flush()


def list_invitations(session: Session, state_id: str | None, cycle_id: str | None) -> list[Invitation]:
    """Invitations neither used nor cancelled, expired ones included, newest first; `None, None` gives those of officers."""
    statement = select(Invitation).where(
        Invitation.state_id == state_id, Invitation.cycle_id == cycle_id,
        col(Invitation.used_at).is_(None), col(Invitation.cancelled_at).is_(None),
    )  # fmt: skip
    return list(session.exec(statement.order_by(col(Invitation.created_at).desc())))


def find_invitation(session: Session, token: str, *, lock: bool = False) -> Invitation:
    """The open invitation of a token. Raises InvitationGone."""
    statement = select(Invitation).where(Invitation.token_hash == token_hash(token))
    invitation = session.exec(statement.with_for_update() if lock else statement).one_or_none()
    if (
        invitation is None or invitation.used_at is not None or invitation.cancelled_at is not None
        or invitation.expires_at <= utc_now()
    ):  # fmt: skip
        raise InvitationGone
    return invitation


def accept_invitation(session: Session, token: str, person: NewPerson, password_hash: str) -> User:
    """Make the account of the invited person and give it its role. The token is used up.

    An account that was ended is opened again with nothing of before but its history. Raises InvitationGone, AccountExists,
    BadAddress.
    """
    invitation = find_invitation(session, token, lock=True)
    address = invitation.email or normal_address(person.email)
    user = find_account(session, address)
    if user is not None and user.active:
        raise AccountExists(address)
    if user is None:
        user = User(email=address, fs_uniquifier=token_hex(16), fs_webauthn_user_handle=token_hex(16))
    else:
        forget_second_factors(session, user)
        user.active = True
    user.password = password_hash
    session.add(user)
    update_profile(session, user, person)
    session.flush()
    _take_role(session, invitation, user)
    return user


def accept_with_account(session: Session, token: str, user_id: int) -> User:
    """Give the role of an invitation to a person who has an account and is signed in. Raises InvitationGone."""
    invitation = find_invitation(session, token, lock=True)
    user = session.get_one(User, user_id)
    if not user.active or invitation.email not in ("", user.email):
        raise InvitationGone
    _take_role(session, invitation, user)
    return user


def _take_role(session: Session, invitation: Invitation, user: User) -> None:
    invitation.used_at = utc_now()
    session.add(invitation)
    if invitation.role == OFFICER:
        role = session.exec(select(Role).where(Role.name == OFFICER)).one_or_none()
        if role is None:
            role = Role(name=OFFICER)
            session.add(role)
            session.flush()
        if session.get(UserRole, (user.id, role.id)) is None:
            session.add(UserRole(user_id=user.id or 0, role_id=role.id or 0))
    else:
        assert invitation.state_id is not None and invitation.cycle_id is not None  # checked when it was made
        lock_response(session, invitation.state_id, invitation.cycle_id)
        current = find_focal_point(session, invitation.state_id, invitation.cycle_id)
        if invitation.role == FOCAL_POINT and current is not None and current.id != user.id:
            # Somebody else accepted first; two links may have been out, only one can hold.
            raise InvitationGone
        end_memberships(session, open_memberships(session, user.id, invitation.state_id, invitation.cycle_id))
        session.add(Membership(
            user_id=user.id or 0, state_id=invitation.state_id, cycle_id=invitation.cycle_id, role=invitation.role
        ))  # fmt: skip
    session.flush()
    record(session, "invitation.accepted", user.id, invitation.state_id, role=invitation.role)
