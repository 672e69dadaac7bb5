"""The forms of the secretariat: a round of reporting and its dates, extensions, party status, pasted lists, returns."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    DateField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than the stubs
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from forms.base import TrackerForm
from instruments.text_cleaning import clean_text

EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)
LONGEST_LIST = 500_000
"""Characters of a pasted list; a list of all States has some 30,000."""

_YEAR_RANGE = _l("Enter a day between 2000 and 2099.")


def one_line(text: str | None) -> str:
    """Typed text on one line, without control characters and spaces at the ends."""
    return " ".join(clean_text(text or "").split())


def cleaned(text: str | None) -> str:
    """Typed text without control characters and spaces at the ends."""
    return clean_text(text or "").strip()


def offer(field: Any, options: Iterable[tuple[str, str]]) -> None:
    """Give a field of choices its codes and their words."""
    field.choices = [SelectChoice(code, label=words) for code, words in options]


def _in_range(_form: Any, field: Any) -> None:
    if field.data is not None and not EARLIEST <= field.data <= LATEST:
        raise ValidationError(_YEAR_RANGE)


class DayField(DateField):
    """A day. What cannot be read is told in words and shown again as typed."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            self.data = None
            raise ValueError(_l("Enter the day as year-month-day, for example 2026-06-30.")) from None


class CycleForm(FlaskForm):  # type: ignore[misc]
    """A round of reporting. `instrument_version_id` is chosen once: it is left out when dates are changed later."""

    title = StringField(
        _l("Title"),
        [DataRequired(_l("Enter a title by which everybody knows the round.")), Length(max=200)],
        [one_line],
        description=_l("For example: First round, 2026–2027"),
    )
    instrument_version_id = SelectField(
        _l("Questionnaire"), description=_l("Published versions. The version of a round never changes.")
    )
    opens_on = DayField(
        _l("Opening"),
        [InputRequired(_l("Enter the day on which the round opens.")), _in_range],
        description=_l("Figures are asked for the four complete years before the year of this day."),
    )
    ends_on = DayField(
        _l("Last day for submission"), [InputRequired(_l("Enter the last day for submission.")), _in_range]
    )
    zone = SelectField(
        _l("Time zone of the last day"),
        description=_l("The deadline is the end of this day in the zone chosen: one instant, the same for everybody."),
    )

    def validate_ends_on(self, field: Any) -> None:
        """The last day comes after the opening."""
        if field.data and self.opens_on.data and field.data <= self.opens_on.data:
            raise ValidationError(_l("The last day comes after the opening."))

    @property
    def days(self) -> tuple[date, date]:
        """Opening and last day of a form without errors."""
        assert self.opens_on.data is not None and self.ends_on.data is not None
        return self.opens_on.data, self.ends_on.data


class ExtensionForm(FlaskForm):  # type: ignore[misc]
    """More time for one State; an empty day takes the extension back."""

    ends_on = DayField(
        _l("New last day for this State"), [Optional(), _in_range],
        description=_l("Leave it empty to take an extension back."),
    )  # fmt: skip
    reason = TextAreaField(
        _l("Reason"),
        [DataRequired(_l("Say in a sentence why. The focal point reads it.")), Length(max=2000)],
        [cleaned],
    )


class PartyStatusForm(FlaskForm):  # type: ignore[misc]
    """Whether a State is party to the Protocol, who says so, and when it was looked up."""

    status = RadioField(_l("Party to the Trafficking in Persons Protocol"))
    since = DayField(
        _l("Party since"), [Optional(), _in_range],
        description=_l("Date of entry into force for the State, where the source gives it."),
    )  # fmt: skip
    source = StringField(
        _l("Source"), [Length(max=500)], [one_line],
        description=_l("For example: the depositary’s list, with its address."),
    )  # fmt: skip
    source_date = DayField(
        _l("Date of the source"), [Optional(), _in_range], description=_l("The day on which the source said so.")
    )


class ListForm(FlaskForm):  # type: ignore[misc]
    """A list, pasted or uploaded. A file is read into the text, so that it can be corrected on the page."""

    text = TextAreaField(_l("List"), [Length(max=LONGEST_LIST)])
    file = FileField(_l("Or a file (CSV, UTF-8)"))


class DeclineForm(FlaskForm):  # type: ignore[misc]
    """Declining the request of a State to open its response again."""

    reason = TextAreaField(
        _l("Why the response is not opened again"),
        [DataRequired(_l("Give the reason. The State reads it.")), Length(max=5000)],
    )


class ReturnForm(FlaskForm):  # type: ignore[misc]
    """Giving a submitted response back to its State."""

    scope = RadioField(
        _l("What is returned"),
        choices=[
            SelectChoice("whole", label=_l("The whole response")),
            SelectChoice("questions", label=_l("Named questions")),
        ],
        default="whole",
    )
    questions = SelectMultipleField(_l("Questions"))
    reason = TextAreaField(
        _l("Reason"),
        [DataRequired(_l("Say what should be changed. The State reads it.")), Length(max=5000)],
        [cleaned],
        description=_l("Name what is missing or unclear. Do not write personal data of anybody."),
    )

    def validate_questions(self, field: Any) -> None:
        """At least one question where only some are returned."""
        if self.scope.data == "questions" and not field.data:
            raise ValidationError(_l("Choose the questions that are returned, or return the whole response."))


class EndAccountForm(TrackerForm):
    """Ending an account: with a reason, and a box that nobody ticks by accident."""

    reason = TextAreaField(
        _l("Reason"), [DataRequired(_l("Say why, in a sentence. It is put on record.")), Length(max=2000)], [cleaned],
        description=_l("It is put on record."),
    )  # fmt: skip
    sure = BooleanField(
        _l("End this account now"), [InputRequired(_l("Tick the box if the account is to be ended."))]
    )  # fmt: skip


class FocalPointForm(FlaskForm):  # type: ignore[misc]
    """The person who takes over as focal point of a State."""

    name = StringField(
        _l("Name of the person"), [DataRequired(_l("Enter the name of the person.")), Length(max=200)], [one_line]
    )
    email = StringField(
        _l("E-mail address"), [DataRequired(_l("Enter the e-mail address of the person.")), Length(max=254)], [one_line]
    )
    language = SelectField(_l("Language of the person"))
    reference = StringField(
        _l("Note verbale"), [DataRequired(_l("Enter the reference of the note verbale.")), Length(max=500)], [one_line],
        description=_l("Reference and date of the note that names the person."),
    )  # fmt: skip
