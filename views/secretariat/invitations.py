"""Focal points of a round: who they are, who is invited, inviting from a list, issuing a link again."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from forms.secretariat import ListForm
from models.base import utc_now
from models.collation import sort_key
from models.cycles import Cycle
from models.queries import list_focal_points, list_open_invitations, list_references
from services.accounts import FocalPointExists
from services.cycles import ClosedCycle, find_cycle
from services.focal_point_lists import (
    InvitationPlan,
    IssuedInvitation,
    RefusedLine,
    cancel,
    issue_planned,
    plan_invitations,
    reissue,
)
from services.pasted import LARGEST_LIST, UnreadableList, decode_list
from services.permissions import Permission
from services.responses import state_name
from services.secretariat import read_board
from views.context import reading, signed_in, tracker, transaction
from views.policy import needs
from views.secretariat.common import cycle_frame, focal_point_names, language, page_errors, read_filter, secretariat


def list_problem(error: UnreadableList) -> str:
    """Why a text is not a list, in words."""
    words = {
        "encoding": _("Line %(line)d cannot be read. Save the file as UTF-8 and choose it again.", line=error.line),
        "quotes": _("From line %(line)d on, a quotation mark has no end. Close it or take it out.", line=error.line),
        "too_long": _("Line %(line)d is too long, or the list has more than 2,000 lines. Split it.", line=error.line),
    }
    return str(words[error.code])


def read_list_form(form: ListForm) -> str:
    """The list as pasted, or as uploaded: then it is put into the text field, so that nothing is lost on the way back.

    Raises UnreadableList for a file in an unknown encoding.
    """
    upload = request.files.get("file")
    if upload is not None and upload.filename:
        form.text.data = decode_list(upload.stream.read(LARGEST_LIST + 1))
    return form.text.data or ""


def refusal_words(line: RefusedLine) -> str:
    """Why a line of a list of focal points is refused."""
    word = line.word
    words = {
        "columns": _("A line has five cells: State; name; e-mail; language; reference of the note verbale."),
        "unknown_state": _("“%(word)s” is not a State of this round. Use its short name or its three-letter code.", word=word),
        "no_name": _("The name of the person is missing or too long."),
        "address": _("“%(word)s” is not an e-mail address.", word=word),
        "language": _("“%(word)s” is not one of the six languages. Use ar, zh, en, fr, ru or es.", word=word),
        "no_reference": _("The reference of the note verbale is missing."),
        "duplicate": _("Line %(word)s names the State too, and a State has one focal point. Keep the line that is right.", word=word),
        "has_focal_point": _("The State has a focal point: %(word)s. Replace that person on the page of focal points.", word=word),
        "officer": _("%(word)s is an officer of the secretariat and cannot be a focal point.", word=word),
        "already_invited": _("%(word)s has an open invitation. Issue its link again on the page of focal points.", word=word),
    }  # fmt: skip
    return str(words[line.code])


@secretariat.get("/cycles/<cycle_id>/focal-points")
@needs(Permission.CYCLE_READ)
def people(cycle_id: str) -> Any:
    """The focal point or the open invitation of every State."""
    shown = read_filter()
    wanted = request.args.get("person", "")
    with reading() as db:
        cycle = find_cycle(db, cycle_id)
        board = read_board(db, cycle, language())
        focal_points = list_focal_points(db, cycle_id)
        references = list_references(db, cycle_id)
        waiting: dict[str, Any] = {}
        for invitation in list_open_invitations(db, cycle_id):
            waiting.setdefault(invitation.state_id or "", invitation)
    groups = [
        (region, kept)
        for region, entries in board.by_region(shown)
        if (kept := [entry for entry in entries if wanted not in focal_point_names() or entry.focal_point == wanted])
    ]
    counts = {code: sum(entry.focal_point == code for entry in board.standings) for code in focal_point_names()}
    return render_template(
        "secretariat/people.html", **cycle_frame(cycle), groups=groups, shown=shown, wanted=wanted, counts=counts,
        focal_points=focal_points, references=references, waiting=waiting, now=utc_now(),
        mail=bool(tracker().settings.mail_host),
        shown_count=sum(len(entries) for _region, entries in groups), total=len(board.standings),
    )  # fmt: skip


@secretariat.route("/cycles/<cycle_id>/invitations", methods=["GET", "POST"])
@needs(Permission.CYCLE_MANAGE)
def invite(cycle_id: str) -> Any:
    """Invite focal points from a list: read it, look at the preview, confirm."""
    form = ListForm()
    with reading() as db:
        cycle = find_cycle(db, cycle_id)
    given: dict[str, Any] = {"form": form, "mail": bool(tracker().settings.mail_host), "refusal_words": refusal_words}
    if request.method == "GET" or cycle.closed_at is not None:
        return render_template("secretariat/invite.html", **frame(cycle), **given, errors=[])
    try:
        if not form.validate():
            return render_template("secretariat/invite.html", **frame(cycle), **given, errors=page_errors(form)), 422
        text = read_list_form(form)
        if request.form.get("step") == "confirm":
            return _issue(cycle_id, text, form)
        with reading() as db:
            plan = plan_invitations(db, cycle, text)
    except UnreadableList as error:
        return _again(cycle, given, list_problem(error))
    if not plan.good and not plan.bad:
        return _again(cycle, given, _("Paste the list, or choose a file."))
    return render_template("secretariat/invite_preview.html", **frame(cycle), **given, plan=plan, named=named(plan))


def frame(cycle: Cycle) -> dict[str, Any]:
    """The frame of a page below the list of focal points."""
    return cycle_frame(cycle, "secretariat.people")


def named(plan: InvitationPlan) -> list[tuple[str, Any]]:
    """The good lines with the State's name in the language of the page, by name."""
    rows = [(state_name(entry.state.names, language()), entry) for entry in plan.good]
    return sorted(rows, key=lambda row: sort_key(row[0], language()))


