"""Forms of a person's own account and of the people of a State."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    EmailField,
    HiddenField,
    PasswordField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than the stubs
from wtforms.validators import Length, Optional

from forms.base import Filled, TrackerForm, language_choices, one_line, plain_text, time_zone_choices
from forms.passphrases import normalize, passphrase_problem

LONGEST_NAME = 200
LONGEST_ADDRESS = 254
LONGEST_REASON = 2000


def _language_field() -> SelectField:
    return SelectField(
        _l("Language"),
        choices=language_choices(),
        description=_l("Of pages and of the mails you get."),
    )


def _time_zone_field() -> SelectField:
    return SelectField(
        _l("Time zone"),
        choices=time_zone_choices(),
        description=_l("Times are shown in this zone, with its name."),
    )


def _name_field() -> StringField:
    return StringField(
        _l("Name"),
        [Filled(_l("Enter your name.")), Length(max=LONGEST_NAME, message=_l("Use at most 200 characters."))],
        filters=[one_line],
        render_kw={"autocomplete": "name"},
    )


def _title_field() -> StringField:
    return StringField(
        _l("Title and office"),
        [Length(max=LONGEST_NAME, message=_l("Use at most 200 characters."))],
        filters=[one_line],
        render_kw={"autocomplete": "organization-title"},
        description=_l("For example: Director, Department of International Cooperation"),
    )


class ProfileForm(TrackerForm):
    """What a person says about themselves."""

    name = _name_field()
    title = _title_field()
    language = _language_field()
    time_zone = _time_zone_field()
    comment_digest = BooleanField(
        _l("Send me a mail when there are new comments for me"),
        description=_l("At most one a day. It says where to look and never what was written."),
    )


class AcceptInvitationForm(TrackerForm):
    """The account that an invitation makes. `context` holds what a passphrase must not consist of."""

    email = EmailField(
        _l("E-mail address"),
        [
            Filled(_l("Enter your e-mail address.")),
            Length(max=LONGEST_ADDRESS, message=_l("This address is too long.")),
        ],
        filters=[one_line],
        render_kw={"autocomplete": "username", "dir": "ltr"},
        description=_l("You sign in with it, and notices are sent to it."),
    )
    name = _name_field()
    title = _title_field()
    language = _language_field()
    time_zone = _time_zone_field()
    passphrase = PasswordField(
        _l("Passphrase"),
        [Filled(_l("Choose a passphrase."))],
        render_kw={"autocomplete": "new-password", "dir": "ltr"},
        description=_l("At least 14 characters, in any script. Several words are easier to remember than signs."),
    )
    passphrase_again = PasswordField(
        _l("Passphrase again"),
        [Filled(_l("Enter the passphrase a second time."))],
        render_kw={"autocomplete": "new-password", "dir": "ltr"},
    )
    context: tuple[str, ...] = ()

    def validate_passphrase(self, field: PasswordField) -> None:
        """Refuse what is short, long or easy to guess."""
        address = self.email.data if self.email else ""
        problem = passphrase_problem(field.data or "", (*self.context, self.name.data or "", address or ""))
        if problem:
            raise ValidationError(problem)

    def validate_passphrase_again(self, field: PasswordField) -> None:
        """Refuse a second entry that differs."""
        if normalize(field.data or "") != normalize(self.passphrase.data or ""):
            raise ValidationError(_("The two passphrases differ. Enter the same one twice."))


class ConfirmForm(TrackerForm):
    """A button and nothing else."""


class InviteOfficerForm(TrackerForm):
    """A person to be invited: address, name, language of the invitation."""

    email = EmailField(
        _l("E-mail address"),
        [
            Filled(_l("Enter the e-mail address of your colleague.")),
            Length(max=LONGEST_ADDRESS, message=_l("This address is too long.")),
        ],
        filters=[one_line],
        render_kw={"dir": "ltr", "autocomplete": "off"},
    )
    name = StringField(
        _l("Name"),
        [Optional(), Length(max=LONGEST_NAME, message=_l("Use at most 200 characters."))],
        filters=[one_line],
        render_kw={"autocomplete": "off"},
    )
    language = SelectField(_l("Language"), choices=language_choices(), description=_l("Of the invitation."))


class InviteForm(InviteOfficerForm):
    """A colleague whom the focal point brings in."""

    role = SelectField(
        _l("Role"),
        choices=[
            SelectChoice("contributor", _l("Contributor: reads and answers")),
            SelectChoice("observer", _l("Observer: reads only")),
        ],
    )


class ReasonForm(TrackerForm):
    """Why somebody's access is changed: it is put on record."""

    act = HiddenField()
    reason = TextAreaField(
        _l("Reason"),
        [
            Filled(_l("Say why, in a sentence. It is put on record.")),
            Length(max=LONGEST_REASON, message=_l("Use at most 2,000 characters.")),
        ],
        filters=[plain_text],
        description=_l("It is put on record, and the person concerned reads it."),
    )
