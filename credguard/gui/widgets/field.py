"""Fields: text inputs (border 3:1), search fields (their icon marks them), secrets with an eye."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QFocusEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLineEdit, QSizePolicy, QWidget

from credguard.gui.theme import theme
from credguard.gui.widgets.button import Button, object_name
from credguard.gui.widgets.controls import CheckBox
from credguard.gui.widgets.marks import KeyHint
from credguard.gui.widgets.surface import Icon

__all__ = ["CheckBox", "Field"]


class _Edit(QLineEdit):
    def __init__(self, placeholder: str, role: str) -> None:
        super().__init__()
        self._role = role
        self.setFrame(False)
        self.setPlaceholderText(placeholder)
        # Only Base: a style sheet or a whole palette would keep old colours after a theme switch.
        palette = QPalette()
        palette.setColor(QPalette.ColorRole.Base, QColor(0, 0, 0, 0))
        self.setPalette(palette)
        self.measure()

    def measure(self) -> None:
        self.setFont(theme().font(self._role))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._repaint_frame()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._repaint_frame()

    def _repaint_frame(self) -> None:
        frame = self.parentWidget()
        if frame is not None:
            frame.update()


class Field(QWidget):
    """A text input. `edit` is the QLineEdit inside.

    `key` shows the key that leads here (a search field's "/"). A password has an eye; what was shown
    is hidden again as soon as the field loses the focus.
    """

    def __init__(
        self,
        placeholder: str,
        name: str,
        height: int = 36,
        search: bool = False,
        password: bool = False,
        role: str = "",
        key: str = "",
        stays: bool = False,
    ) -> None:
        """`name` is what a screen reader says; `stays`: a password that is shown from the start and stays
        so, since it has to be read off."""
        super().__init__()
        self._search, self._height = search, height
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 0, 10, 0)
        layout.setSpacing(8)
        if search:
            layout.addWidget(Icon("search", 16))
        self.edit = _Edit(placeholder, role or ("body" if height <= 32 else "body14"))
        self.edit.setAccessibleName(name)
        self.edit.setObjectName(object_name(name))
        layout.addWidget(self.edit, 1)
        self.reveal: Button | None = None
        if password:
            self.edit.setEchoMode(QLineEdit.EchoMode.Password)
            self.reveal = Button("", "quiet", "eye", 28, name=f"Show {name.lower()}")
            self.reveal.setCheckable(True)
            self.reveal.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the cursor where it is
            self.reveal.toggled.connect(self._show)
            layout.setContentsMargins(10, 0, 4, 0)
            layout.addWidget(self.reveal)
            for part in () if stays else (self.edit, self.reveal):
                part.installEventFilter(self)
            self.reveal.setChecked(stays)
        if key:
            layout.setContentsMargins(10, 0, 7, 0)
            layout.addWidget(KeyHint(key))
        self.setFocusProxy(self.edit)
        self.measure()

    def measure(self) -> None:
        self.setFixedHeight(theme().u(self._height))

    def text(self) -> str:
        return self.edit.text()

    def _show(self, shown: bool) -> None:
        self.edit.setEchoMode(QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password)
        if self.reveal is not None:
            self.reveal.icon_name = "eye-off" if shown else "eye"
            self.reveal.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut:
            # Later: where the focus goes is not known yet.
            QTimer.singleShot(0, self, self._hide_unless_here)
        return False

    def _hide_unless_here(self) -> None:
        inside = QApplication.focusWidget() in (self.edit, self.reveal)
        if self.reveal is not None and not inside:
            self.reveal.setChecked(False)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        focus = self.edit.hasFocus()
        width = 2 if focus else 1
        enabled = self.edit.isEnabled()
        rest = "border2" if self._search else "field" if enabled else "border"
        painter.setPen(QPen(theme().color("accent" if focus else rest), width))
        painter.setBrush(theme().color("card" if enabled else "sunken"))
        inset = width / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), 8, 8)
