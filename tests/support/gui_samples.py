"""Invented accounts, codes and steps, and one window with every widget in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from credguard.domain.accounts import Account
from credguard.domain.machine import Step
from credguard.domain.text import text
from credguard.gui.theme import theme
from credguard.gui.widgets.button import Button, Link
from credguard.gui.widgets.cards import AccountCard
from credguard.gui.widgets.code import Aside, CodeCard
from credguard.gui.widgets.controls import CheckBox, Choices, Segmented, Switch
from credguard.gui.widgets.empty import EmptyState
from credguard.gui.widgets.field import Field
from credguard.gui.widgets.gauges import AgeBar, ProgressBar, ScoreBar, ScoreRing, Spinner, TimeRing
from credguard.gui.widgets.guide import GuideList, GuideStep
from credguard.gui.widgets.header import PageHeader
from credguard.gui.widgets.marks import Badge, KeyHint, Pill, SeverityGlyph
from credguard.gui.widgets.rail import Rail
from credguard.gui.widgets.rows import ListRow
from credguard.gui.widgets.steps import SafeBox, StepList
from credguard.gui.widgets.surface import Banner, Card, Dot, Icon, IconTile, Note, Separator
from credguard.gui.widgets.text import Text
from credguard.gui.widgets.tiles import CodePair, SkeletonCard, Ways
from credguard.gui.widgets.timeline import DAY, Timeline
from credguard.queries.accounts import AccountRow, Grace, KeyRow, MfaRow
from credguard.queries.codes import CodeNow, CodeRow
from credguard.queries.home import Due

NOW = 1_795_000_000.0
PAGES = [
    ("home", "house", "Home"), ("accounts", "briefcase", "Accounts"), ("codes", "timer", "Codes"),
    ("health", "shield-check", "Health"), ("plaintext", "file-search", "Plaintext"),
    ("activity", "activity", "Activity"),
]  # fmt: skip
BOTTOM = [("learn", "book-open", "Learn"), ("settings", "settings", "Settings")]


def key(name: str, number: str, age: int, root: bool = False) -> KeyRow:
    """A key of `age` days that is due after 90."""
    return KeyRow(
        name=name, access_key_id="AKIATW5NHGREXAMPLE", account_id=number, arn=None,
        created=NOW - age * DAY, age_days=age, due=NOW + (90 - age) * DAY, status="active",
        store="keychain", profiles=(), root=root,
    )  # fmt: skip


def account(name: str = "Northwind", color: str = "teal", age: int = 34, **changes: Any) -> AccountRow:
    """An account with one key and a code."""
    number = "482011739056"
    row = AccountRow(
        account=Account(account_id=number, name=name, company="Northwind", color=color),
        identity=None, keys=(key("northwind", number, age),),
        mfa=(MfaRow(None, "totp", True, "m.keller", "entry-1"),), score=81,
        urgency="late" if age > 90 else "quiet", grace=None, rotating=None,
    )  # fmt: skip
    return replace(row, **changes)


def root_account() -> AccountRow:
    return account(
        "Personal", "orange", keys=(key("personal", "314159265358", 1412, True),), urgency="root", mfa=()
    )


def grace_account() -> AccountRow:
    return account("Northwind Sandbox", "pink", 4, grace=Grace("run", "AKIATW5NHGREXAMPLE", NOW + 7 * DAY))


def code(name: str = "Acme Production", **changes: Any) -> CodeRow:
    row = CodeRow(entry_id="entry-1", name="maria", user="maria", color="blue", title=name)
    return replace(row, **changes)


def code_now(left: int = 18, value: str = "482731", used: bool = False, period: int = 30) -> CodeNow:
    return CodeNow(value, left, "950114", used, period)


def steps() -> tuple[Step, ...]:
    """A rotation in its third step."""
    return (
        Step("made", "done", text("Made a new key"), text("AKIATW8MCRDEXAMPLE")),
        Step("stored", "done", text("Stored it in the keychain and read it back")),
        Step(
            "proved", "running", text("Checking that AWS accepts it"),
            text("A new key takes up to 30 seconds to reach all of AWS."), 3, 5,
        ),
        Step("switch", "todo", text("Switch 2 profiles to it"), text("northwind and nw-etl")),
        Step("off", "skipped", text("Turn the old key off")),
    )  # fmt: skip


def dues() -> tuple[Due, ...]:
    return (
        Due("1", "Blue Kite", "violet", NOW - 7 * DAY, 7),
        Due("2", "Acme Staging", "sky", NOW + 17 * DAY, 0),
        Due("3", "Acme Production", "blue", NOW + 37 * DAY, 0),
        Due("4", "Northwind", "teal", NOW + 55 * DAY, 0),
        Due("5", "Northwind Sandbox", "pink", NOW + 82 * DAY, 0),
    )


def words_of(row: AccountRow) -> tuple[str, str, str]:
    """The age line as a page would say it."""
    if row.is_root:
        return "Root key, 1,412 days old", "should not exist", "danger"
    if row.grace is not None:
        return "Old key is off, deleted on 3 Dec", "", "text"
    if row.urgency == "late":
        return "Key 97 days old", "7 days late", "warn"
    return "Key 34 days old", "due 18 Jan", "text"


def cards() -> list[AccountCard]:
    rows = [account(), account("Blue Kite", "violet", 97), grace_account(), root_account()]
    return [AccountCard(row, words_of(row), 90) for row in rows]


def code_cards() -> list[CodeCard]:
    """Every state of a code's card."""
    shown = [
        (CodeCard(code()), code_now()),
        (CodeCard(code("Northwind")), code_now(4)),
        (CodeCard(code("Blue Kite")), code_now(12, used=True)),
        (CodeCard(code("Personal", root=True)), code_now(12)),
        (CodeCard(code("Old router", unreadable=text("the secret has an 8"))), None),
        (CodeCard(code("Counter", type="hotp", counter=42)), code_now()),
        (CodeCard(code("Eight", digits=8)), code_now(41, "48102755", period=60)),
        (CodeCard(code("Learning"), Aside("learning", "AWS learns it, 6 s")), code_now()),
        (CodeCard(code("Gone"), Aside("grace", "Deleted on 30 Nov")), code_now()),
        (CodeCard(code("Shut"), Aside("locked")), None),
        (CodeCard(code("Stopped"), Aside("stopped", "Next try at 10:48")), code_now()),
    ]
    for card, now in shown:
        if now is not None:
            card.show_code(now)
    return [card for card, _ in shown]


