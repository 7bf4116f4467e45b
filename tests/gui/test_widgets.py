"""Every widget: that it paints, names itself, follows theme and text size, and answers keys and clicks."""

from __future__ import annotations

import sys
from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAccessible, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QLineEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from credguard.gui.theme import DARK, LIGHT, theme
from credguard.gui.widgets.button import Button, Kind
from credguard.gui.widgets.controls import CheckBox, Choices, Segmented, Switch
from credguard.gui.widgets.field import Field
from credguard.gui.widgets.gauges import AgeBar, ScoreRing, TimeRing
from credguard.gui.widgets.marks import Pill
from credguard.gui.widgets.steps import StepList
from credguard.gui.widgets.surface import ClickCard
from credguard.gui.widgets.text import Text
from credguard.gui.widgets.tiles import CodePair, SkeletonCard, Ways
from credguard.gui.widgets.timeline import Timeline
from tests.support.gui import color_at, colors_of, grab, settle
from tests.support.gui_samples import (
    NOW,
    Ground,
    account,
    cards,
    code,
    code_cards,
    code_now,
    dues,
    everything,
    grace_account,
    root_account,
    steps,
    words_of,
)

Key = Qt.Key


def press(widget: QWidget, key: Qt.Key) -> None:
    QTest.keyClick(widget, key)
    settle()


# ── all of them ──────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
def test_everything_paints(qt: QApplication, mode: str, scale: float) -> None:
    theme().set_mode("dark" if mode == "dark" else "light")
    theme().set_scale(scale)
    ground = Ground(*everything())
    image = grab(ground, 900)
    page = (DARK if mode == "dark" else LIGHT)["page"]
    assert color_at(image, 2, 2) == page
    assert len(colors_of(image.copy(0, 0, 900, 400))) > 20


def test_nothing_is_cut_at_200_percent(qt: QApplication) -> None:
    """What has words is at least as large as it asks for, in a window that has the room."""
    theme().set_scale(2.0)
    ground = Ground(*everything())
    grab(ground, 1800)
    for widget in ground.findChildren(Button):
        if widget.isVisible():
            assert widget.height() >= widget.sizeHint().height(), widget.objectName()
    for mark in ground.findChildren(Pill):
        if mark.isVisible():
            assert mark.width() >= mark.sizeHint().width(), mark.text()


def test_a_later_change_of_the_text_size_measures_again(qt: QApplication) -> None:
    ground = Ground(*everything())
    grab(ground, 900)
    theme().set_scale(2.0)
    settle()
    changed = {w.objectName(): w.sizeHint() for w in ground.findChildren(QWidget) if w.objectName()}
    built = Ground(*everything())
    grab(built, 900)
    fresh = {w.objectName(): w.sizeHint() for w in built.findChildren(QWidget) if w.objectName()}
    for name in ("rail-home", "rotate", "timeline", "account-number", "undo", "steps"):
        if name in fresh:
            assert changed[name] == fresh[name], name


def test_a_live_switch_is_the_same_as_a_new_start(qt: QApplication) -> None:
    """Pixel for pixel: nothing keeps a colour of the theme before."""
    switched = Ground(*everything())
    grab(switched, 900)
    theme().set_mode("dark")
    settle()
    after = grab(switched, 900)
    built = grab(Ground(*everything()), 900)
    assert after.size() == built.size()
    assert _differs(after, built) is None


def _differs(one: QImage, other: QImage) -> tuple[int, int] | None:
    if one == other:
        return None
    for y in range(one.height()):
        for x in range(one.width()):
            if one.pixel(x, y) != other.pixel(x, y):
                return x, y
    return None


def test_no_reference_of_none_is_lost(qt: QApplication) -> None:
    """PySide6 6.12.0 dropped one for each call that returns nothing: before 3.12 that ends the program."""
    ground = Ground(*everything())
    grab(ground, 900)
    button = ground.findChildren(Button)[0]
    for _ in range(50):
        button.update()
    settle()
    before = sys.getrefcount(None)
    for _ in range(500):
        button.update()
    assert sys.getrefcount(None) > before - 100


