"""Settings: one table of name, type, default and meaning; the page, the command and the docs show it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from credguard.domain.errors import CredGuardError
from credguard.domain.text import Text, text
from credguard.system.durable import replace_file, translate
from credguard.system.interlock import Interlock


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: `choices` are for words, `least` and `most` for numbers; `shown` False = kept by us."""

    name: str
    type: type
    default: Any
    meaning: Text
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    shown: bool = True
    pinned: bool = False  # guessing this one could serve the wrong store: a damaged value is an error

    def problem(self, value: object) -> Text | None:
        """Why `value` cannot be this setting's, or None."""
        if self.type is int:
            if not isinstance(value, int) or isinstance(value, bool):
                return text("{name} is a whole number.", name=self.name)
            low, high = self.least, self.most
            if (low is not None and value < low) or (high is not None and value > high):
                return text(
                    "{name} is between {low} and {high}.", name=self.name, low=low or 0, high=high or 0
                )
            return None
        if self.type is bool:
            return None if isinstance(value, bool) else text("{name} is on or off.", name=self.name)
        if self.type is tuple:
            fits = isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value)
            return None if fits else text("{name} is a list of words.", name=self.name)
        if not isinstance(value, str):
            return text("{name} is a word.", name=self.name)
        if self.choices and value not in self.choices:
            return text(
                "{name} is one of: {list}.", name=self.name, list=", ".join(c for c in self.choices if c)
            )
        return None

    def parse(self, word: str) -> object:
        """The value that a person typed as `word`; `problem` tells whether it fits."""
        if self.type is int:
            return int(word) if word.strip().lstrip("-").isdigit() else word
        if self.type is bool:
            return {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}.get(
                word.strip().casefold(), word
            )
        if self.type is tuple:
            return tuple(part.strip() for part in word.split(",") if part.strip())
        return word


_STORES = ("", "keychain", "sealed")

TABLE: tuple[Setting, ...] = (
    Setting(
        "store",
        str,
        "",
        text("Where keys are kept: the keychain of this computer, or CredGuard’s sealed vault"),
        choices=_STORES,
        pinned=True,
    ),
    Setting(
        "codes_store",
        str,
        "",
        text("Where codes are kept; empty means beside the keys"),
        choices=_STORES,
        pinned=True,
    ),
    Setting("due_days", int, 90, text("Days after which a key is due for rotation"), least=1, most=3650),
    Setting(
        "soon_days", int, 15, text("Days before that at which a key is called due soon"), least=0, most=365
    ),
    Setting(
        "grace_days",
        int,
        7,
        text("Days that the old key is kept, switched off, before it is deleted"),
        least=1,
        most=90,
    ),
    Setting(
        "theme", str, "system", text("Light, dark, or as the system"), choices=("system", "light", "dark")
    ),
    Setting(
        "reduced_motion",
        str,
        "system",
        text("Movement in the window: reduced, full, or as the system"),
        choices=("system", "on", "off"),
    ),
    Setting(
        "clipboard_seconds",
        int,
        30,
        text("Seconds after which a copied code or secret is cleared from the clipboard"),
        least=5,
        most=600,
    ),
    Setting(
        "lock_keys",
        str,
        "away",
        text("When open keys lock: away (after the minutes below), each-use, or never by themselves"),
        choices=("never", "away", "each-use"),
    ),
    Setting(
        "lock_keys_minutes", int, 15, text("Minutes without a use after which keys lock"), least=1, most=1440
    ),
    Setting(
        "lock_keys_longest_minutes",
        int,
        480,
        text("Minutes after opening at which keys lock, used or not"),
        least=1,
        most=10_080,
    ),
    Setting("lock_keys_on_screen_lock", bool, False, text("Keys lock when the screen locks")),
    Setting("lock_keys_on_sleep", bool, True, text("Keys lock when the computer goes to sleep")),
    Setting(
        "lock_codes",
        str,
        "away",
        text("When open codes lock: away (after the minutes below), each-use, or never by themselves"),
        choices=("never", "away", "each-use"),
    ),
    Setting(
        "lock_codes_minutes", int, 5, text("Minutes without a use after which codes lock"), least=1, most=1440
    ),
    Setting(
        "lock_codes_longest_minutes",
        int,
        15,
        text("Minutes after opening at which codes lock, used or not"),
        least=1,
        most=10_080,
    ),
    Setting("lock_codes_on_screen_lock", bool, True, text("Codes lock when the screen locks")),
    Setting("lock_codes_on_sleep", bool, True, text("Codes lock when the computer goes to sleep")),
    Setting(
        "locked_programs",
        str,
        "go-on",
        text("While the keychain is locked here, programs go-on getting keys, or wait and are then refused"),
        choices=("go-on", "wait"),
    ),
    Setting(
        "tray",
        str,
        "stay",
        text("The icon in the tray: stay there when the window closes, show it with the window, or off"),
        choices=("stay", "show", "off"),
    ),
    Setting(
        "tray_codes",
        bool,
        False,
        text("With the keychain: the tray goes on showing codes while the window is locked"),
    ),
    Setting(
        "hide_from_sharing",
        bool,
        True,
        text("Our windows are hidden from shared screens and recordings, where the system can do that"),
    ),
    Setting(
        "approve",
        str,
        "off",
        text("Programs must be allowed by you to use a key of the sealed vault: off, chosen accounts, all"),
        choices=("off", "chosen", "all"),
    ),
    Setting("approve_accounts", tuple, (), text("The account numbers that chosen means, with commas")),
    Setting("helper", tuple, (), text("The program that our lines in the AWS config file run"), shown=False),
)


