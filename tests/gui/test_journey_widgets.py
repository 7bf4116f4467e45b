"""Widgets of journeys and dialogs: moving cards, step dots, selects; and the sheet of all controls."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from credguard.domain.machine import Step
from credguard.domain.text import text
from credguard.gui.theme import LIGHT, theme
from credguard.gui.widgets.button import Button, outdented
from credguard.gui.widgets.empty import EmptyState
from credguard.gui.widgets.moving import MovingCard, StepDots
from credguard.gui.widgets.select import Select
from credguard.gui.widgets.text import Text
from tests.support import components_sheet, icon_sheet
from tests.support.gui import colors_of, grab, settle

SHORT = {"store": ("Store", "Storing", "Stored"), "ask": ("Ask AWS", "Asking AWS who it is", "Asked")}


def _steps(running: bool = True) -> tuple[Step, ...]:
    return (
        Step("store", "done", text("Store the key and read it back")),
        Step("ask", "running" if running else "todo", text("Ask AWS who it is")),
    )


def test_a_moving_card_tells_what_it_does(qt: QApplication) -> None:
    card = MovingCard("Northwind", "teal", short=SHORT)
    assert card.accessibleName() == "Northwind: Waiting"
    card.show_steps(_steps())
    assert card.accessibleName() == "Northwind: Ask AWS who it is"
    card.show_end("done", "aws asks CredGuard now. Tested.", "3 s")
    assert card.accessibleName() == "Northwind: aws asks CredGuard now. Tested."


def test_a_moving_card_keeps_its_height(qt: QApplication) -> None:
    card = MovingCard("Northwind", "teal", short=SHORT)
    waiting = grab(card, 600)
    card.show_steps(_steps())
    moving = grab(card, 600)
    card.show_end("failed", "Kept as it was: AWS does not know this key.")
    failed = grab(card, 600)
    assert waiting.height() == moving.height() == failed.height() == 72
    assert LIGHT["warn_g"] in colors_of(failed)
    assert LIGHT["danger_f"] not in colors_of(failed)


def test_a_narrow_moving_card_shows_the_running_step(qt: QApplication) -> None:
    card = MovingCard("Northwind", "teal", short=SHORT)
    card.show_steps(_steps())
    wide, narrow = grab(card, 600), grab(card, 260)
    assert LIGHT["ok"] in colors_of(wide)  # the tick of what is done
    assert LIGHT["ok"] not in colors_of(narrow)


def test_the_spinner_of_a_moving_card_turns_only_while_it_works(qt: QApplication) -> None:
    card = MovingCard("Northwind")
    grab(card, 600)
    assert not card._turning.isActive()
    card.show_steps(_steps())
    assert card._turning.isActive()
    card.show_end("done", "Tested.")
    assert not card._turning.isActive()


def test_step_dots_say_where_one_is(qt: QApplication) -> None:
    dots = StepDots(4)
    before = grab(dots)
    dots.show_at(2)
    assert dots.accessibleName() == "Step 3 of 4"
    assert grab(dots) != before


ITEMS = [("1", "Northwind", "teal"), ("2", "Personal", "orange"), ("3", "Another", "")]


def test_a_select_tells_the_key(qt: QApplication) -> None:
    select, told = Select(ITEMS, "Account", at="2"), []
    select.chosen.connect(told.append)
    assert select.current() == "2"
    grab(select, 228)
    QTest.keyClick(select, Qt.Key.Key_Down)
    settle()
    assert (select.current(), told) == ("3", ["3"])
    select.select("1")
    assert (select.current(), told) == ("1", ["3"])


def test_a_select_shows_the_account_colour(qt: QApplication) -> None:
    select = Select(ITEMS, "Account", at="2")
    orange = theme().color("account:orange").name().upper()
    assert orange in colors_of(grab(select, 228))
    select.select("3")
    assert orange not in colors_of(grab(select, 228))


def test_an_outdented_button_meets_the_edge_with_its_icon(qt: QApplication) -> None:
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(24, 0, 24, 0)
    button = Button("Back", "quiet", "arrow-left", 40)
    column.addLayout(outdented(button))
    grab(holder, 300, 60)
    assert button.x() + button.padding() == 24


def test_centred_paragraphs_stand_in_the_middle(qt: QApplication) -> None:
    """Stretches on both sides share the room; the paragraph keeps the lines it needs."""
    words = Text("word " * 40, "body14", wrap=True, center=True)
    words.setFixedWidth(440)
    holder = QWidget()
    line = QHBoxLayout(holder)
    line.setContentsMargins(0, 0, 0, 0)
    line.addStretch(1)
    line.addWidget(words)
    line.addStretch(1)
    grab(holder, 1000, 300)
    assert abs(words.geometry().center().x() - 500) <= 1
    assert words.height() == words.heightForWidth(440)


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_the_empty_state_stands_above_the_middle(qt: QApplication, scale: float) -> None:
    theme().set_scale(scale)
    empty = EmptyState("No accounts yet", "CredGuard looks for keys. " * 4, "Look", "Add", link="Learn")
    grab(empty, 1200, 1200)
    parts = [w.geometry() for w in empty.findChildren(QWidget) if w.parent() is empty]
    top, bottom = min(g.top() for g in parts), max(g.bottom() for g in parts)
    assert abs((top + bottom) / 2 - (600 - 12)) <= 2
    rows = sorted(parts, key=lambda g: g.top())
    for above, below in pairwise(rows):
        assert below.top() > above.bottom() or below.top() == above.top()  # nothing overlaps


def test_the_sheets_can_be_drawn(qt: QApplication, tmp_path: Path) -> None:
    components_sheet.main(str(tmp_path))
    icon_sheet.main(str(tmp_path))
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {f"{what}-{mode}.png" for what in ("components", "icons") for mode in ("light", "dark")}
    light, dark = (QImage(str(tmp_path / f"components-{mode}.png")) for mode in ("light", "dark"))
    assert (light.width(), light.height()) == (1120, 720)
    assert light != dark
