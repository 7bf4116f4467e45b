"""Proof: what botocore itself gets for a profile, through its own chain, credential_process included."""

from __future__ import annotations

from dataclasses import dataclass

from credguard.domain.errors import CredGuardError
from credguard.domain.text import text


@dataclass(frozen=True, slots=True)
class Resolved:
    """The key id botocore would sign with, and by which method (`custom-process` is credential_process)."""

    access_key_id: str
    method: str
    account_id: str | None = None


def resolve_profile(name: str, config: str, credentials: str) -> Resolved:
    """Ask as the AWS tools do, with these two files and nothing from the environment.

    Raises CredGuardError `proof-failed` with the tools' own complaint, secrets never in it.
    """
    from botocore.credentials import create_credential_resolver
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    core = Session(
        session_vars={
            "config_file": (None, None, config, None),
            "credentials_file": (None, None, credentials, None),
            "profile": (None, None, None, None),
        }
    )
    try:
        core.set_config_variable("profile", name)
        core.instance_variables()["profile"] = name
        resolver = create_credential_resolver(core)
        # Only what the files say: the environment, containers and instance metadata are somebody else's.
        for provider in ("env", "container-role", "iam-role", "boto-config", "ec2-credentials-file"):
            if any(provider == p.METHOD for p in resolver.providers):
                resolver.remove(provider)
        found = resolver.load_credentials()
        if found is None:
            raise _failed(name, "no credentials")
        frozen = found.get_frozen_credentials()
        account = getattr(found, "account_id", None)
        return Resolved(str(frozen.access_key), str(found.method), str(account) if account else None)
    except CredGuardError:
        raise
    except (BotoCoreError, ValueError, KeyError, OSError, TypeError) as error:
        raise _failed(name, type(error).__name__) from None


def _failed(name: str, why: str) -> CredGuardError:
    return CredGuardError(
        "proof-failed",
        text("The AWS tools would get no key for profile {name} ({why}).", name=name, why=why),
        text("See: credguard doctor"),
    )
