"""Settings › Security keys: a card for each key, places for missing ones, and the other ways in."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QGridLayout, QMenu, QWidget

from credguard.domain.errors import CredGuardError
from credguard.gui.journeys.vault_panels import ChangePanel
from credguard.gui.pages.key_needs import SAME, VaultPage
from credguard.gui.pages.setting_rows import setting_row
from credguard.gui.pages.ways_words import detail, name_of, proof, summary
from credguard.gui.security_keys import PATIENCE, GivenAtWindow
from credguard.gui.theme import LARGE, NARROW, theme
from credguard.gui.translate import harmless, words
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.controls import Switch
from credguard.gui.widgets.overlay import ConfirmDialog
from credguard.gui.widgets.security_key import KeyCard
from credguard.gui.widgets.surface import Note

if TYPE_CHECKING:
    from credguard.gui.window import Window
    from credguard.vault.sealed.slots import SlotView
    from credguard.workflows.vault_care import RemovedWay, VaultState, WayIn

#: One on you, one at home, one elsewhere.
_PLACES = (
    ("A first key, on you", "It opens the vault with a touch, without typing."),
    ("A second key, at home", "So that a lost one is no loss."),
    ("A third key, kept away from here", "For the day when fire or thieves took the other two."),
)

_MORE = ("Another key", "As many as you like.")


class SecurityKeysPage(VaultPage):
    """Nothing is opened to look; a change asks for the passphrase, or another way in, first."""

    shapes = (190, 172)

    def __init__(self, window: Window) -> None:
        super().__init__(window, "Security keys", "", back="Settings")
        self.add = Button("Add a key", "primary", "plus")
        self.add.clicked.connect(self.first_thing)
        self.add.hide()
        self.head.addWidget(self.add)
        self._held = 0  # cards in which something is typed or waited for
        self._late = False  # something was read meanwhile, and not drawn
        self._active: KeyCard | None = None
        self._cards: list[KeyCard] = []
        if window.security_keys is not None:
            window.security_keys.touch.connect(self._touch)

    def reload(self) -> None:
        if self._held or self._working:
            return  # what is typed or blinks stays; it is read again at the end
        services = self.window_.services

        def look() -> tuple[str, str, VaultState | None]:
            kind = services.store_kind()
            state = services.vault.state() if services.vault.exists else None
            return kind, services.store_label(), state

        self.read(look)

    def _got(self, asked: int, found: Any) -> None:
        if self._held or self._working:
            self._late = True  # read before something was typed here: drawn, it would take that away
        elif not (self._keep_shown and found == self.data):  # what failed stays said while nothing is new
            super()._got(asked, found)

    def draw(self) -> None:
        kind, label, state = self.data
        self._cards = []
        self.add.setVisible(state is not None)
        if state is None:
            why = f"Your keys are in {label}." if kind == "keychain" else "There is no vault here yet."
            self.sub.setText("They open the sealed vault")
            self.content.addWidget(
                Note(f"{why} Security keys open CredGuard’s sealed vault, with a touch in place of typing.")
            )
            if kind == "keychain":
                self.group("What needs a key", [self._own_vault(label)])
                self.content.addWidget(Note(SAME))
            self.content.addStretch(1)
            return
        keys = [way for way in state.ways if way.slot.type == "fido2"]
        self.sub.setText(summary(len(keys), state))
        self._draw_cards(keys)
        self.group("Other ways in", self._others(state), "the last one cannot be removed")
        self.group("What needs a key", [self._need(state, part) for part in ("codes", "keys")])
        self.content.addWidget(Note(SAME))
        if self.window_.security_keys is None:
            self.add.setEnabled(False)
        self.content.addStretch(1)

    # ── cards ────────────────────────────────────────────────────────────────────────────────────
    def _draw_cards(self, keys: list[WayIn]) -> None:
        grid = QGridLayout()
        grid.setSpacing(16)
        width, large = self.window_.width(), theme().scale >= LARGE
        columns = 1 if large else 2 if width < NARROW else 3
        for way in keys:
            card = KeyCard(name_of(way.slot), detail(way.slot), int(PATIENCE))
            card.show_proof(*proof(way, self.window_.services.clock.now()))
            card.wanted.connect(partial(self._test, card, way.slot))
            card.renamed.connect(partial(self._rename, card, way.slot))
            card.more.connect(partial(self._menu, way))
            self._cards.append(card)
        for title, line in _PLACES[len(keys) :] or (_MORE,):
            card = KeyCard(title, line, int(PATIENCE), new=True)
            card.wanted.connect(partial(self._add, card))
            self._cards.append(card)
        if len(keys) >= len(_PLACES):  # three are as they should be: a fourth has its place once asked for
            self._cards[-1].hide()
        for at, card in enumerate(self._cards):
            card.began.connect(partial(self._hold, card))
            card.ended.connect(partial(self._let_go, card))
            card.called_off.connect(self._call_off)
            card.stepped.connect(partial(self._step, at))
            grid.addWidget(card, at // columns, at % columns)
        for column in range(columns):
            grid.setColumnStretch(column, 1)
        self.content.addLayout(grid)

    def first_thing(self) -> None:
        """Add a key: the first place that is free."""
        free = next((c for c in self._cards if c.objectName() and c._new), None)
        if free is not None:
            free.show()
        if free is not None and free.state == "rest" and self.window_.security_keys is not None:
            free.begin()
            self.area.ensureWidgetVisible(free, 0, 24)

    def _step(self, at: int, step: int) -> None:
        there = [card for card in self._cards if not card.isHidden()]
        there[(there.index(self._cards[at]) + step) % len(there)].setFocus()

    def _hold(self, card: KeyCard) -> None:
        for other in self._cards:
            if other is not card and other.state == "name":
                other.rest()
        self._held = 1

    def _let_go(self, card: KeyCard) -> None:
        self._held = 0
        if self._late and not self._working and self.isVisible():
            self._late = False
            QTimer.singleShot(0, self, self.reload)  # the card is at its end first
        if card.name == _MORE[0] and card.state == "rest" and not self._working:
            card.hide()

    def _touch(self) -> None:
        asker = self.window_.asker
        if self._active is not None and (asker is None or not asker.waits_for_key):
            self._active.wait_for_touch()

    def _call_off(self) -> None:
        if self.window_.security_keys is not None:
            self.window_.security_keys.cancel()

    # ── what is done ─────────────────────────────────────────────────────────────────────────────
    def _add(self, card: KeyCard) -> None:
        name = card.typed()
        services, said = self.window_.services, f"{harmless(name) or 'The key'} opens the vault now."
        self._with_card(card, "Looking for it", lambda: services.vault.add_security_key(name), said)

    def _test(self, card: KeyCard, slot: SlotView) -> None:
        asker = self.window_.asker
        if asker is None:
            return
        given, services = GivenAtWindow(asker), self.window_.services
        said = f"{name_of(slot)} opened the vault."
        self._with_card(card, "Looking for it", lambda: services.vault.prove(slot, given), said)

    def _rename(self, card: KeyCard, slot: SlotView, name: str) -> None:
        services = self.window_.services
        self._with_card(card, "Writing its name", lambda: services.vault.rename(slot, name), "")

    def _with_card(self, card: KeyCard, meanwhile: str, call: Callable[[], Any], said: str) -> None:
        """Work whose waiting, touch and fault stand in a card."""
        if self._working:
            return
        self._active = card
        card.wait(meanwhile)

        def done(_: Any) -> None:
            self._active = None
            card.rest()
            if said:
                self.window_.toast.say(said, icon="check")

        def failed(error: CredGuardError) -> None:
            self._active = None
            if error.code in {"key-cancelled", "vault-locked"}:
                card.rest()
            else:
                card.fail(f"{words(error.what)} {words(error.next)}")
                self._keep_shown = True

        self._work(call, done, failed)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if event.spontaneous():
            return
        self._held = 0
        if self._active is not None:
            self._call_off()
        if not self._working:
            self.window_.services.close_beside_agent()

    # ── removing ─────────────────────────────────────────────────────────────────────────────────
    def _menu(self, way: WayIn, at: QPoint) -> None:
        menu = QMenu(self)
        action = menu.addAction("Remove …")
        action.triggered.connect(lambda: self.ask_remove(way))
        if way.stays is not None:
            action.setEnabled(False)
            action.setText(f"Stays: {words(way.stays)}")
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(at)

    def ask_remove(self, way: WayIn) -> None:
        """A typed confirmation: what was removed opens nothing any more, whoever has it."""
        slot = way.slot
        name = name_of(slot)
        word = harmless(slot.label) or "remove"
        dialog = ConfirmDialog(
            f"Remove {name}",
            "The vault gets new keys, so it opens nothing any more. This cannot be undone.",
            word,
            "Remove it",
        )
        host = self.window_.dialogs
        dialog.refused.connect(host.close_panel)

        def go() -> None:
            host.close_panel()
            services = self.window_.services
            self._work(lambda: self.without_agent(lambda: services.vault.remove(slot)), self._removed)

        dialog.confirmed.connect(go)
        host.show_panel(dialog)

    def _removed(self, result: tuple[RemovedWay, bool]) -> None:
        removed, ended = result
        self.window_.toast.say(f"{name_of(removed.slot)} opens nothing any more.", icon="check")
        if not (ended or removed.access_keys or removed.codes or removed.set_aside):
            return
        self._show_removed(removed, ended)

    # ── other ways in ────────────────────────────────────────────────────────────────────────────
    def _others(self, state: VaultState) -> list[QWidget]:
        rows = [self._typed_way(way) for way in state.ways if way.slot.type == "passphrase"]
        codes = [way for way in state.ways if way.slot.type == "recovery"]
        rows += [self._typed_way(way) for way in codes]
        if not codes:
            make = Button("Make one", "secondary", name="Make a recovery code")
            make.clicked.connect(partial(self._new_code, False))
            line = "None: a forgotten passphrase would close the vault for good"
            rows.append(setting_row("Recovery code", line, make))
        chain = [way for way in state.ways if way.slot.type == "keychain"]
        switch = Switch("Keychain of this computer", bool(chain))
        switch.toggled.connect(partial(self._keychain, chain[0].slot if chain else None))
        line = (
            "Opens the keys without a question, for whoever is logged in"
            if chain
            else "Not used, so a stolen login does not open the vault"
        )
        rows.append(setting_row("Keychain of this computer", line, switch))
        return rows

    def _typed_way(self, way: WayIn) -> QWidget:
        """A passphrase or a recovery code."""
        slot, controls = way.slot, []
        title = "Recovery code" if slot.type == "recovery" else "Passphrase"
        if slot.label:
            title = f"{title}, {harmless(slot.label)}"
        _, proved, _ = proof(way, self.window_.services.clock.now())
        line = f"{detail(slot)}. {proved}"
        if slot.weak:
            line += ". Cheap to guess today: change it"
        test = Button("Test", "quiet", name=f"Test: {title}")
        test.clicked.connect(partial(self._test_typed, slot, title))
        controls.append(test)
        if way.stays is None and slot.type == "passphrase":
            remove = Button("Remove", "quiet", name=f"Remove: {title}")
            remove.clicked.connect(lambda: self.ask_remove(way))
            controls.append(remove)
        if slot.type == "recovery":
            again = Button("Make a new one", "secondary", name="Make a new recovery code")
            again.clicked.connect(partial(self._new_code, True))
        else:
            again = Button("Change", "secondary", name=f"Change: {title}")
            again.clicked.connect(partial(self._change, slot))
        controls.append(again)
        return setting_row(title, line, *controls)

    def _test_typed(self, slot: SlotView, title: str) -> None:
        asker, services = self.window_.asker, self.window_.services
        if asker is None or self._working:
            return
        given = GivenAtWindow(asker)
        say = self.window_.toast.say
        self._work(lambda: services.vault.prove(slot, given), lambda _: say(f"{title}: it opens the vault."))

    def _change(self, slot: SlotView) -> None:
        services, host = self.window_.services, self.window_.dialogs
        panel = ChangePanel(services.suggest_passphrase, services.passphrase_words)
        panel.refused.connect(host.close_panel)

        def go(passphrase: Any, known: bool) -> None:
            host.close_panel()

            def call() -> Any:
                return services.vault.change_passphrase(slot, passphrase, known)

            def change() -> tuple[Any, bool]:
                return self.without_agent(call) if known else (call(), False)

            def done(result: tuple[Any, bool]) -> None:
                self.window_.toast.say("The passphrase is changed.", icon="check")
                if result[1]:
                    self._show_removed(None, True)

            self._work(change, done)

        panel.given.connect(go)
        host.show_panel(panel)

    def _new_code(self, had: bool) -> None:
        from credguard.gui.journeys.recovery_card import RecoveryPanel

        services, host = self.window_.services, self.window_.dialogs
        today = datetime.datetime.fromtimestamp(services.clock.now()).astimezone().date()
        panel = RecoveryPanel(services.recovery_code(), today, "Use this code", may_skip=False)
        panel.refused.connect(host.close_panel)

        def go(_: str) -> None:
            code = panel.card.kept()
            host.close_panel()
            if code is None:
                return

            def call() -> Any:
                return services.vault.new_recovery(code)

            def make() -> tuple[Any, bool]:
                return self.without_agent(call) if had else (call(), False)

            def done(result: tuple[Any, bool]) -> None:
                self.window_.toast.say("The new recovery code opens the vault.", icon="check")
                if result[1]:
                    self._show_removed(None, True)

            self._work(make, done)

        panel.given.connect(go)
        host.show_panel(panel)

    def _keychain(self, slot: SlotView | None, on: bool) -> None:
        services = self.window_.services

        def change() -> bool:
            if slot is None:
                services.vault.add_keychain()
                return False
            return self.without_agent(lambda: services.vault.remove(slot))[1]

        def done(ended: bool) -> None:
            if ended:
                self._show_removed(None, True)

        self._work(change, done)
