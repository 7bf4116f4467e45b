"""Steps of a run as lines that stay: a finished step is printed once, those below it are redrawn."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from credguard.cli.output import SPINNER, WIDTH, Output, bar, elided, pad
from credguard.domain.machine import Step

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

_SYMBOL = {"done": ("✓", "green"), "failed": ("!", "yellow"), "todo": ("○", ""), "skipped": ("–", "")}
_FRAMES = 12  # pictures of the spinner a second


class StepLines:
    """Draws the step lists that the engine tells, until it is closed. `elapsed`: seconds from any origin.

    `with StepLines(output, time.monotonic) as tell:` leaves the lines of what is still to do, plainly.
    """

    def __init__(self, output: Output, elapsed: Callable[[], float]) -> None:
        self._output = output
        self._elapsed = elapsed
        self._printed: set[str] = set()
        self._steps: tuple[Step, ...] = ()
        self._since: dict[str, float] = {}
        self._began = elapsed()
        self._live: Live | None = None

    def __enter__(self) -> StepLines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __call__(self, steps: tuple[Step, ...]) -> None:
        now = self._elapsed()
        self._steps = steps
        for step in steps:
            if step.state == "running":
                self._since.setdefault(step.id, now)
        if self._output.err_style.live and self._live is None:
            self._live = self._start()
        for step in steps:
            if step.id in self._printed or step.state not in {"done", "failed"}:
                continue
            self._printed.add(step.id)
            took = now - self._since.get(step.id, self._began)
            self._print(self._line(step, _seconds(took)))
            if step.state == "failed" and step.detail is not None:
                self._print(f"  {self._output.words(step.detail)}")
            self._began = now
        if self._live is not None:
            self._live.refresh()

    def close(self) -> None:
        """End the redrawing, and leave the lines of what is still to do."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()
        for step in self._steps:
            if step.id not in self._printed and step.state in {"todo", "skipped"}:
                self._output.note(self._line(step, ""))
        self._steps = ()

    # ── inside ───────────────────────────────────────────────────────────────────────────────────
    def _start(self) -> Live:
        from rich.console import Console
        from rich.live import Live

        console = Console(
            file=self._output.stderr, highlight=False, markup=False, emoji=False, soft_wrap=False
        )
        live = Live(
            console=console,
            transient=True,
            refresh_per_second=_FRAMES,
            redirect_stdout=False,
            redirect_stderr=False,
            get_renderable=self._drawn,
        )
        live.start()
        return live

    def _print(self, line: str) -> None:
        """A line that stays, above those that are redrawn."""
        if self._live is None:
            self._output.note(line)
        else:
            self._live.console.print(self._dressed(line), soft_wrap=True)

    def _drawn(self) -> RenderableType:
        from rich.console import Group

        now = self._elapsed()
        lines: list[str] = []
        for step in self._steps:
            if step.id in self._printed:
                continue
            right = _seconds(now - self._since.get(step.id, now)) if step.state == "running" else ""
            lines.append(self._line(step, right))
            if step.state == "running" and step.detail is not None:
                lines.append(f"  {self._output.words(step.detail)}")
        return Group(*(self._dressed(line) for line in lines))

    def _dressed(self, line: str) -> RenderableType:
        from rich.text import Text

        found = Text.from_ansi(self._output.dressed(line))
        found.no_wrap, found.overflow = True, "ellipsis"
        return found

    def _line(self, step: Step, right: str) -> str:
        output = self._output
        if step.state == "running":
            symbol, color = SPINNER[int(self._elapsed() * _FRAMES) % len(SPINNER)], "cyan"
        else:
            symbol, color = _SYMBOL[step.state]
        title = output.words(step.title)
        if step.state == "running" and step.total > 1:
            title += f"  {bar(step.count / step.total, 20)}  {step.count} of {step.total}"
        title = elided(title, WIDTH - 12 if right else WIDTH - 2)
        line = pad(title, 72) + pad(right, 6, right=True) if right else title
        mark = output.paint(symbol, color, err=True) if color else symbol
        return f"{mark} {line}"


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value < 60 else f"{value / 60:.0f} min"
