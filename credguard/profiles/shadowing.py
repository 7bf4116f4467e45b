"""Which source the AWS tools take for each profile, and what stands in the way of it, for `doctor`.

Order of botocore and AWS CLI v2: environment → assume-role → web identity → sso → credentials file →
login → credential_process → keys in the config file. Source: botocore `credentials.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from credguard.domain.text import Text, text
from credguard.profiles.ini import shown
from credguard.profiles.read import KEY_ID, KEY_OPTIONS, PROCESS, SECRET, AwsFiles, AwsProfile

Source: TypeAlias = Literal[
    "environment", "role", "web-identity", "sso", "credentials-file", "login", "credential-process",
    "config-file", "none",
]  # fmt: skip

_NAMES: Mapping[Source, Text] = {
    "environment": Text("the keys in the environment"),
    "role": Text("a role (role_arn)"),
    "web-identity": Text("a web identity token"),
    "sso": Text("Identity Center (sso)"),
    "credentials-file": Text("plaintext keys in the credentials file"),
    "login": Text("aws login"),
    "credential-process": Text("credential_process"),
    "config-file": Text("plaintext keys in the config file"),
    "none": Text("nothing"),
}


@dataclass(frozen=True, slots=True)
class Winner:
    """The source that wins for one profile."""

    profile: str
    source: Source
    ours: bool
    text: Text


@dataclass(frozen=True, slots=True)
class Shadow:
    """One thing to know about the AWS files or the environment. `ok` false = something is in the way."""

    subject: str
    ok: bool
    text: Text
    fix: Text | None = None


def winner(profile: AwsProfile) -> Source:
    """The source that the tools take for a profile that was named to them."""
    values = profile.values
    if values.get("role_arn") and not values.get("web_identity_token_file"):
        return "role"
    if values.get("web_identity_token_file"):
        return "web-identity"
    if any(values.get(o) for o in ("sso_session", "sso_start_url", "sso_account_id")):
        return "sso"
    if profile.source == "credentials":
        return "credentials-file"
    if values.get("login_session"):
        return "login"
    if PROCESS in values:
        return "credential-process"
    return "config-file" if profile.source == "config" else "none"


def winners(files: AwsFiles, is_ours: Callable[[str], bool]) -> tuple[Winner, ...]:
    """Each profile with what wins. `is_ours` tells our own credential_process lines."""
    found = []
    for profile in files.profiles:
        source = winner(profile)
        ours = source == "credential-process" and is_ours(profile.values.get(PROCESS, ""))
        name = Text("CredGuard (credential_process)") if ours else _NAMES[source]
        sentence = text("{profile}: the tools take {source}.", profile=profile.name, source=name)
        found.append(Winner(profile.name, source, ours, sentence))
    return tuple(found)


def shadows(
    files: AwsFiles, environ: Mapping[str, str], is_ours: Callable[[str], bool]
) -> tuple[Shadow, ...]:
    """What `doctor` says of the AWS files and the environment: each profile, then what stands in the way."""
    found = [
        Shadow(w.profile, True, w.text)
        if not _stands_in_the_way(files, w, is_ours)
        else _in_the_way(files, w)
        for w in winners(files, is_ours)
    ]
    for profile in files.profiles:
        found += _of_profile(profile)
    return (*found, *_of_environment(files, environ))


def _stands_in_the_way(files: AwsFiles, found: Winner, is_ours: Callable[[str], bool]) -> bool:
    profile = files.profile(found.profile)
    process = profile.values.get(PROCESS, "") if profile else ""
    return bool(process) and is_ours(process) and not found.ours


def _in_the_way(files: AwsFiles, found: Winner) -> Shadow:
    profile = files.profile(found.profile)
    place = shown(profile.path) if profile and profile.path else shown(files.config.path)
    return Shadow(
        found.profile,
        False,
        text(
            "{profile}: the tools take {source}, and not CredGuard.",
            profile=found.profile,
            source=_NAMES[found.source],
        ),
        text("Move them with credguard import --profile, or remove the lines in {place}.", place=place)
        if found.source in ("credentials-file", "config-file")
        else text("Use another profile name for it, or remove the line from {place}.", place=place),
    )


def _of_profile(profile: AwsProfile) -> list[Shadow]:
    values, found = profile.values, []
    if KEY_ID in values and not (values.get(KEY_ID) and values.get(SECRET)):
        found.append(
            Shadow(
                profile.name,
                False,
                text("{profile} has half a key: the tools stop at it.", profile=profile.name),
                text("Remove all its aws_access_key_id and aws_secret_access_key lines."),
            )
        )
    elif KEY_ID not in values and any(option in values for option in KEY_OPTIONS):
        found.append(
            Shadow(
                profile.name,
                False,
                text("{profile} has left-over lines of a key without its id.", profile=profile.name),
                text("They are read by nobody: remove them."),
            )
        )
    if values.get(KEY_ID, "").startswith("AKIA") and any(values.get(t) for t in KEY_OPTIONS[2:]):
        found.append(
            Shadow(
                profile.name,
                False,
                text("{profile} has a session token beside a long-term key.", profile=profile.name),
                text("The tools send both, and AWS refuses that: remove the token's line."),
            )
        )
    endpoint = profile.endpoint_url
    if endpoint and not _is_aws(endpoint):
        found.append(
            Shadow(
                profile.name,
                False,
                text("{profile} sends its requests to {host}.", profile=profile.name, host=_host(endpoint)),
                text("If that is not meant, remove endpoint_url from the profile."),
            )
        )
    return found


def _of_environment(files: AwsFiles, environ: Mapping[str, str]) -> list[Shadow]:
    found: list[Shadow] = []
    one, other = environ.get("AWS_PROFILE", ""), environ.get("AWS_DEFAULT_PROFILE", "")
    if one and other and one != other:
        found.append(
            Shadow(
                "environment",
                False,
                text(
                    "AWS_PROFILE is {one} and AWS_DEFAULT_PROFILE is {other}: Python takes the second, the"
                    " aws command version 2 the first.",
                    one=one,
                    other=other,
                ),
                text("Unset one of them."),
            )
        )
    for name in dict.fromkeys(n for n in (one, other) if n):
        if files.profile(name) is None:
            found.append(
                Shadow(
                    "environment",
                    False,
                    text("The environment names the profile {name}, which does not exist.", name=name),
                    text("Unset AWS_PROFILE and AWS_DEFAULT_PROFILE, or name a profile that exists."),
                )
            )
    if environ.get("AWS_ACCESS_KEY_ID"):
        whole = bool(environ.get("AWS_SECRET_ACCESS_KEY"))
        found.append(
            Shadow(
                "environment",
                False,
                text("A key in the environment wins over every profile that is not named with --profile.")
                if whole
                else text("AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY: the tools stop at it."),
                text("Unset it, or move it: credguard import --from env"),
            )
        )
    for name in ("AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL"):
        endpoint = environ.get(name, "")
        if endpoint and not _is_aws(endpoint):
            ignored = environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true"
            found.append(
                Shadow(
                    "environment",
                    ignored,
                    text("{name} sends requests to {host}.", name=name, host=_host(endpoint)),
                    None if ignored else text("If that is not meant, unset it."),
                )
            )
    for section in files.config.sections:
        for option in section.options:
            if (
                section.name.startswith("services")
                and "endpoint_url" in option.value
                and option.name == "sts"
            ):
                found.append(
                    Shadow(
                        section.name,
                        False,
                        text("[{section}] sends the sign-in requests (sts) elsewhere.", section=section.name),
                        text("If that is not meant, remove endpoint_url from it."),
                    )
                )
    return found


def _host(endpoint: str) -> str:
    return urlsplit(endpoint).hostname or endpoint


def _is_aws(endpoint: str) -> bool:
    host = _host(endpoint)
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".amazonaws.eu"))
