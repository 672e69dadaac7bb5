"""Deadlines on pages, in the language and the time zone of the person: the same words for officers and for States."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from languages import format_date
from models.base import utc_now
from models.cycles import Cycle
from services import deadlines
from views.context import page_language, page_zone


def deadline_words(deadline: datetime, zone: str) -> str:
    """The day that ends with a deadline, where it ends, and the exact moment in the zone of the reader."""
    return deadlines.deadline_words(deadline, zone, page_language(), page_zone())


def deadline_line(cycle: Cycle, deadline: datetime) -> str:
    """How the deadline of a round, or a State's own, stands now: what the frame of a page says."""
    now = utc_now()
    if cycle.closed_at is not None:
        return str(_("The round of reporting is closed"))
    if cycle.opens_at > now:
        return str(_("Opens on %(day)s", day=format_date(cycle.opens_at.date(), page_language())))
    if deadline < now:
        return str(_("The deadline has passed; work goes on and is marked late"))
    days = deadlines.days_left(deadline, cycle.deadline_zone)
    return str(ngettext("%(num)d day left", "%(num)d days left", days) if days else _("The deadline is today"))
