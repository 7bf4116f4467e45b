"""The palette: what a few letters find, and what Enter does with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import shiboken6
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from credguard.gui.palette import Palette, _Result, _Row
from credguard.gui.theme import theme
from credguard.gui.window import Window
from credguard.queries.find import match
from tests.support.gui import application, settle
from tests.support.pages import faults, nameless, page_of, shown
from tests.support.window import Laptop, read

Key, Mod = Qt.Key, Qt.KeyboardModifier


@pytest.fixture(scope="module")
def laptop() -> Iterator[Laptop]:
    application()
    with Laptop() as made:
        made.as_designed()
        yield made


@pytest.fixture
def window(laptop: Laptop) -> Iterator[Window]:
    yield laptop.window()
    laptop.put_away()
    application()


def _open(window: Window) -> Palette:
    QTest.keyClick(window, Key.Key_K, Mod.ControlModifier)
    read(window)
    return window.findChildren(Palette)[-1]


def _type(window: Window, palette: Palette, letters: str) -> list[str]:
    palette.edit.clear()
    QTest.keyClicks(palette.edit, letters)
    read(window)
    return [row.accessibleName() for row in shown(palette, _Result)]


def _gone(palette: Palette) -> bool:
    return not shiboken6.isValid(palette) or not palette.isVisible()


@pytest.mark.parametrize(
    ("wanted", "title", "letters"),
    [
        ("no", "Northwind", (0, 1)), ("nosa", "Northwind Sandbox", (0, 1, 10, 11)),
        ("NS", "Northwind Sandbox", (0, 10)), ("acme s", "Acme Staging", (0, 1, 2, 3, 5)),
        ("win", "Northwind", None), ("nx", "Northwind", None), ("sn", "Northwind Sandbox", None),
        ("bk", "Blue-Kite", (0, 5)), ("", "Northwind", ()),
    ],
)  # fmt: skip
def test_letters_begin_words_or_follow(wanted: str, title: str, letters: tuple[int, ...] | None) -> None:
    assert match(wanted, title) == letters


def test_it_finds_by_name_number_user_and_company(window: Window) -> None:
    palette = _open(window)
    assert QApplication.focusWidget() is palette.edit
    assert len(shown(palette, _Result)) == 6, "six at most"
    assert _type(window, palette, "no") == ["Northwind, m.keller", "Northwind Sandbox, m.keller"]
    assert _type(window, palette, "7713 04") == ["Blue Kite, mk", "Blue Kite, root user"]
    assert _type(window, palette, "m.k") == ["Northwind, m.keller", "Northwind Sandbox, m.keller"]
    assert _type(window, palette, "acme l") == ["Acme Production, maria", "Acme Staging, maria"]
    assert _type(window, palette, "zzz") == []


def test_the_code_stands_right_and_enter_copies_it(window: Window) -> None:
    palette = _open(window)
    _type(window, palette, "nosa")
    (row,) = shown(palette, _Result)
    assert isinstance(row, _Result)
    entry = row.found.entry_id
    assert entry is not None
    code = window.services.code(entry).code
    assert row.code == f"{code[:3]} {code[3:]}"
    QTest.keyClick(palette.edit, Key.Key_Return)
    read(window)
    assert QApplication.clipboard().text() == code
    assert _gone(palette)


def test_shift_enter_opens_the_console_and_ctrl_t_the_terminal(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[tuple[str, str]] = []
    monkeypatch.setattr(Window, "act", lambda self, action, row: done.append((action, row.account.name)))
    for key, mods in ((Key.Key_Return, Mod.ShiftModifier), (Key.Key_T, Mod.ControlModifier)):
        palette = _open(window)
        _type(window, palette, "acme s")
        QTest.keyClick(palette.edit, key, mods)
        settle()
        assert _gone(palette)
    assert done == [("console", "Acme Staging"), ("terminal", "Acme Staging")]


def test_arrows_and_tab_choose_and_actions_are_for_the_first(window: Window) -> None:
    palette = _open(window)
    _type(window, palette, "no")
    names = [row.accessibleName() for row, _ in palette._rows]
    assert names[2:] == ["Show Northwind", "Rotate Northwind’s key", "Open Northwind on the AWS website"]

    def chosen() -> str:
        return next(r.accessibleName() for r in shown(palette, _Row) if isinstance(r, _Row) and r.chosen)

    assert chosen() == "Northwind, m.keller"
    for key, wanted in ((Key.Key_Down, 1), (Key.Key_Tab, 2), (Key.Key_Up, 1), (Key.Key_Backtab, 0)):
        QTest.keyClick(palette.edit, key)
        assert chosen() == names[wanted]
        assert palette.edit.hasFocus(), "the field keeps the focus"
    palette._choose(2)
    QTest.keyClick(palette.edit, Key.Key_Return)
    read(window)
    assert page_of(window).objectName() == "page-account"


def test_a_root_key_is_made_safe_and_never_rotated(window: Window) -> None:
    palette = _open(window)
    _type(window, palette, "pers")
    assert [row.accessibleName() for row, _ in palette._rows][1:3] == [
        "Show Personal", "Make Personal’s root key safe",
    ]  # fmt: skip
    QTest.keyClick(palette.edit, Key.Key_Return)
    read(window)
    assert page_of(window).objectName() == "page-account", "without a code Enter shows the account"


def test_escape_a_click_outside_and_ctrl_k_close_it(window: Window) -> None:
    window.rail.finder.setFocus()
    for close in (
        lambda p: QTest.keyClick(p.edit, Key.Key_Escape),
        lambda p: QTest.mouseClick(p, Qt.MouseButton.LeftButton, pos=QPoint(20, 700)),
        lambda p: QTest.keyClick(p.edit, Key.Key_K, Mod.ControlModifier),
    ):
        palette = _open(window)
        close(palette)
        assert _gone(palette)
        settle()
        assert window.rail.finder.hasFocus(), "the focus comes back"
    QTest.mouseClick(window.rail.finder, Qt.MouseButton.LeftButton)
    read(window)
    assert window.findChildren(Palette)[-1].isVisible(), "the Find field opens it"


def test_it_fits_and_names_everything(window: Window) -> None:
    for size, scale in (((1120, 720), 1.0), ((800, 560), 1.0), ((800, 560), 2.0)):
        window.resize(*size)
        theme().set_scale(scale)
        palette = _open(window)
        _type(window, palette, "no")
        assert nameless(palette) == []
        assert faults(palette) == []
        box = palette.panel.geometry()
        assert box.left() >= 16
        assert box.bottom() < window.height()
        if scale == 1.0:
            assert box.width() == 600
            assert box.top() == 64
        palette.close_palette()
        settle()
