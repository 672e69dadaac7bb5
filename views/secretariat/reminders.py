"""Reminders: choose States, read the mails as they will leave, send. Nothing is sent before the preview was seen."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from languages import direction
from models.base import new_id
from models.queries import list_focal_points
from services.cycles import ClosedCycle, find_cycle
from services.outbox import list_unsent
from services.permissions import Permission
from services.reminders import list_reminded, plan_reminders, send_reminders
from services.secretariat import STAGES, Filter, read_board
from views.context import reading, signed_in, tracker, transaction
from views.policy import needs
from views.secretariat.common import cycle_frame, language, read_filter, secretariat

WAITING: tuple[str, ...] = tuple(stage for stage in STAGES if stage != "submitted")
"""Stages in which a reminder makes sense."""


@secretariat.route("/cycles/<cycle_id>/reminders", methods=["GET", "POST"])
@needs(Permission.CYCLE_MANAGE)
def remind(cycle_id: str) -> Any:
    """Choose States by filter; a post with `step=preview` shows the mails, with `step=send` sends them."""
    if request.method == "POST" and request.form.get("step") == "send":
        return _send(cycle_id)
    shown = read_filter()
    chosen = set(request.form.getlist("state"))
    with reading() as db:
        cycle = find_cycle(db, cycle_id)
        board = read_board(db, cycle, language())
        if chosen:
            plan = plan_reminders(db, tracker().settings, cycle, board.standings, chosen)
            return render_template(
                "secretariat/remind_preview.html", **cycle_frame(cycle), plan=plan, batch=new_id(),
                mail=bool(tracker().settings.mail_host), direction=direction,
                names={entry.state.id: entry.name for entry in board.standings},
            )  # fmt: skip
        reminded = list_reminded(db, cycle_id)
        focal_points = list_focal_points(db, cycle_id)
        unsent = list_unsent(db)
    waiting = Filter(shown.words, shown.region, shown.stage if shown.stage in WAITING else "", shown.flag)
    groups = [
        (region, kept)
        for region, entries in board.by_region(waiting)
        if (kept := [entry for entry in entries if entry.stage in WAITING])
    ]
    nobody = request.method == "POST"
    return render_template(
        "secretariat/remind.html", **cycle_frame(cycle), groups=groups, shown=waiting, waiting=WAITING, reminded=reminded,
        focal_points=focal_points, unsent=unsent, mail=bool(tracker().settings.mail_host),
        errors=[("choose", _("Choose at least one State."))] if nobody else [],
        shown_count=sum(len(entries) for _region, entries in groups),
    ), 422 if nobody else 200  # fmt: skip


def _send(cycle_id: str) -> Any:
    settings = tracker().settings
    chosen = set(request.form.getlist("state"))
    with transaction() as db:
        cycle = find_cycle(db, cycle_id, lock=True)
        board = read_board(db, cycle, language())
        plan = plan_reminders(db, settings, cycle, board.standings, chosen)
        try:
            number = send_reminders(db, settings, signed_in(), cycle, plan, request.form.get("batch", "")[:24])
        except ClosedCycle:
            number = -1
    if number < 0:
        flash(_("The round of reporting is closed: no reminder was sent."), "error")
    elif number == 0:
        flash(_("No reminder was sent: these were sent before, or the responses were submitted meanwhile."), "info")
    elif settings.mail_host:
        flash(ngettext("%(num)d reminder is on its way.", "%(num)d reminders are on their way.", number), "success")
    else:
        flash(ngettext(
            "%(num)d reminder is recorded as sent by hand.", "%(num)d reminders are recorded as sent by hand.", number
        ), "success")  # fmt: skip
    return redirect(url_for("secretariat.remind", cycle_id=cycle_id), 303)