class Ground(QWidget):
    """The page behind the widgets."""

    def __init__(self, *widgets: QWidget) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        for widget in widgets:
            layout.addWidget(widget)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(QRectF(self.rect()), theme().color("page"))


def everything() -> list[QWidget]:
    """One of each widget, in each of its kinds."""
    ring, times, listed, pair = TimeRing(), TimeRing(28), StepList(), CodePair()
    ring.show_time(24, 30)
    times.show_time(4, 30)
    listed.show_steps(steps(), {"made": "10:44:02", "stored": "10:44:03"})
    pair.show_codes("118560", "602118", 18, 30)
    rail = Rail(PAGES, BOTTOM)
    rail.select("home")
    rail.lock.set_state("GNOME Keyring")
    header = PageHeader("Accounts", "6 accounts, 4 companies", back="Accounts", color="teal")
    header.buttons.addWidget(Button("Add account", "primary", "plus"))
    kinds = ("primary", "secondary", "quiet", "danger", "danger2", "warn", "red")
    off = Button("Rotate", "primary")
    off.setEnabled(False)
    ways = [("scan", "scan", "Scan the screen", "one QR code found"), ("image", "image", "Picture", "file")]
    guide = [GuideStep("One", "What", "Aside", "current"), GuideStep("Two", "What", "Aside", final=True)]
    pills = ("solid", "root", "warn", "ok", "neutral", "accent", "quiet")
    banners = ("danger", "warn", "neutral")
    return [
        header, rail, Text("One line"), Text("Several lines " * 12, "body14", "text2", wrap=True),
        *(Button("Rotate", kind, "rotate-cw", height) for kind in kinds for height in (28, 32, 40)), off,
        Button("", "secondary", "copy", name="Copy the key id"), Link("Undo"),
        Field("Account name", "Account name"), Field("Passphrase", "Passphrase", password=True),
        Field("Find a code", "Find a code", 40, search=True, key="/"),
        CheckBox("Remove the file", checked=True), CheckBox(name="Move it"), Switch("Lock with it", True),
        Segmented([("findings", "Findings"), ("map", "Map"), ("muted", "Muted")], name="View"),
        Choices([("a", "Go on", "Programs keep working."), ("b", "Wait", "Up to 40 seconds.")], "a"),
        *(Pill(kind, kind, "check") for kind in pills),
        Badge("7"), Badge("!", "danger"), Badge("4", "warn"), KeyHint("Ctrl K"),
        *(SeverityGlyph(word) for word in ("critical", "high", "medium", "low", "info")),
        *(ScoreRing(score, size, 6) for score, size in ((92, 112), (67, 72), (38, 56), (None, 112))),
        ring, times, AgeBar(52), AgeBar(97), AgeBar(None), AgeBar(1412, root=True), ScoreBar(81),
        ScoreBar(None), ProgressBar(0.6, "Search"), Spinner(), Separator(20), Icon("key"), Dot("blue"),
        IconTile("key", "warn"), Note("Both keys work until the old one is off."),
        *(Banner(kind, "triangle-alert", "A title", "One line.", "Show how") for kind in banners),
        Card(bar="sky", name="a card"), *cards(), *code_cards(), Timeline(dues(), NOW), listed, pair,
        SafeBox(("The old key works.",), ("Try again.",)), GuideList(guide), Ways(ways, "scan"),
        SkeletonCard(delay=0), EmptyState("No codes yet", "Show the code.", "Read QR", "Other ways", "codes"),
        ListRow("northwind", "~/.aws/config", IconTile("file-text"), [("Northwind", 152)], action="Move"),
    ]  # fmt: skip
