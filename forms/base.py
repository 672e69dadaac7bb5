"""What plain forms share: protection against forged posts, and text without control characters."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from flask_wtf import FlaskForm
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than the stubs
from wtforms.validators import InputRequired, StopValidation

from languages import LANGUAGE_NAMES


class TrackerForm(FlaskForm):  # type: ignore[misc]
    """A form of the application, with a CSRF token that lives as long as the session."""

    def error_list(self) -> list[tuple[str, str]]:
        """(id of the control, sentence) of every error, in the order of the fields, for the error summary."""
        return [(field.id, str(message)) for field in self for message in field.errors]


class Filled(InputRequired):
    """Something other than blanks was typed, after the filters of the field."""

    def __call__(self, form: Any, field: Any) -> None:
        """Raise StopValidation with the message of the field otherwise."""
        if not (field.data.strip() if isinstance(field.data, str) else field.data):
            field.errors = []
            raise StopValidation(self.message or "")


def one_line(text: Any) -> Any:
    """A filter: the text on one line, without control and formatting signs that are no part of a name."""
    if not isinstance(text, str):
        return text
    kept = "".join(sign if unicodedata.category(sign) not in {"Cc", "Cs", "Co"} else " " for sign in text)
    return " ".join(kept.split())


def plain_text(text: Any) -> Any:
    """A filter: the text with its line ends, without other control characters and without blanks around it."""
    if not isinstance(text, str):
        return text
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in lines if sign in "\n\t" or unicodedata.category(sign) not in {"Cc", "Cs"}).strip()


@lru_cache(maxsize=1)
def time_zones() -> tuple[str, ...]:
    """Names of IANA zones by place, UTC first."""
    regions = (
        "Africa/",
        "America/",
        "Antarctica/",
        "Asia/",
        "Atlantic/",
        "Australia/",
        "Europe/",
        "Indian/",
        "Pacific/",
    )
    return ("UTC", *sorted(name for name in available_timezones() if name.startswith(regions)))


def language_choices() -> list[SelectChoice]:
    """The six languages, each under its own name."""
    return [SelectChoice(code, name) for code, name in LANGUAGE_NAMES.items()]


def time_zone_choices() -> list[SelectChoice]:
    """The zones by place."""
    return [SelectChoice(zone, zone.replace("_", " ")) for zone in time_zones()]
