"""Plans the change of one option, `mfa_serial`, in the AWS files: one line for each profile, nothing else.

It is written where it stands already, else into the profile's section of the config file; a profile that
has none there is left alone. The result is read with the same reader before anybody writes it.
"""

from __future__ import annotations

from collections.abc import Mapping

from credguard.domain.edits import FileEdit, Lines, applied, digest, hunks_of, newline_of
from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.profiles.ini import IniFile, Section, parse
from credguard.profiles.read import AwsFiles, profile_of, put_together

SERIAL = "mfa_serial"


def plan_serials(files: AwsFiles, wanted: Mapping[str, str | None]) -> tuple[FileEdit, ...]:
    """The edits after which each profile of `wanted` names that device (None: none).

    Raises CredGuardError `edit-refused` where another profile would change too.
    """
    in_credentials: dict[str, tuple[Section, str | None]] = {}
    in_config: dict[str, tuple[Section, str | None]] = {}
    for name, serial in wanted.items():
        own = files.credentials.section(name)
        if own is not None and own.option(SERIAL) is not None:
            in_credentials[name] = (own, serial)
        sections = [s for s in files.config.sections if profile_of(s.name) == name]
        if sections and (name not in in_credentials or sections[-1].option(SERIAL) is not None):
            in_config[name] = (sections[-1], serial)
    plan = tuple(
        edit
        for edit in (_edit(files.config, in_config), _edit(files.credentials, in_credentials))
        if edit is not None
    )
    _prove(files, plan, {**in_config, **in_credentials})
    return plan


def _edit(ini: IniFile, chosen: Mapping[str, tuple[Section, str | None]]) -> FileEdit | None:
    gone: list[int] = []
    put: dict[int, Lines] = {}
    anchors: dict[int, bytes] = {}
    end = newline_of(ini.lines)
    for section, serial in chosen.values():
        old = section.option(SERIAL)
        if (old is not None and old.value == serial) or (old is None and serial is None):
            continue
        first = old or (section.options[0] if section.options else None)
        at = first.lines[0] if first else section.line + 1
        if old is not None:
            gone += old.lines
        anchor = ini.lines[section.line]
        anchors.update(dict.fromkeys([*(old.lines if old else ()), at], anchor))
        if serial is not None:
            # With the indent of the option it stands before, neither can continue the other.
            added: Lines = (f"{first.indent if first else ''}{SERIAL} = {serial}".encode() + end,)
            if first is None and at == len(ini.lines) and not anchor.endswith((b"\n", b"\r")):
                gone.append(section.line)
                at, added = section.line, (anchor + end, *added)
                anchors[at] = anchor
            put[at] = added
    if not gone and not put:
        return None
    hunks = hunks_of(ini.lines, gone, put, lambda n: anchors.get(n, b""))
    return FileEdit(ini.path, digest(ini.data), hunks)


def _prove(
    files: AwsFiles, plan: tuple[FileEdit, ...], chosen: Mapping[str, tuple[Section, str | None]]
) -> None:
    """Read what the edits would leave behind: nothing but this option may differ."""
    config, credentials = files.config, files.credentials
    for edit in plan:
        if edit.path == config.path:
            config = parse(config.path, applied(edit, config.data))
        else:
            credentials = parse(credentials.path, applied(edit, credentials.data))
    after = {p.name: dict(p.values) for p in put_together(config, credentials).profiles}
    for profile in files.profiles:
        values = dict(profile.values)
        if profile.name in chosen:
            serial = chosen[profile.name][1]
            values.pop(SERIAL, None)
            if serial is not None:
                values[SERIAL] = serial
        if after.pop(profile.name, None) != values:
            raise _refused(profile.name)
    if after:
        raise _refused(next(iter(after)))


def _refused(name: str) -> CredGuardError:
    return CredGuardError(
        "edit-refused",
        text(
            "The AWS files are written in a way that would make this edit change the profile {name}.",
            name=name,
        ),
        text("Tidy the lines around it, then do the same again. Nothing was changed."),
    )
