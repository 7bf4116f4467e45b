"""VaultCare as a window has it: looking is done here, what opens the vault in a child (vault/far_care.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from credguard.domain.secret import Secret
from credguard.domain.text import Text
from credguard.vault.far_care import Child, slot_from
from credguard.vault.sealed.merge import Merged
from credguard.vault.sealed.slots import SlotView
from credguard.workflows.vault_care import Given, RemovedWay, VaultCare


class FarCare(VaultCare):
    """The same methods; the same errors, and `care-ended`."""

    def __init__(self, child: Child, **more: Any) -> None:
        super().__init__(**more)
        self._child = child

    def open(self, opens: Sequence[str] | None = None) -> None:
        self._child.do("open", opens=_list(opens))

    def close(self) -> None:
        """End the child, and with it what it has open."""
        self._child.close()

    def create(self, passphrase: Secret, code: Secret | None, chosen: bool) -> None:
        """Make the vault, and with `chosen` choose it as the store. Raises as `make_vault`, `new_vault`."""
        shown = code.reveal() if code is not None else None
        self._child.do("create", passphrase=passphrase.reveal(), code=shown, chosen=chosen)

    def move_store(self, setting: str, target: str) -> None:
        """As `Services.move_store`."""
        self._child.do("move-store", setting=setting, target=target)

    def add_passphrase(self, words: Secret, label: str = "", opens: Sequence[str] | None = None) -> SlotView:
        return self._slot("add-passphrase", words=words.reveal(), label=label, opens=_list(opens))

    def add_recovery(self, code: Secret, label: str = "", opens: Sequence[str] | None = None) -> SlotView:
        return self._slot("add-recovery", code=code.reveal(), label=label, opens=_list(opens))

    def add_keychain(self, label: str = "", opens: Sequence[str] | None = None) -> SlotView:
        return self._slot("add-keychain", label=label, opens=_list(opens))

    def add_security_key(
        self, label: str = "", opens: Sequence[str] | None = None, together: Secret | None = None
    ) -> SlotView:
        words = together.reveal() if together is not None else None
        return self._slot("add-security-key", label=label, opens=_list(opens), together=words)

    def rename(self, slot: SlotView, label: str) -> SlotView:
        return self._slot("rename", slot=slot.id, label=label)

    def remove(self, slot: SlotView) -> RemovedWay:
        found = self._child.do("remove", slot=slot.id)
        return RemovedWay(slot, tuple(found["access_keys"]), tuple(found["codes"]), tuple(found["set_aside"]))

    def need_key(self, part: str, on: bool) -> None:
        self._child.do("need-key", part=part, on=on)

    def renew_file_backups(self) -> None:
        self._child.do("renew-file-backups")

    def prove(self, slot: SlotView, given: Given) -> SlotView:
        return self._slot("prove", given, slot=slot.id)

    def change_passphrase(self, slot: SlotView, words: Secret, known_to_others: bool = False) -> SlotView:
        return self._slot("change-passphrase", slot=slot.id, words=words.reveal(), known=known_to_others)

    def strengthen(self, slot: SlotView, words: Secret) -> SlotView:
        return self._slot("strengthen", slot=slot.id, words=words.reveal())

    def new_recovery(self, code: Secret, label: str = "") -> SlotView:
        return self._slot("new-recovery", code=code.reveal(), label=label)

    def warnings(self) -> tuple[Text, ...]:
        return tuple(Text.from_json(one) for one in self._child.do("warnings"))

    def noticed(self) -> tuple[Text, ...]:
        return ()  # nothing is opened here

    def accept(self) -> tuple[Text, ...]:
        return tuple(Text.from_json(one) for one in self._child.do("accept"))

    def merge(self, path: str) -> Merged:
        found = self._child.do("merge", path=path)
        return Merged(**{name: tuple(value) for name, value in found.items()})

    def _slot(self, what: str, given: Given | None = None, **more: object) -> SlotView:
        return slot_from(self._child.do(what, given, **more))


def _list(opens: Sequence[str] | None) -> list[str] | None:
    return None if opens is None else list(opens)
