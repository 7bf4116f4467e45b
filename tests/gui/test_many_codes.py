"""Ten thousand codes on one page: only what is seen exists, is asked for, and is painted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from credguard.domain.errors import CredGuardError
from credguard.gui.pages.codes import CodesPage
from credguard.gui.widgets.code import CodeCard
from credguard.gui.widgets.gauges import TimeRing
from credguard.gui.window import Window
from credguard.queries.codes import CodeNow
from tests.support.gui import settle
from tests.support.many_codes import SEED, fill
from tests.support.window import Laptop, read, until

pytestmark = pytest.mark.usefixtures("qt")
MANY = 10_000
Key, Mod = Qt.Key, Qt.KeyboardModifier


@pytest.fixture(scope="module")
def laptop() -> Iterator[Laptop]:
    with Laptop() as made:
        fill(made.services, MANY)
        yield made


@pytest.fixture
def asked(laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Each question for codes, as the ids that were in it."""
    found: list[list[str]] = []
    real = laptop.services.codes_now

    def noting(entry_ids: Sequence[str]) -> dict[str, CodeNow]:
        found.append(list(entry_ids))
        return real(entry_ids)

    monkeypatch.setattr(laptop.services, "codes_now", noting)
    return found


@pytest.fixture
def page(laptop: Laptop, asked: list[list[str]]) -> Iterator[CodesPage]:
    window = laptop.window()
    window.show_page("codes")
    read(window)
    read(window)
    window.activateWindow()
    shown = window._pages["codes"]
    assert isinstance(shown, CodesPage)
    yield shown
    laptop.put_away()


def number(card: CodeCard) -> int:
    return int(card.code.name.split()[-1])


def test_only_the_cards_that_are_seen_exist_and_only_their_codes_are_asked_for(
    page: CodesPage, asked: list[list[str]]
) -> None:
    assert page.sub.text().startswith("10,000 codes.")
    assert 8 <= len(page.findChildren(CodeCard)) <= 20
    assert [number(card) for card in page.shown()][:4] == [0, 1, 2, 3]
    assert sum(len(ids) for ids in asked) <= 20
    assert len(asked) <= 2, "all of them in one question"
    assert all(card.now is not None for card in page.shown())


def test_the_last_ones_are_reached_and_the_first_are_forgotten(
    page: CodesPage, asked: list[list[str]]
) -> None:
    bar = page.grid.verticalScrollBar()
    bar.setValue(bar.maximum())
    read(page.window_)
    assert [number(card) for card in page.shown()][-1] == MANY - 1
    assert page.shown()[-1].now is not None
    box = page.shown()[-1].geometry()
    assert page.grid.viewport().rect().contains(box)
    assert page._live is not None
    assert len(page._live.now) <= 20, "of codes that are not on the screen nothing is kept"
    spare = [card for card in page.findChildren(CodeCard) if card not in page.shown()]
    assert all(card.now is None and not card.accessibleDescription() for card in spare)
    assert len(page.findChildren(CodeCard)) <= 24, "cards are used again"


def test_a_letter_searches_all_of_them(page: CodesPage) -> None:
    QTest.keyClicks(page.field.edit, "9999")
    read(page.window_)
    assert [number(card) for card in page.shown()] == [9999]
    QTest.keyClick(page.field.edit, Key.Key_Return)
    assert page.window_.toast.accessibleName().startswith("Client 09999 code copied.")
    QTest.keyClick(page.field.edit, Key.Key_Escape)
    read(page.window_)
    assert number(page.shown()[0]) == 0


def test_keys_walk_through_all_of_them(page: CodesPage) -> None:
    page.grid.focus(0)
    for key, at in (
        (Key.Key_End, MANY - 1), (Key.Key_Left, MANY - 2), (Key.Key_Home, 0), (Key.Key_Right, 1),
        (Key.Key_Down, 3), (Key.Key_PageDown, 13), (Key.Key_PageUp, 3),
    ):  # fmt: skip
        QTest.keyClick(QApplication.focusWidget(), key)
        focus = QApplication.focusWidget()
        assert isinstance(focus, CodeCard)
        assert number(focus) == at
        assert page.grid.viewport().rect().contains(focus.geometry())


def test_tab_goes_in_the_order_of_the_rows_and_out_at_the_end(page: CodesPage) -> None:
    page.grid.focus(40)
    for at in (41, 42, 43):
        QTest.keyClick(QApplication.focusWidget(), Key.Key_Tab)
        focus = QApplication.focusWidget()
        assert isinstance(focus, CodeCard)
        assert number(focus) == at
    QTest.keyClick(QApplication.focusWidget(), Key.Key_Backtab, Mod.ShiftModifier)
    focus = QApplication.focusWidget()
    assert isinstance(focus, CodeCard)
    assert number(focus) == 42
    page.grid.focus(MANY - 1)
    QTest.keyClick(QApplication.focusWidget(), Key.Key_Tab)
    outside = QApplication.focusWidget()
    assert outside is not None
    assert not page.grid.isAncestorOf(outside)


