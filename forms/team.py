"""The forms of delegation: to whom, until when and with what note; and sending back."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, TextAreaField
from wtforms.validators import Length, Optional

from forms.account import LONGEST_REASON
from forms.base import Filled, TrackerForm, plain_text
from forms.secretariat import DayField

LONGEST_NOTE = 2000

_TOO_LONG = _l("Use at most 2,000 characters.")


class AssignForm(TrackerForm):
    """Work for a colleague. The view gives the colleagues as choices."""

    person = SelectField(_l("Person"), [Filled(_l("Choose a person."))], validate_choice=False)
    due = DayField(_l("Due on"), [Optional()])
    note = TextAreaField(
        _l("Note"), [Length(max=LONGEST_NOTE, message=_TOO_LONG)], filters=[plain_text],
        description=_l("The person reads it in the mail and on the work list."),
    )  # fmt: skip


class SendBackForm(TrackerForm):
    """Why something is sent back."""

    reason = TextAreaField(
        _l("Reason"),
        [
            Filled(_l("Say what should be changed, in a sentence.")),
            Length(max=LONGEST_REASON, message=_TOO_LONG),
        ],
        filters=[plain_text],
        description=_l("The person reads it in a mail and on the work list."),
    )
