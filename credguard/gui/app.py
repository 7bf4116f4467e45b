"""The application: theme, icon, services, window."""

from __future__ import annotations

import signal
import sys
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from credguard.gui.garbage import Garbage
from credguard.gui.passphrase import Asker
from credguard.gui.security_keys import KeysAtWindow
from credguard.gui.single import alone
from credguard.gui.theme import Mode, Theme
from credguard.gui.window import Window
from credguard.services import Services
from credguard.system.hardening import harden


def main(argv: list[str]) -> int:
    """Open the window; returns the exit code. `--demo` shows invented companies."""
    harden()
    if "--demo" in argv:
        from credguard.services import demo_session

        with demo_session().entered(lasting=True):
            return _run(demo=True)
    return _run(demo=False)


def _run(demo: bool) -> int:
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(sys.argv[:1])
    app.setApplicationName("credguard")
    app.setApplicationDisplayName("CredGuard")
    app.setDesktopFileName("credguard")
    Garbage(app)
    asker = Asker()
    keys = KeysAtWindow(asker)
    services = Services(
        demo=demo, passphrase=asker.ask, starts_agent=not demo, keeps_code=asker.keeps_code, keys=keys,
        hands=keys.at_hand,
    )  # fmt: skip
    with alone(services.interlock) as first:
        return _shown(app, services, asker, keys) if first else 0


def _shown(app: QApplication, services: Services, asker: Asker, keys: KeysAtWindow) -> int:
    mode: Mode = services.settings.get("theme")
    made = Theme(app, mode)
    made.reduced_motion = services.settings.get("reduced_motion") == "on"
    if app.style().name() != "fusion":  # to set it again takes longer than to draw the window
        app.setStyle("Fusion")
    window = Window(services)
    window.asker, window.security_keys = asker, keys
    asker.attach(window)
    asker.watch_keys(keys)
    window.show()
    window.tasks.idle.connect(partial(_begin, window), Qt.ConnectionType.SingleShotConnection)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    code = app.exec()
    asker.close()
    if window.tray is not None:
        window.tray.close()
    if window.link is not None:
        window.link.close()
    window.tasks.wait()
    services.close()
    return code


def _begin(window: Window) -> None:
    """Home is there: the first run, or what was left unfinished; and the line to the agent."""
    from credguard.gui.journeys.start import begin

    begin(window)
    from credguard.gui.tray import Tray

    window.tray = Tray(window)
    if not window.services.demo:
        from credguard.gui.agent_link import AgentLink

        window.link = AgentLink(window)
        window.follow_sharing()
