"""Why a rotation ends or rests, in words."""

from __future__ import annotations

from credguard.domain.machine import Failure
from credguard.domain.rotation_state import State
from credguard.domain.text import text


def two_keys(state: State) -> Failure:
    """Nothing is deleted unasked: both keys, and what to do."""
    other = state.others[0] if state.others else None
    named = other.access_key_id if other else ""
    use = (
        text("its last use may not be asked")
        if other is None or other.used is None
        else text("it was used")
        if other.used
        else text("it was never used")
    )
    return Failure(
        "two-keys",
        text(
            "{user} already has two keys; the other one is {other} ({use}).",
            user=state.user,
            other=named,
            use=use,
        ),
        text(
            "Delete the one nobody needs on the AWS website, or run this in a terminal and choose it there."
        ),
    )


def gone(state: State) -> Failure:
    return Failure(
        "key-gone",
        text("{key} is not among the keys of {user} any more.", key=state.old_key, user=state.user),
        text("It was deleted elsewhere. Import the present key: credguard import"),
    )


def somebody_else(key: str) -> Failure:
    return Failure(
        "unknown-key",
        text("A new key, {key}, appeared meanwhile and is in use elsewhere.", key=key),
        text("Somebody else made it. Look at the user’s keys on the AWS website, then try again."),
    )


def refused(state: State) -> Failure:
    return Failure(
        "new-key-refused",
        text("AWS did not accept the new key within a minute."),
        text("The new key was taken back. Try again later."),
        retry=True,
    )


def another_identity() -> Failure:
    return Failure(
        "another-identity",
        text("The new key belongs to another identity than the old one."),
        text("Nothing was switched. See: credguard doctor"),
    )


def no_answer() -> Failure:
    return Failure(
        "answer-lost",
        text("AWS’s answers were lost three times."),
        text("See to the connection, then: credguard rotate --resume"),
        retry=True,
    )
