"""The form of a comment: its text, who reads it, and the colleagues to tell."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, TextAreaField, ValidationError

from forms.base import Filled, TrackerForm, one_line, plain_text
from forms.exports import BoxesField

LONGEST = 5000
"""Characters of one comment."""


class CommentForm(TrackerForm):
    """A comment or an answer to one. The view sets who may read it and who can be told."""

    text = TextAreaField(
        _l("Comment"),
        [Filled(_l("Write a comment first."))],
        filters=[plain_text],
        description=_l("Plain text, in any language. Do not write personal data of victims."),
    )
    audience = RadioField(_l("Who reads it"), validate_choice=False)
    tell = BoxesField(
        _l("Tell these colleagues"),
        validate_choice=False,
        description=_l("They are told in their next mail. You can also write @ and a colleague's whole name."),
    )
    thread = HiddenField(filters=[one_line])
    key = HiddenField(filters=[one_line])

    def validate_text(self, field: TextAreaField) -> None:
        """Refuse a text that is too long, and say by how much; the text stays in the form."""
        count = len(field.data or "")
        if count > LONGEST:
            raise ValidationError(
                _("Use at most %(limit)d characters. This has %(count)d.", limit=LONGEST, count=count)
            )
