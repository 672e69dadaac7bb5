"""Who may do what: the one table that decides. Everything that is not listed is denied."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.assignments import Assignment
from models.responses import NationalResponse


class PermissionDenied(Exception):
    """The person may not do this; `permission` says what, so that the page can say who can help."""

    def __init__(self, permission: Permission) -> None:
        super().__init__(permission.value)
        self.permission = permission


class NotFound(Exception):
    """Absent, or another's: the two are the same to whoever asks."""


@dataclass(frozen=True, slots=True)
class MembershipFact:
    """What a person is for one State in one cycle."""

    state_id: str
    cycle_id: str
    role: str


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person, as far as decisions need to know them."""

    user_id: int
    name: str
    email: str
    language: str
    time_zone: str
    is_officer: bool
    memberships: tuple[MembershipFact, ...] = ()

    def role_for(self, response: NationalResponse) -> str:
        """The person's role for the response's State and cycle; empty for an outsider."""
        for membership in self.memberships:
            if membership.state_id == response.state_id and membership.cycle_id == response.cycle_id:
                return membership.role
        return ""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a person goes inside a response that the role lets them into: `access` is one of `models.assignments.ACCESSES`."""

    access: str = "all"
    item_ids: frozenset[str] = frozenset()
    """The items assigned to the person; counts only where `access` is not `all`."""
    assignments: tuple[Assignment, ...] = ()
    """What is assigned to the person, whatever the access; what is due first stands first."""
    focal_point: str = ""
    """Who can change this, by name; empty where `access` is `all`."""

    def may_edit(self, item_id: str) -> bool:
        """Whether the person may answer the item, as far as assignments go."""
        return self.access == "all" or item_id in self.item_ids

    def may_read(self, question_id: str) -> bool:
        """Whether the person may see the question: all of it, as soon as a part is theirs."""
        return self.access != "own" or any(item_id.partition(".")[0] == question_id for item_id in self.item_ids)


class Permission(StrEnum):
    """What can be done. The first lines are the State's own; the rest is the secretariat's."""

    RESPONSE_READ = "response:read"
    RESPONSE_READ_WHOLE = "response:read_whole"
    RESPONSE_EDIT = "response:edit"
    RESPONSE_SUBMIT = "response:submit"
    RESPONSE_REOPEN_REQUEST = "response:request_reopening"
    PEOPLE_MANAGE = "people:manage"
    WORK_ASSIGN = "work:assign"
    COMMENT_READ = "comment:read"
    COMMENT_WRITE = "comment:write"
    COMMENT_SHARE = "comment:share"
    SUBMISSION_READ = "submission:read"
    RESPONSE_RETURN = "response:return"
    CYCLE_MANAGE = "cycle:manage"
    CYCLE_READ = "cycle:read"
    EXPORT_FULL = "export:full"
    OWN_ACCOUNT = "account:own"


FOCAL_POINT, CONTRIBUTOR, OBSERVER = "focal_point", "contributor", "observer"

STATE_RULES: dict[Permission, frozenset[str]] = {
    Permission.RESPONSE_READ: frozenset({FOCAL_POINT, CONTRIBUTOR, OBSERVER}),
    Permission.RESPONSE_READ_WHOLE: frozenset({FOCAL_POINT, CONTRIBUTOR, OBSERVER}),
    Permission.RESPONSE_EDIT: frozenset({FOCAL_POINT, CONTRIBUTOR}),
    Permission.RESPONSE_SUBMIT: frozenset({FOCAL_POINT}),
    Permission.RESPONSE_REOPEN_REQUEST: frozenset({FOCAL_POINT}),
    Permission.PEOPLE_MANAGE: frozenset({FOCAL_POINT}),
    Permission.WORK_ASSIGN: frozenset({FOCAL_POINT}),
    Permission.SUBMISSION_READ: frozenset({FOCAL_POINT, CONTRIBUTOR, OBSERVER}),
    Permission.COMMENT_READ: frozenset({FOCAL_POINT, CONTRIBUTOR, OBSERVER}),
    Permission.COMMENT_WRITE: frozenset({FOCAL_POINT, CONTRIBUTOR}),
    Permission.COMMENT_SHARE: frozenset({FOCAL_POINT}),
}
"""Which role of the State may do it, for the State's own response. Only the focal point clears."""

OFFICER_RULES: frozenset[Permission] = frozenset({
    Permission.SUBMISSION_READ, Permission.RESPONSE_RETURN, Permission.CYCLE_MANAGE, Permission.CYCLE_READ,
    Permission.EXPORT_FULL, Permission.COMMENT_READ, Permission.COMMENT_WRITE, Permission.COMMENT_SHARE,
})  # fmt: skip
"""What a secretariat officer may do. Reading a draft's text is not among it, nor a comment that its State did not share."""


def is_allowed(actor: Actor, permission: Permission, response: NationalResponse | None = None) -> bool:
    """Whether the actor may do it, on this response where it concerns one."""
    if permission is Permission.OWN_ACCOUNT:
        return True
    if actor.is_officer and permission in OFFICER_RULES:
        return True
    return response is not None and actor.role_for(response) in STATE_RULES.get(permission, frozenset())


def require(actor: Actor, permission: Permission, response: NationalResponse | None = None) -> None:
    """Raise PermissionDenied unless the actor may do it."""
    if not is_allowed(actor, permission, response):
        raise PermissionDenied(permission)