class Settings:
    """The settings in one JSON file (0600, replaced atomically); what is not in it has its default.

    Unknown names in the file, of a newer version, are kept.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    @property
    def path(self) -> str:
        return self._path

    def get(self, name: str) -> Any:
        """The value of `name`, its default where it was never set or does not fit.

        Raises CredGuardError `settings-unreadable` where the file cannot be read, or where the value of
        a pinned setting does not fit. KeyError for a name that is not in TABLE.
        """
        setting = find(name)
        content = self._read()
        if name not in content:
            return setting.default
        value = content[name]
        problem = setting.problem(value)
        if problem is not None:
            if setting.pinned:
                raise self._unreadable()
            return setting.default
        return tuple(value) if setting.type is tuple else value

    def is_set(self, name: str) -> bool:
        """Whether `name` was set to something of its own."""
        return find(name).name in self._read()

    def all(self) -> Mapping[str, Any]:
        """Every setting and its present value, in the order of TABLE."""
        return {setting.name: self.get(setting.name) for setting in TABLE}

    def set(self, name: str, value: object) -> None:
        """Set `name`, on disk when this returns; safe with several processes.

        Raises CredGuardError `setting-not-possible` for a value that does not fit, `settings-unreadable`,
        or what `replace_file` raises.
        """
        setting = find(name)
        problem = setting.problem(value)
        if problem is not None:
            raise CredGuardError(
                "setting-not-possible", problem, text("See all settings with: credguard settings")
            )
        with self._alone():
            content = self._read()
            content[name] = list(value) if isinstance(value, (list, tuple)) else value
            self._write(content)

    def change(self, name: str, word: str) -> None:
        """`set` with the value as a person types it: `14`, `dark`."""
        self.set(name, find(name).parse(word))

    def reset(self, name: str) -> None:
        """Back to the default."""
        with self._alone():
            content = self._read()
            if content.pop(find(name).name, None) is not None:
                self._write(content)

    def _alone(self) -> Any:
        return Interlock(os.path.join(os.path.dirname(self._path), "run")).hold("settings", wait=5.0)

    def _write(self, content: dict[str, Any]) -> None:
        replace_file(
            self._path, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode(), mode=0o600
        )

    def _read(self) -> dict[str, Any]:
        try:
            with open(self._path, "rb") as file:
                content = json.loads(file.read())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise translate(error, self._path) from None
        except ValueError:
            raise self._unreadable() from None
        if not isinstance(content, dict):
            raise self._unreadable()
        return content

    def _unreadable(self) -> CredGuardError:
        return CredGuardError(
            "settings-unreadable",
            text("The settings in {path} cannot be read.", path=self._path),
            text("Mend the file, or move it away to start with the defaults. Your keys are untouched."),
        )


def find(name: str) -> Setting:
    """The setting called `name`; KeyError where there is none."""
    for setting in TABLE:
        if setting.name == name:
            return setting
    raise KeyError(name)
