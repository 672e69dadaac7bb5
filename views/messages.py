"""What the account library says, in our words: its own catalogues leave much of Arabic, Chinese and Russian untranslated."""

from __future__ import annotations


def N_(message: str) -> str:
    """Mark a text for translation; the library looks it up in our catalogue when it is shown."""
    return message


MESSAGES: dict[str, tuple[str, str]] = {
    "API_ERROR": (N_("The server could not read this step. Start it again."), "error"),
    "GENERIC_AUTHN_FAILED": (
        N_(
            "The address and the passphrase do not go together, or there were too many wrong tries. Check both; "
            "after several wrong tries wait 15 minutes."
        ),
        "error",
    ),
    "UNAUTHORIZED": (N_("You cannot open this page."), "error"),
    "UNAUTHENTICATED": (N_("Sign in to continue."), "info"),
    "REAUTHENTICATION_REQUIRED": (
        N_("Enter your passphrase once more to go on: this changes how you sign in."),
        "info",
    ),
    "RETYPE_PASSWORD_MISMATCH": (N_("The two passphrases differ. Enter the same one twice."), "error"),
    "INVALID_REDIRECT": (N_("The address to go on to is not one of this site."), "error"),
    "INVALID_RECOVERY_CODE": (N_("This is not one of your recovery codes, or it was used already."), "error"),
    "NO_RECOVERY_CODES_SETUP": (N_("You have no recovery codes yet."), "info"),
    "PASSWORD_RESET_REQUEST": (
        N_("If there is an account for %(email)s, a link for a new passphrase is on its way. It works for 30 minutes."),
        "info",
    ),
    "PASSWORD_RESET_EXPIRED": (N_("The link for a new passphrase is too old. Ask for another."), "error"),
    "INVALID_RESET_PASSWORD_TOKEN": (
        N_("The link for a new passphrase does not work: it was used already, or it is incomplete. Ask for another."),
        "error",
    ),
    "DISABLED_ACCOUNT": (N_("This account was ended."), "error"),
    "EMAIL_NOT_PROVIDED": (N_("Enter your e-mail address."), "error"),
    "INVALID_EMAIL_ADDRESS": (N_("This is not an e-mail address. It looks like name@ministry.example."), "error"),
    "INVALID_INPUT": (N_("This cannot be read."), "error"),
    "INVALID_INPUT_LENGTH": (N_("Use at most %(length)s characters."), "error"),
    "PASSWORD_NOT_PROVIDED": (N_("Enter your passphrase."), "error"),
    "USER_DOES_NOT_EXIST": (N_("There is no such account."), "error"),
    "INVALID_PASSWORD": (N_("This is not your passphrase."), "error"),
    "PASSWORD_RESET_NO_LOGIN": (N_("Your new passphrase is set. Sign in with it."), "success"),
    "PASSWORD_IS_THE_SAME": (N_("This is your present passphrase. Choose another."), "error"),
    "PASSWORD_CHANGE": (N_("Your passphrase is changed. All other sessions are signed out."), "success"),
    "REAUTHENTICATION_SUCCESSFUL": (N_("Thank you. Go on."), "success"),
    "TWO_FACTOR_INVALID_TOKEN": (
        N_(
            "This code is not right, or it was used already. Wait for the next one; check that the clock of the device is "
            "right."
        ),
        "error",
    ),
    "TWO_FACTOR_LOGIN_SUCCESSFUL": (N_("You are signed in."), "success"),
    "TWO_FACTOR_CHANGE_METHOD_SUCCESSFUL": (N_("Your authenticator is set up."), "success"),
    "TWO_FACTOR_PERMISSION_DENIED": (N_("This sign-in took too long. Start again."), "error"),
    "TWO_FACTOR_METHOD_NOT_AVAILABLE": (N_("Your role needs a second factor; it cannot be switched off."), "error"),
    "TWO_FACTOR_DISABLED": (N_("Your authenticator is switched off."), "success"),
    "TWO_FACTOR_SETUP_EXPIRED": (N_("Setting up took too long. Start again."), "error"),
    "WEBAUTHN_EXPIRED": (N_("This took too long. Start again."), "error"),
    "WEBAUTHN_NAME_REQUIRED": (N_("Give the passkey a name, such as “office laptop”."), "error"),
    "WEBAUTHN_NAME_INUSE": (N_("You have a passkey named %(name)s already."), "error"),
    "WEBAUTHN_NAME_NOT_FOUND": (N_("You have no passkey named %(name)s."), "error"),
    "WEBAUTHN_NAME_DISALLOWED_CHARACTERS": (N_("This cannot be read."), "error"),
    "WEBAUTHN_CREDENTIAL_DELETED": (N_("The passkey %(name)s is removed."), "success"),
    "WEBAUTHN_REGISTER_SUCCESSFUL": (N_("The passkey %(name)s is added."), "success"),
    "WEBAUTHN_CREDENTIAL_ID_INUSE": (N_("This passkey is added already."), "error"),
    "WEBAUTHN_UNKNOWN_CREDENTIAL_ID": (
        N_("This passkey does not sign in here. Use another, or your passphrase."),
        "error",
    ),
    "WEBAUTHN_ORPHAN_CREDENTIAL_ID": (
        N_("This passkey does not sign in here. Use another, or your passphrase."),
        "error",
    ),
    "WEBAUTHN_NO_VERIFY": (N_("The passkey could not be checked. Try again, or use your passphrase."), "error"),
    "WEBAUTHN_CREDENTIAL_WRONG_USAGE": (
        N_("This passkey does not sign in here. Use another, or your passphrase."),
        "error",
    ),
    "WEBAUTHN_MISMATCH_USER_HANDLE": (N_("This passkey belongs to another account."), "error"),
}
"""By the library's key: the sentence and the kind of notice."""
