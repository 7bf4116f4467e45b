"""Codes from other programs: choose, see what would be stored, add. Nothing is stored before that."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.gui.journeys.unlock_panel import TypedPanel
from credguard.gui.pages.import_lines import FILTERS, accounts_of, head_of, lines_of
from credguard.gui.pages.page import Page, clear
from credguard.gui.screens import as_png, asks_desktop, grab_screens, image_in
from credguard.gui.theme import LARGE, theme
from credguard.gui.translate import harmless, words
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.controls import CheckBox
from credguard.gui.widgets.drop_card import DropCard
from credguard.gui.widgets.gauges import Spinner
from credguard.gui.widgets.import_rows import CountFilter, ImportRow, chosen
from credguard.gui.widgets.rows import RowList
from credguard.gui.widgets.steps import SafeBox
from credguard.gui.widgets.surface import Banner, Card
from credguard.gui.widgets.text import Text
from credguard.workflows.import_codes import Preview, Source, is_all_here, read_source, remove_files

if TYPE_CHECKING:
    from credguard.domain.text import Text as Words
    from credguard.gui.window import Window
    from credguard.workflows.import_codes import Imported

_READS = (
    "Aegis, 2FAS, andOTP, Ente, Bitwarden, Proton, Google Authenticator, KeePass, and lists of otpauth"
    " addresses."
)
#: So many rows are drawn at first; a button adds as many.
MOST = 200


class ImportCodesPage(Page):
    """One page in three states: where from, reading, and what was found."""

    gap = 12

    def __init__(self, window: Window) -> None:
        super().__init__(window, "Import codes", back="Codes")
        self.setAcceptDrops(True)
        self.content.setSpacing(8)
        self.plan: Preview | None = None
        self.rows: list[ImportRow] = []
        self._sources: tuple[Source, ...] = ()
        self._left_out: set[int] = set()
        self._taken: set[int] = set()
        self._only, self._most = "", MOST
        self._cancel = threading.Event()
        self.remove: CheckBox | None = None
        self.destroyed.connect(self._cancel.set)
        app = QApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self._cancel.set)
        self.start()

    def reload(self) -> None:
        """What is shown came from files, and stays until it is stored or left."""

    def go_back(self) -> None:
        """Leave: what was read is forgotten."""
        self._cancel.set()
        self._forget()
        self.start()
        self.window_.show_page("codes")

    def _forget(self) -> None:
        self.plan, self.data, self._sources = None, None, ()

    def _say(self, title: str, sub: str) -> None:
        self.title.setText(title)
        self.sub.setText(sub)
        self.setAccessibleName(title)
        clear(self.head)
        clear(self.content)
        clear(self._notice)
        self.rows, self.remove = [], None

    # ── where from ───────────────────────────────────────────────────────────────────────────────
    def start(self) -> None:
        """Ask for files."""
        self._say("Import codes", "From another authenticator. You see what is found before it is stored.")
        box = DropCard(
            "Drop files or pictures of QR codes here, or paste them with Ctrl V.",
            _READS,
            [
                ("Choose files", "folder", self.choose),
                ("From the clipboard", "clipboard", self._paste),
                ("From the screen", "scan", self._scan),
            ],
        )
        self.content.addWidget(box)
        self.content.addStretch(1)
        box.buttons[0].setFocus()

    def choose(self) -> None:
        """The system's dialog."""
        paths, _ = QFileDialog.getOpenFileNames(self, "Files with codes", os.path.expanduser("~/Downloads"))
        if paths:
            self.read_files(paths)

    def _paste(self) -> None:
        data = QGuiApplication.clipboard().mimeData()
        if data is None or not self.take(data):
            self.window_.toast.say("There are no codes in the clipboard.", icon="info")

    def take(self, data: QMimeData) -> bool:
        """What was pasted or dropped; False where it is nothing that could hold codes."""
        paths = [url.toLocalFile() for url in data.urls() if url.toLocalFile()]
        image = image_in(data)
        if paths:
            self.read_files(paths)
        elif image is not None:
            self.read_sources(lambda: [Source("the picture", as_png(image))])
        elif data.text().strip():
            written = data.text().encode()
            self.read_sources(lambda: [Source("the clipboard", written)])
        else:
            return False
        return True

    def _scan(self) -> None:
        shots = [] if asks_desktop() else grab_screens()
        if not shots:
            self.window_.toast.say(
                "This desktop shows its screen to no program. Save or copy a picture of the QR code.",
                icon="info",
            )  # fmt: skip
            return
        services = self.window_.services

        def look() -> list[Source]:
            found, none = [], None
            for number, shot in enumerate(shots, 1):
                source = Source(f"screen {number}" if len(shots) > 1 else "the screen", as_png(shot))
                try:
                    services.preview_codes([source], cancelled=self._cancel.is_set)
                    found.append(source)
                except CredGuardError as error:
                    none = error
            if not found and none is not None:
                raise none
            return found

        self.read_sources(look)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────
    def read_files(self, paths: Sequence[str], more: bool = False) -> None:
        """Read these files; `more`: with those that were read before, as one import."""
        self.read_sources(lambda: [read_source(path) for path in paths], more)

    def read_sources(self, make: Callable[[], list[Source]], more: bool = False) -> None:
        """Elsewhere: a key derivation takes seconds, and can be cancelled at any moment."""
        services, before = self.window_.services, self._sources if more else ()
        self._cancel.set()  # what is read now is not wanted any more
        cancel = self._cancel = threading.Event()
        self.destroyed.connect(cancel.set)
        self._reading()

        def work(tell: Callable[[object], None]) -> tuple[tuple[Source, ...], Preview]:
            sources = (*before, *make())
            plan = services.preview_codes(sources, self._ask, tell=tell, cancelled=cancel.is_set)
            return sources, plan

        def done(found: tuple[tuple[Source, ...], Preview]) -> None:
            if cancel.is_set():
                return
            self._sources, self.plan = found
            self._only, self._most = "", MOST
            self._left_out, self._taken = set(), set()
            self.window_.tasks.run(
                lambda tell: accounts_of(services.accounts()), self._previewed, self._not_read, quick=True
            )

        def failed(error: CredGuardError) -> None:
            if not cancel.is_set():
                self._not_read(error)

        self.window_.tasks.run(work, done, failed, self._told)

    def _reading(self) -> None:
        self._say("Reading the file", "An encrypted file takes a few seconds. Nothing is stored yet.")
        line = QHBoxLayout()
        line.setSpacing(12)
        line.addWidget(Spinner())
        self._file = Text("", color="text2", elide=Qt.TextElideMode.ElideMiddle)
        line.addWidget(self._file, 1)
        self.content.addLayout(line)
        self.content.addStretch(1)
        cancel = Button("Cancel", "secondary")
        cancel.clicked.connect(self._cancelled)
        self.head.addWidget(cancel)
        cancel.setFocus()

    def _told(self, name: str) -> None:
        self._file.setText(harmless(os.path.basename(name)))

    def _cancelled(self) -> None:
        self._cancel.set()
        self._forget()
        self.start()

    def _ask(self, name: str, wrong: Words | None) -> Secret | None:
        """In the worker: the person is asked at the window."""
        asker = self.window_.asker
        if asker is None:
            return None
        line = words(wrong) if wrong is not None else "It is encrypted. The password is not kept."
        title = f"Password of {harmless(os.path.basename(name))}"
        answer = asker.ask_with(lambda: TypedPanel(title, line, "Password", "Open it"))
        return Secret(answer) if answer else None

    def _not_read(self, problem: CredGuardError) -> None:
        if problem.code in {"password-needed", "import-cancelled"}:
            self.start()
            return
        self._forget()
        self._say("Nothing was imported", words(problem.what))
        kept = (
            words(problem.kept) if problem.kept is not None else "Your codes and the file are as they were."
        )
        self.content.addWidget(SafeBox([kept], [words(problem.next)]))
        self.content.addStretch(1)
        again = Button("Another file", "primary", "folder")
        again.clicked.connect(self.start)
        self.head.addWidget(again)
        again.setFocus()

    # ── what was found ───────────────────────────────────────────────────────────────────────────
    def _previewed(self, accounts: dict[str, tuple[str, str]]) -> None:
        self.data = accounts
        self.redraw()

    def draw(self) -> None:
        plan = self.plan
        if plan is None:
            self.start()
            return
        self._say(*head_of(plan))
        other = Button("Another file", "quiet", "folder")
        other.clicked.connect(self.choose)
        self.add = Button("", "primary")
        self.add.setObjectName("add-codes")
        self.add.clicked.connect(self.store)
        self.head.addWidget(other)
        self.head.addWidget(self.add)
        if plan.missing_parts:
            first = plan.missing_parts[0]
            banner = Banner(
                "warn", "triangle-alert", f"Part {first.index + 1} of {first.size} is missing",
                "Google Authenticator spreads codes over several pictures. Add it, or go on without.",
                "Add a picture",
            )  # fmt: skip
            banner.pressed.connect(self._more)
            self.content.addWidget(banner)
        self.content.addLayout(self._counts(plan))
        card = Card(name="codes found")
        listed = RowList(card, indent=53)
        listed.setContentsMargins(0, 0, 0, 0)
        lines = [one for one in lines_of(plan, self.data) if self._only in {"", one.state}]
        for one in lines[: self._most]:
            ticked = one.index in self._taken if one.state == "counter" else one.index not in self._left_out
            row = ImportRow(one, one.chooses and ticked)
            row.toggled.connect(partial(self._ticked, one.index, one.state))
            if row.type_it is not None:
                row.type_it.clicked.connect(lambda: self.window_.add_code("type"))
            self.rows.append(row)
            listed.add(row)
        if lines:
            self.content.addWidget(card)
        if len(lines) > self._most:
            rest = Button(f"Show {min(MOST, len(lines) - self._most)} more", "secondary")
            rest.clicked.connect(self._show_more)
            self.content.addWidget(rest, 0, Qt.AlignmentFlag.AlignHCenter)
        self.content.addStretch(1)
        self._tell()

    def _counts(self, plan: Preview) -> QVBoxLayout | QHBoxLayout:
        large = theme().scale >= LARGE
        line: QVBoxLayout | QHBoxLayout = QVBoxLayout() if large else QHBoxLayout()
        line.setSpacing(8 if large else 26)
        for state, said, icon, color in FILTERS:
            count = len(plan.of(state))
            if not count:
                continue
            one = CountFilter(count, said, icon, color)
            one.setChecked(self._only == state)
            one.clicked.connect(partial(self._filter, state))
            line.addWidget(one)
        if isinstance(line, QHBoxLayout):
            line.addStretch(1)
        if not plan.encrypted and any(os.path.isabs(source.name) for source in self._sources):
            said = "Remove the file afterwards, its secrets lie in plaintext"
            self.remove = CheckBox(said)
            self.remove.setChecked(True)
            line.addWidget(self.remove)
        return line

    def _filter(self, state: str, on: bool = False) -> None:
        self._only = "" if self._only == state else state
        self.redraw()

    def _show_more(self) -> None:
        self._most += MOST
        self.redraw()

    def _more(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self, "The missing picture", "")
        if paths:
            self.read_files(paths, more=True)

    def _ticked(self, index: int, state: str, on: bool) -> None:
        kept = self._taken if state == "counter" else self._left_out
        (kept.add if on == (state == "counter") else kept.discard)(index)
        self._tell()

    def wanted(self) -> list[int]:
        """The rows that would be stored: ticked ones, also those that a filter hides."""
        plan = self.plan
        if plan is None:
            return []
        new = [row.index for row in plan.of("new") if row.index not in self._left_out]
        return [*new, *(row.index for row in plan.of("counter") if row.index in self._taken)]

    def _tell(self) -> None:
        plan, count = self.plan, len(self.wanted())
        self.add.setText(f"Add {count:,} code{'' if count == 1 else 's'}" if count else "Nothing to add")
        self.add.setEnabled(bool(count))
        if self.remove is not None and plan is not None:
            whole = is_all_here(plan, self.wanted())
            self.remove.setEnabled(whole)
            self.remove.setToolTip("" if whole else "It stays: some of its codes would be nowhere else.")
            if not whole:
                self.remove.setChecked(False)

    # ── storing ──────────────────────────────────────────────────────────────────────────────────
    def store(self) -> None:
        """Store what is ticked; then the file goes, where that was wanted and nothing was left out."""
        plan, wanted, services, sources = self.plan, self.wanted(), self.window_.services, self._sources
        if plan is None or not wanted:
            return
        away = self.remove is not None and self.remove.isEnabled() and self.remove.isChecked()
        moves = bool(self._taken)
        self.add.setEnabled(False)

        def work(tell: object) -> tuple[Imported, tuple[str, ...] | None]:
            done = services.import_codes(plan, wanted, counters=moves)
            return done, remove_files(sources) if away else None

        self.window_.tasks.run(work, self._stored, self._not_stored)

    def _stored(self, found: tuple[Imported, tuple[str, ...] | None]) -> None:
        done, left = found
        window, services, count = self.window_, self.window_.services, len(done.added)
        self._forget()
        self.start()
        window.show_page("codes")
        said = f"{count:,} code{'' if count == 1 else 's'} stored and read back."
        if done.moved:
            said += f" {len(done.moved)} took the higher counter."
        if left is None:
            undo = partial(window.tasks.run, lambda tell: services.undo_import_codes(done), self._undone)
            window.toast.say(said, undo=undo if count else False)
        elif left:
            window.toast.say(f"{said} {harmless(os.path.basename(left[0]))} could not be removed.",
                             icon="triangle-alert")  # fmt: skip
        else:
            window.toast.say(f"{said} The file is removed.")

    def _undone(self, count: int) -> None:
        self.window_.changed()
        self.window_.toast.say(f"{count:,} taken away again. They are kept for 7 days.")

    def _not_stored(self, error: CredGuardError) -> None:
        self._tell()
        self.notice("warn", "triangle-alert", words(error.what), words(error.next), "Try again", self.store)

    # ── keys, pasting, dropping ──────────────────────────────────────────────────────────────────
    def first_thing(self) -> None:
        if self.plan is not None and self.add.isEnabled():
            self.store()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Paste):
            self._paste()
        elif event.matches(QKeySequence.StandardKey.SelectAll) and self.plan is not None:
            everything = all(row.isChecked() for row in self.rows if row.line.chooses)
            for row in self.rows:
                row.setChecked(row.line.chooses and not everything)
        elif event.key() in {Qt.Key.Key_Up, Qt.Key.Key_Down} and self._walk(event.key()):
            return
        else:
            super().keyPressEvent(event)

    def _walk(self, key: int) -> bool:
        rows: list[QWidget] = [row for row in self.rows if row.line.chooses]
        focus = QApplication.focusWidget()
        if not rows:
            return False
        step = 1 if key == Qt.Key.Key_Down else -1
        at = rows.index(focus) + step if focus in rows else 0
        if 0 <= at < len(rows):
            rows[at].setFocus(Qt.FocusReason.TabFocusReason)
            self.area.ensureWidgetVisible(rows[at], 0, 24)
        return True

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        data = event.mimeData()
        if data.hasUrls() or data.hasImage() or data.hasText():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.take(event.mimeData())


__all__ = ["ImportCodesPage", "chosen"]
