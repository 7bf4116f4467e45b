"""Steps of a run as lines that stay: a finished step is printed once, those below are redrawn."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from credguard.cli.output import SPINNER, WIDTH, Output, bar, cell_width, elided, pad
from credguard.domain.machine import Step

_SYMBOL = {"done": ("✓", "green"), "failed": ("!", "yellow"), "todo": ("○", ""), "skipped": ("–", "")}


class StepLines:
    """Draws the step lists that the engine tells. `elapsed` gives seconds from any origin."""

    def __init__(self, output: Output, elapsed: Callable[[], float]) -> None:
        self._output = output
        self._elapsed = elapsed
        self._printed: set[str] = set()
        self._live_lines = 0
        self._since: dict[str, float] = {}
        self._began = elapsed()
        self._ticks = 0

    def __call__(self, steps: tuple[Step, ...]) -> None:
        self._erase()
        now = self._elapsed()
        for step in steps:
            if step.state == "running":
                self._since.setdefault(step.id, now)
        for step in steps:
            if step.id in self._printed or step.state not in {"done", "failed"}:
                continue
            self._printed.add(step.id)
            took = now - self._since.get(step.id, self._began)
            self._output.note(self._line(step, _seconds(took)))
            if step.state == "failed" and step.detail is not None:
                self._output.note(f"  {self._output.words(step.detail)}")
            self._began = now
        if self._output.err_style.live:
            self._draw([s for s in steps if s.id not in self._printed], now)

    def close(self, steps: tuple[Step, ...] = ()) -> None:
        """Leave the lines of what is still to do, plainly."""
        self._erase()
        for step in steps:
            if step.id not in self._printed and step.state in {"todo", "skipped"}:
                self._output.note(self._line(step, ""))

    def _line(self, step: Step, right: str) -> str:
        output = self._output
        if step.state == "running":
            symbol, color = SPINNER[self._ticks % len(SPINNER)], "cyan"
        else:
            symbol, color = _SYMBOL[step.state]
        title = output.words(step.title)
        if step.state == "running" and step.total > 1:
            title += f"  {bar(step.count / step.total, 20)}  {step.count} of {step.total}"
        title = elided(title, WIDTH - 12 if right else WIDTH - 2)
        line = pad(title, 72) + pad(right, 6, right=True) if right else title
        mark = output.paint(symbol, color, err=True) if color else symbol
        return f"{mark} {line}"

    def _draw(self, steps: list[Step], now: float) -> None:
        self._ticks += 1
        width = min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)
        lines: list[str] = []
        for step in steps:
            right = _seconds(now - self._since[step.id]) if step.state == "running" else ""
            lines.append(self._line(step, right))
            if step.state == "running" and step.detail is not None:
                lines.append(f"  {elided(self._output.words(step.detail), width - 2)}")
        for line in lines:
            self._output.note(line)
        self._live_lines = sum(1 + max(0, (cell_width(_plain(line)) - 1) // max(width, 1)) for line in lines)

    def _erase(self) -> None:
        if self._live_lines and self._output.err_style.live:
            self._output.stderr.write(f"\x1b[{self._live_lines}A\x1b[J")
        self._live_lines = 0


def _plain(line: str) -> str:
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", line)


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value < 60 else f"{value / 60:.0f} min"
