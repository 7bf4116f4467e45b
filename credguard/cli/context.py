"""What every command is handed: the services, built on first use, and the output."""

from __future__ import annotations

import contextlib
import sys
from functools import cached_property
from typing import TYPE_CHECKING

from credguard.cli.output import Output

if TYPE_CHECKING:
    from credguard.services import Services


class Context:
    """One command's services. `demo` serves the invented companies instead of this computer."""

    def __init__(self, demo: bool = False) -> None:
        self.demo = demo
        self._built = False
        self._open = contextlib.ExitStack()

    @cached_property
    def services(self) -> Services:
        from credguard.services import Services, demo_session

        if self.demo:
            self._open.enter_context(demo_session().entered())
        self._built = True
        return Services(demo=self.demo, passphrase=ask_passphrase)

    def output(self, as_json: bool = False) -> Output:
        return Output(as_json=as_json)

    def close(self) -> None:
        if self._built:
            self.services.close()
        self._open.close()


def is_interactive() -> bool:
    """Whether somebody sits there to answer."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def ask_passphrase(question: str) -> str | None:
    """The sealed vault's passphrase from the terminal; None where there is nobody to ask."""
    if not is_interactive():
        return None
    import getpass

    return getpass.getpass(f"{question}: ", stream=sys.stderr)