def test_the_card_with_the_focus_stays_while_the_wheel_turns(page: CodesPage) -> None:
    page.grid.focus(2)
    bar = page.grid.verticalScrollBar()
    bar.setValue(100_000)
    read(page.window_)
    focus = QApplication.focusWidget()
    assert isinstance(focus, CodeCard)
    assert number(focus) == 2
    QTest.keyClick(focus, Key.Key_Right)
    assert number(page.grid.card_at(QApplication.focusWidget()) or focus) == 3
    assert bar.value() < 1000


class _Paints(QObject):
    """How many pixels each kind of widget had to paint again."""

    def __init__(self) -> None:
        super().__init__()
        self.beside_rings = 0
        self.rings = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and isinstance(watched, QWidget):
            assert isinstance(event, QPaintEvent)
            if isinstance(watched, TimeRing):
                self.rings += 1
            elif isinstance(watched, CodeCard) and not watched._ring.geometry().contains(event.rect()):
                self.beside_rings += 1
        return False


def test_a_second_repaints_the_rings_and_nothing_beside_them(laptop: Laptop, page: CodesPage) -> None:
    live = page._live
    assert live is not None
    laptop.clock.at -= laptop.clock.at % 30 - 3
    live.forget()
    live.tick()
    read(page.window_)
    settle()
    paints = _Paints()
    QApplication.instance().installEventFilter(paints)  # type: ignore[union-attr]
    try:
        laptop.clock.at += 1
        live.tick()
        settle()
    finally:
        QApplication.instance().removeEventFilter(paints)  # type: ignore[union-attr]
    assert paints.rings >= 8
    assert paints.beside_rings == 0


def test_the_window_holds_no_seed(page: CodesPage) -> None:
    """Neither the rows, nor the codes, nor any widget."""
    assert SEED.encode() not in repr(page.data).encode()
    assert page._live is not None
    assert SEED not in repr(page._live.now)
    assert not any("secret" in name for row in page.data[:5] for name in row.__slots__)
    for widget in page.findChildren(QWidget):
        assert SEED not in f"{widget.accessibleName()}{widget.accessibleDescription()}{widget.objectName()}"


def test_a_code_that_ends_without_a_new_one_is_not_shown_any_longer(
    laptop: Laptop, page: CodesPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from credguard.domain.text import text

    def silent(entry_ids: Sequence[str]) -> Any:
        raise CredGuardError("store-silent", text("The keychain did not answer."), text("Try again."))

    monkeypatch.setattr(laptop.services, "codes_now", silent)
    laptop.clock.at += 31
    assert page._live is not None
    page._live.tick()
    read(page.window_)
    assert all(card.now is None for card in page.shown())
    assert not any(card._ring.isVisible() for card in page.shown())


# ── order ────────────────────────────────────────────────────────────────────────────────────────
def first(page: CodesPage, count: int = 5) -> list[int]:
    return [int(row.name.split()[-1]) for row in page.grid.rows[:count]]


def _back(window: Window, page: CodesPage) -> None:
    window.services._order.set(())
    page.reload()
    until(window, lambda: first(page) == [0, 1, 2, 3, 4])


def test_alt_and_arrows_move_a_code_and_the_order_stays(laptop: Laptop, page: CodesPage) -> None:
    window = page.window_
    page.grid.focus(1)
    QTest.keyClick(QApplication.focusWidget(), Key.Key_Down, Mod.AltModifier)
    until(window, lambda: first(page) == [0, 2, 1, 3, 4])
    focus = page.grid.card_at(QApplication.focusWidget())
    assert focus is not None
    assert number(focus) == 1, "the focus goes along"
    QTest.keyClick(QApplication.focusWidget(), Key.Key_Up, Mod.AltModifier)
    until(window, lambda: first(page) == [0, 1, 2, 3, 4])
    QTest.keyClick(QApplication.focusWidget(), Key.Key_Up, Mod.AltModifier)
    until(window, lambda: first(page) == [1, 0, 2, 3, 4])
    assert [row.name for row in laptop.restart().codes_page()[:2]] == ["Client 00001", "Client 00000"]
    QTest.keyClick(window, Key.Key_Z, Mod.ControlModifier)
    until(window, lambda: first(page) == [0, 1, 2, 3, 4])
    _back(window, page)


def test_dragging_moves_a_code_and_copies_nothing(page: CodesPage) -> None:
    window = page.window_
    window.clipboard.copy_plain("before")
    cards = {number(card): card for card in page.shown()}
    start, target = cards[0], cards[3]
    at = QPoint(60, 50)
    QTest.mousePress(start, Qt.MouseButton.LeftButton, pos=at)
    over = start.mapFromGlobal(target.mapToGlobal(QPoint(target.width() - 20, 50)))
    for step in (QPoint(90, 60), over):
        QTest.mouseMove(start, step)
        QApplication.processEvents()
    mark = page.grid.findChild(QWidget, "drop-mark")
    assert isinstance(mark, QWidget)
    assert mark.isVisible()
    QTest.mouseRelease(start, Qt.MouseButton.LeftButton, pos=over)
    until(window, lambda: first(page) == [1, 2, 3, 0, 4])
    assert not mark.isVisible()
    assert QApplication.clipboard().text() == "before"
    _back(window, page)


def test_nothing_is_dragged_among_what_was_found(page: CodesPage) -> None:
    QTest.keyClicks(page.field.edit, "client 012")
    read(page.window_)
    assert not page.grid.movable
    page.field.edit.clear()
    read(page.window_)
    assert page.grid.movable
