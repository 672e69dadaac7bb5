"""Forms of signing in: those of the account library, with our words. Fields that serve nothing here are taken out."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_security.forms import (
    ChangePasswordForm,
    EmailValidation,
    ForgotPasswordForm,
    LoginForm,
    ResetPasswordForm,
    TwoFactorRescueForm,
    TwoFactorSetupForm,
    TwoFactorVerifyCodeForm,
    VerifyForm,
    valid_user_email,
)
from flask_security.recovery_codes import MfRecoveryForm
from flask_security.webauthn import (
    WebAuthnDeleteForm,
    WebAuthnRegisterForm,
    WebAuthnSigninForm,
    WebAuthnSigninResponseForm,
)
from wtforms import EmailField, HiddenField, PasswordField, RadioField, StringField, ValidationError
from wtforms.validators import StopValidation

from forms.base import Filled, one_line
from forms.passphrases import normalize

LONGEST_POSTED = 2000
"""Characters of a posted passphrase that are looked at: hashing a megabyte would keep a processor busy for nothing."""


class _Short:
    """Refuse what no person types, before anything is computed from it."""

    def __call__(self, _form: Any, field: Any) -> None:
        if not isinstance(field.data, str) or len(field.data) > LONGEST_POSTED:
            raise StopValidation(_("Use at most 200 characters."))


def _email_field() -> EmailField:
    return EmailField(
        _l("E-mail address"),
        [Filled(_l("Enter your e-mail address.")), _Short(), EmailValidation(verify=False)],
        filters=[one_line],
        render_kw={"autocomplete": "username", "dir": "ltr"},
        description=_l("The address to which your invitation was sent."),
    )


def _current_passphrase(label: Any) -> PasswordField:
    return PasswordField(
        label,
        [Filled(_l("Enter your passphrase.")), _Short()],
        render_kw={"autocomplete": "current-password", "dir": "ltr"},
    )


def _new_passphrase(label: Any, hint: Any = "") -> PasswordField:
    return PasswordField(
        label,
        [Filled(_l("Choose a passphrase.")), _Short()],
        render_kw={"autocomplete": "new-password", "dir": "ltr"},
        description=hint,
    )


NEW_PASSPHRASE_HINT = _l("At least 14 characters, in any script. Several words are easier to remember than signs.")


class SignInForm(LoginForm):
    """Address and passphrase. `refusal` is replaced where accounts are known: it says whether the account may sign in now."""

    email = _email_field()
    password = _current_passphrase(_l("Passphrase"))
    remember = None  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.password.description = ""
        # Else the library goes on to the address of the sign-in page itself, written out in full.
        self.next.data = self.next.data or "/"


class ConfirmIdentityForm(VerifyForm):
    """The passphrase again, before something sensitive."""

    password = _current_passphrase(_l("Passphrase"))


class ForgotForm(ForgotPasswordForm):
    """The address to which a link for a new passphrase is sent."""

    email = EmailField(
        _l("E-mail address"),
        [Filled(_l("Enter your e-mail address.")), _Short(), EmailValidation(verify=False), valid_user_email],
        filters=[one_line],
        render_kw={"autocomplete": "username", "dir": "ltr"},
    )


class ResetForm(ResetPasswordForm):
    """A new passphrase, after a link."""

    password = _new_passphrase(_l("New passphrase"), NEW_PASSPHRASE_HINT)
    password_confirm = _new_passphrase(_l("New passphrase again"))

    def validate_password_confirm(self, field: PasswordField) -> None:
        """Refuse a second entry that differs."""
        _must_equal(field, self.password)


class ChangeForm(ChangePasswordForm):
    """A new passphrase, with the present one."""

    password = _current_passphrase(_l("Present passphrase"))
    new_password = _new_passphrase(_l("New passphrase"), NEW_PASSPHRASE_HINT)
    new_password_confirm = _new_passphrase(_l("New passphrase again"))

    def validate_new_password_confirm(self, field: PasswordField) -> None:
        """Refuse a second entry that differs."""
        _must_equal(field, self.new_password)


def _must_equal(field: PasswordField, other: PasswordField) -> None:
    if normalize(field.data or "") != normalize(other.data or ""):
        raise ValidationError(_("The two passphrases differ. Enter the same one twice."))


def _code_filter(text: Any) -> Any:
    """Blanks that an authenticator shows between the digits are taken out; digits of any script are read."""
    if not isinstance(text, str):
        return text
    return "".join(str(int(sign)) if sign.isdecimal() else sign for sign in text if not sign.isspace())


class CodeForm(TwoFactorVerifyCodeForm):
    """The six digits of the authenticator."""

    code = StringField(
        _l("Code of six digits"),
        [Filled(_l("Enter the code that your authenticator shows."))],
        filters=[_code_filter],
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric", "size": "10", "dir": "ltr"},
    )


class AuthenticatorForm(TwoFactorSetupForm):
    """Whether to set up an authenticator or to switch it off."""

    setup = HiddenField(default="authenticator")  # type: ignore[assignment]
    phone = HiddenField()  # type: ignore[assignment]


class RescueForm(TwoFactorRescueForm):
    """Nothing: the library makes one for the page of the code, which shows links instead."""

    help_setup = RadioField(choices=[])


class RecoveryForm(MfRecoveryForm):
    """One of the recovery codes."""

    code = StringField(
        _l("Recovery code"),
        [Filled(_l("Enter one of your recovery codes.")), _Short()],
        filters=[one_line],
        render_kw={"autocomplete": "off", "size": "24", "dir": "ltr", "spellcheck": "false"},
    )


class PasskeyForm(WebAuthnRegisterForm):
    """A name for a new passkey. Every passkey checks its owner, and so stands for passphrase and second factor together."""

    name = StringField(
        _l("Name of the passkey"),
        [Filled(_l("Give the passkey a name, such as “office laptop”.")), _Short()],
        filters=[one_line],
        render_kw={"autocomplete": "off"},
        description=_l("So that you recognize it later."),
    )
    usage = HiddenField(default="first")  # type: ignore[assignment]

    def validate(self, **kwargs: Any) -> bool:
        """There is one kind of passkey, whatever is posted."""
        self.usage.data = "first"
        return bool(super().validate(**kwargs))


class PasskeySignInForm(WebAuthnSigninForm):
    """The start of signing in with a passkey: nothing is typed, so nothing is told about accounts."""

    identity = HiddenField()
    remember = HiddenField()  # type: ignore[assignment]

    def validate(self, **kwargs: Any) -> bool:
        """No session outlives the browser's tab by wish."""
        self.identity.data = self.remember.data = ""
        return bool(super().validate(**kwargs))


class PasskeyAnswerForm(WebAuthnSigninResponseForm):
    """What the passkey answered."""

    def validate(self, **kwargs: Any) -> bool:
        """No session outlives the browser's tab by wish. An ended account is an error, which the library notes and passes over."""
        self.remember.data = ""
        return bool(super().validate(**kwargs)) and not self.credential.errors


class PasskeyRemovalForm(WebAuthnDeleteForm):
    """The passkey to remove."""

    name = HiddenField(id="delete-name")
