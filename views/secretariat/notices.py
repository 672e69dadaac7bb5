"""What was sent and what was done: the mails of the secretariat with their texts, and the record of one State."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from flask import render_template, request, url_for
from flask_babel import gettext as _
from sqlmodel import Session

from languages import direction, format_date
from models.audit import AuditEvent
from models.cycles import Cycle
from models.queries import names_of_users
from models.responses import NationalResponse
from models.states import ReportingState
from services.audit import list_acts
from services.cycles import last_day
from services.notices import read_notices
from services.permissions import Permission
from services.responses import find_response, state_name
from services.submissions import list_returns
from views.context import reading, signed_in, tracker
from views.policy import needs
from views.secretariat.common import cycle_frame, language, page_number, party_names, secretariat


class Entry(NamedTuple):
    """One line of the record of a State."""

    at: datetime
    words: str
    who: str
    reason: str


def notice_states() -> dict[str, str]:
    """Whether a mail has left, in words."""
    waiting = _("Waiting to be sent") if tracker().settings.mail_host else _("Waiting: no mail server is set")
    return {
        "sent": _("Sent"), "waiting": waiting, "failed": _("Failed"), "too_old": _("Not sent: it waited more than seven days"),
    }  # fmt: skip


@secretariat.get("/notices")
@needs(Permission.CYCLE_READ)
def notices() -> Any:
    """The mails of the secretariat, newest first, each with its text to copy."""
    unsent_only = request.args.get("show") == "unsent"
    with reading() as db:
        found = read_notices(db, tracker().settings, unsent_only=unsent_only, page=page_number())

    def page_url(number: int) -> str:
        return url_for("secretariat.notices", page=number, show="unsent" if unsent_only else None)

    return render_template(
        "secretariat/notices.html", found=found, unsent_only=unsent_only, page_url=page_url, notice_states=notice_states(),
        direction=direction, context_line=(_("Secretariat"), ""),
    )  # fmt: skip


@secretariat.get("/responses/<response_id>/record")
@needs(Permission.CYCLE_READ)
def record(response_id: str) -> Any:
    """What was done about one State in a round, by whom and why, and the mails about it."""
    with reading() as db:
        response = find_response(db, response_id, signed_in(), Permission.CYCLE_READ)
        cycle, state = db.get_one(Cycle, response.cycle_id), db.get_one(ReportingState, response.state_id)
        entries = _entries(db, response, cycle)
        found = read_notices(db, tracker().settings, response=response, page=page_number())

    def page_url(number: int) -> str:
        return url_for("secretariat.record", response_id=response_id, page=number, _anchor="mails")

    return render_template(
        "secretariat/record.html", **cycle_frame(cycle, "secretariat.dashboard"), response=response, entries=entries,
        name=state_name(state.names, language()), found=found, page_url=page_url, notice_states=notice_states(),
        direction=direction,
    )  # fmt: skip


def _entries(db: Session, response: NationalResponse, cycle: Cycle) -> list[Entry]:
    """Acts and returns, newest first."""
    acts, returns = list_acts(db, response), list_returns(db, response.id)
    people = names_of_users(db, [act.actor_id for act in acts if act.actor_id] + [entry.by for entry in returns])
    words = {
        "returned": _("Response returned"), "reopened": _("Response opened again at the request of the State"),
        "declined": _("Request to open it again declined"),
    }  # fmt: skip
    found = [
        Entry(
            act.at,
            _act_words(act, cycle),
            people.get(act.actor_id or 0, ""),
            str((act.detail or {}).get("reason") or ""),
        )
        for act in acts
    ]
    found += [Entry(entry.at, words[entry.kind], people.get(entry.by, ""), entry.reason) for entry in returns]
    return sorted(found, key=lambda entry: entry.at, reverse=True)


def _act_words(act: AuditEvent, cycle: Cycle) -> str:
    detail = act.detail or {}
    if act.event == "deadline.extended" and detail.get("deadline"):
        day = last_day(datetime.fromisoformat(detail["deadline"]), cycle.deadline_zone)
        return str(_("Deadline extended to %(day)s", day=format_date(day, language())))
    if act.event == "reminder.sent" and detail.get("channel") == "by_hand":
        return str(_("Reminder recorded as sent by hand"))
    if act.event == "party_status.set":
        return str(_("Party status set: %(status)s", status=party_names().get(detail.get("status", ""), "")))
    words = {
        "account.ended": _("Account of the focal point ended"), "deadline.extended": _("Extension of the deadline taken back"),
        "focal_point.replaced": _("Focal point named on the page of the State"), "invitation.accepted": _("Invitation accepted"),
        "invitation.cancelled": _("Invitation cancelled"), "invitation.made": _("Focal point invited"),
        "links_issued": _("Link issued by the installation"),
        "passage.made": _("Draft passage for the report of paragraph 15 downloaded"),
        "passphrase.link_made": _("Link for a new passphrase handed out"), "reminder.sent": _("Reminder by mail"),
        "response.reopening_requested": _("Asked to open the response again"), "response.submitted": _("Response submitted"),
        "second_factor.reset": _("Lost authenticator taken away"),
    }  # fmt: skip
    return str(words[act.event])
