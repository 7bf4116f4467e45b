"""What goes wrong with a security key, in sentences. The codes are those of CTAP 2.1."""

from __future__ import annotations

from credguard.domain.errors import CredGuardError
from credguard.domain.text import text

_SAFE = text("Nothing was changed.")


def translate(error: Exception | None, cancelled: bool, enrolling: bool = False) -> CredGuardError:
    """An exception of the library or the system as an error of ours; None = no touch came."""
    code = _code(error)
    if error is None or code in {"KEEPALIVE_CANCEL", "ACTION_TIMEOUT", "USER_ACTION_TIMEOUT", "TIMEOUT"}:
        return _cancelled() if cancelled else _untouched()
    if code == "CREDENTIAL_EXCLUDED" or (enrolling and code == "DEVICE_INELIGIBLE"):
        return CredGuardError(
            "key-known",
            text("This security key opens the vault already."),
            text("Plug in another one. Nothing was changed."),
        )
    if code in {"NO_CREDENTIALS", "DEVICE_INELIGIBLE"}:
        from credguard.vault.sealed.credentials import foreign_key

        return foreign_key()
    if code in {"PIN_INVALID", "UV_INVALID"}:
        return CredGuardError(
            "pin-wrong",
            text("That is not the PIN of this security key."),
            text("Type it once more. After eight wrong ones the key locks for good."),
            retry=True,
        )
    if code == "PIN_AUTH_BLOCKED":
        return CredGuardError(
            "pin-paused",
            text("Three wrong PINs in a row: the key takes no more until it is plugged in again."),
            text("Take the key out and put it back, then try again. Nothing was changed."),
            retry=True,
        )
    if code in {"PIN_BLOCKED", "UV_BLOCKED"}:
        return CredGuardError(
            "pin-blocked",
            text("This security key is locked for good: it would have to be reset, which erases it."),
            text("Use another security key or the recovery code, then remove this one from the vault."),
        )
    if code == "PIN_REQUIRED":
        return CredGuardError(
            "pin-needed",
            text("This security key wants its PIN."),
            text("Type the PIN of the key. Nothing was changed."),
            retry=True,
        )
    if isinstance(error, PermissionError):
        return not_accessible()
    if isinstance(error, OSError):
        return CredGuardError(
            "security-key-gone",
            text("The security key was pulled out, or stopped answering."),
            text("Plug it in and try again. Nothing was changed."),
            retry=True,
        )
    if code in {"UNSUPPORTED_OPTION", "UNSUPPORTED_ALGORITHM", "CONFIGURATION_UNSUPPORTED", "KEY_STORE_FULL"}:
        return cannot()
    return CredGuardError(
        "key-failed",
        text("The security key answered in a way that is not understood ({kind}).", kind=code),
        text("Try again, or use another key. Nothing was changed."),
        retry=True,
    )


def cannot() -> CredGuardError:
    """A key without the hmac-secret extension: U2F only, or old."""
    return CredGuardError(
        "key-cannot",
        text("This security key cannot open a vault: it is too old, or does not know “hmac-secret”."),
        text("Use a FIDO2 key that does; most made since 2019 do. Nothing was changed."),
    )


def nothing_plugged_in() -> CredGuardError:
    return CredGuardError(
        "no-security-key",
        text("No security key is plugged in."),
        text("Plug one in, then try again. Nothing was changed."),
        retry=True,
    )


def nobody_here() -> CredGuardError:
    """No terminal and no window: a blinking key would wait for nobody."""
    return CredGuardError(
        "key-nobody",
        text("There is nobody here to touch a security key."),
        text("Do it in a terminal, or use the passphrase. Nothing was changed."),
    )


def not_accessible() -> CredGuardError:
    """hidraw devices of the system that this user may not open."""
    return CredGuardError(
        "key-no-access",
        text("This computer does not let you talk to security keys."),
        text("Install the package libfido2-1 or libu2f-udev with its rules, then plug the key in again."),
    )


def _cancelled() -> CredGuardError:
    return CredGuardError(
        "key-cancelled", text("Called off."), text("Do the same again whenever you like."), _SAFE
    )


def _untouched() -> CredGuardError:
    return CredGuardError(
        "key-untouched",
        text("The security key was not touched in time."),
        text("Touch it while it blinks. Try again; nothing was changed."),
        retry=True,
    )


def _code(error: Exception | None) -> str:
    """The CTAP code's name where there is one, else the client's, else the exception's type."""
    if error is None:
        return ""
    if type(error).__name__ == "PinRequiredError":
        return "PIN_REQUIRED"
    cause = getattr(error, "cause", None)
    for one in (getattr(cause, "code", None), getattr(error, "code", None)):
        if one is not None and getattr(one, "name", None):
            return str(one.name)
    return type(error).__name__
