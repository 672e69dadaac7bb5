"""Offline workbooks that were given out: made for a ministry, listed, called back. The file is made from the row again."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlmodel import Session, col, select

from instruments.catalog import canonical_json
from instruments.register import Register, read_register, resolve_references
from instruments.routing import asked_item_ids
from instruments.schema import Instrument, Question
from models.base import Json, utc_now
from models.kits import Kit, KitReturn
from models.queries import names_of_users
from models.responses import Revision
from services.audit import record
from services.kept_posts import derive_key
from services.permissions import NotFound, Permission, PermissionDenied
from services.responses import OpenResponse

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Digits and capitals that are not taken for one another when a number is read out."""

Typed = list[list[str]]


class KitRefused(Exception):
    """A kit cannot be made: the response takes no answers any more, or no question was chosen."""


@dataclass(frozen=True, slots=True)
class KitRow:
    """A kit on the board: who made it, and the files that came back, newest first."""

    kit: Kit
    made_by: str
    returns: list[KitReturn]
    is_own: bool
    """Whether the person may call it back: it is theirs, or they are the focal point."""


@dataclass
class KitContent:
    """What stands in a kit: the answers of the whole response at the moment it was made, by item id."""

    kit: Kit
    instrument: Instrument
    raw: Mapping[str, tuple[Json, Typed | None]]
    """(value as JSON, what was typed and could not be read) at the version in `kit.bases`."""
    years: tuple[int, ...]

    @cached_property
    def stored_values(self) -> dict[str, Any]:
        """Typed values of the answers, references as references."""
        items = self.instrument.items
        return {
            item_id: items[item_id].load(value) for item_id, (value, _typed) in self.raw.items() if value is not None
        }

    @property
    def typed(self) -> dict[str, Typed]:
        """What could not be read, by item id."""
        return {item_id: typed for item_id, (_value, typed) in self.raw.items() if typed is not None}

    @cached_property
    def values(self) -> dict[str, Any]:
        """Typed values with references filled in: what conditions look at."""
        return resolve_references(self.instrument, self.stored_values)

    @cached_property
    def register(self) -> Register:
        """What the response had entered, to be referred to from other paragraphs."""
        return read_register(self.instrument, self.stored_values)

    @cached_property
    def asked(self) -> frozenset[str]:
        """Ids of the items that were asked."""
        return asked_item_ids(self.instrument, self.values, self.kit.facts)

    @property
    def questions(self) -> list[Question]:
        """The questions of the kit, in the order of the questionnaire."""
        return [self.instrument.questions[question_id] for question_id in self.kit.question_ids]


def editable_questions(opened: OpenResponse) -> list[Question]:
    """The questions that the person may answer in this response, in order: those that a kit of theirs may hold."""
    return [question for question in opened.questions if opened.is_asked(question) and opened.may_edit_any(question)]


def make_kit(
    session: Session, opened: OpenResponse, question_ids: Sequence[str], *, language: str, prefilled: bool,
    recipient: str, note: str = "",
) -> Kit:  # fmt: skip
    """Give out a kit of some questions. The response must have been opened with `lock=True`, so that all versions agree.

    Raises KitRefused when the response takes no answers or nothing is chosen, NotFound for a question that is not the person's.
    """
    if opened.response.clearance == "submitted" or opened.cycle.closed_at is not None:
        raise KitRefused("locked")
    wanted = set(question_ids)
    allowed = [question.id for question in editable_questions(opened)]
    if not wanted:
        raise KitRefused("nothing_chosen")
    if unknown := wanted - set(allowed):
        raise NotFound(sorted(unknown)[0])
    kit = Kit(
        id=_number(session), national_response_id=opened.response.id, language=language,
        question_ids=[question_id for question_id in allowed if question_id in wanted], prefilled=prefilled,
        recipient=recipient, note=note, facts=opened.facts, made_by=opened.actor.user_id, made_at=utc_now().replace(microsecond=0),
        bases={item_id: answer.version for item_id, answer in sorted(opened.answers.items())},
    )  # fmt: skip
    session.add(kit)
    session.flush()
    record(
        session, "kit.made", opened.actor.user_id, opened.response.state_id, cycle=opened.response.cycle_id, kit=kit.id,
        questions=kit.question_ids, language=language, prefilled=prefilled, recipient=recipient,
    )  # fmt: skip
    return kit