def test_controls_name_themselves(qt: QApplication) -> None:
    """For screen readers (name) and for tools that find a control (objectName)."""
    ground = Ground(*everything())
    grab(ground, 900)
    controls = [*ground.findChildren(QAbstractButton), *ground.findChildren(QLineEdit)]
    assert len(controls) > 60
    for control in controls:
        where = f"{type(control).__name__} {control.objectName()!r} {control.accessibleName()!r}"
        assert control.accessibleName(), where
        assert control.objectName(), where
        assert "&" not in control.accessibleName(), where


def test_roles_come_from_qt(qt: QApplication) -> None:
    ground = Ground(*everything())
    grab(ground, 900)
    wanted = {
        Button: QAccessible.Role.PushButton,
        CheckBox: QAccessible.Role.CheckBox,
        ScoreRing: QAccessible.Role.ProgressBar,
        Text: QAccessible.Role.StaticText,
    }
    for kind, role in wanted.items():
        widget = next(w for w in ground.findChildren(kind) if w.isVisible())
        found = QAccessible.queryAccessibleInterface(widget)
        assert found is not None
        assert found.role() == role, kind


def test_gauges_say_a_sentence(qt: QApplication) -> None:
    ground = Ground(*everything())
    for gauge in ground.findChildren(QProgressBar):
        assert gauge.accessibleName(), type(gauge).__name__
    assert ScoreRing(76).accessibleName() == "Health 76 of 100, fair"
    assert ScoreRing(None).accessibleName() == "Health not checked yet"


def test_text_from_others_is_never_markup(qt: QApplication) -> None:
    ground = Ground(*everything(), Text("<b>bold</b>"))
    for label in ground.findChildren(QLabel):
        if label.text():
            assert label.textFormat() == Qt.TextFormat.PlainText, label.text()


# ── text ─────────────────────────────────────────────────────────────────────────────────────────
def test_a_long_line_is_elided_and_told_in_the_tooltip(qt: QApplication) -> None:
    text = Text("A very long name of an account that does not fit")
    grab(text, 100, 20)
    assert text.toolTip() == text.text()
    grab(text, 600, 20)
    assert text.toolTip() == ""


def test_wrapped_text_has_its_own_line_height(qt: QApplication) -> None:
    text = Text("word " * 60, "body14", wrap=True)
    for width in (200, 440):
        assert text.heightForWidth(width) % 22 == 0
    assert text.heightForWidth(200) > text.heightForWidth(440)


# ── buttons ──────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("height", [28, 32, 40])
def test_a_button_is_as_high_as_its_kind(qt: QApplication, height: int) -> None:
    assert Button("Rotate", height=height).sizeHint().height() == height
    alone = Button("", "quiet", "copy", height, name="Copy").sizeHint()
    assert (alone.width(), alone.height()) == (height, height)
    theme().set_scale(1.5)
    assert Button("Rotate", height=height).sizeHint().height() == round(height * 1.5)


@pytest.mark.parametrize(
    ("kind", "fill"),
    [("primary", "accent"), ("secondary", "card"), ("danger", "danger_f"), ("danger2", "card")],
)
def test_a_button_has_the_colour_of_its_kind(qt: QApplication, kind: Kind, fill: str) -> None:
    assert color_at(grab(Ground(Button("Rotate", kind))), 15 + 8, 14 + 4) == LIGHT[fill]


def test_a_disabled_button_looks_it_and_does_nothing(qt: QApplication) -> None:
    button, pressed = Button("Rotate", "primary"), []
    button.clicked.connect(lambda: pressed.append(1))
    button.setEnabled(False)
    image = grab(button)
    assert color_at(image, 8, 4) == LIGHT["hover"]
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not pressed


def test_a_pressed_button_darkens(qt: QApplication) -> None:
    button = Button("Rotate", "primary")
    grab(button)
    button.setDown(True)
    assert color_at(grab(button), 8, 4) == LIGHT["accent_p"]


def test_an_ampersand_in_a_name_is_a_letter(qt: QApplication) -> None:
    button = Button("Move Smith & Sons")
    assert button.text() == "Move Smith & Sons"
    assert button.accessibleName() == "Move Smith & Sons"
    assert button.shortcut().isEmpty()


