"""What every command is handed: the services, built on first use, and the output."""

from __future__ import annotations

import contextlib
from functools import cached_property
from typing import TYPE_CHECKING

from credguard.cli.output import Output
from credguard.cli.terminal import is_interactive as is_interactive

if TYPE_CHECKING:
    from credguard.domain.move_store import Move
    from credguard.domain.text import Text
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
        from credguard.cli.vault_person import AtTerminal, keeps_code

        return Services(
            demo=self.demo,
            passphrase=ask_passphrase,
            person=AtTerminal() if is_interactive() else None,
            keeps_code=keeps_code,
        )

    def warnings(self) -> tuple[Text, ...]:
        """What the stores that were opened say of themselves: exit code 3. Opens nothing."""
        return self.services.notices() if self._built else ()

    def unfinished_move(self) -> Move | None:
        """A move between the stores that was interrupted, where the catalog was opened anyhow."""
        return self.services.unfinished_move_noticed() if self._built else None

    def output(self, as_json: bool = False) -> Output:
        return Output(as_json=as_json)

    def close(self) -> None:
        if self._built:
            self.services.close()
        self._open.close()


def ask_passphrase(question: str) -> str | None:
    """The sealed vault's passphrase from the terminal; None where there is nobody to ask."""
    from credguard.cli.terminal import hidden

    return hidden(question)
