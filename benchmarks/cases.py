"""What is measured: the window's first picture, the provider, the commands; each with its reference."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.measure import Case, Command
from benchmarks.places import World
from benchmarks.prepare import CODE, PROFILE, SECRET
from credguard.wire import places

_HERE = Path(__file__).resolve().parent
_CREDGUARD = str(Path(sys.executable).with_name("credguard"))
_WINDOW = (("painted", "first picture"), ("home", "Home with its facts"))


def cases(world: World) -> list[Case]:
    """Every case that can be measured here."""
    sealed = world.sealed()
    # Where there is no keychain, the same accounts in the only store there is.
    six = world.environ("six") if world.keyring else sealed
    return [*_windows(world, six), *_provider(world, six, sealed), *_commands(six)]


def fill(world: World) -> None:
    """Make the states that the cases look at. Raises Broken."""
    world.fill(world.sealed(), 6)
    if world.keyring:
        world.fill(world.environ("six"), 6)


def _windows(world: World, six: dict[str, str]) -> list[Case]:
    found = []
    platforms = [("offscreen", {"QT_QPA_PLATFORM": "offscreen"})]
    if world.display:
        platforms.append(("xcb", {"QT_QPA_PLATFORM": "xcb", "DISPLAY": world.display}))
    for platform, more in platforms:
        for state, environ in (("empty", world.environ("empty")), ("six", six)):
            accounts = "no accounts" if state == "empty" else "six accounts"
            found.append(
                Case(
                    f"window-{platform}-{state}",
                    Command((sys.executable, str(_HERE / "real_window.py")), environ | more),
                    "an empty PySide6 window",
                    Command((sys.executable, str(_HERE / "empty_window.py")), environ | more),
                    marks=tuple(
                        (mark, f"window, {platform}, {accounts}: {words}") for mark, words in _WINDOW
                    ),
                )
            )
    return found


def _provider(world: World, six: dict[str, str], sealed: dict[str, str]) -> list[Case]:
    against = "python -I -S -c pass"
    reference = Command((sys.executable, "-I", "-S", "-c", "pass"), six)
    line, command = tuple(places.helper()), (_CREDGUARD, "credential-process", "--profile")
    found = []
    if world.keyring:
        found += [
            Case(
                "provider", Command((*line, PROFILE), six, SECRET), against, reference,
                "provider, from the keychain",
            ),
            Case(
                "provider-command", Command((*command, PROFILE), six, SECRET), against, reference,
                "credguard credential-process, from the keychain",
            ),
        ]  # fmt: skip
    found.append(
        Case(
            "provider-agent", Command((*line, PROFILE), world.agent(), SECRET), against, reference,
            "provider, through the agent that holds the vault open",
        )
    )  # fmt: skip
    found.append(
        Case(
            "provider-sealed", Command((*line, PROFILE), sealed, SECRET), against, reference,
            "provider, from the sealed vault (Argon2id)",
        )
    )  # fmt: skip
    return found


def _commands(six: dict[str, str]) -> list[Case]:
    against = "python -I -c pass"
    reference = Command((sys.executable, "-I", "-c", "pass"), six)
    return [
        Case("help", Command((_CREDGUARD, "--help"), six, "Usage"), against, reference, "credguard --help"),
        Case(
            "totp-code", Command((_CREDGUARD, "totp", "code", CODE, "--json"), six, "valid_for_seconds"),
            against, reference, "credguard totp code",
        ),
        Case(
            "status", Command((_CREDGUARD, "status"), six, "6 accounts"), against, reference,
            "credguard status",
        ),
    ]  # fmt: skip
