"""Add a code: from the screen, a picture, an address or a secret. It is shown first, then kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QMimeData, Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from credguard.domain.errors import CredGuardError
from credguard.gui.journeys.first_run_parts import hint
from credguard.gui.pages.page import clear
from credguard.gui.screens import as_png, asks_desktop, file_in, grab_screens, image_in, screens_with_shots
from credguard.gui.translate import harmless, words
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.code import CodeCard
from credguard.gui.widgets.field import Field
from credguard.gui.widgets.gauges import Spinner
from credguard.gui.widgets.overlay import Panel
from credguard.gui.widgets.select import Select
from credguard.gui.widgets.surface import Card, Note
from credguard.gui.widgets.text import Text
from credguard.gui.widgets.tiles import Ways

if TYPE_CHECKING:
    from credguard.gui.window import Window
    from credguard.queries.accounts import AccountRow
    from credguard.queries.codes import CodeNow, CodeRow

_HINTS = {"screen": "what it shows now", "picture": "file, clipboard, drop", "type": "address or secret"}
_NONE = "none"
#: A window that was hidden is off the screen after this long (milliseconds).
_ASIDE = 300


def takes(data: QMimeData) -> bool:
    """Whether a picture was dragged here."""
    return data.hasImage() or file_in(data) is not None


def is_for_aws(row: CodeRow) -> bool:
    """Whether AWS will ask for two codes in a row of it."""
    return row.type == "totp" and (row.account_id is not None or "amazon" in row.issuer.casefold())


class AddCodeDialog(Panel):
    """Three ways as tiles; the code found as a real card; account and name; then Keep."""

    def __init__(self, window: Window, way: str = "screen") -> None:
        super().__init__()
        self.window_ = window
        self.offer: CodeRow | None = None
        self.card: CodeCard | None = None
        self._now: CodeNow | None = None
        self._until = 0.0
        self._accounts: tuple[AccountRow, ...] = ()
        self.setAcceptDrops(True)
        self.setAccessibleName("Add a code")
        self.body.addWidget(Text("Add a code", "dialog"))
        self.body.addWidget(Text("Show CredGuard the QR code that AWS shows you.", color="text2"))
        self.body.addSpacing(16)
        self.ways = Ways(
            [
                ("screen", "scan", "Scan the screen", _HINTS["screen"]),
                ("picture", "image", "Picture", _HINTS["picture"]),
                ("type", "keyboard", "Type or paste", _HINTS["type"]),
            ],
            at=way,
        )
        self.ways.chosen.connect(self._way)
        self.body.addWidget(self.ways)
        self.body.addSpacing(16)
        self._room = QVBoxLayout()
        self._room.setSpacing(0)
        self.body.addLayout(self._room)
        self._again = Button("Scan again", "quiet", "refresh")
        self._again.clicked.connect(lambda: self._way("screen"))
        cancel = Button("Cancel", "secondary")
        cancel.clicked.connect(window.dialogs.close_panel)
        self.keep = Button("Keep this code", "primary")
        self.keep.clicked.connect(self._go)
        self.foot(self._again, None, cancel, self.keep)
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self._tick)
        services = window.services
        self.destroyed.connect(services.drop_offers)
        window.tasks.run(lambda tell: services.accounts(), self._know, quick=True)
        self._way(way)

    def _know(self, accounts: tuple[AccountRow, ...]) -> None:
        self._accounts = accounts

    # ── the three ways ───────────────────────────────────────────────────────────────────────────
    def _way(self, way: str) -> None:
        self.ways.tiles[way].setChecked(True)
        for key, tile in self.ways.tiles.items():
            tile.set_hint(_HINTS[key])
        self._clear()
        self._again.setVisible(way == "screen")
        if way == "screen":
            self._scan()
        elif way == "picture":
            self._picture()
        else:
            self._type()
        self.window_.dialogs.place()

    def _clear(self) -> None:
        self._timer.stop()
        self.offer, self.card, self._now = None, None, None
        clear(self._room)
        self.keep.setText("Keep this code")
        self.keep.setEnabled(False)

    def _scan(self) -> None:
        if asks_desktop():
            self._ask_desktop(region=False)
            return
        shots = grab_screens()
        if not shots:
            self._say("This desktop shows its screen to no program. Save or copy a picture of the QR code.")
            return
        count = len(shots)
        self._looking(f"Looking at {count} screen{'' if count == 1 else 's'}")
        services = self.window_.services

        def look(tell: Callable[[Any], None]) -> CodeRow:
            none: CredGuardError | None = None
            for shot in shots:
                try:
                    return services.offer_code(image=as_png(shot))
                except CredGuardError as error:
                    if error.code != "no-qr-code":
                        raise
                    none = error
            raise none or CredGuardError(_NONE, *_nothing())

        self.window_.tasks.run(look, self._offered, self._not_on_screen, quick=True)

    def _looking(self, sentence: str) -> None:
        line = QHBoxLayout()
        line.setSpacing(12)
        line.addWidget(Spinner())
        line.addWidget(Text(sentence, color="text2"), 1)
        self._room.addLayout(line)

    def _not_on_screen(self, error: CredGuardError) -> None:
        """None was found, or several: a region of the screen can be drawn."""
        clear(self._room)
        if error.code == "no-qr-code":
            self._say("No QR code on the screen. Bring its window to the front, or take another way.")
        else:
            self._problem(error)
        if error.code not in {"no-qr-code", "several-codes"}:
            return
        draw = Button("Draw a region", "secondary", "scan")
        draw.clicked.connect(self.draw_region)
        line = QHBoxLayout()
        line.setContentsMargins(0, 12, 0, 0)
        line.addWidget(draw)
        line.addStretch(1)
        self._room.addLayout(line)
        self.window_.dialogs.place()

    def _ask_desktop(self, region: bool) -> None:
        """Wayland: the desktop takes the picture, and asks its person whether it may."""
        self._looking("The desktop asks whether CredGuard may see the screen")
        services = self.window_.services
        self.window_.tasks.run(
            lambda tell: services.offer_from_desktop(region), self._offered, self._not_on_screen, quick=True
        )

    def draw_region(self) -> None:
        """Let the person draw a box around the QR code; the window steps aside for it."""
        if asks_desktop():
            self._clear()
            self._ask_desktop(region=True)
            return
        self.window_.hide()
        QTimer.singleShot(_ASIDE, self, self._picture_of_screens)

    def _picture_of_screens(self) -> None:
        from credguard.gui.region import Regions

        shots = screens_with_shots()
        if not shots:
            self._drawn(None)
            return
        self.regions = Regions(shots, self._drawn, self)

    def _drawn(self, part: QImage | None) -> None:
        self.window_.bring_up()
        if part is None or self.window_.locked:
            return
        self._clear()
        self._looking("Looking at the region")
        self.window_.tasks.run(
            lambda tell: self.window_.services.offer_code(image=as_png(part)), self._offered,
            self._not_on_screen, quick=True,
        )  # fmt: skip

    def _picture(self) -> None:
        box = Card(fill="sunken", name="drop a picture here", radius=10)
        inner = QVBoxLayout(box)
        inner.setContentsMargins(16, 16, 16, 16)
        inner.setSpacing(12)
        inner.addWidget(
            Text("Drop a picture of the QR code here, or paste one with Ctrl V.", color="text2", wrap=True,
                 center=True)
        )  # fmt: skip
        choose = Button("Choose a file", "secondary", "image")
        choose.clicked.connect(self._choose)
        line = QHBoxLayout()
        line.addStretch(1)
        line.addWidget(choose)
        line.addStretch(1)
        inner.addLayout(line)
        self._room.addWidget(box)
        choose.setFocus()

    def _type(self) -> None:
        self._room.addWidget(Text("The secret, or its otpauth:// address", "caption", "text2"))
        self._room.addSpacing(4)
        self.secret = Field("JBSW Y3DP …", "Secret or address", password=True)
        self.secret.edit.returnPressed.connect(self._read)
        self.secret.edit.textChanged.connect(lambda value: self.keep.setEnabled(bool(value.strip())))
        self._room.addWidget(self.secret)
        self.keep.setText("Read it")
        self.secret.edit.setFocus()

    def _choose(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "A picture of the QR code", "", "Pictures (*.png *.jpg *.jpeg *.gif *.bmp *.webp)"
        )
        if path:
            self.read(image_path=path)

    def _read(self) -> None:
        value = self.secret.text().strip()
        if not value:
            self._problem_words("Type the secret that AWS shows beside its QR code.")
        elif "://" in value:
            self.read(address=value)
        else:
            self.read(secret=value)

    def take(self, data: QMimeData) -> None:
        """What was pasted or dropped."""
        image, path = image_in(data), file_in(data)
        if path is not None:
            self._way("picture")
            self.read(image_path=path)
        elif image is not None:
            self._way("picture")
            self._run(lambda: self.window_.services.offer_code(image=as_png(image)))
        elif data.text().strip().lower().startswith("otpauth://"):
            self._way("type")
            self.read(address=data.text().strip())
        else:
            self._problem_words("There is no picture and no address in the clipboard.")

    def read(self, **source: str) -> None:
        """Read a code without storing it."""
        services = self.window_.services
        self._run(lambda: services.offer_code(**source))  # type: ignore[arg-type]

    def _run(self, call: Callable[[], CodeRow]) -> None:
        self.window_.tasks.run(lambda tell: call(), self._offered, self._problem, quick=True)

    def _problem(self, error: CredGuardError) -> None:
        self._problem_words(f"{words(error.what)} {words(error.next)}")

    def _problem_words(self, sentence: str) -> None:
        """Under what was tried; one at a time."""
        if self.offer is not None:
            self._way(self.ways.current())
        for old in self.findChildren(QWidget, "problem"):
            old.setObjectName("")
            old.hide()
            old.deleteLater()
        self._say(sentence, "triangle-alert", "warn")

    def _say(self, sentence: str, icon: str = "info", tone: str = "text2") -> None:
        holder = QWidget()
        holder.setObjectName("problem")
        holder.setAccessibleName(sentence)
        holder.setLayout(hint(icon, sentence, tone))
        holder.setContentsMargins(0, 8, 0, 0)
        self._room.addWidget(holder)
        self.window_.dialogs.place()

    # ── what was found ───────────────────────────────────────────────────────────────────────────
    def _offered(self, row: CodeRow) -> None:
        way = self.ways.current()
        self._clear()
        self.offer = row
        if way == "screen":
            self.ways.tiles[way].set_hint("one QR code found")
        self.card = CodeCard(row)
        self.card.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._room.addWidget(self.card)
        self._room.addSpacing(14)
        choices = [(a.account.account_id, a.account.name, a.account.color) for a in self._accounts]
        self.account = Select([*choices, ("", "No account", "")], "Account", row.account_id or "", height=32)
        self.account.select(row.account_id or "")
        self.account.chosen.connect(lambda _: self._ask())
        user = row.user.partition("@")[0] if row.account_id or is_for_aws(row) else row.user
        self.name = Field("maria", "Name", 32)
        self.name.edit.setText(harmless(user))
        self.name.edit.returnPressed.connect(self._go)
        self.name.edit.textChanged.connect(lambda _: self._ask())
        why = "choose whose code it is"
        if row.account_id:
            number = row.account_id in f"{row.issuer} {row.user}"
            why = "by the number in it" if number else "by its name"
            why = "by the number in the QR code" if number and way != "type" else why
        pair = QHBoxLayout()
        pair.setSpacing(16)
        for label, field, below in (
            ("Account", self.account, why), ("Name", self.name, "as AWS calls the user"),
        ):  # fmt: skip
            column = QVBoxLayout()
            column.setSpacing(0)
            column.addWidget(Text(label, "caption", "text2"))
            column.addSpacing(4)
            column.addWidget(field)
            column.addSpacing(4)
            column.addWidget(Text(below, "caption", "text2"))
            pair.addLayout(column, 1)
        self._room.addLayout(pair)
        if is_for_aws(row):
            self._room.addSpacing(16)
            self._room.addWidget(
                Note(
                    "Keep it first. Then CredGuard shows the two codes in a row that AWS asks for, without"
                    " waiting."
                )
            )
        self.keep.setEnabled(True)
        self.keep.setFocus()
        self._ask()
        self._timer.start()
        self.window_.dialogs.place()

    def _ask(self) -> None:
        """The offered code of this moment, for the account chosen."""
        if self.offer is None:
            return
        services, entry, account = self.window_.services, self.offer.entry_id, self.account.current() or None

        def got(found: tuple[CodeRow, CodeNow]) -> None:
            row, now = found
            if self.card is None or self.offer is None or self.offer.entry_id != row.entry_id:
                return
            self.offer, self._now = row, now
            self._until = services.clock.now() + now.valid_for
            self.card.code, self.card.bar = replace(row, user=self.name.text()), row.color or "blue"
            self.card.show_code(now)

        self.window_.tasks.run(
            lambda tell: services.offered_code(entry, account), got, lambda error: None, quick=True
        )

    def _tick(self) -> None:
        if self._now is None or self.card is None or self.offer is None or self.offer.type == "hotp":
            return
        left = self._until - self.window_.services.clock.now()
        if left <= 0:
            self._ask()
            return
        self._now = replace(self._now, valid_for=max(1, min(self._now.period, int(left + 0.999))))
        self.card.show_code(self._now)

    def _go(self) -> None:
        if self.offer is None:
            if self.ways.current() == "type":
                self._read()
            return
        services, entry = self.window_.services, self.offer.entry_id
        account, user = self.account.current() or None, self.name.text().strip()
        self.keep.setEnabled(False)

        def kept(row: CodeRow) -> None:
            self.window_.dialogs.close_panel()
            self.window_.show_page("codes")
            if is_for_aws(row):
                from credguard.gui.journeys.kept_code import KeptCodeDialog

                self.window_.dialogs.show_panel(KeptCodeDialog(self.window_, row))
            else:
                self.window_.toast.say(f"{row.title or row.name}: stored and read back.")

        def failed(error: CredGuardError) -> None:
            self.keep.setEnabled(True)
            for old in self.findChildren(QWidget, "problem"):
                old.hide()
                old.deleteLater()
            self._say(f"{words(error.what)} {words(error.next)}", "triangle-alert", "warn")

        self.window_.tasks.run(
            lambda tell: services.keep_code(entry, account_id=account, user=user), kept, failed
        )

    # ── pasting and dropping ─────────────────────────────────────────────────────────────────────
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Paste):
            data = QGuiApplication.clipboard().mimeData()
            if data is not None:
                self.take(data)
            return
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self.keep.isEnabled():
            self._go()
            return
        super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if takes(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.take(event.mimeData())


def _nothing() -> tuple[Any, Any]:
    from credguard.domain.text import text

    return text("There is no QR code on the screen."), text("Bring it to the front, then scan again.")
