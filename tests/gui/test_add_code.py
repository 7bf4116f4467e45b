"""Adding a code: pictures (file, clipboard, drop, screen), addresses, secrets; shown before it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from credguard.demo.cloud import companies
from credguard.gui.journeys.add_code import AddCodeDialog
from credguard.gui.journeys.kept_code import KeptCodeDialog
from credguard.gui.pages.codes import CodesPage
from credguard.gui.theme import theme
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.tiles import WayTile
from credguard.gui.window import Window
from tests.support.gui import design_font, settle
from tests.support.window import Laptop, read, until

pytestmark = pytest.mark.usefixtures("qt")
SEED = "PERSONALEXAMPLEPERSONALEXAMPLE22"
ADDRESS = (
    f"otpauth://totp/Amazon%20Web%20Services:maria@{companies.PERSONAL.account_id}"
    f"?secret={SEED}&issuer=Amazon%20Web%20Services"
)


@pytest.fixture(scope="module")
def laptop() -> Iterator[Laptop]:
    with Laptop() as made:
        made.as_designed()
        yield made


@pytest.fixture
def window(laptop: Laptop) -> Iterator[Window]:
    shown = laptop.window()
    shown.show_page("codes")
    read(shown)
    yield shown
    for row in laptop.services.codes():
        if row.issuer.startswith(("Amazon", "Mail")) or row.name in {"maria", "mail"}:
            laptop.services.codes_store.remove(f"totp/{row.entry_id}")
    QGuiApplication.clipboard().clear()
    laptop.put_away()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return qr(tmp_path / "code.png", ADDRESS)


def qr(path: Path, words: str) -> Path:
    """A QR code with a white edge, as a file."""
    code = zxingcpp.create_barcode(words, zxingcpp.BarcodeFormat.QRCode)
    drawn = zxingcpp.write_barcode_to_image(code, scale=5)
    image = Image.frombuffer("L", (drawn.shape[1], drawn.shape[0]), bytes(memoryview(drawn)))
    paper = Image.new("L", (image.width + 40, image.height + 40), 255)
    paper.paste(image, (20, 20))
    paper.save(path)
    return path


def open_dialog(window: Window, way: str) -> AddCodeDialog:
    shown = window.add_code(way)
    read(window)
    return shown


def found(window: Window, shown: AddCodeDialog) -> None:
    until(window, lambda: shown.offer is not None and shown.card is not None and shown.card.now is not None)


def problem(shown: AddCodeDialog) -> str:
    return " ".join(w.accessibleName() for w in shown.findChildren(QWidget, "problem") if w.isVisible())


def names(laptop: Laptop) -> set[str]:
    return {row.name for row in laptop.services.codes()}


def test_a_picture_file_is_shown_first_then_kept_then_the_pair(
    laptop: Laptop, window: Window, picture: Path
) -> None:
    before = names(laptop)
    shown = open_dialog(window, "picture")
    assert not shown.keep.isEnabled()
    shown.read(image_path=str(picture))
    found(window, shown)
    assert shown.card is not None
    assert shown.card.now is not None
    assert shown.card.code.title == "Personal"
    assert shown.account.current() == companies.PERSONAL.account_id
    assert shown.name.text() == "maria"
    assert names(laptop) == before  # nothing is stored yet
    code = shown.card.now.code

    QTest.keyClick(shown.keep, Qt.Key.Key_Return)
    until(window, lambda: isinstance(window.dialogs.panel, KeptCodeDialog))
    pair = window.dialogs.panel
    assert isinstance(pair, KeptCodeDialog)
    until(window, lambda: bool(pair._codes[0]))
    assert pair._codes[1] == code
    assert pair._codes[0] != code
    assert pair.accessibleName() == "maria’s code for Personal"
    pair.pair._boxes[0].copy.click()
    assert QGuiApplication.clipboard().text() == pair._codes[0]
    laptop.clock.at += 30
    pair._tick()
    read(window)
    assert pair._codes[0] == code  # the next pair: what was the second is the first
    laptop.clock.at -= 30
    assert any(row.title == "Personal" and row.user == "maria" for row in laptop.services.codes())
    QTest.keyClick(pair, Qt.Key.Key_Escape)
    assert window.dialogs.panel is None


def test_a_picture_from_the_clipboard(laptop: Laptop, window: Window, picture: Path) -> None:
    shown = open_dialog(window, "screen")
    QGuiApplication.clipboard().setImage(QImage(str(picture)))
    QTest.keyClick(shown, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    found(window, shown)
    assert shown.ways.current() == "picture"


def test_a_picture_dropped_on_the_page(laptop: Laptop, window: Window, picture: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(picture))])
    page = window._pages["codes"]
    assert isinstance(page, CodesPage)
    drop = QDropEvent(
        QPointF(40, 40), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    enter = QDragEnterEvent(
        QPoint(40, 40), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(page, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(page, drop)
    shown = window.dialogs.panel
    assert isinstance(shown, AddCodeDialog)
    found(window, shown)


def test_an_address_is_typed_and_enter_keeps(laptop: Laptop, window: Window) -> None:
    shown = open_dialog(window, "type")
    QTest.keyClicks(
        shown.secret.edit, "otpauth://totp/Mail:maria?secret=MAILEXAMPLEMAILEXAMPLEMA&issuer=Mail"
    )
    QTest.keyClick(shown.secret.edit, Qt.Key.Key_Return)
    found(window, shown)
    assert shown.account.current() == ""
    QTest.keyClick(shown.name.edit, Qt.Key.Key_Return)
    until(window, lambda: window.dialogs.panel is None)  # no AWS device: no pair
    assert window.toast.accessibleName() == "Mail: stored and read back."


def test_a_secret_is_tied_to_the_account_chosen(laptop: Laptop, window: Window) -> None:
    shown = open_dialog(window, "type")
    QTest.keyClicks(shown.secret.edit, "mail exam plem aile xamp lema")
    QTest.mouseClick(shown.keep, Qt.MouseButton.LeftButton)
    found(window, shown)
    shown.account.select(companies.PERSONAL.account_id)
    shown.name.edit.setText("maria")
    shown._ask()
    read(window)
    assert shown.card is not None
    assert shown.card.code.title == "Personal"
    QTest.mouseClick(shown.keep, Qt.MouseButton.LeftButton)
    until(window, lambda: isinstance(window.dialogs.panel, KeptCodeDialog))
    assert any(r.account_id == companies.PERSONAL.account_id for r in laptop.services.codes())


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("MAIL8XAMPLE", 'The secret has "8", no such letter in Base32.'),
        ("https://example.com/", "Nothing was stored."),
        ("otpauth://totp/x", "secret"),
    ],
)
def test_what_cannot_be_read_is_said_in_words(laptop: Laptop, window: Window, typed: str, said: str) -> None:
    before = names(laptop)
    shown = open_dialog(window, "type")
    QTest.keyClicks(shown.secret.edit, typed)
    QTest.keyClick(shown.secret.edit, Qt.Key.Key_Return)
    until(window, lambda: bool(problem(shown)))
    assert said in problem(shown)
    assert typed not in problem(shown)
    assert names(laptop) == before
    QTest.keyClick(shown.secret.edit, Qt.Key.Key_Return)
    read(window)
    assert problem(shown).count("Nothing was stored") <= 1  # one sentence at a time


def test_a_picture_without_a_code_and_one_with_several(
    laptop: Laptop, window: Window, tmp_path: Path
) -> None:
    blank = tmp_path / "blank.png"
    Image.new("L", (80, 80), 255).save(blank)
    shown = open_dialog(window, "picture")
    shown.read(image_path=str(blank))
    until(window, lambda: "There is no QR code" in problem(shown))
    one, two = qr(tmp_path / "1.png", ADDRESS), qr(tmp_path / "2.png", ADDRESS.replace("maria", "mario"))
    sheets = [Image.open(one), Image.open(two)]
    both = Image.new("L", (sum(s.width for s in sheets), max(s.height for s in sheets)), 255)
    both.paste(sheets[0], (0, 0))
    both.paste(sheets[1], (sheets[0].width, 0))
    both.save(tmp_path / "both.png")
    shown.read(image_path=str(tmp_path / "both.png"))
    until(window, lambda: "There are 2 codes" in problem(shown))
    assert not shown.keep.isEnabled()


def test_the_same_code_twice_is_refused_by_name(laptop: Laptop, window: Window, picture: Path) -> None:
    laptop.services.add_code(address=ADDRESS)
    shown = open_dialog(window, "picture")
    shown.read(image_path=str(picture))
    found(window, shown)
    QTest.mouseClick(shown.keep, Qt.MouseButton.LeftButton)
    until(window, lambda: "This code is here already" in problem(shown))
    assert shown.keep.isEnabled()


def test_the_screen_is_looked_at_at_once(laptop: Laptop, window: Window) -> None:
    shown = open_dialog(window, "screen")
    until(window, lambda: bool(problem(shown)))
    assert "QR code" in problem(shown)
    assert not shown.keep.isEnabled()


def test_what_is_not_kept_is_forgotten(laptop: Laptop, window: Window, picture: Path) -> None:
    shown = open_dialog(window, "picture")
    shown.read(image_path=str(picture))
    found(window, shown)
    assert laptop.services._offers
    QTest.keyClick(shown, Qt.Key.Key_Escape)
    settle()
    assert not laptop.services._offers


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
def test_nothing_is_cut(laptop: Laptop, window: Window, picture: Path, scale: float) -> None:
    design_font()
    theme().set_scale(scale)
    window.resize(800, 560)
    shown = open_dialog(window, "picture")
    shown.read(image_path=str(picture))
    found(window, shown)
    settle()
    assert window.rect().contains(shown.geometry())
    for label in shown.findChildren(QLabel):
        assert not label.toolTip(), label.text()
    for button in shown.findChildren(Button):
        assert not button.isVisible() or button.width() >= button.full_width() or not button.text()
    tiles = [t.geometry() for t in shown.findChildren(WayTile)]
    assert not any(a.intersects(b) for n, a in enumerate(tiles) for b in tiles[n + 1 :])
