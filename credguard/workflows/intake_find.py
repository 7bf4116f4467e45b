"""Where `import` looks for keys, and what it finds there. Nothing is sent anywhere."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from credguard.domain.errors import CredGuardError
from credguard.domain.found import Found
from credguard.domain.keys import account_of
from credguard.domain.text import Text, text
from credguard.exchange.console_csv import read_csv
from credguard.exchange.environment import read_environment
from credguard.profiles.ini import shown
from credguard.profiles.read import AwsFiles, importable, read_aws_files

_CSV_NAMES = re.compile(r"(?:credentials|rootkey|.*accesskeys).*\.csv", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FoundKey:
    """One key found, without its secret. `account_id` is read from the key id, None where it does not
    carry it; `line` is 1-based; `stored`: the store has this key already; `note` is shown beside it."""

    found: Found
    name: str
    access_key_id: str
    account_id: str | None
    where: str
    may_be_root: bool
    path: str | None
    line: int | None
    profile: str | None = None
    has_secret: bool = True
    stored: bool = False
    note: Text | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """The keys that can be imported, and what else was seen: why it cannot be, and what to do about it."""

    keys: tuple[FoundKey, ...]
    errors: tuple[CredGuardError, ...]

    @property
    def problems(self) -> tuple[Text, ...]:
        """The same in one sentence each."""
        return tuple(error.what for error in self.errors)


def find(
    *,
    config_path: str,
    credentials_path: str,
    environ: Mapping[str, str],
    downloads: str | None = None,
    source: str | None = None,
    profiles: Sequence[str] = (),
    stored: Callable[[str], bool] = lambda access_key_id: False,
) -> Findings:
    """The keys in `source` (`aws`, `env`, `csv:FILE`), or with None in all the usual places.

    `profiles`: for `aws` only these; for the others the one profile that the key becomes. Raises
    CredGuardError `usage`, and for a source that was named what is wrong with it; in the usual places that
    becomes one of the problems.
    """
    place = _Place(config_path, credentials_path, stored)
    if source is not None and source.startswith("csv:"):
        return Findings(_in_csv(place, os.path.expanduser(source[4:]), _one(profiles)), ())
    if source == "env":
        return Findings(_in_environment(place, environ, _one(profiles)), ())
    if source == "aws":
        return _in_aws(place, read_aws_files(config_path, credentials_path), profiles)
    if source is not None:
        raise CredGuardError(
            "usage",
            text("CredGuard cannot import from {source}.", source=source),
            text("Name one of: aws, env, csv:FILE, aws-vault, granted, kdbx:FILE"),
        )
    keys: list[FoundKey] = []
    errors: list[CredGuardError] = []
    try:
        aws = _in_aws(place, read_aws_files(config_path, credentials_path), profiles)
        keys += aws.keys
        errors += aws.errors
    except CredGuardError as error:
        errors.append(error)
    if not profiles:
        known = {key.access_key_id for key in keys}
        looks: list[Callable[[], tuple[FoundKey, ...]]] = [lambda: _in_environment(place, environ, None)]
        looks += [lambda path=path: _in_csv(place, path, None) for path in csv_files(downloads)]  # type: ignore[misc]
        for look in looks:
            try:
                keys += [key for key in look() if key.found.source == "csv" or key.access_key_id not in known]
            except CredGuardError as error:
                if error.code != "csv-wrong":  # a file that only has such a name is nobody's problem
                    errors.append(error)
    return Findings(tuple(keys), tuple(errors))


def csv_files(folder: str | None) -> tuple[str, ...]:
    """Files in `folder` (Downloads) with the names that the console gives to its CSVs."""
    if folder is None:
        return ()
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return ()
    paths = (os.path.join(folder, name) for name in names if _CSV_NAMES.fullmatch(name))
    return tuple(path for path in paths if os.path.isfile(path))


@dataclass(frozen=True, slots=True)
class _Place:
    config: str
    credentials: str
    stored: Callable[[str], bool]


def _one(profiles: Sequence[str]) -> str | None:
    if len(profiles) > 1:
        raise CredGuardError(
            "usage",
            text("A key from here becomes one profile, and {count} were named.", count=len(profiles)),
            text("Name one with --profile, or none."),
        )
    return profiles[0] if profiles else None


def _in_aws(place: _Place, files: AwsFiles, wanted: Sequence[str]) -> Findings:
    keys: list[FoundKey] = []
    errors: list[CredGuardError] = []
    for name in dict.fromkeys(wanted):
        if files.profile(name) is None:
            errors.append(
                CredGuardError(
                    "no-key-there",
                    text("There is no profile {name} in the AWS files.", name=name),
                    text("See which profiles have a key with: credguard import --dry-run"),
                )
            )
    for profile in files.profiles:
        if wanted and profile.name not in wanted:
            continue
        if not profile.has_key and not wanted:
            continue
        reason = importable(profile)
        if reason is not None or profile.access_key_id is None:
            if reason is not None:
                errors.append(reason)
            continue
        found = Found(
            access_key_id=profile.access_key_id,
            source="aws",
            name=profile.name,
            path=profile.path,
            config_path=place.config,
            credentials_path=place.credentials,
            profile=profile.name,
            account_id=profile.account_id,
            region=profile.region,
            endpoint_url=profile.endpoint_url,
            mfa_serial=profile.mfa_serial,
        )
        keys.append(_key(place, found, profile.where, profile.line, False))
    return Findings(tuple(keys), tuple(errors))


def _in_csv(place: _Place, path: str, profile: str | None) -> tuple[FoundKey, ...]:
    source = read_csv(path)
    if profile is not None and len(source.keys) > 1:
        raise CredGuardError(
            "usage",
            text("{path} holds {count} keys, and one profile was named.", path=path, count=len(source.keys)),
            text("Import it without --profile, or a file with one key."),
        )
    keys = []
    for key in source.keys:
        stem = re.sub(
            r"_?accesskeys.*$", "", os.path.splitext(os.path.basename(path))[0], flags=re.IGNORECASE
        )
        name = profile or key.user or stem or os.path.basename(path)
        found = Found(
            access_key_id=key.access_key_id,
            source="csv",
            name=name,
            path=os.path.abspath(path),
            config_path=place.config,
            credentials_path=place.credentials,
            profile=profile,
        )
        note = text("White space around the key was left out.") if key.trimmed else None
        keys.append(_key(place, found, shown(os.path.abspath(path)), key.line, source.says_root, note))
    return tuple(keys)


def _in_environment(place: _Place, environ: Mapping[str, str], profile: str | None) -> tuple[FoundKey, ...]:
    key = read_environment(environ)
    if key is None:
        return ()
    found = Found(
        access_key_id=key.access_key_id,
        source="env",
        name=profile or "environment",
        path=None,
        config_path=place.config,
        credentials_path=place.credentials,
        profile=profile,
        edits=profile is not None,
    )
    note = text("White space around the key was left out.") if key.trimmed else None
    return (_key(place, found, "AWS_ACCESS_KEY_ID", None, False, note),)


def _key(
    place: _Place, found: Found, where: str, line: int | None, says_root: bool, note: Text | None = None
) -> FoundKey:
    return FoundKey(
        found=found,
        name=found.name,
        access_key_id=found.access_key_id,
        account_id=account_of(found.access_key_id),
        where=where,
        may_be_root=says_root or re.search(r"(?<![a-z])root(?![a-z])", found.name, re.I) is not None,
        path=found.path,
        line=line,
        profile=found.profile,
        stored=place.stored(found.access_key_id),
        note=note,
    )
