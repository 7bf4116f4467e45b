"""A region of the screen: drawn with the mouse around one of two QR codes; from the desktop where it must."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import shiboken6
from PIL import Image
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest

from credguard.gui.journeys import add_code
from credguard.gui.journeys.add_code import AddCodeDialog
from credguard.gui.region import Regions, RegionWindow
from credguard.gui.widgets.button import Button
from credguard.gui.window import Window
from tests.gui.test_add_code import qr
from tests.support.gui import grab, settle
from tests.support.pages import faults, said
from tests.support.window import Laptop, read, until

pytestmark = pytest.mark.usefixtures("qt")
FIRST = "otpauth://totp/First:maria?secret=FIRSTEXAMPLEFIRSTEXAMPLE&issuer=First"
SECOND = "otpauth://totp/Second:maria?secret=SECONDEXAMPLESECONDEXAM&issuer=Second"


@pytest.fixture(scope="module")
def laptop() -> Iterator[Laptop]:
    with Laptop() as made:
        yield made


@pytest.fixture
def window(laptop: Laptop) -> Iterator[Window]:
    shown = laptop.window()
    shown.show_page("codes")
    read(shown)
    yield shown
    laptop.put_away()


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> QRect:
    """A screen that shows two QR codes; the place of the second one."""
    paper = Image.new("L", (1600, 900), 255)
    left, right = Image.open(qr(tmp_path / "a.png", FIRST)), Image.open(qr(tmp_path / "b.png", SECOND))
    paper.paste(left, (100, 100))
    paper.paste(right, (900, 300))
    paper.save(tmp_path / "screen.png")
    shot = QImage(str(tmp_path / "screen.png"))
    screen = QGuiApplication.primaryScreen()
    monkeypatch.setattr(add_code, "grab_screens", lambda: [shot])
    monkeypatch.setattr(add_code, "screens_with_shots", lambda: [(screen, shot)])
    monkeypatch.setattr(add_code, "_ASIDE", 0)
    return QRect(900, 300, right.width, right.height)


def draw(cover: RegionWindow, box: QRect, shot: tuple[int, int] = (1600, 900)) -> None:
    """With the mouse, in the window's own pixels."""

    def at(point: QPoint) -> QPoint:
        return QPoint(point.x() * cover.width() // shot[0], point.y() * cover.height() // shot[1])

    QTest.mousePress(cover, Qt.MouseButton.LeftButton, pos=at(box.topLeft()))
    QTest.mouseMove(cover, at(box.center()))
    QTest.mouseMove(cover, at(box.bottomRight()))
    QTest.mouseRelease(cover, Qt.MouseButton.LeftButton, pos=at(box.bottomRight()))


def region_button(shown: AddCodeDialog) -> Button:
    return next(b for b in shown.findChildren(Button) if b.text() == "Draw a region" and b.isVisible())


def covers(window: Window, shown: AddCodeDialog) -> list[RegionWindow]:
    QTest.mouseClick(region_button(shown), Qt.MouseButton.LeftButton)
    until(window, lambda: bool(getattr(shown, "regions", None)))
    regions = shown.regions
    assert isinstance(regions, Regions)
    return regions.windows


def test_of_two_codes_on_the_screen_one_is_drawn_around(window: Window, two: QRect) -> None:
    shown = window.add_code("screen")
    until(window, lambda: "There are 2 codes in this picture." in shown_problem(shown))
    assert not faults(shown)
    cover = covers(window, shown)[0]
    assert not window.isVisible(), "it does not stand before what is to be drawn around"
    draw(cover, two.adjusted(-10, -10, 10, 10))
    until(window, lambda: shown.offer is not None)
    assert window.isVisible()
    assert shown.offer is not None
    assert shown.offer.issuer == "Second"
    assert not shiboken6.isValid(cover)
    assert window.services.codes() == (), "nothing is stored before it is kept"
    window.dialogs.close_panel()


def shown_problem(shown: AddCodeDialog) -> str:
    from PySide6.QtWidgets import QWidget

    return " ".join(w.accessibleName() for w in shown.findChildren(QWidget, "problem"))


@pytest.mark.parametrize("how", ["escape", "right", "click"])
def test_it_can_be_left(window: Window, two: QRect, how: str) -> None:
    shown = window.add_code("screen")
    until(window, lambda: bool(shown_problem(shown)))
    cover = covers(window, shown)[0]
    if how == "click":
        QTest.mouseClick(cover, Qt.MouseButton.LeftButton, pos=QPoint(50, 50))
        assert cover.isVisible(), "a click is no region"
    if how == "right":
        QTest.mouseClick(cover, Qt.MouseButton.RightButton)
    else:
        QTest.keyClick(cover, Qt.Key.Key_Escape)
    settle()
    assert window.isVisible()
    assert window.dialogs.panel is shown
    assert shown.offer is None
    window.dialogs.close_panel()


def test_what_is_drawn_is_shown_bright(two: QRect) -> None:
    shot = QImage(400, 300, QImage.Format.Format_RGB32)
    shot.fill(Qt.GlobalColor.white)
    cover = RegionWindow(shot, QRect(0, 0, 400, 300))
    grab(cover, 400, 300)
    QTest.mousePress(cover, Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
    QTest.mouseMove(cover, QPoint(100, 100))
    picture = grab(cover)
    assert picture.pixelColor(200, 150).name() == "#ffffff"
    assert picture.pixelColor(20, 20).name() != "#ffffff"
    assert cover.region() == QRect(QPoint(100, 100), QPoint(299, 199)) or cover.region().contains(200, 150)
    cover.close()


def test_where_only_the_desktop_sees_the_screen_it_is_asked(
    window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted: list[bool] = []
    picture = qr(tmp_path / "a.png", FIRST).read_bytes()
    given: list[bytes | None] = [None, picture]

    def answers(region: bool = False) -> bytes | None:
        wanted.append(region)
        return given.pop(0)

    monkeypatch.setattr(add_code, "asks_desktop", lambda: True)
    monkeypatch.setattr("credguard.system.portal.screenshot", answers)
    shown = window.add_code("screen")
    until(window, lambda: "did not give CredGuard a picture" in said(shown))
    shown.draw_region()
    until(window, lambda: shown.offer is not None)
    assert wanted == [False, True]
    assert shown.offer is not None
    assert shown.offer.issuer == "First"
    window.dialogs.close_panel()
