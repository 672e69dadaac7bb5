"""What a deadline is in words and in days: the one place for pages and mails, of officers and of States alike."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from languages import format_date, format_moment, translator
from models.base import utc_now
from services.opening import DEADLINE_ZONE


def last_day(deadline: datetime, zone: str) -> date:
    """The day that ends with a deadline, in the zone it was set in."""
    return deadline.astimezone(ZoneInfo(zone)).date()


def days_left(deadline: datetime, zone: str) -> int:
    """Days from today to the last day, both in the zone of the deadline, so that every reader counts the same."""
    return (last_day(deadline, zone) - last_day(utc_now(), zone)).days


def deadline_words(deadline: datetime, zone: str, language: str, reader_zone: str) -> str:
    """The day that ends with a deadline and where it ends, then the exact moment in the zone of the reader."""
    _ = translator(language).gettext
    day = format_date(last_day(deadline, zone), language)
    if zone == DEADLINE_ZONE:
        words = _("%(day)s, end of the day everywhere (UTC−12)") % {"day": day}
    else:
        words = _("%(day)s, end of the day (%(zone)s)") % {"day": day, "zone": zone}
    if zone == reader_zone:
        return words
    moment = format_moment(deadline, language, reader_zone)
    return _("%(deadline)s, that is %(moment)s") % {"deadline": words, "moment": moment}
