"""First run and every later import: welcome (or a new vault), found, moving, done. No rail."""

from __future__ import annotations

import datetime
import threading
from typing import TYPE_CHECKING, Any

from credguard.domain.accounts import grouped
from credguard.domain.secret import Secret
from credguard.gui.journeys.first_run_parts import (
    SHORT,
    AppMark,
    BigTile,
    FoundList,
    Points,
    Results,
    colors_for,
    hint,
    keys,
    number,
)  # fmt: skip
from credguard.gui.journeys.frame import DONE, FOUND, MOVING, WELCOME, Journey
from credguard.gui.journeys.new_passphrase import NewPassphrase
from credguard.gui.journeys.recovery_card import RecoveryCard
from credguard.gui.translate import harmless, words
from credguard.gui.widgets.button import Button, Link
from credguard.gui.widgets.gauges import ProgressBar
from credguard.gui.widgets.moving import MovingCard
from credguard.gui.widgets.surface import Banner

if TYPE_CHECKING:
    from credguard.domain.machine import Step
    from credguard.gui.window import Window
    from credguard.wiring.kinds import StoreState
    from credguard.workflows.intake import FoundKey, Outcome


class FirstRun(Journey):
    """Four screens in a column 600 wide. Enter goes on, Esc goes back; undo stays on the last one."""

    def __init__(self, window: Window, skip_welcome: bool = False) -> None:
        super().__init__(window)
        self.setObjectName("first-run")
        self._skip, self._store = skip_welcome, "the keychain"
        self._found: tuple[FoundKey, ...] = ()
        self._list: FoundList | None = None
        self._cards: list[MovingCard] = []
        self._stop = threading.Event()
        self._found_screen() if skip_welcome else self._welcome_screen()

    # ── 1 welcome ────────────────────────────────────────────────────────────────────────────────
    def _welcome_screen(self) -> None:
        services = self.window_.services
        self._screen(WELCOME, "Keep your AWS keys safe", "Looking where they can live.", AppMark())
        self._feet(None, None)
        self.window_.tasks.run(
            lambda tell: services.store_state(),
            self._show_welcome,
            lambda error: self._problem(WELCOME, error, self._welcome_screen),
            quick=True,
        )

    def _show_welcome(self, state: StoreState) -> None:
        self._store = "the keychain" if state.kind == "keychain" else "CredGuard’s vault"
        if state.fresh:
            self._vault_screen(chosen=False)
            return
        self._screen(
            WELCOME, "Keep your AWS keys safe", "Your aws commands go on working as before.", AppMark()
        )
        if state.kind == "keychain":
            first = (
                "Your keys move to the keychain of this computer",
                f"{state.label} answers. Nothing leaves this laptop.",
            )
        else:
            first = (
                "Your keys move to CredGuard’s sealed vault",
                "Only its passphrase opens it. Nothing leaves this laptop.",
            )
        self._body.addWidget(
            Points(
                [
                    ("lock", *first),
                    ("undo-2", "Everything can be undone",
                     "A sealed copy of ~/.aws is made before anything changes."),
                    ("clock", "It takes about a minute",
                     "You choose which keys to move. CredGuard checks each one."),
                ]
            )
        )  # fmt: skip
        other: Button | None = None
        if state.kind == "keychain" and not state.chosen:
            other = Link("Use a vault with a passphrase instead", role="link")
            other.clicked.connect(lambda: self._vault_screen(chosen=True))
        else:
            other = Button("Not now", "quiet", "x", 40)
            other.clicked.connect(self.window_.leave_journey)
        self._back = self.window_.leave_journey
        look = Button("Look for keys", "primary", "arrow-right", 40, trailing=True)
        look.clicked.connect(self._found_screen)
        self._feet(other, look)

    # ── 1 instead: a vault ───────────────────────────────────────────────────────────────────────
    def _vault_screen(self, chosen: bool) -> None:
        services = self.window_.services
        why = (
            "It lies on this computer, sealed. CredGuard asks for the passphrase when it opens it."
            if chosen
            else "No keychain answers on this computer, so CredGuard keeps a sealed one of its own."
        )
        self._screen(WELCOME, "Make a vault that only you can open", why, gap=21)
        form = NewPassphrase(services.suggest_passphrase, services.passphrase_words)
        self._body.addWidget(form)
        self._body.addSpacing(16)
        today = datetime.datetime.fromtimestamp(services.clock.now()).astimezone().date()
        card = RecoveryCard(services.recovery_code(), today)
        self._body.addWidget(card)
        self._body.addSpacing(12)
        self._body.addLayout(hint("usb", "Security keys can open the vault too: add them in Settings."))
        left = Button(
            "Back" if chosen else "Look for a keychain again", "quiet",
            "arrow-left" if chosen else "refresh", 40,
        )  # fmt: skip
        self._back = self._look_again if chosen else self.window_.leave_journey
        left.clicked.connect(self._look_again)
        make = Button("Make the vault", "primary", "", 40)
        make.setEnabled(False)
        wake = lambda _: make.setEnabled(form.is_ready() and card.is_ready())  # noqa: E731
        form.ready.connect(wake)
        card.ready.connect(wake)
        form.entered.connect(lambda: make.click() if card.is_ready() else card.focus_first())
        card.entered.connect(lambda: make.click() if form.is_ready() else form.second.edit.setFocus())
        make.clicked.connect(lambda: self._make_vault(form, card, make))
        self._feet(left, make)
        form.second.edit.setFocus()

    def _look_again(self) -> None:
        services = self.window_.services
        self.window_.tasks.run(lambda tell: services.lock(), lambda _: self._welcome_screen(), quick=True)

    def _make_vault(self, form: NewPassphrase, card: RecoveryCard, make: Button) -> None:
        services, passphrase, code = self.window_.services, Secret(form.passphrase()), card.kept()
        make.setEnabled(False)
        make.setText("Making it")
        form.clear()
        card.hide()

        def made(_: Any) -> None:
            self._store = "CredGuard’s vault"
            self.window_.look_at_lock()
            self._found_screen()

        self.window_.tasks.run(
            lambda tell: services.create_vault(passphrase, code),
            made,
            lambda error: self._problem(WELCOME, error, self._welcome_screen),
        )

    # ── 2 found ──────────────────────────────────────────────────────────────────────────────────
    def _found_screen(self) -> None:
        services = self.window_.services
        self._screen(FOUND, "Looking for keys", "In ~/.aws, the environment and Downloads.")
        self._feet(None, None)

        def look(tell: Any) -> Any:
            state, colors = services.store_state(), [r.account.color for r in services.accounts()]
            return *services.find_keys(), colors, state

        self.window_.tasks.run(
            look,
            self._show_found,
            lambda error: self._problem(FOUND, error, self._found_screen),
            quick=True,
        )

    def _show_found(self, result: tuple[Any, ...]) -> None:
        self._found, problems, taken, state = result
        self._store = "the keychain" if state.kind == "keychain" else "CredGuard’s vault"
        if state.fresh:  # a later import on a computer that never had a store
            self._vault_screen(chosen=False)
            return
        count = len(self._found)
        self._back = self.window_.leave_journey if self._skip else self._welcome_screen
        back = Button("Back", "quiet", "arrow-left", 40)
        back.clicked.connect(lambda: self._back())
        if not count:
            self._screen(
                FOUND, "No keys found here",
                "Nothing lies in plaintext in ~/.aws, the environment or Downloads.",
            )  # fmt: skip
            self._say_problems(problems)
            close = Button("Open CredGuard", "primary", "", 40)
            close.clicked.connect(self.window_.leave_journey)
            self._feet(back, close)
            return
        self._screen(
            FOUND,
            f"{number(count)} key{' was' if count == 1 else 's were'} found",
            "The account number is read from the key itself. Nothing has been sent to AWS yet.",
        )
        self._colors = colors_for(self._found, taken)
        self._list = FoundList(self._found, self._colors)
        self._body.addWidget(self._list)
        self._body.addSpacing(12)
        note = "A key that turns out to be root is stored too, and you are shown how to get rid of it."
        self._body.addLayout(hint("info", note))
        self._say_problems(problems)
        move = Button(f"Move {keys(count)}", "primary", "arrow-right", 40, trailing=True)
        move.setObjectName("move-keys")
        move.clicked.connect(self._moving_screen)

        def chosen(some: int) -> None:
            move.setText(f"Move {keys(some)}" if some else "Move no keys")
            move.setEnabled(some > 0)

        self._list.changed.connect(chosen)
        self._feet(back, move)

    def _say_problems(self, problems: tuple[Any, ...]) -> None:
        for problem in problems:
            self._body.addSpacing(6)
            self._body.addLayout(hint("triangle-alert", words(problem), "warn"))

    # ── 3 moving ─────────────────────────────────────────────────────────────────────────────────
    def _moving_screen(self) -> None:
        if self._list is None:
            return
        chosen = self._list.chosen()
        shades = dict(zip(self._found, self._colors, strict=True))
        self._screen(
            MOVING,
            f"Moving {keys(len(chosen))}",
            "Each key is tested before its plaintext is removed.",
            gap=19,
        )
        self._bar = ProgressBar(name="Keys moved")
        self._body.addWidget(self._bar)
        self._body.addSpacing(20)
        self._chosen, self._cards, self._ended = chosen, [], 0
        self._began: dict[int, float] = {}
        self._stop.clear()
        for key in chosen:
            card = MovingCard(harmless(key.name), shades[key], short=SHORT)
            self._cards.append(card)
            self._body.addWidget(card)
            self._body.addSpacing(12)
        stop = Button("Stop after this key", "quiet", "pause", 40)
        stop.clicked.connect(lambda: self._stop_after(stop))
        self._feet(stop, None, "You can close the window. Nothing is lost.")
        services, stopped = self.window_.services, self._stop.is_set

        def work(tell: Any) -> Any:
            outcomes = services.import_keys(
                chosen,
                tell=lambda index, steps: tell((index, steps)),
                ended=lambda index, outcome: tell((index, outcome)),
                stopped=stopped,
            )
            return outcomes, len([r for r in services.plaintext() if r.profile is not None])

        self.window_.tasks.run(
            work,
            lambda result: self._done_screen(*result),
            lambda error: self._problem(MOVING, error, self._found_screen),
            self._told,
        )

    def _stop_after(self, stop: Button) -> None:
        self._stop.set()
        stop.setEnabled(False)
        stop.setText("It stops after this key")

    def _told(self, news: tuple[int, tuple[Step, ...] | Outcome]) -> None:
        index, what = news
        card, now = self._cards[index], self.window_.services.clock.monotonic()
        if isinstance(what, tuple):
            self._began.setdefault(index, now)
            card.show_steps(what)
            steps = [step for step in what if step.state != "skipped"]
            done = sum(step.state == "done" for step in steps) / max(1, len(steps))
        else:
            seconds = max(1, round(now - self._began.get(index, now)))
            sentence = _end_of(what, self._chosen[index])
            card.show_end("done" if what.ok else "failed", sentence, f"{seconds} s")
            self._ended = index + 1
            done = 0.0
        self._bar.set_part((self._ended + done) / len(self._cards))

    # ── 4 done ───────────────────────────────────────────────────────────────────────────────────
    def _done_screen(self, outcomes: tuple[Outcome, ...], left: int) -> None:
        self.window_.changed()
        moved = [o for o in outcomes if o.ok]
        roots = [o for o in moved if o.root]
        if moved:
            said = "Nothing secret is left in ~/.aws/credentials."
            if left:
                said = f"{keys(left)} in ~/.aws {'is' if left == 1 else 'are'} still in plaintext."
            self._screen(DONE, "Your aws commands work as before", said, BigTile("check"))
        else:
            self._screen(DONE, "Nothing was moved", "Everything is as it was.", BigTile("info", "warn"))
        self._body.addWidget(Results(self._result_rows(outcomes)))
        for outcome in roots[:1]:
            self._body.addSpacing(16)
            self._body.addWidget(self._root_banner(outcome, len(roots)))
        undo: Button | None = None
        if moved:
            undo = Button("Undo the move", "quiet", "undo-2", 40)
            undo.clicked.connect(self._undo)
        go = Button("Open CredGuard", "primary", "", 40)
        go.clicked.connect(lambda: self.window_.leave_journey())
        self._back = self.window_.leave_journey
        self._feet(undo, go)

    def _result_rows(self, outcomes: tuple[Outcome, ...]) -> list[tuple[str, str, str, str]]:
        moved = [o for o in outcomes if o.ok]
        profiles = [o for o in moved if o.profile is not None]
        found = []
        if moved:
            verb = "is" if len(moved) == 1 else "are"
            found.append(
                ("check", "ok", f"{keys(len(moved))} {verb} in {self._store}",
                 "Each was read back and compared.")
            )  # fmt: skip
        if profiles:
            one = len(profiles) == 1
            title = f"{len(profiles)} profile{'' if one else 's'} {'asks' if one else 'ask'} CredGuard"
            found.append(("check", "ok", title, "Tested as the aws command asks."))
        for outcome in outcomes:
            if not outcome.ok:
                why = words(outcome.summary)
                todo = f" {words(outcome.failure.next)}" if outcome.failure is not None else ""
                name = harmless(outcome.name)
                found.append(("triangle-alert", "warn", f"{name} was kept as it was", why + todo))
        rest = len(self._chosen) - len(outcomes)
        if rest:
            verb = "was" if rest == 1 else "were"
            found.append(("pause", "text2", f"{keys(rest)} {verb} not moved", "You stopped before."))
        return found

    def _root_banner(self, outcome: Outcome, count: int) -> Banner:
        title = "One of them is a root key" if count == 1 else f"{number(count)} of them are root keys"
        where = f"account {grouped(outcome.account_id)}" if outcome.account_id else harmless(outcome.name)
        sentence = f"It can do anything in {where}, even close it."
        banner = Banner("danger", "octagon-alert", title, sentence, "Make it safe")
        if banner.button is not None:
            banner.button.kind = "danger2"  # the one filled button of this screen is the way on
        account = outcome.account_id
        banner.pressed.connect(lambda: self.window_.leave_journey(root=account))
        return banner

    def _undo(self) -> None:
        services = self.window_.services
        self._screen(DONE, "Putting the plaintext back", "From the sealed copy, line by line.")
        self._feet(None, None)
        self.window_.tasks.run(
            lambda tell: services.undo_import(),
            self._undone,
            lambda error: self._problem(DONE, error, self._undo),
        )

    def _undone(self, undone: Any) -> None:
        self.window_.changed()
        if undone.ok:
            title, said = "Your files are as they were", "The keys lie in plaintext again, and work."
        else:
            title, said = "Not everything could be put back", "Those lines are as the move left them."
        self._screen(
            DONE, title, said, BigTile("undo-2" if undone.ok else "info", "ok" if undone.ok else "warn")
        )
        rows = [("check", "ok", harmless(path), "Put back.") for path in undone.paths]
        rows += [
            ("triangle-alert", "warn", words(f.what), words(f.next)) for f in undone.failures
        ]  # fmt: skip
        rows.append(("info", "text2", f"The copies in {self._store} stay", "Nothing uses them now."))
        self._body.addWidget(Results(rows))
        again = Button("Move them after all", "quiet", "rotate-cw", 40)
        again.clicked.connect(self._found_screen)
        go = Button("Open CredGuard", "primary", "", 40)
        go.clicked.connect(lambda: self.window_.leave_journey())
        self._feet(again, go)


def _end_of(outcome: Outcome, key: FoundKey) -> str:
    """What stands on a key's card at its end."""
    if not outcome.ok:
        return f"Kept as it was: {words(outcome.summary)}"
    if outcome.profile is not None:
        return "aws asks CredGuard now. Tested."
    if key.found.source == "csv":
        return "Stored and tested. The file with it is deleted."
    return "Stored and tested."
