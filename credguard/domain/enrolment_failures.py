"""Why an enrolment ends or rests, in words."""

from __future__ import annotations

from credguard.domain.enrolment_guide import way
from credguard.domain.enrolment_state import MOST_DEVICES, State
from credguard.domain.machine import Failure
from credguard.domain.text import Text, text


def is_security_key(serial: str) -> bool:
    """FIDO devices have `:u2f/` in their serial."""
    return ":u2f/" in serial


def too_many(state: State) -> Failure:
    return Failure(
        "too-many-devices",
        text("{user} has {n} MFA devices, and AWS allows no more.", user=state.user, n=MOST_DEVICES),
        text("Remove one that nobody needs: credguard mfa remove NAME --device SERIAL"),
    )


def no_code(state: State) -> Failure:
    """A device is on, and no code of it is here to prove it with."""
    if state.present and all(is_security_key(serial) for serial in state.present):
        return Failure(
            "security-key-only",
            text("{user} has a security key only, and AWS makes no session with it.", user=state.user),
            way("device", state.user),
        )
    if state.purpose == "remove":
        return Failure(
            "mfa-needed",
            text("AWS takes no device away without a code of one of them, and none is here."),
            way("remove", state.user),
        )
    return Failure(
        "mfa-needed",
        text(
            "{user} has a device already. AWS takes another one only with a code of it, and it is not here.",
            user=state.user,
        ),
        text("Add its code first (credguard totp add), or do it there. {way}", way=way("device", state.user)),
    )


def pair_refused() -> Failure:
    return Failure(
        "pair-refused",
        text("AWS refused the two codes that should turn the device on."),
        text("Check the clock of this computer (switch on automatic time), then try again."),
    )


def late(state: State) -> Failure:
    return Failure(
        "device-late",
        text("The device {name} is on, and AWS does not take its codes everywhere yet.", name=state.name),
        text("Go on in three minutes: credguard mfa enrol --resume"),
        retry=True,
    )


def no_answer() -> Failure:
    return Failure(
        "answer-lost",
        text("AWS’s answers were lost three times."),
        text("See to the connection, then: credguard mfa enrol --resume"),
        retry=True,
    )


def no_name(state: State) -> Failure:
    return Failure(
        "name-taken",
        text("A device with this name exists already in the account."),
        text("Choose another name: credguard mfa enrol NAME --device-name NEW"),
    )


def not_removed(state: State, why: Failure, sure: bool) -> Failure:
    """AWS does not let us take the device away: it stays on (or, not `sure`, may be), and its code stays."""
    what = (
        text("The device {name} stays on. {why}", name=state.name, why=why.what)
        if sure
        else text("The device {name} may still be on. {why}", name=state.name, why=why.what)
    )
    return Failure(
        "device-not-removed",
        what,
        way("remove", state.user),
    )


def gone(state: State) -> Failure:
    return Failure(
        "no-such-device",
        text("{user} has no device {name}.", user=state.user, name=state.name),
        text("See them: credguard mfa list NAME"),
    )


def left_behind(state: State) -> Text | None:
    """Which unassigned devices stay in IAM, and what to do about them; None where there are none."""
    if state.left:
        return text(
            "Left in IAM, assigned to nobody: {names}. Nobody can use it; whoever may delete MFA devices can"
            " delete it.",
            names=", ".join(state.left),
        )
    if state.perhaps:
        return text(
            "Perhaps left in IAM, assigned to nobody: {names}. This key may not look, or delete it.",
            names=", ".join(state.perhaps),
        )
    return None
