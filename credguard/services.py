"""The composition root: builds each adapter on first use and hands it to workflows and queries.

No other file wires; its parts are in `wiring/`, one journey a file. Rich code loads inside the
methods, so neither `totp code` nor the window’s first paint loads boto3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from credguard.domain.errors import CredGuardError
from credguard.wire import places
from credguard.wiring.codes_moving import CodesMoving
from credguard.wiring.kinds import Tell, nobody

if TYPE_CHECKING:
    from credguard.demo.session import DemoSession
    from credguard.domain.accounts import Account
    from credguard.domain.move_store import Move
    from credguard.domain.text import Text
    from credguard.queries.names import Target
    from credguard.workflows.direct_use import DirectTools
    from credguard.workflows.removal import RemovePlan, UninstallPlan


class Services(CodesMoving):
    """Everything the faces ask for. `passphrase` asks a person for the sealed vault's passphrase."""

    # ── settings, removal ────────────────────────────────────────────────────────────────────────
    def move_store(self, setting: str, target: str, tell: Tell = nobody) -> Move | None:
        """Set `store` or `codes_store`; what is stored already moves there. None where nothing had to, and
        where a child of this process did it.

        Raises CredGuardError, with what is safe.
        """
        from credguard.domain.move_store import NAME
        from credguard.vault.choose import keychain_store
        from credguard.workflows.change_setting import change
        from credguard.workflows.move_store import MoveTools, Stores, move, would_move

        # One that was cut off after the switch has the setting already, and copies in the old store still.
        if not (would_move(self.settings, setting, target) or self._journals.unfinished(NAME)):
            change(self.settings, setting, target)
            return None
        if self._far_care is not None:  # the window: no seed and no key of the vault comes here
            try:
                self._far_care.move_store(setting, target)
            finally:
                self._far_care.close()
                self._close_stores()
            return None
        done = move(
            MoveTools(
                self.settings,
                Stores(
                    lambda: keychain_store(self._alone, self._known_names),
                    self._backend_with,
                    self._forget_vault,
                ),
                self._journals,
                self._keys,
                self._activity,
                self.interlock,
                self.clock,
            ),
            setting,
            target,
            tell,
        )
        if setting == "codes_store" and not target:
            self.settings.reset(setting)
        self._close_stores()
        if setting == "store":
            self.settle_approvals()
        return done

    def _forget_vault(self, vault: str) -> None:
        from credguard.catalog.seen import SeenInCatalog

        SeenInCatalog(self._catalog).forget(vault)
        self._seen_in_keychain.forget(vault)

    def _close_stores(self) -> None:
        """What was opened before a move is not the store any more."""
        for name in ("store", "codes_store", "_sealed_backend", "vault", "code_book", "_checks", "_rotations",
                     "_tools"):  # fmt: skip
            self.__dict__.pop(name, None)

    def change_setting(self, key: str, word: str) -> None:
        if key in {"store", "codes_store"}:
            self.move_store(key, word)
            return
        from credguard.workflows import direct_use
        from credguard.workflows.change_setting import change

        if key in direct_use.SETTINGS and self.settings.get("store") == "keychain":
            direct_use.change(self._direct_tools, key, word)
            return
        change(self.settings, key, word)

    def stand_by(self) -> bool:
        """As `Opening.stand_by`; at the keychain what an interrupted change left is brought in line first."""
        if self._starts_agent and self.settings.get("store") == "keychain" and not self._settled:
            self._settled = True
            if self.settings.get("approve") != "off" or self._journals.unfinished("direct-use"):
                self.settle_approvals()
        return super().stand_by()

    def settle_approvals(self) -> None:
        """Bring what programs read by themselves in line with the settings; at the keychain alone. Raises
        what the keychain raises."""
        from credguard.workflows.direct_use import settle

        if self.settings.get("store") == "keychain":
            settle(self._direct_tools)

    @property
    def _direct_tools(self) -> DirectTools:
        from credguard.workflows.direct_use import DirectTools

        return DirectTools(
            self.settings, self.store, self._profiles, self._journals, self.interlock, self.clock
        )

    def describe_account(
        self, account_id: str, name: str | None = None, company: str | None = None, color: str | None = None
    ) -> Account:
        """What a person calls an account; what is None stays."""
        from credguard.workflows.describe_account import describe

        return describe(
            account_id, accounts=self._accounts, store=self.store, name=name, company=company, color=color
        )

    def remove_plan(self, target: Target) -> RemovePlan:
        from credguard.workflows.removal import RemovePlan

        key = self.key_to_rotate(target)
        return RemovePlan(key.access_key_id, tuple(link.name for link in key.profiles))

    def remove_key(self, plan: RemovePlan) -> None:
        from credguard.workflows.removal import remove_key

        remove_key(
            plan,
            store=self.store,
            keys=self._keys,
            profiles=self._profiles,
            activity=self._activity,
            interlock=self.interlock,
            clock=self.clock,
        )

    def uninstall_plan(self) -> UninstallPlan:
        from credguard.workflows.removal import plan_uninstall

        files = (places.aws_config(), places.aws_credentials())
        return plan_uninstall(self._tools, places.home(), self._whole[1], files)

    def uninstall(self, plan: UninstallPlan) -> tuple[Text, ...]:
        """Do it; what stays, in sentences."""
        from credguard.vault.sealed.peek import peek
        from credguard.workflows.removal import uninstall

        found = peek(places.vault_file())
        vault = found[0] if found is not None and not self.demo else None
        return uninstall(
            plan, self._tools, self._whole[1], vault, lambda: self._quiet_keychain, self._in_keychain
        )

    def _in_keychain(self) -> bool:
        """Whether the vault may have left something in a keychain that does not answer now."""
        from credguard.vault.keychain import probe

        return bool(probe().locked) or any(
            slot.type == "keychain" for slot in self._sealed_backend.vault.slots()
        )


def demo_session(folder: str | None = None) -> DemoSession:
    """The invented computer of demo mode: the lasting one, or one in `folder`.

    Raises CredGuardError `demo-missing` where the extra `demo` is not installed.
    """
    from credguard.demo.session import DemoSession, is_installed

    if not is_installed():
        from credguard.domain.text import text

        raise CredGuardError(
            "demo-missing",
            text("The demo needs packages that are not installed here."),
            text("Install them with the extra demo: credguard-desktop[demo]"),
        )
    return DemoSession(folder or places.demo())
