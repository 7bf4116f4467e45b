"""What the effects of `domain/intake.py` do to the world. Each one is safe to repeat."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from credguard.catalog.journal import RunJournal
from credguard.domain import intake as m
from credguard.domain.accounts import Account, Identity, next_color
from credguard.domain.edits import FileEdit
from credguard.domain.errors import AnswerLost, CredGuardError
from credguard.domain.found import VAULTS, Found
from credguard.domain.intake import Intake
from credguard.domain.keys import AccessKey, Credentials, is_temporary
from credguard.domain.machine import Effect, Event
from credguard.domain.profiles import ProfileLink
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.exchange.console_csv import read_csv, removal
from credguard.exchange.environment import read_environment
from credguard.files.apply import apply
from credguard.files.backups import backup_name, discard, read_backup, read_file, write_backup
from credguard.files.undo import revert
from credguard.profiles.edit import plan_switch, process_line
from credguard.profiles.ini import shown
from credguard.profiles.read import PROCESS, profile_of, read_aws_files
from credguard.vault.store import secret_of
from credguard.wire import items

if TYPE_CHECKING:
    from credguard.workflows.intake import Tools

FILES_LOCK = "aws-files"
FILES_WAIT = 30.0  # seconds for another process to finish its edit
_TRIAL = "credguard-trial"


class Identify(Protocol):
    """`aws/identity.py`: who the credentials are; region and endpoint as the profile has them."""

    def __call__(
        self, credentials: Credentials, *, region: str | None, endpoint_url: str | None
    ) -> Identity: ...


class Proven(Protocol):
    """What the AWS tools get for a profile."""

    @property
    def access_key_id(self) -> str: ...

    @property
    def method(self) -> str: ...


#: `aws/proof.py`: resolves (profile name, config path, credentials path) through botocore.
Prove = Callable[[str, str, str], Proven]


class Performer:
    """The only place of an import that touches anything."""

    def __init__(self, journal: RunJournal[Intake], tools: Tools) -> None:
        self._journal = journal
        self._tools = tools

    def perform(self, effect: Effect) -> Event:
        state, _ = self._journal.load()
        match effect:
            case m.Look():
                return self._look(state)
            case m.Store():
                return self._store(state)
            case m.Identify():
                return self._identify(state)
            case m.Link():
                return self._link(state)
            case m.Rehearse():
                return self._rehearse(state)
            case m.Seal():
                with self._files():
                    return self._seal(state)
            case m.Switch(backup):
                with self._files():
                    return self._switch(state, backup)
            case m.Prove():
                return self._prove(state)
            case m.Settle():
                return self._settle(state)
            case m.Restore(backup):
                with self._files():
                    return self._restore(state, backup)
            case m.Forget():
                return self._forget(state)
        raise TypeError(type(effect).__name__)

    def _files(self) -> AbstractContextManager[None]:
        return self._tools.interlock.hold(FILES_LOCK, wait=FILES_WAIT)

    # ── into the store ───────────────────────────────────────────────────────────────────────────
    def _look(self, state: Intake) -> Event:
        found = state.found
        item = self._tools.store.read(items.access_key(found.access_key_id))
        source = self._source(found)
        if item is None:
            if source is None:
                raise _gone(found)
            return m.Looked(False)
        if source is not None and secret_of(item) != source:
            raise CredGuardError(
                "stored-secret-differs",
                text("The store holds {key} with another secret.", key=found.access_key_id),
                text(
                    "One of the two is wrong. Ask who the stored one is: credguard whoami {key}",
                    key=found.access_key_id,
                ),
            )
        return m.Looked(True)

    def _store(self, state: Intake) -> Event:
        found, store = state.found, self._tools.store
        name = items.access_key(found.access_key_id)
        secret = self._source(found)
        present = store.read(name)
        if present is not None and (secret is None or secret_of(present) == secret):
            return m.Stored()
        if secret is None:
            raise _gone(found)
        item = items.access_key_item(found.access_key_id, "", None, None, None)
        store.write(name, {**item, "secret": secret})
        return m.Stored()

    def _source(self, found: Found) -> Secret | None:
        """The secret where it was found; None where it is there no longer."""
        if found.source == "store":
            return None
        if found.source in VAULTS:
            return self._tools.held(found)
        if found.source == "env":
            key = read_environment(self._tools.environ)
            return key.secret if key is not None and key.access_key_id == found.access_key_id else None
        if found.source == "csv":
            if found.path is None or not os.path.exists(found.path):
                return None
            row = read_csv(found.path).key(found.access_key_id)
            return row.secret if row else None
        profile = read_aws_files(found.config_path, found.credentials_path).profile(found.profile or "")
        if profile is None or profile.access_key_id != found.access_key_id:
            return None
        return profile.secret

    def _read_back(self, access_key_id: str) -> Secret:
        item = self._tools.store.read(items.access_key(access_key_id))
        if item is None:
            raise CredGuardError(
                "item-missing",
                text("The stored key {key} is no longer in the store.", key=access_key_id),
                text("Import it again."),
            )
        return secret_of(item)

    def _identify(self, state: Intake) -> Event:
        found = state.found
        credentials = Credentials(found.access_key_id, self._read_back(found.access_key_id))
        try:
            who = self._tools.identify(credentials, region=found.region, endpoint_url=found.endpoint_url)
        except AnswerLost as error:
            # The question changes nothing, so a lost answer is simply no answer: never asked for ever.
            raise CredGuardError(error.code, error.what, error.next, retry=True) from None
        if found.account_id is not None and found.account_id != who.account_id:
            raise CredGuardError(
                "account-differs",
                text(
                    "{name} says account {said}, and its key belongs to account {real}.",
                    name=found.name,
                    said=found.account_id,
                    real=who.account_id,
                ),
                text("Correct aws_account_id in the profile, or its key, and import again."),
            )
        known = self._tools.accounts.get(who.account_id) is not None
        return m.Identified(who.arn, who.account_id, known)

    def _link(self, state: Intake) -> Event:
        found, tools, account_id = state.found, self._tools, state.account_id or ""
        if state.new_key:
            # Whose key it is goes into the item before anything points to it.
            item = items.access_key_item(found.access_key_id, "", account_id, state.arn, None)
            secret = self._read_back(found.access_key_id)
            tools.store.write(items.access_key(found.access_key_id), {**item, "secret": secret})
        if tools.accounts.get(account_id) is None:
            account = self._account(state)
            tools.store.write(
                items.account(account_id),
                items.account_item(account_id, account.name, account.company, account.color),
            )
            tools.accounts.save(account)
        known = tools.keys.get(found.access_key_id) or AccessKey(found.access_key_id)
        tools.keys.save(
            replace(known, account_id=account_id, arn=state.arn, status="active", store=tools.store.kind)
        )
        if found.profile is not None and found.profile_id is not None:
            item = items.profile_item(
                found.profile_id,
                found.profile,
                found.access_key_id,
                account_id,
                # With an MFA device there may be a session to serve, which takes the whole program; a person
                # is asked by the agent.
                direct=found.mfa_serial is None and not tools.asks_before(account_id),
            )
            tools.store.write(items.profile(found.profile_id), item)
            tools.profiles.save(self._profile_link(state))
        return m.Linked()

    def _account(self, state: Intake) -> Account:
        """A new account, named after the profile, or after the user where the profile is `default`."""
        who = Identity(state.arn or "", state.account_id or "")
        name = state.found.name
        if name in ("default", "environment", "rootkey", "credentials"):
            name = who.user_name or who.account_id
        colors = [account.color for account in self._tools.accounts.all()]
        return Account(who.account_id, name, color=next_color(colors), partition=who.partition)

    def _profile_link(self, state: Intake) -> ProfileLink:
        found = state.found
        return ProfileLink(
            profile_id=found.profile_id or "",
            name=found.profile or "",
            access_key_id=found.access_key_id,
            account_id=state.account_id,
            config_path=found.config_path,
            config_line=state.line,
            mfa_serial=found.mfa_serial,
        )

    # ── the files ────────────────────────────────────────────────────────────────────────────────
    def _process(self, found: Found) -> str:
        return process_line(self._tools.helper, found.profile_id or "")

    def _rehearse(self, state: Intake) -> Event:
        found = state.found
        with tempfile.TemporaryDirectory(prefix="credguard-") as folder:
            config = os.path.join(folder, "config")
            with open(config, "w", encoding="utf-8", newline="\n") as file:
                file.write(f"[profile {_TRIAL}]\n{PROCESS} = {self._process(found)}\n")
            try:
                self._resolve(found, _TRIAL, config, os.path.join(folder, "credentials"))
            except CredGuardError as error:
                if self._tools.store.kind == "sealed" and error.code == "proof-failed":
                    raise _sealed() from None
                raise
        return m.Rehearsed()

    def _prove(self, state: Intake) -> Event:
        found = state.found
        self._resolve(found, found.profile or "", found.config_path, found.credentials_path)
        return m.Proved()

    def _resolve(self, found: Found, profile: str, config: str, credentials: str) -> None:
        got = self._tools.prove(profile, config, credentials)
        session = found.mfa_serial is not None and is_temporary(got.access_key_id)
        if got.method != "custom-process" or (got.access_key_id != found.access_key_id and not session):
            raise CredGuardError(
                "proof-differs",
                text("The AWS tools would get another key for {name} than the stored one.", name=found.name),
                text("See which source wins with: credguard doctor"),
            )

    def _seal(self, state: Intake) -> Event:
        found, tools = state.found, self._tools
        plan: list[FileEdit] = []
        if found.profile is not None:
            files = read_aws_files(found.config_path, found.credentials_path)
            own = found.access_key_id if found.source == "aws" else None
            plan += plan_switch(files, found.profile, self._process(found), own, found.replaces)
        if found.source == "csv" and found.path is not None and os.path.exists(found.path):
            source = read_csv(found.path)
            if all(tools.store.read(items.access_key(key.access_key_id)) for key in source.keys):
                data, _ = read_file(found.path)
                plan.append(removal(source, data or b""))
        if not plan:
            return m.Sealed(None)
        name = backup_name(state.started, state.batch, self._journal.run_id)
        note = {
            "profile": found.profile,
            "profile_id": found.profile_id,
            "access_key_id": found.access_key_id,
            "config_path": found.config_path,
            "credentials_path": found.credentials_path,
            "source": found.source,
        }
        write_backup(tools.backup_folder, name, plan, tools.sealer, note)
        return m.Sealed(name)

    def _switch(self, state: Intake, backup: str) -> Event:
        tools, found = self._tools, state.found
        apply(read_backup(tools.backup_folder, backup, tools.sealer), tools.fault)
        return m.Switched(self._line(found))

    def _line(self, found: Found) -> int | None:
        """Where our line stands now, 1-based."""
        ini = read_aws_files(found.config_path, found.credentials_path).config
        for section in ini.sections:
            option = section.option(PROCESS)
            if option is not None and profile_of(section.name) == found.profile:
                return option.lines[0] + 1
        return None

    def _restore(self, state: Intake, backup: str) -> Event:
        tools = self._tools
        revert(read_backup(tools.backup_folder, backup, tools.sealer), fault=tools.fault)
        found = state.found
        if found.source == "aws":
            profile = read_aws_files(found.config_path, found.credentials_path).profile(found.profile or "")
            if profile is None or profile.access_key_id != found.access_key_id:
                raise CredGuardError(
                    "restore-differs",
                    text("The profile {name} was changed by another program meanwhile.", name=found.name),
                    text("Its key stays in the store. See: credguard doctor"),
                )
        return m.Restored()

    # ── the end ──────────────────────────────────────────────────────────────────────────────────
    def _settle(self, state: Intake) -> Event:
        found, tools = state.found, self._tools
        if found.profile is not None and found.profile_id is not None:
            tools.profiles.save(self._profile_link(state))
        where = shown(found.path) if found.path else "the environment"
        action = text("moved the key of {name} out of {where}", name=found.name, where=where)
        if found.source == "store":
            action = text("let the AWS tools use the stored key of {name}", name=found.name)
        elif found.source in VAULTS:
            action = text("took the key of {name} over from {where}", name=found.name, where=found.source)
        elif not found.edits:
            action = text("stored the key of {name}", name=found.name)
        tools.activity.record(
            tools.clock.now(), "you", action, state.account_id, found.access_key_id, kind="change"
        )
        return m.Settled()

    def _forget(self, state: Intake) -> Event:
        found, tools = state.found, self._tools
        # What was restored was there before this run; without its line it harms nobody.
        if found.profile_id is not None and found.source != "store":
            tools.profiles.remove(found.profile_id)
            tools.store.remove(items.profile(found.profile_id))
        if state.new_key and not self._pointed_to(found.access_key_id):
            tools.keys.remove(found.access_key_id)
            tools.store.remove(items.access_key(found.access_key_id))
        account_id = state.account_id
        if state.new_account and account_id and not any(k.account_id == account_id for k in tools.keys.all()):
            tools.accounts.remove(account_id)
            tools.store.remove(items.account(account_id))
        discard(tools.backup_folder, backup_name(state.started, state.batch, self._journal.run_id))
        return m.Forgotten()

    def _pointed_to(self, access_key_id: str) -> bool:
        store = self._tools.store
        pointing = (store.read(name) for name in store.names("profile/"))
        return any(item is not None and item.get("access_key_id") == access_key_id for item in pointing)


def _sealed() -> CredGuardError:
    return CredGuardError(
        "sealed-not-served",
        text("The AWS tools cannot open the sealed vault by themselves, and no agent holds it open."),
        text(
            "Open it with: credguard unlock, and import again. Or name a passphrase file in"
            " CREDGUARD_PASSPHRASE_FILE, or store the keys with: credguard import --keep-plaintext"
        ),
    )


def _gone(found: Found) -> CredGuardError:
    if found.source in VAULTS:
        return CredGuardError(
            "other-vault-closed",
            text("The key of {name} was not stored before CredGuard was stopped.", name=found.name),
            text("It is where it was. Import it again with the same command."),
        )
    return CredGuardError(
        "profile-changed",
        text("The key of {name} is no longer where it was found.", name=found.name),
        text("Look again with: credguard import. Nothing was changed."),
        retry=True,
    )