def test_space_presses(qt: QApplication) -> None:
    button, pressed = Button("Rotate"), []
    button.clicked.connect(lambda: pressed.append(1))
    grab(button)
    press(button, Key.Key_Space)
    assert pressed == [1]


# ── choices and fields ───────────────────────────────────────────────────────────────────────────
def test_switch_and_check_box_answer_the_space_bar(qt: QApplication) -> None:
    for control in (Switch("Lock with the screen"), CheckBox("Remove the file")):
        before = grab(control)
        press(control, Key.Key_Space)
        assert control.isChecked()
        assert grab(control) != before


def test_a_check_box_that_is_off_stays_clear_in_the_middle(qt: QApplication) -> None:
    """Off is not drawn as on."""
    off, on = CheckBox(name="Move"), CheckBox(name="Move", checked=True)
    assert color_at(grab(off), 9, 3) == LIGHT["card"]
    assert color_at(grab(on), 9, 3) == LIGHT["accent"]


def test_arrows_choose_a_segment(qt: QApplication) -> None:
    parts = Segmented([("findings", "Findings"), ("map", "Map"), ("muted", "Muted")], name="View")
    told: list[str] = []
    parts.chosen.connect(told.append)
    grab(parts)
    assert parts.current() == "findings"
    press(parts, Key.Key_Right)
    assert (parts.current(), told) == ("map", ["map"])
    parts.select("muted")
    assert (parts.current(), told) == ("muted", ["map"])


def test_a_choice_is_chosen_by_a_click_anywhere_in_it(qt: QApplication) -> None:
    choices = Choices([("a", "Go on", "Programs work."), ("b", "Wait", "Up to 40 seconds.")], "a")
    told: list[str] = []
    choices.chosen.connect(told.append)
    grab(choices, 400)
    second = choices.findChildren(QAbstractButton)[1]
    QTest.mouseClick(second, Qt.MouseButton.LeftButton, pos=QPoint(second.width() - 4, second.height() - 4))
    assert (choices.current(), told) == ("b", ["b"])


def test_ways_move_with_the_arrows(qt: QApplication) -> None:
    ways = Ways([("scan", "scan", "Scan", "found"), ("image", "image", "Picture", "file")], "scan")
    told: list[str] = []
    ways.chosen.connect(told.append)
    grab(ways, 400)
    press(ways, Key.Key_Right)
    assert (ways.current(), told) == ("image", ["image"])


def test_a_passphrase_is_hidden_again_when_the_field_is_left(qt: QApplication) -> None:
    field, other = Field("Passphrase", "Passphrase", password=True), Field("Name", "Name")
    ground = Ground(field, other)
    grab(ground, 300)
    ground.activateWindow()
    field.edit.setFocus()
    assert field.edit.echoMode() == QLineEdit.EchoMode.Password
    assert field.reveal is not None
    field.reveal.click()
    assert field.edit.echoMode() == QLineEdit.EchoMode.Normal
    other.edit.setFocus()
    settle()
    assert field.edit.echoMode() == QLineEdit.EchoMode.Password


def test_a_field_shows_the_focus_in_its_border(qt: QApplication) -> None:
    field, other = Field("Name", "Name"), Button("Later")
    ground = Ground(field, other)
    grab(ground, 300)
    ground.activateWindow()
    other.setFocus()
    settle()
    assert LIGHT["accent"] not in colors_of(grab(ground))
    field.edit.setFocus()
    settle()
    assert LIGHT["accent"] in colors_of(grab(ground))


# ── cards ────────────────────────────────────────────────────────────────────────────────────────
def test_an_account_card_is_148_high_whatever_it_shows(qt: QApplication) -> None:
    shown = cards()
    ground = Ground(*shown)
    grab(ground, 440)
    assert {card.height() for card in shown} == {148}


def test_the_keys_of_an_account_card(qt: QApplication) -> None:
    card, told, opened = cards()[0], [], []
    card.act.connect(told.append)
    card.activated.connect(lambda: opened.append(1))
    grab(card, 412)
    for key in (Key.Key_C, Key.Key_O, Key.Key_T, Key.Key_R):
        press(card, key)
    assert told == ["code", "console", "terminal", "rotate"]
    press(card, Key.Key_Return)
    assert opened == [1]


