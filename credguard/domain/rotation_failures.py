"""Why a rotation ends or rests, in words."""

from __future__ import annotations

from credguard.domain.keys import age_days
from credguard.domain.machine import Failure
from credguard.domain.rotation_state import SeenKey, State
from credguard.domain.text import Text, plural, text


def facts(key: SeenKey, now: float) -> Text:
    """`AKIA… (411 days old, last used 260 days ago)`."""
    age = plural(age_days(key.created, now), "{count} day old", "{count} days old")
    if key.last_used is not None:
        days = age_days(key.last_used, now)
        use = (
            text("used today")
            if days == 0
            else plural(days, "last used {count} day ago", "last used {count} days ago")
        )
    elif key.used is None:
        use = text("its last use may not be asked")
    else:
        use = text("never used")
    off = text("") if key.active else text(", turned off")
    return text("{key} ({age}, {use}{off})", key=key.access_key_id, age=age, use=use, off=off)


def two_keys(state: State) -> Failure:
    """Nothing is deleted unasked: both keys, and what to do."""
    keys = [key for key in (state.own, *state.others) if key is not None]
    both: Text = text("")
    for number, key in enumerate(keys):
        one = facts(key, state.looked_at)
        both = text("{before} and {one}", before=both, one=one) if number else one
    served = tuple(name for key in state.others for name in key.profiles)
    if served:
        way = text(
            "Both serve profiles here. Let {names} use one key, then try again.", names=", ".join(served)
        )
    else:
        way = text(
            "Delete the one nobody needs on the AWS website, or run this in a terminal and choose it there."
        )
    return Failure("two-keys", text("{user} already has two keys: {both}.", user=state.user, both=both), way)


def gone(state: State) -> Failure:
    return Failure(
        "key-gone",
        text("{key} is not among the keys of {user} any more.", key=state.old_key, user=state.user),
        text("It was deleted elsewhere. Import the present key: credguard import"),
    )


def old_gone(state: State) -> Failure:
    return Failure(
        "old-key-gone",
        text("{key} was deleted, so there is no way back to it.", key=state.old_key),
        text("Nothing needs to be done. A new rotation makes a new key: credguard rotate NAME"),
    )


def on_again(key: str) -> Failure:
    return Failure(
        "old-key-on-again",
        text("The old key {key} was turned on again meanwhile, so it was not deleted.", key=key),
        text(
            "Whoever needs it can go on. Turn it off on the AWS website, then: credguard rotate --resume."
            " Or go back to it: credguard rotate --undo NAME"
        ),
    )


def in_use(key: str, profiles: tuple[str, ...]) -> Failure:
    return Failure(
        "key-in-use",
        text("{names} would stop working: served with {key} since.", names=", ".join(profiles), key=key),
        text("Go on with: credguard rotate --resume"),
        retry=True,
    )


def in_plaintext(key: str, profiles: tuple[str, ...]) -> Failure:
    names = ", ".join(profiles)
    return Failure(
        "key-in-plaintext",
        text("{key} would stop working, and {names} still has it in plaintext.", key=key, names=names),
        text("Move it in first: credguard import. Then do the same again."),
    )


def import_unfinished() -> Failure:
    return Failure(
        "import-unfinished",
        text("An import of this key was interrupted and is not finished."),
        text("Finish it first: credguard import. Then do the same again."),
    )


def somebody_else(key: str) -> Failure:
    return Failure(
        "unknown-key",
        text("A new key, {key}, appeared meanwhile that CredGuard did not make.", key=key),
        text("Somebody else made it. Look at the user’s keys on the AWS website, then try again."),
    )


def not_deleted(key: str, why: Failure) -> Failure:
    """A key that nobody needs stays behind, because AWS refuses to delete it."""
    return Failure(
        "not-deleted",
        text("The new key {key} could not be deleted. {why}", key=key, why=why.what),
        text("Delete it on the AWS website: nothing uses it."),
    )


def refused() -> Failure:
    return Failure(
        "new-key-refused",
        text("AWS did not accept the new key within a minute."),
        text("The new key was taken back. Try again later."),
        retry=True,
    )


def old_refused() -> Failure:
    return Failure(
        "old-key-refused",
        text("AWS does not accept the old key again yet."),
        text("Try again in a few minutes: credguard rotate --resume"),
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
