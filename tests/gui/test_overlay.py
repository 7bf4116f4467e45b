"""What stands above the page: dialogs, toasts, the focus ring; and the rail beside it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from credguard.gui.focus import FocusRing
from credguard.gui.theme import LIGHT, theme
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.field import Field
from credguard.gui.widgets.overlay import ConfirmDialog, DialogHost, Panel
from credguard.gui.widgets.rail import Rail
from credguard.gui.widgets.scroll import ScrollArea
from credguard.gui.widgets.steps import StepList
from credguard.gui.widgets.text import Text
from credguard.gui.widgets.toast import Toast
from tests.support.gui import color_at, colors_of, grab, settle
from tests.support.gui_samples import BOTTOM, PAGES, steps

Key = Qt.Key


class Window(QWidget):
    """A page with two buttons, and what stands above it."""

    def __init__(self) -> None:
        super().__init__()
        self.resize(1120, 720)
        layout = QVBoxLayout(self)
        self.first, self.second = Button("First"), Button("Second")
        layout.addWidget(self.first)
        layout.addWidget(self.second)
        self.host, self.toast, self.ring = DialogHost(self), Toast(self), FocusRing(self)
        self.show()
        self.activateWindow()
        self.first.setFocus()
        settle()


def panel() -> Panel:
    """A dialog with three stops."""
    found = Panel()
    found.body.addWidget(Text("Rotate Northwind’s key", "dialog"))
    found.field = Field("Name", "Name")  # type: ignore[attr-defined]
    found.body.addWidget(found.field)  # type: ignore[attr-defined]
    found.foot(Button("Later", "quiet", "undo-2"), None, Button("Rotate", "primary"))
    return found


def focused() -> str:
    widget = QApplication.focusWidget()
    return widget.objectName() if widget is not None else ""


def tab(window: QWidget, back: bool = False) -> None:
    target = QApplication.focusWidget() or window
    QTest.keyClick(target, Key.Key_Backtab if back else Key.Key_Tab)
    settle()


# ── dialogs ──────────────────────────────────────────────────────────────────────────────────────
def test_a_dialog_takes_the_focus_and_gives_it_back(qt: QApplication) -> None:
    window = Window()
    window.host.show_panel(panel())
    settle()
    assert focused() == "name"
    closed: list[int] = []
    window.host.closed.connect(lambda: closed.append(1))
    QTest.keyClick(QApplication.focusWidget(), Key.Key_Escape)
    settle()
    assert closed == [1]
    assert window.host.isHidden()
    assert focused() == "first"


@pytest.mark.parametrize("back", [False, True])
def test_tab_stays_inside_a_dialog(qt: QApplication, back: bool) -> None:
    window = Window()
    window.host.show_panel(panel())
    settle()
    met = []
    for _ in range(6):
        tab(window, back)
        met.append(focused())
    assert set(met) == {"name", "later", "rotate"}
    assert met[:3] == met[3:]


def test_a_click_on_the_scrim_closes_a_dialog(qt: QApplication) -> None:
    window = Window()
    window.host.show_panel(panel())
    settle()
    middle = window.rect().center()
    QTest.mouseClick(window.host, Qt.MouseButton.LeftButton, pos=QPoint(middle.x(), 4 + middle.y()))
    assert window.host.panel is not None
    QTest.mouseClick(window.host, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
    assert window.host.panel is None


def test_nothing_below_a_dialog_hears_a_key(qt: QApplication) -> None:
    window = Window()
    heard: list[int] = []
    window.keyPressEvent = lambda event: heard.append(event.key())  # type: ignore[method-assign]
    window.host.show_panel(panel())
    settle()
    QTest.keyClick(window.host, Key.Key_R)
    assert not heard


def test_a_dialog_stands_in_the_middle_at_every_size(qt: QApplication) -> None:
    window = Window()
    window.host.show_panel(panel())
    settle()
    for width, height in ((1120, 720), (800, 560), (480, 300)):
        window.resize(width, height)
        settle()
        shown = window.host.panel
        assert shown is not None
        box = shown.geometry()
        assert abs(box.center().x() - window.rect().center().x()) <= 1
        assert window.rect().contains(box)
    window.host.close_panel()


def test_a_dialog_never_grows_beyond_the_window_at_200_percent(qt: QApplication) -> None:
    theme().set_scale(2.0)
    window = Window()
    window.resize(800, 560)
    window.host.show_panel(panel())
    settle()
    shown = window.host.panel
    assert shown is not None
    assert window.rect().contains(shown.geometry())


def test_the_scrim_darkens_the_page(qt: QApplication) -> None:
    window = Window()
    plain = grab(window)
    window.host.show_panel(panel())
    image = grab(window)
    assert color_at(image, 20, 20) != color_at(plain, 20, 20)
    assert color_at(image, 560, 300) == LIGHT["card"]


def test_a_typed_confirmation_wakes_only_for_the_word(qt: QApplication) -> None:
    window = Window()
    dialog = ConfirmDialog(
        "Delete the root key of Personal", "Nothing asks for it.", "Personal", "Delete for ever"
    )
    told: list[str] = []
    dialog.confirmed.connect(lambda: told.append("yes"))
    dialog.refused.connect(lambda: told.append("no"))
    window.host.show_panel(dialog)
    settle()
    for typed in ("", "Person", "personal", "Personal "):
        dialog.field.edit.setText(typed)
        assert not dialog.go.isEnabled(), typed
        QTest.keyClick(dialog.field.edit, Key.Key_Return)
    assert not told
    QTest.mouseClick(window.host, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
    assert window.host.panel is dialog  # modal: a click beside it means nothing
    dialog.field.edit.setText("Personal")
    assert dialog.go.isEnabled()
    QTest.keyClick(dialog.field.edit, Key.Key_Return)
    assert told == ["yes"]


def test_the_body_scrolls_and_the_foot_stays(qt: QApplication) -> None:
    window = Window()
    window.resize(800, 300)
    shown = Panel()
    for number in range(30):
        shown.body.addWidget(Text(f"Line {number}"))
    go = Button("Rotate", "primary")
    shown.foot(None, go)
    window.host.show_panel(shown)
    settle()
    bar = shown.findChild(ScrollArea).verticalScrollBar()
    assert bar.maximum() > 0
    assert window.rect().contains(go.mapTo(window, QPoint(0, 0)) + QPoint(0, go.height()))
    window.resize(800, 1200)
    settle()
    assert bar.maximum() == 0


def test_a_dialog_grows_with_its_steps(qt: QApplication) -> None:
    window, shown, listed = Window(), Panel(), StepList()
    shown.body.addWidget(listed)
    shown.foot(None, Button("Later"))
    window.host.show_panel(shown)
    listed.show_steps(steps()[:2])
    settle()
    before, low = shown.geometry(), listed.height()
    listed.show_steps(steps())
    settle()
    assert shown.height() - before.height() == listed.height() - low > 0
    assert abs(shown.geometry().center().y() - before.center().y()) <= 1


# ── toast ────────────────────────────────────────────────────────────────────────────────────────
def test_a_toast_stands_at_the_bottom_and_goes(qt: QApplication) -> None:
    window = Window()
    window.toast.say("Northwind code copied.")
    settle()
    box = window.toast.geometry()
    assert window.height() - box.bottom() - 1 == 24
    assert box.height() == 44
    assert window.toast.accessibleName() == "Northwind code copied."
    assert window.toast._timer.interval() == 6000
    window.toast._timer.timeout.emit()
    assert window.toast.isHidden()


def test_undo_by_key_and_only_while_it_is_offered(qt: QApplication) -> None:
    window = Window()
    undone: list[int] = []
    window.toast.undone.connect(lambda: undone.append(1))
    window.toast.say("Old key turned off", undo=True)
    settle()
    assert window.toast._timer.interval() == 12000
    QTest.keyClick(window, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    settle()
    assert undone == [1]
    assert window.toast.isHidden()
    window.toast.say("Northwind code copied.")
    QTest.keyClick(window, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert undone == [1]


def test_pointing_at_a_toast_holds_it(qt: QApplication) -> None:
    window = Window()
    window.toast.say("Northwind code copied.")
    settle()
    at = QPointF(4, 4)
    QApplication.sendEvent(window.toast, QEnterEvent(at, at, at))
    assert not window.toast._timer.isActive()
    QApplication.sendEvent(window.toast, QEvent(QEvent.Type.Leave))
    assert window.toast._timer.isActive()


# ── focus ring ───────────────────────────────────────────────────────────────────────────────────
def test_the_ring_comes_with_the_keyboard_and_goes_with_the_mouse(qt: QApplication) -> None:
    window = Window()
    assert window.ring.isHidden()
    tab(window)
    assert window.ring.isVisible()
    assert window.ring.target is window.second
    assert window.ring.geometry() == window.second.geometry().adjusted(-4, -4, 4, 4)
    assert LIGHT["focus"] in colors_of(grab(window.ring))
    QTest.mouseClick(window.first, Qt.MouseButton.LeftButton)
    settle()
    assert window.ring.isHidden()


def test_the_ring_follows_and_is_cut_by_the_scroll_area(qt: QApplication) -> None:
    window = QWidget()
    window.resize(400, 200)
    content = QWidget()
    column = QVBoxLayout(content)
    buttons = [Button(f"Row {number}") for number in range(20)]
    for button in buttons:
        column.addWidget(button)
    area = ScrollArea(content)
    QVBoxLayout(window).addWidget(area)
    ring = FocusRing(window)
    window.show()
    window.activateWindow()
    buttons[0].setFocus()
    settle()
    for _ in range(10):
        tab(window)
    target = ring.target
    assert target is buttons[10]
    assert area.verticalScrollBar().value() > 0
    top = target.mapTo(window, QPoint(0, 0))
    assert ring.pos() == top - QPoint(4, 4)
    area.verticalScrollBar().setValue(0)
    settle()
    assert ring.isHidden()


def test_the_ring_survives_the_end_of_its_control(qt: QApplication) -> None:
    window = Window()
    tab(window)
    window.second.deleteLater()
    settle()
    assert window.ring.isHidden()


# ── rail ─────────────────────────────────────────────────────────────────────────────────────────
def railed(width: int = 1120, height: int = 720) -> tuple[QWidget, Rail]:
    window = QWidget()
    line = QHBoxLayout(window)
    line.setContentsMargins(0, 0, 0, 0)
    rail = Rail(PAGES, BOTTOM)
    line.addWidget(rail)
    line.addStretch(1)
    window.resize(width, height)
    window.show()
    settle()
    return window, rail


def test_the_rail_tells_what_was_chosen(qt: QApplication) -> None:
    window, rail = railed()
    told: list[str] = []
    rail.chosen.connect(told.append)
    rail.searched.connect(lambda: told.append("find"))
    rail.locked.connect(lambda: told.append("lock"))
    for part in (rail.items["codes"], rail.finder, rail.lock, rail.items["settings"]):
        QTest.mouseClick(part, Qt.MouseButton.LeftButton)
    QTest.keyClick(rail.items["home"], Key.Key_Return)
    assert told == ["codes", "find", "lock", "settings", "home"]
    assert window.isVisible()


def test_one_page_is_selected(qt: QApplication) -> None:
    window, rail = railed()
    rail.select("home")
    rail.select("codes")
    assert [key for key, item in rail.items.items() if item.isChecked()] == ["codes"]
    assert LIGHT["sel"] in colors_of(grab(window).copy(12, 140, 190, 40))


def test_the_rail_is_216_or_64_wide(qt: QApplication) -> None:
    window, rail = railed()
    assert rail.width() == 216
    assert rail.items["home"].toolTip() == ""
    rail.set_narrow(True)
    settle()
    assert rail.width() == 64
    assert rail.items["home"].toolTip() == "Home"
    assert (rail.items["home"].width(), rail.items["home"].height()) == (40, 40)
    assert window.isVisible()


@pytest.mark.parametrize("narrow", [False, True])
def test_a_badge_is_seen_and_heard(qt: QApplication, narrow: bool) -> None:
    window, rail = railed()
    rail.set_narrow(narrow)
    assert LIGHT["danger_f"] not in colors_of(grab(window))
    rail.items["home"].set_badge("!", "danger")
    rail.items["plaintext"].set_badge("4", "warn")
    assert LIGHT["danger_f"] in colors_of(grab(window))
    assert rail.items["home"].accessibleDescription() == "urgent"
    assert rail.items["plaintext"].accessibleDescription() == "4"
    rail.items["home"].set_badge("", "")
    assert LIGHT["danger_f"] not in colors_of(grab(window))


def test_a_low_window_folds_the_bottom_items(qt: QApplication) -> None:
    window, rail = railed()
    assert rail.more.isHidden()
    window.resize(1120, 600)
    settle()
    assert rail.more.isVisible()
    assert rail.items["settings"].isHidden()
    window.resize(1120, 720)
    settle()
    assert rail.more.isHidden()
    assert rail.items["settings"].isVisible()


def test_the_lock_row_says_where_the_keys_are(qt: QApplication) -> None:
    _, rail = railed()
    rail.lock.set_state("GNOME Keyring")
    assert rail.lock.accessibleDescription() == "Unlocked, GNOME Keyring"
    assert rail.lock.accessibleName() == "Lock"
    for state, words in (
        ("locked", "Locked"),
        ("codes-locked", "Codes locked"),
        ("keys-locked", "Keys locked"),
    ):
        rail.lock.set_state("Sealed vault", state)
        assert rail.lock.text() == words
        assert rail.lock.accessibleName() == "Unlock"
    rail.lock.set_state("", "")
    assert rail.lock.text() == "", "nothing is claimed before it is known"


# ── scroll area ──────────────────────────────────────────────────────────────────────────────────
def test_wrapped_text_gets_the_height_it_needs_and_no_more(qt: QApplication) -> None:
    content = QWidget()
    column = QVBoxLayout(content)
    column.setContentsMargins(0, 0, 0, 0)
    words = Text("word " * 400, "body14", wrap=True)
    column.addWidget(words)
    area = ScrollArea(content)
    grab(area, 600, 300)
    assert content.height() == words.heightForWidth(words.width())
    assert area.verticalScrollBar().maximum() == content.height() - 300
    words.setText("one line")
    settle()
    assert content.height() == 300
    assert area.verticalScrollBar().maximum() == 0


def test_tab_brings_a_control_of_a_dialog_into_view(qt: QApplication) -> None:
    window, shown = Window(), Panel()
    window.resize(800, 300)
    buttons = [Button(f"Row {number}") for number in range(20)]
    for button in buttons:
        shown.body.addWidget(button)
    shown.foot(None, Button("Later"))
    window.host.show_panel(shown)
    settle()
    for _ in range(15):
        tab(window)
    assert QApplication.focusWidget() is buttons[15]
    top = buttons[15].mapTo(shown.area.viewport(), QPoint(0, 0)).y()
    assert 0 <= top <= shown.area.viewport().height() - buttons[15].height()
