"""Why no more codes of a device are sent, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credguard.gui.moments import clock
from credguard.gui.translate import harmless
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.overlay import Panel
from credguard.gui.widgets.surface import Note
from credguard.gui.widgets.text import Text

if TYPE_CHECKING:
    from credguard.domain.otp import Pause
    from credguard.gui.window import Window
    from credguard.queries.codes import CodeRow


class StoppedCode(Panel):
    """The reason in two sentences, and `Try again now` where a person may decide that."""

    def __init__(self, window: Window, row: CodeRow, pause: Pause) -> None:
        super().__init__(480)
        name = harmless(row.title or row.name)
        budget = pause.why == "budget"
        title = f"AWS refused two codes of {name}"
        if budget:
            title = f"{name} has used its tries"
        self.setAccessibleName(title)
        self.body.addWidget(Text(title, "dialog", wrap=True))
        self.body.addSpacing(8)
        self.body.addWidget(Text(self._reason(window, pause), "body14", wrap=True))
        self.body.addSpacing(16)
        self.body.addWidget(
            Note(
                f"Nothing is sent before {clock(pause.until)}. The code on the screen is right as far as this"
                " computer knows; you can still copy it."
            )
        )
        self.again = Button("Try again now", "quiet", "rotate-cw")
        self.again.setVisible(not budget)
        close = Button("Close", "primary")
        close.clicked.connect(window.dialogs.close_panel)
        self.foot(self.again, None, close)

        def again() -> None:
            services = window.services

            def done(_: None) -> None:
                window.dialogs.close_panel()
                window.toast.say(f"The next code of {name} is sent when it is needed.")
                window.changed()

            window.tasks.run(lambda tell: services.try_again(row.entry_id), done, window.show_error)

        self.again.clicked.connect(again)

    @staticmethod
    def _reason(window: Window, pause: Pause) -> str:
        if pause.why == "budget":
            return "AWS allows nine tries for a device in three minutes, and all nine are spent."
        offset = window.services.clock_offset() or 0.0
        if pause.why == "clock":
            way = "behind" if offset > 0 else "ahead"
            if offset:
                return (
                    f"The clock of this computer is {abs(offset):.0f} s {way}, so its codes come at the wrong"
                    " time. Turn on automatic time, then try again."
                )
            return "The clock of this computer is off, so its codes come at the wrong time."
        return (
            "The clock of this computer is right, so this code is perhaps of another device: one that was"
            " replaced, or of another account. Look at the MFA device on the AWS page and add its code again."
        )
