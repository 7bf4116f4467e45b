"""The tokens: contrast as the design promises it, account colours that stay apart, fonts, live switches."""

from __future__ import annotations

import itertools
import math
import re
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QFontMetricsF, QPalette
from PySide6.QtWidgets import QApplication

from credguard.gui import icons
from credguard.gui.theme import ACCOUNT_DARK, ACCOUNT_LIGHT, DARK, LIGHT, Theme, theme
from credguard.gui.widgets.text import width_of
from credguard.wire import places

BOTH = [pytest.param(LIGHT, id="light"), pytest.param(DARK, id="dark")]
TEXT, GRAPHIC = 4.5, 3.0


def _linear(part: int) -> float:
    value = part / 255
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _rgb(color: str) -> tuple[float, float, float]:
    plain = color.lstrip("#")
    red, green, blue = (_linear(int(plain[at : at + 2], 16)) for at in (0, 2, 4))
    return red, green, blue


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio."""
    light, dark = sorted(
        (0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (_rgb(one), _rgb(other))), reverse=True
    )
    return (light + 0.05) / (dark + 0.05)


def test_contrast_itself() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)


def test_both_themes_have_the_same_names() -> None:
    assert LIGHT.keys() == DARK.keys()
    assert ACCOUNT_LIGHT.keys() == ACCOUNT_DARK.keys()


GROUNDS = ("page", "rail", "card", "hover", "sel")
# Text → what it may stand on. Numbers: what the design measured, light and dark.
MEASURED = {
    "text": {
        "page": (16.1, 15.2), "rail": (15.0, 16.0), "card": (16.8, 13.9), "hover": (15.0, 12.3),
        "sel": (13.7, 12.1), "danger_bg": (15.1, 13.6), "warn_bg": (15.4, 12.8), "ok_bg": (15.1, 12.9),
    },
    "text2": {
        "page": (6.2, 7.3), "rail": (5.8, 7.7), "card": (6.5, 6.7), "hover": (5.8, 5.9), "sel": (5.3, 5.8),
        "danger_bg": (5.8, 6.5), "warn_bg": (5.9, 6.1), "ok_bg": (5.8, 6.2), "sunken": (5.9, 7.1),
    },
    "accent_t": {
        "page": (7.1, 8.9), "rail": (6.6, 9.4), "card": (7.4, 8.2), "hover": (6.6, 7.2), "sel": (6.0, 7.1),
        "ok_bg": (6.7, 7.6), "warn_bg": (6.8, 7.5),
    },
    "danger": {
        "page": (6.3, 8.9), "rail": (5.8, 9.4), "card": (6.5, 8.1), "hover": (5.8, 7.2), "sel": (5.3, 7.1),
        "danger_bg": (5.9, 7.9),
    },
    "warn": {
        "page": (6.3, 10.0), "rail": (5.9, 10.5), "card": (6.6, 9.1), "hover": (5.9, 8.1),
        "sel": (5.4, 7.9), "warn_bg": (6.1, 8.4),
    },
    "ok": {
        "page": (5.9, 9.8), "rail": (5.5, 10.3), "card": (6.1, 8.9), "hover": (5.5, 7.9), "sel": (5.0, 7.8),
    },
    "on": {
        "accent": (6.0, 5.3), "accent_h": (7.4, 4.6), "danger_f": (5.6, 5.1), "danger_h": (7.0, 4.7),
    },
}  # fmt: skip
PAIRS = [(ink, ground) for ink, grounds in MEASURED.items() for ground in grounds]


@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_can_be_read(ink: str, ground: str) -> None:
    for colors, promised in zip((LIGHT, DARK), MEASURED[ink][ground], strict=True):
        found = contrast(colors[ink], colors[ground])
        assert found >= TEXT, f"{ink} on {ground}: {found:.2f}"
        assert found == pytest.approx(promised, abs=0.11), f"{ink} on {ground} is not what DESIGN measured"


@pytest.mark.parametrize("colors", BOTH)
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        *(("on", fill) for fill in ("accent_p", "danger_p")),
        *(("text2", ground) for ground in ("sunken", "segment", "railhover")),
        ("text", "pressed"), ("text", "chosen"), ("text", "sunken"), ("accent_t", "accent_bg"),
        ("ok", "ok_bg"), ("warn", "warn_bg"), ("toast_text", "toast"), ("toast_link", "toast"),
    ],
)  # fmt: skip
def test_what_else_is_text_can_be_read(colors: dict[str, str], ink: str, ground: str) -> None:
    assert contrast(colors[ink], colors[ground]) >= TEXT


@pytest.mark.parametrize("colors", BOTH)
@pytest.mark.parametrize("ink", ["accent", "danger_f", "warn_g", "ok_g", "field", "focus", "high", "text2"])
def test_graphics_can_be_seen(colors: dict[str, str], ink: str) -> None:
    assert contrast(colors[ink], colors["card"]) >= GRAPHIC


@pytest.mark.parametrize("colors", BOTH)
@pytest.mark.parametrize("ground", ["page", "rail", "card"])
def test_the_focus_ring_can_be_seen(colors: dict[str, str], ground: str) -> None:
    assert contrast(colors["focus"], colors[ground]) >= GRAPHIC


# ── account colours ──────────────────────────────────────────────────────────────────────────────
# Machado, Oliveira and Fernandes 2009, severity 1, in linear RGB: what one kind of cone less would see.
_SIGHTS = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": (
        (0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900),
    ),
}  # fmt: skip


def _oklab(rgb: tuple[float, float, float]) -> tuple[float, float, float]:
    r, g, b = rgb
    long = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    medium = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _seen(color: str, sight: str) -> tuple[float, float, float]:
    rgb = _rgb(color)
    r, g, b = (max(0.0, sum(k * v for k, v in zip(row, rgb, strict=True))) for row in _SIGHTS[sight])
    return _oklab((r, g, b))


@pytest.mark.parametrize("sight", _SIGHTS)
@pytest.mark.parametrize(
    ("colors", "apart"), [pytest.param(ACCOUNT_LIGHT, 0.085), pytest.param(ACCOUNT_DARK, 0.066)]
)
def test_account_colours_stay_apart(colors: dict[str, str], apart: float, sight: str) -> None:
    for (one, a), (other, b) in itertools.combinations(colors.items(), 2):
        distance = math.dist(_seen(a, sight), _seen(b, sight))
        assert distance >= apart, f"{one} and {other} look alike ({sight}): {distance:.3f}"


def test_account_colours_can_be_seen() -> None:
    for colors, tokens in ((ACCOUNT_LIGHT, LIGHT), (ACCOUNT_DARK, DARK)):
        for name, color in colors.items():
            assert contrast(color, tokens["card"]) >= GRAPHIC, name


# ── the theme itself ─────────────────────────────────────────────────────────────────────────────
def test_a_token_in_both_modes(qt: QApplication) -> None:
    assert theme().color("accent") == QColor("#3B56D6")
    theme().set_mode("dark")
    assert theme().color("accent") == QColor("#4560DC")
    assert theme().color("account:blue") == QColor("#517DFA")


def test_every_token_is_a_colour(qt: QApplication) -> None:
    for mode in ("light", "dark"):
        theme().set_mode(mode)
        for name in LIGHT:
            assert theme().color(name).isValid(), name


def test_the_palette_follows(qt: QApplication) -> None:
    for mode, page in (("light", LIGHT["page"]), ("dark", DARK["page"])):
        theme().set_mode(mode)
        palette = qt.palette()
        assert palette.color(QPalette.ColorRole.Window) == QColor(page)
        assert palette.color(QPalette.ColorRole.PlaceholderText) == theme().color("text2")
        assert palette.color(QPalette.ColorRole.Highlight) == theme().color("accent")


def test_a_switch_is_told(qt: QApplication) -> None:
    told = []
    theme().changed.connect(lambda: told.append(theme().dark))
    theme().set_mode("dark")
    assert told == [True]


def test_the_theme_is_found_again_and_nowhere_else(qt: QApplication) -> None:
    assert theme() is qt.findChild(Theme)


def test_no_application_style_sheet(qt: QApplication) -> None:
    assert qt.styleSheet() == ""


@pytest.mark.parametrize("role", ["code", "next", "ring", "ring28", "badge", "mono"])
def test_digits_are_tabular(qt: QApplication, role: str) -> None:
    assert width_of("111 111", role) == pytest.approx(width_of("888 888", role), abs=0.01)


def test_fonts_follow_the_text_size(qt: QApplication) -> None:
    before = QFontMetricsF(theme().font("body")).horizontalAdvance("Acme Production")
    theme().set_scale(2.0)
    assert theme().u(36) == 72
    after = QFontMetricsF(theme().font("body")).horizontalAdvance("Acme Production")
    assert after == pytest.approx(before * 2, rel=0.03)


# ── icons ────────────────────────────────────────────────────────────────────────────────────────
FOLDER = Path(places.resources()) / "icons"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.svg")), ids=lambda p: p.stem)
def test_an_icon_is_one_of_ours(path: Path) -> None:
    """24 grid, round ends, no fill, one stroke that is set while painting; only the mark is filled."""
    source = path.read_text(encoding="utf-8")
    if path.stem.startswith("credguard"):
        return
    assert 'viewBox="0 0 24 24"' in source
    assert 'fill="none"' in source
    assert source.count('stroke="currentColor"') == 1
    assert source.count('stroke-width="2"') == 1
    assert 'stroke-linecap="round"' in source
    assert not re.search(r"#[0-9A-Fa-f]{3}|<(script|image|style|text)", source)


def test_every_icon_that_is_named_exists() -> None:
    """A misspelt icon would fail only when its page is painted."""
    drawn = {path.stem for path in FOLDER.glob("*.svg")}
    gui = Path(icons.__file__).parent
    needed = {
        "house", "briefcase", "timer", "shield-check", "file-search", "activity", "book-open", "settings",
        "lock", "lock-open", "rotate-cw", "globe", "terminal", "copy", "undo-2", "siren", "octagon-alert",
        "triangle-alert", "cloud-off", "usb", "smartphone", "qr-code", "git-branch", "folder-git-2",
        "users-round", "user-round", "file-text", "search", "check", "plus", "arrow-left", "arrow-right",
        "chevron-right", "chevron-down", "more-horizontal", "more-vertical", "x", "info", "power",
        "calendar-clock", "image", "keyboard", "trash", "pencil", "eye", "eye-off", "key", "external-link",
        "refresh", "terminal-square", "clipboard", "credguard",
    }  # fmt: skip
    pattern = re.compile(
        r'(?:Icon|IconTile)\(\s*"([a-z0-9-]+)"|icon="([a-z0-9-]+)"|paint_icon\(\w+, "([a-z0-9-]+)"'
    )
    for path in gui.rglob("*.py"):
        for groups in pattern.findall(path.read_text(encoding="utf-8")):
            needed |= {name for name in groups if name}
    assert needed <= drawn, f"missing: {sorted(needed - drawn)}"
