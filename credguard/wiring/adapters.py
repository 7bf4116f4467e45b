"""What everything else stands on: clock, settings, interlocks, the catalog file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from credguard.settings import Settings
from credguard.system.clock import Clock, SystemClock
from credguard.system.interlock import Interlock
from credguard.wire import places
from credguard.wiring.kinds import Ask

if TYPE_CHECKING:
    from credguard.catalog.database import Database
    from credguard.domain.otp import OtpEntry
    from credguard.domain.secret import Secret
    from credguard.vault.sealed.backend import SealedBackend
    from credguard.vault.sealed.credentials import SecurityKeys
    from credguard.vault.security_key import Person
    from credguard.vault.talk import AtHand


class Adapters:
    """Built on first use, like all that follows."""

    def __init__(
        self,
        *,
        demo: bool = False,
        clock: Clock | None = None,
        environ: Mapping[str, str] | None = None,
        passphrase: Ask | None = None,
        sealed: SealedBackend | None = None,
        starts_agent: bool = False,
        person: Person | None = None,
        keeps_code: Callable[[Secret], bool] | None = None,
        keys: Callable[[], SecurityKeys] | None = None,
        hands: Callable[[], AtHand] | None = None,
        program: Sequence[str] | None = None,
    ) -> None:
        """`sealed` is the vault that this process itself holds open: then it is the agent. With
        `starts_agent` the sealed vault is opened in an agent of its own, which ends with this process.
        `person` touches security keys and types their PINs; `keeps_code` shows the recovery code of a new
        sealed vault and says whether it was written down. Without them there are neither. A face that
        shows the wait for a touch itself hands in the security `keys` in place of a person, and `hands` for
        what the agent asks while it opens the vault. `program` runs CredGuard's commands, where that is not
        this interpreter with this package."""
        self.demo = demo
        self.clock: Clock = clock or SystemClock()
        self._environ = os.environ if environ is None else environ
        self._passphrase = passphrase
        self._sealed = sealed
        self._starts_agent = starts_agent
        self._person = person
        self._keeps_code = keeps_code
        self._keys_given = keys
        self._hands_given = hands
        self._program = program
        self._settled = False
        self._sent: dict[str, OtpEntry] = {}
        self._offers: dict[str, OtpEntry] = {}
        self._assigned: dict[str, float] = {}  # entry → when AWS said that its device is assigned
        self._from_vaults: dict[tuple[str, str, str], Secret] = {}

    @cached_property
    def settings(self) -> Settings:
        return Settings(places.settings_file())

    @cached_property
    def interlock(self) -> Interlock:
        return Interlock(places.run_folder())

    @cached_property
    def _catalog(self) -> Database:
        """As it lies there: what the sealed vault asks while it is opened for a rebuild."""
        from credguard.catalog.database import open_database

        return open_database(places.catalog())
