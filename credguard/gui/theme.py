"""The theme: tokens for light and dark, account colours, type roles, sizes.

Names are the keys of one dictionary per theme; widgets ask by name, never by hex. A live switch is one
`update()` over the tree, since widgets read tokens while painting.
"""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QWidget

LIGHT = {
    "page": "#FAFAF8", "rail": "#F2F2EE", "card": "#FFFFFF", "sunken": "#F5F5F2", "hover": "#F2F2EF",
    "pressed": "#E8E8E3", "railhover": "#E8E8E3", "sel": "#E3E7F8", "border": "#E4E4DF",
    "border2": "#D2D2CC", "field": "#85868D", "text": "#1C1D21", "text2": "#5C5E66",
    "disabled": "#9B9CA3", "accent": "#3B56D6", "accent_h": "#3049BE", "accent_p": "#283DA3",
    "accent_t": "#3049BE", "accent_bg": "#ECEFFC", "focus": "#3B56D6", "danger": "#B3261B",
    "danger_bg": "#FDF0EE", "danger_bd": "#F2CBC6", "danger_f": "#C22F23", "danger_h": "#A9271C",
    "danger_p": "#8F1F15", "warn": "#875000", "warn_g": "#C47F0A", "warn_bg": "#FDF4E3",
    "warn_bd": "#F0DDB5", "ok": "#1A7040", "ok_g": "#2E9E5F", "ok_bg": "#E9F6EE", "ok_bd": "#C5E5D1",
    "toast": "#26272C", "toast_text": "#F4F4F6", "toast_link": "#AEBBFF", "segment": "#E8E8E3",
    "chosen_bd": "#FFFFFF", "chosen": "#FFFFFF", "high": "#875000", "on": "#FFFFFF", "scrim": "#3D101116",
    "scrim_palette": "#38101116",
}  # fmt: skip
DARK = {
    "page": "#17181B", "rail": "#111214", "card": "#1F2024", "sunken": "#1A1B1E", "hover": "#282A2F",
    "pressed": "#33353C", "railhover": "#1E1F23", "sel": "#262A3F", "border": "#2E3036",
    "border2": "#3D3F47", "field": "#75777F", "text": "#ECEDF0", "text2": "#A3A6AE",
    "disabled": "#63656D", "accent": "#4560DC", "accent_h": "#506AE6", "accent_p": "#3A52C6",
    "accent_t": "#A3B4FF", "accent_bg": "#232845", "focus": "#A3B4FF", "danger": "#FF9D92",
    "danger_bg": "#331C1B", "danger_bd": "#5F2C28", "danger_f": "#C9382B", "danger_h": "#D13F32",
    "danger_p": "#B23024", "warn": "#F0B95C", "warn_g": "#E0A03A", "warn_bg": "#2E2618",
    "warn_bd": "#524222", "ok": "#74D39C", "ok_g": "#48B77A", "ok_bg": "#192A21", "ok_bd": "#2A4A38",
    "toast": "#ECEDF0", "toast_text": "#1C1D21", "toast_link": "#3049BE", "segment": "#282A2F",
    "chosen_bd": "#3D3F47", "chosen": "#3D3F47", "high": "#E0A03A", "on": "#FFFFFF", "scrim": "#8C101116",
    "scrim_palette": "#80101116",
}  # fmt: skip
ACCOUNT_LIGHT = {
    "blue": "#2344E4", "orange": "#E36C0E", "teal": "#258C73", "pink": "#CB69B5", "violet": "#582B98",
    "gold": "#816511", "sky": "#149AED", "green": "#135014",
}  # fmt: skip
ACCOUNT_DARK = {
    "blue": "#517DFA", "orange": "#FE8D08", "teal": "#02B394", "pink": "#E692D2", "violet": "#9A66C6",
    "gold": "#E2D263", "sky": "#8EE1FF", "green": "#4C9540",
}  # fmt: skip

#: role → (pixels, weight, letter spacing)
ROLES: dict[str, tuple[int, int, float]] = {
    "hero": (28, 600, -0.5), "title": (24, 600, -0.3), "empty": (20, 600, 0.0), "dialog": (18, 600, 0.0),
    "lead": (16, 600, 0.0), "name": (15, 600, 0.0), "card": (14, 600, 0.0), "row": (14, 500, 0.0),
    "rail": (14, 500, 0.0), "rail_on": (14, 600, 0.0), "body": (13, 400, 0.0), "body14": (14, 400, 0.0),
    "button": (13, 500, 0.0), "button40": (14, 500, 0.0), "caption": (12, 400, 0.0),
    "pill": (12, 500, 0.0), "badge": (12, 600, 0.0), "strong": (13, 600, 0.0), "code": (34, 500, -0.6),
    "next": (20, 500, 0.0), "ring": (12, 500, 0.0), "ring28": (11, 500, 0.0), "mono": (13, 400, 0.0),
    "mono12": (12, 400, 0.0), "mono14": (14, 400, 0.0), "row_on": (14, 600, 0.0), "link": (13, 500, 0.0),
    "key": (11, 500, 0.0), "digits": (13, 400, 0.0), "digits12": (12, 400, 0.0),
    "digits500": (13, 500, 0.0), "score": (16, 600, 0.0),
    "recovery": (15, 500, 0.0), "palette": (15, 400, 0.0), "palette_on": (15, 600, 0.0),
    "palette_code": (18, 500, 0.0), "palette_input": (18, 400, 0.0),
}  # fmt: skip
LINE = {
    "hero": 36, "title": 32, "empty": 28, "dialog": 24, "lead": 24, "name": 20, "caption": 16, "pill": 16,
    "badge": 16, "code": 40, "next": 24, "body14": 22,
}  # fmt: skip
_FAMILIES = ("Inter", "Adwaita Sans", "Segoe UI Variable Text", "SF Pro Text", "Noto Sans", "DejaVu Sans")
_MONO = ("JetBrains Mono", "Cascadia Mono", "SF Mono", "Noto Sans Mono", "DejaVu Sans Mono")

