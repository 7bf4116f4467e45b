"""The rooms of the catalog, which is made anew from the store where it was lost."""

from __future__ import annotations

import contextlib
import os
from functools import cached_property
from typing import TYPE_CHECKING

from credguard.domain.errors import CredGuardError
from credguard.wire import places
from credguard.wiring.vaults import Vaults

if TYPE_CHECKING:
    from credguard.catalog.accounts import Accounts
    from credguard.catalog.activity import Activity
    from credguard.catalog.approvals import Approvals
    from credguard.catalog.database import Database
    from credguard.catalog.devices import Devices
    from credguard.catalog.history import History
    from credguard.catalog.journal import Journals
    from credguard.catalog.keys import Keys, Profiles
    from credguard.catalog.order import CodeOrder


class Catalogs(Vaults):
    """Facts, never a secret."""

    def close(self) -> None:
        """Close what was opened; an agent that was started as our child ends."""
        if self.__dict__.get("_far_care") is not None:
            self.__dict__["_far_care"].close()
        if "_unlocking" in self.__dict__:
            self._unlocking.close()
        if self.__dict__.get("agent") is not None:
            self.__dict__["agent"].close()
        if "_catalog" in self.__dict__:
            self._catalog.close()

    @cached_property
    def database(self) -> Database:
        opened = self._catalog
        if opened.needs_rebuild and self.settings.is_set("store"):
            sealed = self.settings.get("store") == "sealed"
            if sealed and self.agent is not None and self._at_agent("keys"):
                # It has the seeds that the devices are read from; it writes into the same file.
                with contextlib.suppress(CredGuardError):
                    self.agent.ask("rebuild")
            else:
                from credguard.workflows.rebuild import rebuild

                rebuild(opened, self.store, self.clock, lambda: self.codes_store)
        elif opened.needs_rebuild and opened.set_aside is None and not os.path.exists(places.vault_file()):
            opened.rebuilt()  # the first start: nothing is stored yet, no code was ever sent
        return opened

    @cached_property
    def _accounts(self) -> Accounts:
        from credguard.catalog.accounts import Accounts

        return Accounts(self.database)

    @cached_property
    def _keys(self) -> Keys:
        from credguard.catalog.keys import Keys

        return Keys(self.database)

    @cached_property
    def _profiles(self) -> Profiles:
        from credguard.catalog.keys import Profiles

        return Profiles(self.database)

    @cached_property
    def _devices(self) -> Devices:
        from credguard.catalog.devices import Devices

        return Devices(self.database)

    @cached_property
    def _journals(self) -> Journals:
        from credguard.catalog.journal import Journals

        return Journals(self.database, self.clock)

    @cached_property
    def _activity(self) -> Activity:
        from credguard.catalog.activity import Activity

        return Activity(self.database)

    @cached_property
    def _approvals(self) -> Approvals:
        from credguard.catalog.approvals import Approvals

        return Approvals(self.database)

    @cached_property
    def _order(self) -> CodeOrder:
        from credguard.catalog.order import CodeOrder

        return CodeOrder(self.database)

    @cached_property
    def _history(self) -> History:
        from credguard.catalog.history import History

        return History(self.database)