def _number(session: Session) -> str:
    while True:
        drawn = "".join(secrets.choice(_ALPHABET) for _place in range(8))
        number = f"{drawn[:4]}-{drawn[4:]}"
        if session.get(Kit, number) is None:
            return number


def may_see(opened: OpenResponse, kit: Kit) -> bool:
    """Whether the person may open the kit: the focal point any, others what they could answer or gave out themselves."""
    if opened.may(Permission.RESPONSE_SUBMIT) or (
        kit.made_by == opened.actor.user_id and opened.may(Permission.RESPONSE_EDIT)
    ):
        return True
    return set(kit.question_ids) <= {question.id for question in editable_questions(opened)}


def may_withdraw(opened: OpenResponse, kit: Kit) -> bool:
    """Whether the person may call the kit back: whoever gave it out, and the focal point."""
    return opened.may(Permission.RESPONSE_SUBMIT) or kit.made_by == opened.actor.user_id


def find_kit(session: Session, opened: OpenResponse, kit_id: str) -> Kit:
    """A kit of this response. Raises NotFound for any other, and for one whose questions are not the person's."""
    kit = session.get(Kit, kit_id)
    if kit is None or kit.national_response_id != opened.response.id or not may_see(opened, kit):
        raise NotFound(kit_id)
    return kit


def list_kits(session: Session, opened: OpenResponse) -> list[KitRow]:
    """The kits of the response that the person may see, newest first, with what came back."""
    kits = session.exec(
        select(Kit).where(Kit.national_response_id == opened.response.id).order_by(col(Kit.made_at).desc(), col(Kit.id))
    ).all()
    returns = session.exec(
        select(KitReturn)
        .where(KitReturn.national_response_id == opened.response.id)
        .order_by(col(KitReturn.uploaded_at).desc())
    ).all()
    names = names_of_users(session, {kit.made_by for kit in kits})
    return [
        KitRow(
            kit, names.get(kit.made_by, ""), [one for one in returns if one.kit_id == kit.id], may_withdraw(opened, kit)
        )
        for kit in kits
        if may_see(opened, kit)
    ]


def withdraw_kit(session: Session, opened: OpenResponse, kit_id: str) -> Kit:
    """Call a kit back: a file that comes back later is warned of. Doing it twice changes nothing. Raises NotFound, PermissionDenied."""
    kit = find_kit(session, opened, kit_id)
    if not may_withdraw(opened, kit):
        raise PermissionDenied(Permission.RESPONSE_SUBMIT)
    if kit.withdrawn_at is None:
        kit.withdrawn_at, kit.withdrawn_by = utc_now(), opened.actor.user_id
        session.add(kit)
        record(
            session, "kit.withdrawn", opened.actor.user_id, opened.response.state_id, cycle=opened.response.cycle_id,
            kit=kit.id,
        )  # fmt: skip
    return kit


def kit_content(session: Session, opened: OpenResponse, kit: Kit) -> KitContent:
    """The answers as they stood when the kit was made, whatever was saved since."""
    found: dict[str, tuple[Json, Typed | None]] = {}
    missing = set()
    for item_id, version in kit.bases.items():
        answer = opened.answers.get(item_id)
        if answer is not None and answer.version == version:
            found[item_id] = (answer.value, answer.typed)
        else:
            missing.add(item_id)
    for revision in session.exec(
        select(Revision)
        .where(Revision.national_response_id == kit.national_response_id, col(Revision.item_id).in_(missing))
        .order_by(col(Revision.seq).desc())
    ):
        if revision.kind != "set_aside" and revision.version == kit.bases[revision.item_id]:
            found[revision.item_id] = (revision.value, revision.typed)
    known = {
        item_id: found[item_id] for item_id in kit.bases if item_id in found and item_id in opened.instrument.items
    }
    return KitContent(kit, opened.instrument, known, opened.years)


def kit_stamp(queue_key: str, stated: Mapping[str, Json]) -> str:
    """The HMAC-SHA256 (hex) over what a kit states about itself, with a key of this installation for kits alone."""
    key = derive_key(queue_key, "kit")
    return hmac.new(key, canonical_json(dict(stated)).encode(), hashlib.sha256).hexdigest()


def is_stamp(queue_key: str, stated: Mapping[str, Json], stamp: str) -> bool:
    """Whether a stamp is the one this installation gave; compared in constant time."""
    return hmac.compare_digest(kit_stamp(queue_key, stated), stamp)