_MONO_ROLES = {"mono", "mono12", "mono14", "recovery"}
#: Tabular digits: 111 111 and 888 888 are equally wide. Not in prose, where they look loose.
_DIGIT_ROLES = {
    "code", "next", "ring", "ring28", "score", "badge", "digits", "digits12", "digits500",
    "palette_code",
}  # fmt: skip

#: From this width of the window on the rail is wide; from this text size on it is narrow all the same,
#: cards stand in one column and buttons in lines of their own.
NARROW, LARGE = 960, 1.5

Mode = Literal["system", "light", "dark"]


class Theme(QObject):
    """The tokens in force. `changed` is emitted after a switch; every widget repaints by itself."""

    changed = Signal()

    def __init__(self, app: QApplication, mode: Mode = "system") -> None:
        super().__init__(app)
        self._app = app
        self._mode: Mode = mode
        self.scale = 1.0
        self.reduced_motion = False
        self._fonts: dict[str, QFont] = {}
        available = set(QFontDatabase.families())
        system = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).family()
        vague = system.lower() in {"", "sans", "sans serif", "sans-serif"} or system not in available
        self.family = next((f for f in _FAMILIES if f in available), system) if vague else system
        self.mono = next((f for f in _MONO if f in available), "monospace")
        app.styleHints().colorSchemeChanged.connect(self._system_changed)
        self._apply()

    @property
    def dark(self) -> bool:
        if self._mode != "system":
            return self._mode == "dark"
        return self._app.styleHints().colorScheme() == Qt.ColorScheme.Dark

    def set_mode(self, mode: Mode) -> None:
        """Light, dark, or as the system."""
        self._mode = mode
        self._apply()

    @property
    def mode(self) -> Mode:
        return self._mode

    def set_scale(self, scale: float) -> None:
        """The text size, 1.0 = 100 %. Widgets measure themselves again."""
        if scale == self.scale:
            return
        self.scale = scale
        self._fonts.clear()
        self._apply(measure=True)

    def color(self, name: str) -> QColor:
        """A token's colour; account colours as `account:blue`."""
        if name.startswith("account:"):
            colors = ACCOUNT_DARK if self.dark else ACCOUNT_LIGHT
            return QColor(colors.get(name[8:], colors["blue"]))
        return QColor((DARK if self.dark else LIGHT)[name])

    def font(self, role: str) -> QFont:
        """The font of a type role; digits are tabular."""
        found = self._fonts.get(role)
        if found is None:
            found = self._fonts[role] = self._make_font(role)
        return QFont(found)

    def _make_font(self, role: str) -> QFont:
        pixels, weight, spacing = ROLES[role]
        font = QFont(self.mono if role in _MONO_ROLES else self.family)
        font.setPixelSize(round(pixels * self.scale))
        font.setWeight(QFont.Weight(weight))
        if spacing:
            font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, spacing * self.scale)
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        if role in _DIGIT_ROLES:
            font.setFeature(QFont.Tag("tnum"), 1)
        if role in _MONO_ROLES:
            font.setFeature(QFont.Tag("calt"), 0)
        return font

    def u(self, pixels: float) -> int:
        """Pixels × text scale, for everything that holds text."""
        return round(pixels * self.scale)

    def _system_changed(self) -> None:
        if self._mode == "system":
            self._apply()

    def _apply(self, measure: bool = False) -> None:
        palette = QPalette()
        roles = {
            QPalette.ColorRole.Window: "page", QPalette.ColorRole.WindowText: "text",
            QPalette.ColorRole.Base: "card", QPalette.ColorRole.AlternateBase: "sunken",
            QPalette.ColorRole.Text: "text", QPalette.ColorRole.Button: "card",
            QPalette.ColorRole.ButtonText: "text", QPalette.ColorRole.Highlight: "accent",
            QPalette.ColorRole.PlaceholderText: "text2", QPalette.ColorRole.Accent: "accent",
            QPalette.ColorRole.ToolTipBase: "toast", QPalette.ColorRole.ToolTipText: "toast_text",
            QPalette.ColorRole.Link: "accent_t",
        }  # fmt: skip
        for role, token in roles.items():
            palette.setColor(role, self.color(token))
        palette.setColor(QPalette.ColorRole.HighlightedText, QColor("#FFFFFF"))
        self._app.setPalette(palette)
        self._app.setFont(self.font("body"))
        self.changed.emit()
        for widget in self._app.topLevelWidgets():
            for child in (widget, *widget.findChildren(QWidget)):
                again = getattr(child, "measure", None) if measure else None
                if again is not None:
                    again()
                    child.updateGeometry()
                child.update()


def theme() -> Theme:
    """The application's theme. Looked up at the application itself: there is no global."""
    app = QApplication.instance()
    direct = Qt.FindChildOption.FindDirectChildrenOnly
    found = app.findChild(Theme, options=direct) if app is not None else None
    if found is None:
        raise RuntimeError("there is no theme yet")
    return found
