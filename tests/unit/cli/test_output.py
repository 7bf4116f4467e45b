"""What the terminal is sent: colour rules, harmless names, step lines."""

from __future__ import annotations

import io

import pytest

from credguard.cli.output import Output, bar, cell_width, elided, harmless, pad, style_of
from credguard.cli.steps import StepLines
from credguard.domain.machine import Step
from credguard.domain.text import Text, text


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Pipe(io.StringIO):
    encoding = "utf-8"


@pytest.mark.parametrize(
    ("env", "color"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": "dumb", "CLICOLOR_FORCE": "1"}, True),
        ({"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, False),
    ],
)
def test_color_follows_the_conventions(env: dict[str, str], color: bool) -> None:
    assert style_of(Terminal(), env).color is color


def test_a_pipe_has_no_color_unless_forced() -> None:
    assert not style_of(Pipe(), {}).color
    assert style_of(Pipe(), {"CLICOLOR_FORCE": "1"}).color


def test_an_encoding_without_the_symbols_gets_ascii() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert style_of(stream, {}).ascii


@pytest.mark.parametrize("evil", ["\x1b[31mred", "a\u202eb", "x\ny", "\u200bz", "\x07"])
def test_names_from_others_never_reach_the_terminal_raw(evil: str) -> None:
    out = Pipe()
    Output(out, Pipe()).line(text("User {name} is here.", name=evil))
    shown = out.getvalue().rstrip("\n")
    assert "\\u" in shown
    assert not any(c in shown for c in "\x1b\u202e\u200b\x07\n")


def test_widths_count_terminal_cells() -> None:
    assert cell_width("日本") == 4
    assert cell_width("é") == 1
    assert pad("日本", 6) == "日本  "
    assert cell_width(elided("日本語のなまえ", 7)) <= 7
    assert harmless("plain é 日本") == "plain é 日本"


def test_bar_is_clamped() -> None:
    assert bar(2.0) == "━" * 10
    assert bar(-1) == "─" * 10


def test_json_keeps_stdout_for_the_document_alone() -> None:
    out, err = Pipe(), Pipe()
    output = Output(out, err, as_json=True)
    output.line("words")
    output.document({"a": 1})
    assert out.getvalue() == '{\n  "a": 1\n}\n'


def _step(name: str, state: str) -> Step:
    return Step(name, state, Text(f"Title of {name}"))  # type: ignore[arg-type]


def test_without_a_terminal_each_finished_step_is_one_line() -> None:
    err = Pipe()
    clock = iter(float(n) for n in range(100))
    lines = StepLines(Output(Pipe(), err), lambda: next(clock))
    lines((_step("a", "running"), _step("b", "todo")))
    lines((_step("a", "done"), _step("b", "todo")))
    lines((_step("a", "done"), _step("b", "running")))
    lines((_step("a", "done"), _step("b", "done")))
    shown = err.getvalue()
    assert shown.count("Title of a") == 1
    assert shown.count("Title of b") == 1
    assert "\x1b" not in shown


def test_on_a_terminal_the_running_part_is_redrawn_and_finished_lines_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    err = Terminal()
    lines = StepLines(Output(Pipe(), err), lambda: 0.0)
    with lines:
        lines((_step("a", "running"), _step("b", "todo")))
        lines((_step("a", "done"), _step("b", "running")))
        lines((_step("a", "done"), _step("b", "done"), _step("c", "todo")))
    shown = err.getvalue()
    assert shown.count("✓ Title of a") == shown.count("✓ Title of b") == 1
    assert "\x1b[1A\x1b[2K" in shown, "the running part is taken away before it is drawn again"
    last = shown.rindex("\x1b[2K")
    assert shown.index("✓ Title of a") < shown.index("✓ Title of b") < last
    assert shown[last:].endswith("○ Title of c\n"), "what is still to do stays, plainly"