def _again(cycle: Any, given: dict[str, Any], message: str) -> Any:
    return render_template("secretariat/invite.html", **frame(cycle), **given, errors=[("text", message)]), 422


def _issue(cycle_id: str, text: str, form: ListForm) -> Any:
    """Issue the invitations and show the links where no mail carries them: they are shown once and stored nowhere."""
    settings = tracker().settings
    with transaction() as db:
        cycle = find_cycle(db, cycle_id, lock=True)
        plan = plan_invitations(db, cycle, text)
        try:
            issued = issue_planned(db, signed_in(), cycle, plan, settings, tracker().secrets)
        except ClosedCycle:
            issued = []
    form.text.data = plan.remaining_text
    return render_template(
        "secretariat/invited.html", **frame(cycle), issued=issued, plan=plan, form=form, refusal_words=refusal_words,
        mail=bool(settings.mail_host), names={entry.state.id: name for name, entry in named(plan)},
    )  # fmt: skip


@secretariat.post("/invitations/<invitation_id>/reissue")
@needs(Permission.CYCLE_MANAGE)
def reissue_invitation(invitation_id: str) -> Any:
    """A new link for one invitation; the old one ends."""
    settings = tracker().settings
    with transaction() as db:
        try:
            cycle, issued = reissue(db, signed_in(), invitation_id, settings, tracker().secrets)
        except ClosedCycle as closed:
            flash(_("The round of reporting is closed: nobody is invited any more."), "error")
            return redirect(url_for("secretariat.people", cycle_id=str(closed)), 303)
        except FocalPointExists as error:
            flash(_("The State has a focal point by now: %(name)s.", name=error.name), "error")
            return redirect(url_for("secretariat.dashboard"), 303)
    if settings.mail_host:
        flash(_("A new link goes to %(address)s. The old one no longer works.", address=issued.email), "success")
        return redirect(url_for("secretariat.people", cycle_id=cycle.id), 303)
    return issued_page(cycle, issued)


def issued_page(cycle: Cycle, issued: IssuedInvitation) -> str:
    """The one invitation that was issued, with its link: shown once and stored nowhere."""
    return render_template(
        "secretariat/invited.html", **frame(cycle), issued=[issued], plan=InvitationPlan([], []), form=ListForm(formdata=None),
        refusal_words=refusal_words, mail=False, names={issued.state.id: state_name(issued.state.names, language())},
    )  # fmt: skip


@secretariat.post("/invitations/<invitation_id>/cancel")
@needs(Permission.CYCLE_MANAGE)
def cancel_invitation(invitation_id: str) -> Any:
    """End an invitation of a focal point that was not used."""
    with transaction() as db:
        invitation = cancel(db, signed_in(), invitation_id)
    flash(_("The invitation is cancelled; its link no longer works."), "success")
    return redirect(url_for("secretariat.people", cycle_id=invitation.cycle_id), 303)
