"""The form of an export: who the file is for, its language, filters and recipient, and the name to save them under."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateTimeLocalField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms.validators import Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from forms.base import TrackerForm, one_line

LONGEST_RECIPIENT, LONGEST_NAME = 200, 100


class BoxesField(SelectMultipleField):
    """Several choices, each a box to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class MomentField(DateTimeLocalField):
    """A moment in UTC. What cannot be read is told in words and shown again as typed."""

    def __init__(self, label: Any, **given: Any) -> None:
        formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
        super().__init__(label, [Optional()], format=formats, **given)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was posted."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            self.data = None
            raise ValueError(_l("Enter the moment as year-month-day and time, for example 2026-06-30 14:00.")) from None


class ExportForm(TrackerForm):
    """What one export is asked for. The choices are given by whoever makes the form: they depend on the round."""

    preset = RadioField(_l("Who the file is for"))
    state = SelectField(_l("Only this State"), description=_l("Needed for reviewers and for a State’s own copy."))
    report = RadioField(_l("What it is about"))
    file_format = RadioField(_l("Kind of file"))
    language = SelectField(
        _l("Language of headings and lists"),
        description=_l(
            "What States wrote stays in the language in which they wrote it. In Arabic the sheets run from right to left."
        ),
    )
    recipient = StringField(
        _l("Recipient"), [Length(max=LONGEST_RECIPIENT)], [one_line],
        description=_l("Stands on the cover and is kept on record."),
    )  # fmt: skip
    regions = BoxesField(_l("Only these regional groups"), description=_l("None chosen: all."))
    states = BoxesField(_l("Only these States"), description=_l("None chosen: all."))
    questions = BoxesField(_l("Only these paragraphs"), description=_l("None chosen: all."))
    as_at = MomentField(
        _l("Submissions up to (UTC)"),
        description=_l("Empty for the newest. What a State has closed since is left out."),
    )
    name = StringField(
        _l("Name"), [Length(max=LONGEST_NAME)], [one_line],
        description=_l("What you saved under the same name before is replaced."),
    )  # fmt: skip
    shared = BooleanField(_l("The other officers may use it too"))

    @property
    def chosen_states(self) -> tuple[str, ...]:
        """The States of both controls, each once."""
        one = [self.state.data] if self.state.data else []
        return tuple(dict.fromkeys([*one, *(self.states.data or [])]))

    @property
    def moment(self) -> datetime | None:
        """The moment up to which submissions count, in UTC."""
        return self.as_at.data.replace(tzinfo=UTC) if self.as_at.data else None