def test_a_root_account_offers_one_thing(qt: QApplication) -> None:
    card = cards()[3]
    told: list[str] = []
    card.act.connect(told.append)
    grab(card, 412)
    labels = [b.text() for b in card.findChildren(Button) if b.text()]
    assert labels == ["Make it safe"]
    press(card, Key.Key_R)
    press(card, Key.Key_C)
    assert set(told) <= {"root"}


def test_red_stands_only_on_the_root_card(qt: QApplication) -> None:
    calm, late, grace, root = (colors_of(grab(card, 412)) for card in cards())
    for quiet in (calm, late, grace):
        assert LIGHT["danger_f"] not in quiet
    assert LIGHT["danger_f"] in root
    assert LIGHT["warn_g"] in late
    assert LIGHT["ok_g"] in calm


def test_the_samples_are_what_they_say() -> None:
    assert root_account().is_root
    assert not account().is_root
    assert words_of(grace_account())[0].startswith("Old key is off")


def test_a_click_card_tells_by_mouse_and_by_key(qt: QApplication) -> None:
    card, told = ClickCard(name="open"), []
    card.activated.connect(lambda: told.append(1))
    grab(card, 300, 80)
    QTest.mouseClick(card, Qt.MouseButton.LeftButton)
    press(card, Key.Key_Return)
    press(card, Key.Key_Space)
    assert told == [1, 1, 1]


def test_a_code_card_never_changes_its_height(qt: QApplication) -> None:
    shown = code_cards()
    ground = Ground(*shown)
    grab(ground, 440)
    assert {card.height() for card in shown} == {100}


def test_the_last_five_seconds_show_the_next_code(qt: QApplication) -> None:
    card = code_cards()[0]
    calm = grab(card, 412)
    card.show_code(code_now(4))
    soon = grab(card, 412)
    right = QRect(250, 30, 90, 60)
    assert LIGHT["text"] not in colors_of(calm.copy(right))
    assert LIGHT["text"] in colors_of(soon.copy(right))


def test_a_click_copies(qt: QApplication) -> None:
    card, told = code_cards()[0], []
    card.copy.connect(lambda: told.append(1))
    grab(card, 412)
    QTest.mouseClick(card, Qt.MouseButton.LeftButton)
    press(card, Key.Key_Return)
    assert told == [1, 1]


def test_a_locked_code_is_not_drawn(qt: QApplication) -> None:
    """Six dots, whatever code the card was given before."""
    locked = code_cards()[9]
    before = grab(locked, 412)
    locked.show_code(code_now(18, "000000"))
    assert grab(locked, 412) == before


def test_a_code_is_no_part_of_the_name(qt: QApplication) -> None:
    """The name says whose code it is; the digits come with the description, on demand."""
    card = code_cards()[0]
    assert "482" not in card.accessibleName()
    assert "482 731" in card.accessibleDescription()
    assert code().name not in card.accessibleDescription()


def test_a_pair_copies_the_one_that_was_pressed(qt: QApplication) -> None:
    pair = CodePair()
    told: list[int] = []
    pair.copied.connect(told.append)
    pair.show_codes("118560", "602118", 18, 30)
    grab(pair, 440)
    for button in pair.findChildren(Button):
        button.click()
    assert told == [0, 1]


# ── gauges ───────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("score", "color"), [(80, "ok_g"), (79, "warn_g"), (40, "warn_g"), (39, "danger_f")])
def test_a_ring_has_the_colour_of_its_score(qt: QApplication, score: int, color: str) -> None:
    assert LIGHT[color] in colors_of(grab(ScoreRing(score)))


@pytest.mark.parametrize(("age", "color"), [(74, "ok_g"), (75, "warn_g"), (97, "warn_g")])
def test_an_age_bar_turns_amber_at_75_days(qt: QApplication, age: int, color: str) -> None:
    assert LIGHT[color] in colors_of(grab(AgeBar(age), 376))


