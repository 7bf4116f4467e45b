"""The MFA devices of an account: the code of those made here, what was begun, and what can be done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from credguard.domain.otp import grouped as grouped_code
from credguard.gui.journeys import mfa
from credguard.gui.journeys.mfa_run import device_run_of
from credguard.gui.live import LiveCodes
from credguard.gui.translate import harmless
from credguard.gui.translate import words as sentence
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.cards import row
from credguard.gui.widgets.rows import ListRow, RowList
from credguard.gui.widgets.surface import Card, Icon
from credguard.gui.widgets.text import Text
from credguard.queries.accounts import AccountRow, MfaRow
from credguard.queries.codes import CodeRow

if TYPE_CHECKING:
    from credguard.gui.window import Window

_TOGETHER = (
    "Key and code both live on this laptop. That stops a stolen password or a copied key, not somebody who"
    " has your unlocked laptop."
)


class MfaCard(Card):
    """Devices: those whose codes are made here show the present one."""

    def __init__(
        self, window: Window, account: AccountRow, codes: Sequence[CodeRow], unfinished: bool = False
    ) -> None:
        super().__init__(name="mfa devices")
        self.window_, self._account = window, account
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 13, 0, 3)
        layout.setSpacing(0)
        self.add = Button("Add", "quiet", "plus", 32, name="Add an MFA device")
        self.add.clicked.connect(self._add)
        head = row(Text("MFA devices", "card"), None, self.add)
        head.setContentsMargins(20, 0, 14, 0)
        layout.addLayout(head)
        rows = RowList(indent=50)
        self._lines: dict[str, Text] = {}
        if unfinished:
            rows.add(self._unfinished())
        if not account.mfa:
            none = Text(
                "None known here. A code protects the sign-in, not the key.", color="text2", wrap=True
            )
            holder = row(none)
            holder.setContentsMargins(20, 4, 20, 10)
            layout.addLayout(holder)
        for device in account.mfa:
            rows.add(self._row(device))
        layout.addLayout(rows)
        if account.current is not None and any(device.code for device in account.mfa):
            said = row(Text(_TOGETHER, color="text2", wrap=True))
            said.setContentsMargins(20, 6, 20, 11)
            layout.addLayout(said)
        live = [c.entry_id for c in codes if c.entry_id in self._lines and c.type == "totp"]
        self._live = LiveCodes(window, self, live)
        self._live.changed.connect(self._tell)
        self._live.gone.connect(lambda entry: self._lines[entry].setText("… …"))

    def _unfinished(self) -> ListRow:
        runs = device_run_of(self.window_, self._account.account.name)
        busy = runs is not None and runs.running
        line = ListRow(
            "An MFA device is being added" if busy else "An MFA device was begun",
            "Nothing is lost" if busy else "It goes on where it stopped",
            Icon("timer"), action="Show" if busy else "Carry on", pad=8,
        )  # fmt: skip
        line.acted.connect(lambda: mfa.open_enrolment(self.window_, self._account, carried_on=True))
        return line

    def _row(self, device: MfaRow) -> ListRow:
        window, account = self.window_, self._account
        asides = [more] if (more := self._more(device)) is not None else []
        if device.code and device.entry_id is not None:
            entry = device.entry_id
            detail = self._lines[entry] = Text("… …", "digits", "text2")
            several = sum(one.code for one in account.mfa) > 1
            known = harmless((device.serial or device.name).rsplit("/", 1)[-1])
            line = ListRow(
                known if several else "Code on this computer", detail, Icon("timer"), asides=asides,
                action="Copy", kind="quiet", icon="copy", pad=8,
            )  # fmt: skip
            line.set_right(14)
            if account.together is not None:
                line.setToolTip(sentence(account.together))
                line.setAccessibleDescription(sentence(account.together))
            line.acted.connect(lambda: window.copy_code(entry, account.account.name))
            if line.button is not None:
                line.button.setAccessibleName("Copy the code")
            return line
        key = device.kind == "security-key"
        words = "for the website only" if key else "its codes come from elsewhere"
        name = harmless(device.name) or ("Security key" if key else "MFA device")
        return ListRow(name, words, Icon("usb" if key else "smartphone"), asides=asides, pad=8)

    # ── what can be done ─────────────────────────────────────────────────────────────────────────
    def _add(self) -> None:
        window, account = self.window_, self._account
        items: list[tuple[str, Callable[[], object]]] = []
        if account.is_root:
            items.append(("Root’s MFA, step by step …", lambda: mfa.open_enrolment(window, account)))
        elif account.current is not None:
            items.append(("A new device, its code kept here", lambda: mfa.open_enrolment(window, account)))
            items.append(("A security key …", lambda: mfa.open_security_key(window, account)))
        items.append(("A code that you have …", lambda: window.add_code()))
        _menu(self.add, items)

    def _more(self, device: MfaRow) -> Button | None:
        """What AWS can be asked to do with a device; nothing without its serial or a user's key."""
        window, account, serial = self.window_, self._account, device.serial
        if serial is None or account.current is None or account.is_root or ":mfa/root-account" in serial:
            return None
        name = serial.rsplit("/", 1)[-1]  # two may be called alike here
        items: list[tuple[str, Callable[[], object]]] = []
        if device.code:
            items.append(("Synchronise its clock", lambda: mfa.open_resync(window, account, serial)))
        items.append(("Remove …", lambda: mfa.ask_to_remove(window, account, serial, name)))
        more = Button("", "quiet", "more-horizontal", 28, name=f"More about {harmless(name)}")
        more.clicked.connect(lambda: _menu(more, items))
        return more

    def _tell(self, entry: str) -> None:
        now = self._live.now[entry]
        self._lines[entry].setText(f"{grouped_code(now.code)} · new in {now.valid_for} s")


def _menu(at: QWidget, items: Sequence[tuple[str, Callable[[], object]]]) -> None:
    menu = QMenu(at)
    menu.setObjectName("mfa-menu")
    for label, call in items:
        action = QAction(label, menu)
        action.triggered.connect(lambda _=False, then=call: then())
        menu.addAction(action)
    menu.aboutToHide.connect(menu.deleteLater)
    menu.popup(at.mapToGlobal(QPoint(0, at.height() + 4)))
