"""What the secretariat's pages share: the blueprint, the frame of a round, and the words for codes."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Blueprint, flash, g, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlmodel import Session

from languages import LANGUAGE_NAMES
from models.base import utc_now
from models.cycles import Cycle
from models.people import User
from models.queries import list_cycles
from models.states import REGIONS
from services.cycles import find_cycle
from services.deadlines import last_day
from services.instruments import get_instrument
from services.party_status import party_words
from services.secretariat import FLAGS, STAGES, Filter
from views.context import tracker
from views.deadlines import deadline_line, deadline_words

secretariat = Blueprint("secretariat", __name__, url_prefix="/secretariat")


def language() -> str:
    """The language of this page."""
    return str(get_locale() or "en")[:2]


def region_names() -> dict[str, str]:
    """The regional groups of the United Nations, in their fixed order."""
    return dict(zip(REGIONS, (
        _("African States"), _("Asia-Pacific States"), _("Eastern European States"),
        _("Latin American and Caribbean States"), _("Western European and other States"), _("Outside the regional groups"),
    ), strict=True))  # fmt: skip


def short_region_names() -> dict[str, str]:
    """The regional groups, short enough for the head of a column."""
    return dict(zip(REGIONS, (
        _("African"), _("Asia-Pacific"), _("Eastern European"), _("Latin American and Caribbean"),
        _("Western European and other"), _("Outside the groups"),
    ), strict=True))  # fmt: skip


def stage_names() -> dict[str, str]:
    """Where a response can stand."""
    words = (
        _("Not started"), _("In progress"), _("Ready to be cleared"), _("Returned"), _("Open again at its request"), _("Submitted"),
    )  # fmt: skip
    return dict(zip(STAGES, words, strict=True))


def flag_names() -> dict[str, str]:
    """What can be true beside it."""
    words = (_("Late"), _("Reopening requested"), _("Deadline extended"), _("Without a focal point"))
    return dict(zip(FLAGS, words, strict=True))


def focal_point_names() -> dict[str, str]:
    """How far a State is with its focal point."""
    return {
        "active": _("Has a focal point"), "invited": _("Focal point invited"), "expired": _("Invitation expired"),
        "none": _("Nobody invited"),
    }  # fmt: skip


def party_names() -> dict[str, str]:
    """The party status of a State."""
    return party_words(language())


def kind_names() -> dict[str, str]:
    """What a reporting State is."""
    return {
        "member_state": _("Member State"), "observer_state": _("Observer State"), "other_state": _("Other State"),
        "reio": _("Regional economic integration organization"),
    }  # fmt: skip


def language_name(code: str) -> str:
    """A language by its own name; what is outside the six is said in the language of the page."""
    return LANGUAGE_NAMES.get(code) or _("another language")


def flash_told(person: User | None) -> None:
    """Say who learns of what was just done: by mail, through the officer, or nobody. `person`: the one whom the mail is for."""
    if person is None:
        flash(_("Nobody is told: the State has no focal point with an account in use."), "warning")
    elif tracker().settings.mail_host:
        flash(_("A mail to %(name)s is on its way.", name=person.name or person.email), "info")
    else:
        flash(
            _("No mail server is set, so %(name)s is not told yet. The text stands under Notices: send it by hand.",
              name=person.name or person.email), "warning",
        )  # fmt: skip


class Tab(NamedTuple):
    """One page of a round."""

    url: str
    text: str
    is_current: bool


def cycle_tabs(cycle: Cycle, current: str) -> list[Tab]:
    """The pages of a round."""
    entries: list[tuple[str, str, dict[str, Any]]] = [
        ("secretariat.dashboard", _("Where States stand"), {"cycle": cycle.id}),
        ("secretariat.questions", _("Paragraphs"), {"cycle_id": cycle.id}),
        ("secretariat.people", _("Focal points"), {"cycle_id": cycle.id}),
        ("secretariat.remind", _("Reminders"), {"cycle_id": cycle.id}),
        ("secretariat.edit_cycle", _("Dates and closing"), {"cycle_id": cycle.id}),
        ("downloads.export_page", _("Export"), {"cycle_id": cycle.id}),
    ]
    return [Tab(url_for(endpoint, **values), text, endpoint == current) for endpoint, text, values in entries]


def cycle_frame(cycle: Cycle, current: str = "") -> dict[str, Any]:
    """What every page of a round shows around its content."""
    g.cycle_id = cycle.id  # the main navigation stays in the round
    return {
        "cycle": cycle, "has_opened": cycle.opens_at <= utc_now(), "tabs": cycle_tabs(cycle, current or str(request.endpoint)),
        "context_line": (_("Secretariat"), cycle.title),
        "deadline_line": deadline_line(cycle, cycle.deadline), "deadline_words": deadline_words, "regions": region_names(),
        "stages": stage_names(), "flags": flag_names(), "focal_point_words": focal_point_names(), "language_name": language_name, "last_day": last_day,
    }  # fmt: skip


def instrument_frame(db: Session, cycle: Cycle) -> dict[str, Any]:
    """The questionnaire of a round and its texts in the language of the page."""
    instrument = get_instrument(db, cycle.instrument_version_id)
    return {"instrument": instrument, "texts": instrument.texts_in(language())}


def chosen_cycle(db: Session) -> Cycle | None:
    """The round that the address names, else the newest that is running, else the newest; None before the first.

    Raises NotFound.
    """
    if wanted := request.args.get("cycle", ""):
        return find_cycle(db, wanted)
    cycles, now = list_cycles(db), utc_now()
    running = (cycle for cycle in cycles if cycle.closed_at is None and cycle.opens_at <= now)
    return next(running, cycles[0] if cycles else None)


def page_number() -> int:
    """The number of the page that the address names; 1 for what is no number."""
    given = request.args.get("page", "")
    return int(given) if given.isdecimal() and len(given) < 5 else 1


def read_filter() -> Filter:
    """The filter in the address; values that are not known restrict nothing."""
    given = request.args

    def known(name: str, codes: tuple[str, ...]) -> str:
        value = given.get(name, "")
        return value if value in codes else ""

    return Filter(
        words=given.get("q", "")[:100], region=known("region", REGIONS), stage=known("stage", STAGES),
        flag=known("flag", FLAGS),
    )  # fmt: skip


def questionnaire_name(db: Session, instrument_version_id: str) -> str:
    """A published questionnaire by its short title and version."""
    instrument = get_instrument(db, instrument_version_id)
    title = instrument.texts_in(language())("instrument.short_title")
    return str(_("%(title)s, version %(version)s", title=title, version=instrument.version))


def page_errors(form: Any) -> list[tuple[str, str]]:
    """(id of the control, sentence) for the error summary."""
    return [(form[name].id, str(message)) for name, messages in form.errors.items() if name for message in messages]
