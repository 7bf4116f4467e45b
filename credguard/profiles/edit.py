"""Plans the change of the AWS files for one profile, line by line: keys out, `credential_process` in.

Only whole lines of this profile are touched. The result is read with the same reader before anybody
writes it: the profile has to come out as planned, and every other one exactly as it was.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence

from credguard.domain.edits import FileEdit, Lines, applied, digest, hunks_of, newline_of
from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.profiles.ini import IniFile, Section, parse
from credguard.profiles.read import (
    KEY_ID,
    KEY_OPTIONS,
    PROCESS,
    TOKENS,
    AwsFiles,
    AwsProfile,
    check_key,
    profile_of,
    put_together,
    section_of,
)

_PLAIN = re.compile(r"[\w@%+=:,./-]+")
_PROFILE_ID = re.compile(r"[A-Za-z0-9_-]+")
_KEY_LINE = re.compile(
    rb"^(\s*)(aws_access_key_id|aws_secret_access_key)(\s*[=:]\s*)(.*?)(\s*)$", re.I | re.S
)


def process_line(command: Sequence[str], profile_id: str, platform: str = sys.platform) -> str:
    """The value of `credential_process`, which means the same to shlex, sh and cmd.exe.

    Raises CredGuardError `helper-path` where no quoting does: the installation lies at such a path.
    """
    if not _PROFILE_ID.fullmatch(profile_id):
        raise ValueError("a profile id has only A–Z, a–z, 0–9, _ and -")
    return " ".join([*(_quoted(word, platform) for word in command), profile_id])


def our_profile_id(process: str) -> str | None:
    """The profile id of a `credential_process` value that CredGuard wrote, by whatever installation."""
    head, _, last = process.strip().rpartition(" ")
    ours = re.search(
        r"credguard.provider.client\.py['\"]?$|credguard-credentials\S*$|credential-process --profile$", head
    )
    return last if ours and _PROFILE_ID.fullmatch(last) else None


def _quoted(word: str, platform: str) -> str:
    if platform == "win32":
        # ASCII only: the AWS CLI reads the file in the code page of that Windows, the SDKs as UTF-8.
        if re.fullmatch(r"[\w@+=:,.\\/~-]+", word, re.ASCII):
            return word
        raise CredGuardError(
            "helper-path",
            text("CredGuard is installed at {path}, a path that not every AWS tool can run.", path=word),
            text("Install it in a folder whose path has plain letters and no spaces and import again."),
            text("Nothing was changed."),
        )
    if _PLAIN.fullmatch(word):
        return word
    # In quotes # and ; are harmless to a shell, but several SDKs cut a line of the file there.
    if not word or re.search(r"['\\\x00-\x1f\x7f]|[#;]", word):
        raise _helper_path(word)
    return f"'{word}'"


def _helper_path(word: str) -> CredGuardError:
    return CredGuardError(
        "helper-path",
        text("CredGuard is installed at {path}, a path that not every AWS tool can run.", path=word),
        text("Install it at a path without quotes, backslashes or # and import again. Nothing was changed."),
    )


def plan_switch(
    files: AwsFiles,
    profile: str,
    process: str,
    access_key_id: str | None = None,
    replaces: str | None = None,
) -> tuple[FileEdit, ...]:
    """The edits that make `profile` served by `process`, in the order in which they must be made.

    The config line comes first: while keys stand in the credentials file they win over it, so the profile
    works at every instant. `access_key_id` is the key whose lines go; None = the profile has none yet.
    `replaces` is a `credential_process` of another program that may go; any other one stays.
    Raises CredGuardError `profile-changed`, `profile-taken`, `key-not-movable` or `edit-refused`.
    """
    present = files.profile(profile)
    _check(present, profile, access_key_id, replaces)
    if present is None and any(ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u2028\u2029" for c in profile):
        # A new name, from another program's vault: a line end in it would begin a line of its own.
        raise CredGuardError(
            "key-not-movable",
            text("{name} is no name for a profile: not all of its characters are visible.", name=profile),
            text("Give it another name in its own program, then import again. Nothing was changed."),
        )
    edits = [_config_edit(files, profile, process), _credentials_edit(files, profile)]
    plan = tuple(edit for edit in edits if edit is not None)
    _prove_plan(files, plan, profile, process)
    return plan


def _check(present: AwsProfile | None, name: str, access_key_id: str | None, replaces: str | None) -> None:
    if access_key_id is not None and (present is None or present.access_key_id != access_key_id):
        raise CredGuardError(
            "profile-changed",
            text("The profile {name} no longer holds this key.", name=name),
            text("Look again with: credguard import. Nothing was changed in it."),
            retry=True,
        )
    if present is None:
        return
    if access_key_id is None:
        other = present.credential_process not in {None, replaces}
        if present.has_key or other or _overridden(present):
            raise taken(name)
        return
    if present.problems:
        raise CredGuardError(
            "key-not-movable",
            text("{where}: {why}", where=present.where, why=present.problems[0]),
            text("Mend the profile, then import again. Nothing was changed in it."),
        )


def taken(name: str) -> CredGuardError:
    """A key from elsewhere shall become a profile that gets its credentials from something already."""
    return CredGuardError(
        "profile-taken",
        text("The profile {name} is in use: it gets its credentials in another way.", name=name),
        text("Name another profile with --profile. Nothing was changed."),
    )


def _overridden(profile: AwsProfile) -> bool:
    return bool(
        {"role_arn", "sso_session", "sso_start_url", "login_session", "web_identity_token_file"}
        & {k for k, v in profile.values.items() if v}
    )


def _config_edit(files: AwsFiles, profile: str, process: str) -> FileEdit:
    ini = files.config
    sections = [s for s in ini.sections if profile_of(s.name) == profile]
    if sections:
        return _in_section(ini, sections[-1], process)
    end = newline_of(ini.lines or files.credentials.lines)
    heading = f"[{section_of(profile)}]".encode()
    new: list[bytes] = []
    gone: list[int] = []
    last = len(ini.lines)
    if ini.lines:
        if not ini.lines[-1].endswith((b"\n", b"\r")):
            gone, last = [last - 1], last - 1
            new.append(ini.lines[-1] + end)
        if ini.lines[-1].strip():
            new.append(end)
    new += [heading + end, f"{PROCESS} = {process}".encode() + end]
    hunks = hunks_of(ini.lines, gone, {last: tuple(new)}, lambda at: b"")
    return FileEdit(ini.path, digest(ini.data), hunks)


def _in_section(ini: IniFile, section: Section, process: str) -> FileEdit:
    gone = _lines_of(section, (*KEY_OPTIONS, PROCESS))
    old = section.option(PROCESS)
    # With the indent of the option it stands before, neither can become a continuation of the other.
    first = old or (section.options[0] if section.options else None)
    at = first.lines[0] if first else section.line + 1
    end = newline_of(ini.lines)
    line = f"{first.indent if first else ''}{PROCESS} = {process}".encode() + end
    added: Lines = (line,)
    if not first and section.line == len(ini.lines) - 1 and not ini.lines[-1].endswith((b"\n", b"\r")):
        gone, at, added = [*gone, section.line], section.line, (ini.lines[-1] + end, line)
    anchor = ini.lines[section.line]
    return FileEdit(ini.path, digest(ini.data), hunks_of(ini.lines, gone, {at: added}, lambda n: anchor))


def _credentials_edit(files: AwsFiles, profile: str) -> FileEdit | None:
    ini = files.credentials
    section = ini.section(profile)
    gone = _lines_of(section, (*KEY_OPTIONS, PROCESS)) if section else []
    if section is None or not gone:
        return None
    anchor = ini.lines[section.line]
    return FileEdit(ini.path, digest(ini.data), hunks_of(ini.lines, gone, {}, lambda n: anchor))


def _lines_of(section: Section, names: Iterable[str]) -> list[int]:
    return [line for name in names for o in [section.option(name)] if o for line in o.lines]


def _prove_plan(files: AwsFiles, plan: tuple[FileEdit, ...], profile: str, process: str) -> None:
    """Read what each step would leave behind."""
    config, credentials = files.config, files.credentials
    before = {p.name: p for p in files.profiles}
    for edit in plan:
        if edit.path == config.path:
            config = parse(config.path, applied(edit, config.data))
        else:
            credentials = parse(credentials.path, applied(edit, credentials.data))
        step = put_together(config, credentials)
        for found in step.profiles:
            old = before.get(found.name)
            if found.name != profile and (old is None or old.values != found.values):
                raise _refused(found.name)
        if {p.name for p in step.profiles} != {*before, profile}:
            raise _refused(profile)
    end = put_together(config, credentials).profile(profile)
    old = before.get(profile)
    wanted = {k: v for k, v in (old.values if old else {}).items() if k not in (*KEY_OPTIONS, PROCESS)}
    if end is None or end.values != {**wanted, PROCESS: process}:
        raise _refused(profile)


def _refused(name: str) -> CredGuardError:
    return CredGuardError(
        "edit-refused",
        text(
            "The AWS files are written in a way that would make this edit change the profile {name}.",
            name=name,
        ),
        text("Tidy the lines around it, then import again. Nothing was changed."),
    )


def rekeyed(lines: Lines, access_key_id: str, secret: str) -> Lines:
    """Lines that were taken out, with the key of today instead of the one that was rotated away.

    A session token among them is left out: it belonged to the old key.
    """
    result: list[bytes] = []
    skipping = False
    for line in lines:
        name = re.split(rb"[=:]", line, maxsplit=1)[0].strip().lower()
        if name in {token.encode() for token in TOKENS}:
            skipping = True
            continue
        if skipping and line[:1] in b" \t" and line.strip() and b"=" not in line:
            continue
        skipping = False
        found = _KEY_LINE.match(line)
        if found is None:
            result.append(line)
            continue
        value = access_key_id if found.group(2).lower() == KEY_ID.encode() else secret
        result.append(b"".join([*found.group(1, 2, 3), value.encode(), found.group(5)]))
    return tuple(result)


def plain_again(files: AwsFiles, profile: str) -> str | None:
    """The access key id that the tools take for `profile` out of the files; None = not from plaintext."""
    found = files.profile(profile)
    if found is None or check_key(found.access_key_id or "", found.secret.reveal() if found.secret else None):
        return None
    return found.access_key_id
