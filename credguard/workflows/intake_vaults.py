"""What other programs' vaults hold for an import: aws-vault, granted, a KeePass database. Nothing is changed
in them. Their secrets are held in memory for the run, because a run never writes one down.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from credguard.domain.errors import CredGuardError
from credguard.domain.found import Found, SourceKind
from credguard.domain.keys import account_of
from credguard.domain.otp import OtpEntry
from credguard.domain.secret import Secret
from credguard.domain.text import Text, text
from credguard.exchange.kdbx import MAX_FILE
from credguard.exchange.keepass import read_keepass
from credguard.exchange.other_vaults import VaultKey, aws_vault, granted, read_keys, served_name
from credguard.profiles.ini import shown
from credguard.profiles.read import OVERRIDING, AwsFiles, AwsProfile, read_aws_files
from credguard.workflows.intake_find import FoundKey

KDBX = "kdbx:"
PROGRAMS = ("aws-vault", "granted")
#: What a person is asked for a vault's password; raises where there is nobody to ask.
Ask = Callable[[str], Secret]


@dataclass(frozen=True, slots=True)
class InVault:
    """What an import from a vault would do. `held`: the secrets, by source, name and key id."""

    keys: tuple[FoundKey, ...]
    errors: tuple[CredGuardError, ...] = ()
    codes: tuple[OtpEntry, ...] = ()
    held: Mapping[tuple[str, str, str], Secret] = field(default_factory=dict, repr=False)

    @property
    def problems(self) -> tuple[Text, ...]:
        """What was seen besides, in one sentence each."""
        return tuple(error.what for error in self.errors)


def is_vault(source: str | None) -> bool:
    """Whether `--from` names a vault of another program."""
    return source is not None and (source in PROGRAMS or source.startswith(KDBX))


def find_in_vault(
    source: str,
    *,
    config_path: str,
    credentials_path: str,
    environ: Mapping[str, str],
    ask: Ask,
    password: Secret | None = None,
    profiles: Sequence[str] = (),
    stored: Callable[[str], bool] = lambda access_key_id: False,
) -> InVault:
    """The keys (and codes) in `aws-vault`, `granted` or `kdbx:FILE`.

    `profiles`: for the two programs only these names; for a database the one profile that its key becomes.
    Raises CredGuardError as their readers do.
    """
    place = _Place(config_path, credentials_path, stored)
    if source.startswith(KDBX):
        return _in_database(place, os.path.expanduser(source[len(KDBX) :]), password, ask, profiles)
    program = (aws_vault if source == "aws-vault" else granted)(environ)
    keys = read_keys(program, environ, ask, password)
    files = read_aws_files(config_path, credentials_path)
    return _in_program(place, "aws-vault" if source == "aws-vault" else "granted", keys, files, profiles)


@dataclass(frozen=True, slots=True)
class _Place:
    config: str
    credentials: str
    stored: Callable[[str], bool]

    def row(
        self, source: SourceKind, key_id: str, name: str, where: str, note: Text | None = None, **more: object
    ) -> FoundKey:
        profile = more.get("profile")
        found = Found(
            access_key_id=key_id,
            source=source,
            name=name,
            path=None,
            config_path=self.config,
            credentials_path=self.credentials,
            edits=profile is not None,
            **more,  # type: ignore[arg-type]
        )
        return FoundKey(
            found=found,
            name=str(profile or name),
            access_key_id=key_id,
            account_id=account_of(key_id),
            where=where,
            may_be_root="root" in name.casefold().replace("-", " ").split(),
            path=None,
            line=None,
            profile=found.profile,
            stored=self.stored(key_id),
            note=note,
        )


# ── aws-vault, granted ───────────────────────────────────────────────────────────────────────────
def _in_program(
    place: _Place, source: SourceKind, keys: Sequence[VaultKey], files: AwsFiles, wanted: Sequence[str]
) -> InVault:
    rows: list[FoundKey] = []
    errors: list[CredGuardError] = []
    held: dict[tuple[str, str, str], Secret] = {}
    for key in keys:
        made = [
            row for row in _rows(place, source, key, files) if not wanted or {row.name, key.name} & {*wanted}
        ]
        held |= {(source, row.found.name, key.access_key_id): key.secret for row in made}
        rows += made
    known = {key.name for key in keys}
    for profile in files.profiles:
        name = served_name(source, profile.credential_process or "")
        if name is not None and not any(row.profile == profile.name for row in rows):
            if wanted and profile.name not in wanted:
                continue
            errors.append(_left(source, profile, name, name in known))
    return InVault(tuple(rows), tuple(errors), (), held)


def _rows(place: _Place, source: SourceKind, key: VaultKey, files: AwsFiles) -> list[FoundKey]:
    base = files.profile(key.name)
    where = f"{source} [{key.name}]"
    served = [p for p in files.profiles if served_name(source, p.credential_process or "") == key.name]
    if base is None or not _is_other(base):
        users = [p for p in served if not _is_other(p) and not p.has_key]
        if users:
            return [_user(place, source, key, p, base, where) for p in users]
        if not served and (base is None or not (base.has_key or base.credential_process)):
            return [_user(place, source, key, base, base, where)]
    note = text("Its profile gets its credentials in another way, which stays: the key is only stored.")
    return [place.row(source, key.access_key_id, key.name, where, note)]


def _user(
    place: _Place,
    source: SourceKind,
    key: VaultKey,
    profile: AwsProfile | None,
    base: AwsProfile | None,
    where: str,
) -> FoundKey:
    """The row that lets CredGuard serve a profile that the program served."""
    known = [p for p in (profile, base) if p is not None]
    serial = next((p.mfa_serial for p in known if p.mfa_serial), None)
    note = text("It used an MFA device: add its code with credguard totp add.") if serial else None
    return place.row(
        source,
        key.access_key_id,
        key.name,
        where,
        note,
        profile=profile.name if profile else key.name,
        replaces=profile.credential_process if profile else None,
        region=next((p.region for p in known if p.region), None),
        endpoint_url=next((p.endpoint_url for p in known if p.endpoint_url), None),
        mfa_serial=serial,
    )


def _is_other(profile: AwsProfile) -> bool:
    """A role or a sign-in: what the program gives for it is not the key itself."""
    return any(profile.values.get(option) for option in (*OVERRIDING, "source_profile"))


def _left(source: str, profile: AwsProfile, name: str, known: bool) -> CredGuardError:
    why = (
        text("it is for a role, or has keys of its own")
        if known
        else text("{source} holds no key called {name}", source=source, name=name)
    )
    return CredGuardError(
        "vault-line-stays",
        text("{profile} goes on with {source}: {why}.", profile=profile.name, source=source, why=why),
        text("Its line in the config file was left as it is."),
    )


# ── KeePass ──────────────────────────────────────────────────────────────────────────────────────
def _in_database(
    place: _Place, path: str, password: Secret | None, ask: Ask, profiles: Sequence[str]
) -> InVault:  # fmt: skip
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise CredGuardError(
            "file-unreadable",
            text("{path} cannot be read: {reason}.", path=path, reason=error.strerror or "unknown"),
            text("Check the path, who owns the file, and its mode. Nothing was changed."),
        ) from None
    found = read_keepass(data, password if password is not None else ask(f"Password of {shown(path)}"))
    if profiles and (len(profiles) > 1 or len(found.keys) != 1):
        raise CredGuardError(
            "usage",
            text("{path} holds {count} keys, and a profile was named.", path=path, count=len(found.keys)),
            text("Import it without --profile, or a database with one key."),
        )
    rows: list[FoundKey] = []
    held: dict[tuple[str, str, str], Secret] = {}
    skipped = list(found.skipped)
    for key in found.keys:
        twin = next((secret for (_, _, key_id), secret in held.items() if key_id == key.access_key_id), None)
        if twin is not None:
            if twin != key.secret:
                skipped.append(text("{where}: the same key id with another secret.", where=key.where))
            continue
        where = f"{shown(path)} [{key.where}]"
        profile = profiles[0] if profiles else None
        row = place.row("kdbx", key.access_key_id, key.title, where, profile=profile)
        rows.append(row)
        held["kdbx", row.found.name, key.access_key_id] = key.secret
    errors = [
        CredGuardError("kdbx-entry", what, text("Look at the entry in its own program. It was left out."))
        for what in skipped
    ]
    return InVault(tuple(rows), tuple(errors), found.codes, held)
