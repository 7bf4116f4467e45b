"""The key in the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, as the AWS tools take it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from credguard.domain.errors import CredGuardError
from credguard.domain.keys import is_temporary, looks_like_key_id
from credguard.domain.secret import Secret
from credguard.domain.text import Text, text

KEY_ID = "AWS_ACCESS_KEY_ID"
SECRET = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 the name of a variable
TOKENS = ("AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN")
_FORM = re.compile(r"[A-Za-z0-9/+]{40}")


@dataclass(frozen=True, slots=True)
class EnvironmentKey:
    """A long-term key from the environment; `trimmed` = it had white space around it."""

    access_key_id: str
    secret: Secret
    trimmed: bool = False


def read_environment(environ: Mapping[str, str]) -> EnvironmentKey | None:
    """The key in `environ`, None where there is none (empty values count as none).

    Raises CredGuardError `environment-key` where what stands there cannot be imported.
    """
    key_id, secret = environ.get(KEY_ID, ""), environ.get(SECRET, "")
    if not key_id.strip():
        return None
    if not secret.strip():
        raise _unusable(text("{name} is set and {other} is not.", name=KEY_ID, other=SECRET))
    if is_temporary(key_id.strip()) or any(environ.get(token) for token in TOKENS):
        raise _unusable(text("The key in the environment is a temporary one, which runs out by itself."))
    if not looks_like_key_id(key_id.strip()):
        raise _unusable(text("{name} does not hold an access key id.", name=KEY_ID))
    if not _FORM.fullmatch(secret.strip()):
        raise _unusable(
            text("{name} does not hold a secret access key: those are 40 characters.", name=SECRET)
        )
    found = Secret(secret.strip())
    return EnvironmentKey(key_id.strip(), found, (key_id.strip(), found) != (key_id, Secret(secret)))


def _unusable(what: Text) -> CredGuardError:
    return CredGuardError(
        "environment-key", what, text("Correct or unset the variable. Nothing was changed.")
    )
