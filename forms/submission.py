"""The forms of clearance: declaration, visibility, reopening."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length


class DeclarationForm(FlaskForm):  # type: ignore[misc]
    """Who clears the response, and that it may be cleared."""

    name = StringField(
        _l("Your name"), [InputRequired(_l("Enter your name, as it should stand on the receipt.")), Length(max=200)]
    )
    title = StringField(
        _l("Your title and office"),
        [InputRequired(_l("Enter your title and office, as they should stand on the receipt.")), Length(max=200)],
    )
    declared = BooleanField(
        _l("I am the focal point of this State, and the response is cleared for submission."),
        [InputRequired(_l("Confirm that the response is cleared. Only the focal point can do this."))],
        description=_l(
            "The response holds no personal data of victims: figures only, and no case from which a person could be recognized."
        ),
    )
    anyway_reason = TextAreaField(_l("Submit anyway because"), [Length(max=5000)])


class ReopeningForm(FlaskForm):  # type: ignore[misc]
    """Why the State asks for its response back."""

    reason = TextAreaField(
        _l("What should be changed?"),
        [InputRequired(_l("Say in a sentence what should be changed.")), Length(max=5000)],
    )


class ReceiptCheckForm(FlaskForm):  # type: ignore[misc]
    """A copy of a receipt file to be checked."""

    copy = TextAreaField(_l("Contents of the receipt file"), [Length(max=5_000_000)])
