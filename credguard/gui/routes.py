"""The pages of the window, by key: what stands in the rail, and how each is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from credguard.gui.pages.page import Page
    from credguard.gui.window import Window

PAGES = [
    ("home", "house", "Home"), ("accounts", "briefcase", "Accounts"), ("codes", "timer", "Codes"),
    ("plaintext", "file-search", "Plaintext"), ("activity", "activity", "Activity"),
]  # fmt: skip
BOTTOM = [("settings", "settings", "Settings")]
#: The page of the rail that a sub page belongs to.
INSIDE = {"account": "accounts", "root": "accounts", "locking": "settings", "security-keys": "settings",
          "import-codes": "codes"}  # fmt: skip


def make_page(window: Window, key: str) -> Page:
    """The page `key` (`account:1234…` has its argument after the colon), loaded only now."""
    name, _, argument = key.partition(":")
    if name == "home":
        from credguard.gui.pages.home import HomePage

        return HomePage(window)
    if name == "accounts":
        from credguard.gui.pages.accounts import AccountsPage

        return AccountsPage(window)
    if name == "codes":
        from credguard.gui.pages.codes import CodesPage

        return CodesPage(window)
    if name == "plaintext":
        from credguard.gui.pages.plaintext import PlaintextPage

        return PlaintextPage(window)
    if name == "activity":
        from credguard.gui.pages.activity import ActivityPage

        return ActivityPage(window)
    if name == "settings":
        from credguard.gui.pages.settings import SettingsPage

        return SettingsPage(window)
    if name == "locking":
        from credguard.gui.pages.locking import LockingPage

        return LockingPage(window)
    if name == "security-keys":
        from credguard.gui.pages.security_keys import SecurityKeysPage

        return SecurityKeysPage(window)
    if name == "import-codes":
        from credguard.gui.pages.import_codes import ImportCodesPage

        return ImportCodesPage(window)
    if name == "root":
        from credguard.gui.pages.root import RootPage

        return RootPage(window, argument)
    from credguard.gui.pages.account import AccountPage

    return AccountPage(window, argument)
