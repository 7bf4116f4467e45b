"""aws-vault and granted: where they keep access keys, and which lines of ~/.aws/config run them.

Sources: aws-vault's `cli/global.go` and `vault/credentialkeyring.go`, granted's
`pkg/securestorage/securestorage.go` and its documentation of `credential-process`.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from credguard.domain.errors import CredGuardError
from credguard.domain.keys import is_temporary, looks_like_key_id
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.exchange import go_keyring
from credguard.system.bounded import read_bounded

_SECRET_FORM = re.compile(r"[A-Za-z0-9/+]{40}")
_SETTINGS = 1 << 20  # bytes of a settings file
#: Kinds of stores that are read here, as both programs name them.
_READ = ("", "secret-service", "file", "keychain")


@dataclass(frozen=True, slots=True)
class Program:
    """One program. `password` is the variable that holds the password of its files; `may_be_empty`: it
    locks them with an empty one where nobody set that."""

    name: str
    service: str
    collection: str
    keychain: str
    folder: str
    backend: str
    password: str
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True)
class VaultKey:
    """A long-term access key under the name its program gives it."""

    name: str
    access_key_id: str
    secret: Secret


def aws_vault(environ: Mapping[str, str]) -> Program:
    """aws-vault, with the places its variables name."""
    return Program(
        "aws-vault",
        "aws-vault",
        environ.get("AWS_VAULT_SECRET_SERVICE_COLLECTION_NAME") or "awsvault",
        os.path.expanduser(
            f"~/Library/Keychains/{environ.get('AWS_VAULT_KEYCHAIN_NAME') or 'aws-vault'}.keychain-db"
        ),
        os.path.expanduser(environ.get("AWS_VAULT_FILE_DIR") or "~/.awsvault/keys"),
        environ.get("AWS_VAULT_BACKEND", ""),
        "AWS_VAULT_FILE_PASSPHRASE",
    )


def granted(environ: Mapping[str, str]) -> Program:
    """granted, with what its settings file says of the store."""
    folder = os.path.expanduser("~/.granted")
    if not os.path.exists(folder) and environ.get("XDG_CONFIG_HOME"):
        folder = os.path.join(environ["XDG_CONFIG_HOME"], "granted")
    told = _settings(os.path.join(folder, "config"))
    name = "granted-aws-iam-credentials"
    return Program(
        "granted",
        name,
        told.get("LibSecretCollectionName") or name,
        os.path.expanduser(f"~/Library/Keychains/{told.get('KeychainName') or 'login'}.keychain-db"),
        os.path.expanduser(told.get("FileDir") or os.path.join(folder, "secure-storage-aws-iam-credentials")),
        told.get("Backend") or "",
        "CF_KEYRING_FILE_PASSWORD",
        may_be_empty=True,
    )


def _settings(path: str) -> dict[str, str]:
    """`[Keyring]` of granted's settings (TOML); {} where there are none that can be read."""
    import tomllib

    try:
        found = tomllib.loads(read_bounded(path, _SETTINGS).decode()).get("Keyring", {})
    except (CredGuardError, ValueError, RecursionError):
        return {}
    return {k: v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}


def read_keys(
    program: Program, environ: Mapping[str, str], ask: Callable[[str], Secret], given: Secret | None = None
) -> tuple[VaultKey, ...]:
    """Every long-term key that the program holds. `given`: the password of its files, `ask` asks for it.

    Raises CredGuardError `vault-kind`, `no-such-vault`, `wrong-passphrase`, and those of go_keyring.
    """
    if program.backend not in _READ:
        raise CredGuardError(
            "vault-kind",
            text(
                "{program} keeps its keys in {kind}, which is not read here.",
                program=program.name,
                kind=program.backend,
            ),
            text(
                "Take them over one by one:"
                " aws-vault exec NAME --no-session -- credguard import --from env --profile NAME"
            )
            if program.name == "aws-vault"
            else text("Store them again with another Keyring.Backend, then import again."),
        )
    found: dict[str, Secret] = {}
    if program.backend in {"", "secret-service"}:
        found |= go_keyring.read_collection(program.collection, _is_key)
    if program.backend in {"", "keychain"}:
        found |= go_keyring.read_keychain(program.keychain, program.service, _is_key)
    if program.backend in {"", "file"} and any(map(_is_key, go_keyring.folder_names(program.folder))):
        found |= _files(program, environ, ask, given)
    keys = [key for name, data in sorted(found.items()) if (key := _key(name, data)) is not None]
    if not keys:
        raise CredGuardError(
            "no-such-vault",
            text("No access keys of {program} are on this computer.", program=program.name),
            text(
                "Looked for the collection {collection} and in {folder}. Nothing was imported.",
                collection=program.collection,
                folder=program.folder,
            ),
        )
    return tuple(keys)


def _files(
    program: Program, environ: Mapping[str, str], ask: Callable[[str], Secret], given: Secret | None
) -> dict[str, Secret]:
    known = [given] if given is not None else []
    if given is None and program.password in environ:
        known.append(Secret(environ[program.password]))
    if given is None and program.may_be_empty:
        known.append(Secret(""))
    for password in known:
        try:
            return go_keyring.read_folder(program.folder, password, _is_key)
        except CredGuardError as error:
            if error.code != "wrong-passphrase" or given is not None:
                raise
    return go_keyring.read_folder(program.folder, ask(f"Password of {program.folder}"), _is_key)


def _is_key(name: str) -> bool:
    """Not one of the sessions and tokens that lie beside the keys: `kind,profile,device,expiry`."""
    return not re.fullmatch(r"[^,]+,[^,]*,[^,]*,-?\d+", name) and not name.startswith(("oidc:", "session:"))


def _key(name: str, data: Secret) -> VaultKey | None:
    try:
        value = json.loads(data.reveal())
        key_id, secret = str(value["AccessKeyID"]), str(value["SecretAccessKey"])
        token = value.get("SessionToken")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if token or not looks_like_key_id(key_id) or is_temporary(key_id) or not _SECRET_FORM.fullmatch(secret):
        return None
    return VaultKey(name, key_id, Secret(secret))


# ── the lines ────────────────────────────────────────────────────────────────────────────────────
#: Options that take their value as the next word.
_VALUED = {
    "-d", "--duration", "-t", "--mfa-token", "--region", "--prompt", "--backend", "--keychain", "--format",
    "--secret-service-collection", "--pass-dir", "--pass-cmd", "--pass-prefix", "--file-dir", "--profile",
    "--window", "--url",
}  # fmt: skip


def served_name(program: str, process: str) -> str | None:
    """The name that a `credential_process` line asks the program for; None = it runs something else."""
    try:
        words = shlex.split(process)
    except ValueError:
        return None
    if not words:
        return None
    command = re.sub(r"\.exe$", "", re.split(r"[/\\]", words[0])[-1], flags=re.IGNORECASE)
    if program == "aws-vault" and command == "aws-vault":
        plain = _plain(words[1:])
        return plain[1] if len(plain) == 2 and plain[0] in {"exec", "export"} else None
    if program == "granted" and command in {"granted", "dgranted"} and "credential-process" in words:
        for number, word in enumerate(words):
            if word == "--profile" and number + 1 < len(words):
                return words[number + 1]
            if word.startswith("--profile="):
                return word.partition("=")[2]
    return None


def _plain(words: list[str]) -> list[str]:
    """The words that are no options and no values of options."""
    found, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word == "--":
            break
        elif word.startswith("-"):
            skip = word in _VALUED
        else:
            found.append(word)
    return found