def test_an_age_bar_is_as_long_as_the_key_is_old(qt: QApplication) -> None:
    image = grab(Ground(AgeBar(60)), 422)
    row = [color_at(image, x, image.height() // 2) for x in range(image.width())]
    assert row.count(LIGHT["ok_g"]) == pytest.approx((422 - row.index(LIGHT["ok_g"]) * 2) / 2, abs=8)


def test_the_time_ring_empties(qt: QApplication) -> None:
    ring = TimeRing()
    filled = []
    for left in (30, 20, 10):
        ring.show_time(left, 30)
        image = grab(ring)
        filled.append(
            sum(color_at(image, x, y) == LIGHT["accent"] for x in range(36) for y in range(36)),
        )
    assert all(more > less for more, less in pairwise(filled))
    ring.show_time(5, 30)
    colors = colors_of(grab(ring))
    assert LIGHT["warn"] in colors
    assert LIGHT["accent"] not in colors


# ── timeline, steps, skeleton ────────────────────────────────────────────────────────────────────
def test_arrows_walk_the_timeline(qt: QApplication) -> None:
    line = Timeline(dues(), NOW)
    told: list[str] = []
    line.chosen.connect(told.append)
    grab(line, 800)
    press(line, Key.Key_Right)
    press(line, Key.Key_Right)
    press(line, Key.Key_Return)
    press(line, Key.Key_Left)
    press(line, Key.Key_Return)
    assert told == ["2", "1"]


def test_a_timeline_without_a_late_key_has_no_amber(qt: QApplication) -> None:
    assert LIGHT["warn_bd"] in colors_of(grab(Timeline(dues(), NOW), 800))
    assert LIGHT["warn_bd"] not in colors_of(grab(Timeline(dues()[1:], NOW), 800))


def test_the_timeline_is_told_in_words(qt: QApplication) -> None:
    said = Timeline(dues(), NOW).accessibleDescription()
    assert "Blue Kite, 7 days late" in said
    assert "Northwind Sandbox" in said


def test_steps_grow_with_what_they_say(qt: QApplication) -> None:
    shown = StepList()
    shown.show_steps(steps())
    grab(shown, 472)
    before = shown.height()
    shown.show_failure(("The old key works as before.",), ("Try again.",))
    assert shown.height() == before  # nothing has failed yet
    failed = steps()[:2] + tuple(type(s)(s.id, "failed", s.title, s.detail) for s in steps()[2:3])
    shown.show_steps(failed)
    grab(shown, 472)
    assert LIGHT["warn_bg"] in colors_of(grab(shown, 472))
    assert "stopped here" in shown.accessibleDescription()


def test_a_spinner_rests_while_nobody_sees_it(qt: QApplication) -> None:
    shown = StepList()
    holder = QWidget()
    QVBoxLayout(holder).addWidget(shown)
    shown.show_steps(steps())
    assert not shown._turning.isActive()
    grab(holder, 472)
    assert shown._turning.isActive()
    holder.hide()
    assert not shown._turning.isActive()


def test_a_skeleton_waits(qt: QApplication) -> None:
    assert len(colors_of(grab(Ground(SkeletonCard(delay=60_000)), 400))) == 1
    assert len(colors_of(grab(Ground(SkeletonCard(delay=0)), 400))) > 2


# ── large text in a small window ─────────────────────────────────────────────────────────────────
def test_an_account_card_without_room_shows_icons_with_names(qt: QApplication) -> None:
    card = cards()[0]
    grab(card, 412)
    wide = {b.objectName(): b.width() for b in card.findChildren(Button)}
    theme().set_scale(2.0)
    grab(card, 600)
    buttons = card.findChildren(Button)
    for button in buttons:
        assert button.geometry().right() <= card.width(), button.objectName()
    code_button = next(b for b in buttons if b.text() == "Code")
    assert code_button.width() == code_button.height() == 56
    assert code_button.toolTip() == "Code Northwind"
    theme().set_scale(1.0)
    grab(card, 412)
    assert {b.objectName(): b.width() for b in card.findChildren(Button)} == wide


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
def test_labels_of_the_timeline_never_touch(qt: QApplication, scale: float) -> None:
    theme().set_scale(scale)
    line = Timeline(dues(), NOW)
    for width in (360, 640, 848):
        grab(line, width)
        for row in (0, 1):
            labels = [p for p in line._places() if p.level == row]
            for one, other in pairwise(labels):
                assert other.left - (one.left + one.width) >= 8
            assert all(p.left >= 0 for p in labels)
