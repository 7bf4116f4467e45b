"""What no API can do: the steps on the AWS website, for root and for security keys. Source: the IAM guide."""

from __future__ import annotations

from typing import Literal, TypeAlias

from credguard.domain.text import Text, text

Kind: TypeAlias = Literal["root", "security-key", "device", "remove"]


def guide(kind: Kind, user: str = "") -> tuple[Text, ...]:
    """The steps, one sentence each, in their order."""
    if kind == "root":
        return (
            text("Sign in to the AWS website as root, with the e-mail address of the account."),
            text("Open the menu with the account’s name (top right) → Security credentials."),
            text("Multi-factor authentication (MFA) → Assign MFA device."),
            text("Choose Passkey or security key, or Authenticator app, and follow the page."),
            text("Authenticator app: let it show the QR code, then run: credguard totp add --qr FILE"),
        )
    path = text("IAM → Users → {user} → Security credentials → Assign MFA device", user=user)
    if kind == "remove":
        path = text("IAM → Users → {user} → Security credentials → Multi-factor authentication", user=user)
        return (
            text("Sign in to the AWS website with the device."),
            text("Open {path}.", path=path),
            text("Choose the device → Remove."),
        )
    if kind == "security-key":
        return (
            text("Sign in to the AWS website as {user}, or as an administrator.", user=user),
            text("Open {path}.", path=path),
            text("Choose Passkey or security key, and touch the key when the page asks."),
            text("It guards the website. AWS makes no session for programs with it: keep a code besides."),
        )
    return (
        text("Sign in to the AWS website as {user}, with the device that is on.", user=user),
        text("Open {path}.", path=path),
        text("Choose Authenticator app, let the page show the QR code."),
        text("Run: credguard totp add --qr FILE, and type the two codes it shows into the page."),
    )


def way(kind: Kind, user: str = "") -> Text:
    """The same in one sentence, for the end of an error."""
    if kind == "root":
        return text(
            "Sign in to the AWS website as root → account name (top right) → Security credentials"
            " → Assign MFA device."
        )
    if kind == "remove":
        return text(
            "On the AWS website: IAM → Users → {user} → Security credentials → Multi-factor authentication"
            " → Remove.",
            user=user,
        )
    return text(
        "On the AWS website: IAM → Users → {user} → Security credentials → Assign MFA device.", user=user
    )
