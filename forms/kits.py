"""The form that gives out an offline workbook: which questions, for whom, in which language, with or without answers."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than the stubs
from wtforms.validators import Length

from forms.base import Filled, TrackerForm, language_choices, one_line, plain_text
from forms.exports import BoxesField

LONGEST_RECIPIENT, LONGEST_NOTE = 200, 2000


class KitForm(TrackerForm):
    """What one workbook is to hold. The choices of sections and questions are given by whoever makes the form."""

    sections = BoxesField(_l("Whole sections"), description=_l("None chosen here or below: all paragraphs."))
    questions = BoxesField(_l("Single paragraphs"))
    recipient = StringField(
        _l("For whom"),
        [Filled(_l("Enter the ministry or the person who fills it in.")), Length(max=LONGEST_RECIPIENT)], [one_line],
        description=_l("A ministry, an office or a person. Stands on the first sheet and in the list."),
    )  # fmt: skip
    language = SelectField(
        _l("Language of the workbook"),
        description=_l("Answers may be written in any language. In Arabic the sheets run from right to left."),
    )
    prefilled = RadioField(
        _l("Answers given so far"),
        choices=[
            SelectChoice("yes", _l("Stand in the workbook, to be completed and corrected")),
            SelectChoice("no", _l("Are left out: an empty workbook")),
        ],
        default="yes",
    )  # fmt: skip
    note = TextAreaField(
        _l("Note to the recipient"), [Length(max=LONGEST_NOTE)], [plain_text],
        description=_l("Stands on the first sheet, for example until when you need it back."),
    )  # fmt: skip

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.language.choices = language_choices()
