"""What `credguard doctor` looks at: the store, the clock, the AWS files, the environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from credguard.domain import move_store
from credguard.domain.errors import CredGuardError
from credguard.domain.move_store import Move
from credguard.domain.text import Text, text
from credguard.profiles.read import read_aws_files
from credguard.profiles.shadowing import Shadow, shadows
from credguard.settings import Settings
from credguard.vault.keychain import probe
from credguard.vault.store import SecretStore
from credguard.workflows.vault_care import VaultCare


def examine(
    *,
    settings: Settings,
    open_store: Callable[[], SecretStore],
    config: str,
    credentials: str,
    environ: Mapping[str, str],
    helper: Sequence[str],
    offset: float | None,
    vault: VaultCare | None = None,
    unfinished: Move | None = None,
    mfa: Sequence[Text] = (),
) -> tuple[Shadow, ...]:
    """Everything found, what is in order too; nothing is changed."""
    return (
        *_store(settings, open_store),
        *_move(unfinished),
        *_mfa(mfa),
        *_vault(vault, bool(environ.get("CREDGUARD_PASSPHRASE_FILE"))),
        *_clock(offset),
        *_files(config, credentials, environ, helper),
    )


def _store(settings: Settings, open_store: Callable[[], SecretStore]) -> list[Shadow]:
    found = probe()
    result = []
    if found.ok:
        result.append(Shadow("keychain", True, text("{name} answers.", name=found.label)))
    else:
        pinned = settings.get("store") == "keychain"
        result.append(Shadow("keychain", not pinned, found.reason or text("No keychain answers here.")))
    try:
        store = open_store()
        store.check()
        if store.kind == "keychain":
            store.names()  # a list that was lost is made anew, and Activity says so
        if settings.is_set("store"):
            result.append(
                Shadow("store", True, text("Keys are in {name}, which can be read.", name=store.label))
            )
        else:
            result.append(
                Shadow("store", True, text("Nothing is stored yet; {name} would be used.", name=store.label))
            )
    except CredGuardError as error:
        result.append(Shadow("store", False, error.what, error.next))
    return result


def _move(state: Move | None) -> list[Shadow]:
    if state is None:
        return []
    return [
        Shadow(
            "store", False,
            text("{what}. {kept}", what=move_store.unfinished(state), kept=move_store.kept(state)),
            text("To go on: {command}", command=move_store.command(state)),
        )
    ]  # fmt: skip


def _mfa(unfinished: Sequence[Text]) -> list[Shadow]:
    return [
        Shadow(
            "mfa", False,
            text("{what}. Your keys work.", what=what),
            text("To go on: credguard mfa enrol --resume"),
        )
        for what in unfinished
    ]  # fmt: skip


def _vault(care: VaultCare | None, automated: bool) -> list[Shadow]:
    """What can be said of the sealed vault without opening it, and what was noticed when it was opened.

    Automation that names a passphrase file has nobody to write a recovery code down: said, no fault.
    """
    if care is None or not care.exists:
        return []
    try:
        state = care.state()
    except CredGuardError as error:
        return [Shadow("vault", False, error.what, error.next)]
    found = [
        Shadow("vault", False, notice, text("If you know why: credguard vault accept"))
        for notice in care.noticed()
    ]
    if state.without_recovery:
        found.append(
            Shadow(
                "vault", automated,
                text("No recovery code opens the {what} in the sealed vault.",
                     what=" and ".join(state.without_recovery)),
                text("Make one, on paper: credguard vault recovery"),
            )
        )  # fmt: skip
    if state.advice is not None:
        found.append(Shadow("vault", True, state.advice))
    if any(way.due for way in state.ways):
        found.append(
            Shadow(
                "vault", False,
                text("A way into the sealed vault was not tested for 180 days."),
                text("See which: credguard vault slots"),
            )
        )  # fmt: skip
    if not found:
        found.append(Shadow("vault", True, text("The sealed vault has a recovery code.")))
    return found


def _clock(offset: float | None) -> list[Shadow]:
    if offset is None:
        return []
    if abs(offset) <= 5:
        return [Shadow("clock", True, text("The clock of this computer is exact."))]
    return [
        Shadow(
            "clock",
            False,
            text("The clock of this computer is off by {n} seconds.", n=round(abs(offset))),
            text("Switch on automatic time."),
        )
    ]


def _files(
    config: str, credentials: str, environ: Mapping[str, str], helper: Sequence[str]
) -> tuple[Shadow, ...]:
    def is_ours(process: str) -> bool:
        return helper[-1] in process or "credguard" in process

    try:
        files = read_aws_files(config, credentials)
    except CredGuardError as error:
        return (Shadow("aws files", False, error.what, error.next),)
    return shadows(files, environ, is_ours)
